"""Rules: what a message must hold, as its own definitions say; whoever breaks them is refused by Apex too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from rampart.wire.instant import SECOND_NS
from rampart.wire.message_error import MessageError

from .schema import ICD_VERSION, options, protobuf

OLDEST_S = 0.9  #: how old a message may be, as Apex has it
AHEAD_S = 0.1  #: and how far ahead of the clock of its receiver
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Fault:
    """One rule that a message breaks.

    Attributes
    ----------
    reason : str
        ``missing_field``, ``missing_choice``, ``unknown_field``, ``unknown_value``, ``id_format`` or ``icd_version``.
    path : str
        Where.
    detail : str
        What stands there.
    """

    reason: str
    path: str
    detail: str = ""


@dataclass(frozen=True)
class _FieldRule:
    name: str
    mandatory: bool
    repeated: bool
    pattern: re.Pattern[str] | None
    values: frozenset[int] | None  #: of an enumeration
    nested: bool  #: a message of SAPIENT
    version: bool


@cache
def _rules(name: str, descriptor: Any) -> tuple[tuple[_FieldRule, ...], tuple[str, ...]]:
    """Rules of the fields of a message, and its choices of which one must be made; read from the descriptor once."""
    extensions, kinds = options(), protobuf("descriptor").FieldDescriptor
    fields = []
    for field in descriptor.fields:
        said = field.GetOptions().Extensions[extensions.field_options]
        fields.append(
            _FieldRule(
                field.name,
                said.is_mandatory,
                field.is_repeated,
                _ULID if said.is_ulid else _UUID if said.is_uuid else None,
                frozenset(field.enum_type.values_by_number) if field.type == kinds.TYPE_ENUM else None,
                field.type == kinds.TYPE_MESSAGE and field.message_type.full_name.startswith("sapient_msg."),
                field.name == "icd_version",
            )
        )
    choices = (o.name for o in descriptor.oneofs if o.GetOptions().Extensions[extensions.oneof_options].is_mandatory)
    return tuple(fields), tuple(choices)


def faults(message: Any) -> list[Fault]:
    """Every rule that a message breaks: fields and choices that are mandatory, unknown fields and values, identifiers.

    Parameters
    ----------
    message : protobuf message
        A `SapientMessage` or a part of one.
    """
    return _faults(message, "")


def _faults(message: Any, path: str) -> list[Fault]:
    fields, choices = _rules(message.DESCRIPTOR.full_name, message.DESCRIPTOR)
    found = [Fault("missing_choice", f"{path}{name}") for name in choices if message.WhichOneof(name) is None]
    for unknown in protobuf("unknown_fields").UnknownFieldSet(message):
        found.append(Fault("unknown_field", path.rstrip(".") or "message", f"number {unknown.field_number}"))
    present = {field.name: value for field, value in message.ListFields()}
    for rule in fields:
        value = present.get(rule.name)
        if value is None:
            if rule.mandatory:
                found.append(Fault("missing_field", path + rule.name))
            continue
        found += _field_faults(rule, value, path + rule.name)
    return found


def _field_faults(rule: _FieldRule, value: Any, path: str) -> list[Fault]:
    found = []
    items = list(enumerate(value)) if rule.repeated else [(-1, value)]
    for index, item in items:
        at = f"{path}.{index}" if rule.repeated else path
        if rule.pattern is not None and not rule.pattern.fullmatch(item):
            found.append(Fault("id_format", at, repr(item[:40])))
        if rule.values is not None and item not in rule.values:
            found.append(Fault("unknown_value", at, str(item)))
        if rule.version and item.replace("_", " ") != ICD_VERSION:
            found.append(Fault("icd_version", at, f"{item[:40]!r}, {ICD_VERSION!r} is read"))
        if rule.nested:
            found += _faults(item, f"{at}.")
    return found


def check_message(message: Any) -> None:
    """Refuse a message that breaks a rule.

    Raises
    ------
    MessageError
        By the reason of the first fault, and how many more there are.
    """
    found = faults(message)
    if found:
        first, more = found[0], f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise MessageError(first.reason, f"{first.path} {first.detail}{more}")


def check_age(message: Any, now_ns: int, *, oldest_s: float = OLDEST_S, ahead_s: float = AHEAD_S) -> None:
    """Refuse a message that was sent too long ago, or later than now.

    Raises
    ------
    MessageError
        ``too_old`` or ``from_the_future``.
    """
    late_s = (now_ns - message.timestamp.ToNanoseconds()) / SECOND_NS
    if late_s > oldest_s:
        raise MessageError("too_old", f"sent {late_s:.3f} s ago, at most {oldest_s} s are taken")
    if -late_s > ahead_s:
        raise MessageError("from_the_future", f"sent {-late_s:.3f} s ahead of our clock, at most {ahead_s} s are taken")
