"""Topic: where on the broker each kind of message stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rampart.records import AlertStatus

ROOT = "rampart/v1"
ANY = "*"
#: What a device's topics end in: to it, to it, from it, from it (retained, with a last will).
ENDS = ("command", "answer", "report", "presence")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Topic:
    """A topic taken apart."""

    site: str
    zone: str
    device: str  #: ``*`` on a topic that a whole zone listens to
    end: str  #: one of `ENDS`
    status: AlertStatus | None = None  #: of a command to a zone


def is_name(text: object) -> bool:
    """Whether something can be the name of a site, zone or device.

    >>> is_name("roof-1"), is_name("a/b"), is_name("+")
    (True, False, False)
    """
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def command_topic(site: str, zone: str, status: AlertStatus | None = None) -> str:
    """Commands to all sirens of a zone; without a status, a filter for those of every status.

    >>> command_topic("embassy", "north", AlertStatus.EXERCISE)
    'rampart/v1/embassy/siren/zone/north/exercise'
    """
    return f"{ROOT}/{site}/siren/zone/{zone}/{'+' if status is None else status.label}"


def device_topic(site: str, zone: str, device: str, end: str) -> str:
    """What passes between the server and one device; ``+`` for a zone or device makes a filter.

    >>> device_topic("embassy", "north", "roof-1", "report")
    'rampart/v1/embassy/siren/device/north/roof-1/report'
    """
    return f"{ROOT}/{site}/siren/device/{zone}/{device}/{end}"


def server_topic(site: str) -> str:
    """Where the server of a site says that it is there.

    >>> server_topic("embassy")
    'rampart/v1/embassy/siren/server'
    """
    return f"{ROOT}/{site}/siren/server"


def parse_topic(topic: str) -> Topic | None:
    """Take a topic apart; None if it is none of ours."""
    parts = topic.split("/")
    if len(parts) not in (7, 8) or "/".join(parts[:2]) != ROOT or parts[3] != "siren" or not (is_name(parts[2])):
        return None
    site, kind, rest = parts[2], parts[4], parts[5:]
    if not all(is_name(part) for part in rest):
        return None
    if kind == "zone" and len(rest) == 2:
        status = {s.label: s for s in AlertStatus}.get(rest[1])
        return None if status is None else Topic(site, rest[0], ANY, "command", status)
    if kind == "device" and len(rest) == 3 and rest[2] in ENDS:
        return Topic(site, rest[0], rest[1], rest[2])
    return None
