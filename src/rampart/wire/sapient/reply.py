"""Reply: what the other side says to us, in plain records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RegistrationReply:
    """Whether we are taken."""

    accepted: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlertReply:
    """What was done with an alert of ours: ``accepted``, ``rejected`` or ``cancelled``."""

    alert_id: str
    status: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskOrder:
    """What we are asked to do.

    Attributes
    ----------
    task_id : str
        ULID.
    sender : str
        Node that asks.
    control : str
        ``start``, ``stop`` or ``pause``.
    command : str
        Name of the command, e.g. ``request`` or ``look_at``; empty without one.
    request : str
        What is requested, if the command is ``request``.
    """

    task_id: str
    sender: str
    control: str
    command: str
    request: str = ""


@dataclass(frozen=True)
class ErrorReport:
    """That a message of ours was refused, and which octets it was."""

    texts: tuple[str, ...]
    packet: bytes = b""


Reply = RegistrationReply | AlertReply | TaskOrder | ErrorReport


def read_reply(message: Any) -> Reply | None:
    """The reply that a message holds; None if it is one of the kinds that are no reply (reports, acknowledged tasks).

    Parameters
    ----------
    message : protobuf message
        As `read_message` gives it.
    """
    content = message.WhichOneof("content")
    if content == "registration_ack":
        ack = message.registration_ack
        return RegistrationReply(ack.acceptance, tuple(ack.ack_response_reason))
    if content == "alert_ack":
        return AlertReply(
            message.alert_ack.alert_id,
            _name(message.alert_ack, "alert_ack_status", "ALERT_ACK_STATUS_"),
            tuple(message.alert_ack.reason),
        )
    if content == "task":
        task = message.task
        return TaskOrder(
            task.task_id,
            message.node_id,
            _name(task, "control", "CONTROL_"),
            task.command.WhichOneof("command") or "",
            task.command.request,
        )
    if content == "error":
        return ErrorReport(tuple(text[:500] for text in message.error.error_message[:8]), message.error.packet)
    return None


def _name(message: Any, field: str, prefix: str) -> str:
    """Name of an enumerator in lower case, without what all of its enumeration begin with."""
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(message, field)].name.removeprefix(prefix).lower())
