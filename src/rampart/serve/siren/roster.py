"""Roster: the sirens a server is answerable for, and how each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rampart.wire.siren import TrustedKey


@dataclass(frozen=True)
class Listed:
    """A siren of the site file."""

    id: str
    zone: str
    key: TrustedKey | None = None  #: with which it signs what it reports; None: taken at its word


@dataclass
class Siren:
    """How a siren stands."""

    id: str
    zone: str
    listed: bool
    key: TrustedKey | None
    since_ns: int  #: known since, steady clock
    heard_ns: int | None = None  #: last heartbeat that shows that it hears us
    offline: bool = False  #: its last will came, or it said so
    version: str = ""
    battery_percent: float | None = None
    mains: bool | None = None
    playing: str = ""
    offset_ms: int | None = None
    faults: tuple[str, ...] = ()
    refused: int = 0
    refusal: str = ""  #: the last one
    self_test: Mapping[str, Any] = field(default_factory=dict)  #: the last result; empty before the first
    unanswered: str = ""  #: the command that it did not acknowledge

    def silent_s(self, now_ns: int) -> float:
        """Since when nothing shows that it hears us."""
        return (now_ns - (self.since_ns if self.heard_ns is None else self.heard_ns)) * 1e-9

    def troubles(self, now_ns: int, lost_s: float, low_battery: float) -> dict[str, str]:
        """What an operator must know of it, cause by cause; empty if all is well."""
        said = {}
        if self.offline:
            said["presence"] = "is off the broker"
        if self.silent_s(now_ns) > lost_s:
            said["heartbeat"] = f"no heartbeat for {self.silent_s(now_ns):.0f} s"
        if self.unanswered:
            said["command"] = f"did not acknowledge {self.unanswered}"
        said |= {f"fault-{fault.partition(' (')[0]}": f"fault: {fault}" for fault in self.faults}
        if self.self_test and not self.self_test["passed"]:
            failed = [f"{name}: {text}" for name, text in self.self_test["checks"].items() if text != "ok"]
            said["self-test"] = f"self-test failed ({'; '.join(failed)})"
        if self.battery_percent is not None and self.battery_percent < low_battery:
            said["battery"] = f"battery at {self.battery_percent:.0f} %"
        if self.mains is False:
            said["mains"] = "runs on its battery"
        return said
