"""Report: what a device tells the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .fields import Fields
from .topic import is_name

_TEXT = 300
_FOREVER = 1e9


class What(StrEnum):
    """What a report is about."""

    HEARTBEAT = "heartbeat"  #: it lives; answered by an `Answer`
    ACKNOWLEDGEMENT = "acknowledgement"  #: a command was believed, and this came of it
    REFUSAL = "refusal"  #: a message was not believed, or came too late
    STOPPED = "stopped"  #: a sound has ended
    FAULT = "fault"  #: something is wrong, or no longer
    SELF_TEST = "self_test"
    ONLINE = "online"  #: retained
    OFFLINE = "offline"  #: retained; left with the broker as a last will


#: Words of an acknowledgement: sounds; stopped; nothing new; not sounded and why; the player failed.
DONE = (
    "sounds", "stopped", "kept", "not_enabled", "phase_off", "silenced", "overridden", "tested", "failed",
)  # fmt: skip

Take = Callable[[Fields, str], Any]


def _choice(*among: str) -> Take:
    return lambda said, name: said.choice(name, among)


_TAKE: Mapping[What, Mapping[str, Take]] = {
    What.HEARTBEAT: {
        "nonce": lambda said, name: said.text(name, 64),
        "clock_ms": lambda said, name: said.whole(name, 0),  # the device's own clock, right or wrong
        "heard_ms": lambda said, name: said.whole_or_none(name, 0),  # time in the last answer it had
        "offset_ms": lambda said, name: said.whole_or_none(name, -(2**53) + 1),  # its clock less the server's
        "playing": lambda said, name: said.text(name, 32),  # phase or empty
        "faults": lambda said, name: said.words(name, 32),
        "battery_percent": lambda said, name: said.number_or_none(name, 0.0, 100.0),
        "mains": lambda said, name: said.switch_or_none(name),
        "refused": lambda said, name: said.whole(name, 0),  # messages since it started
        "version": lambda said, name: said.text(name, 32),
    },
    What.ACKNOWLEDGEMENT: {
        "sequence": lambda said, name: said.whole(name, 1),
        "status": _choice("actual", "exercise", "test"),
        "action": _choice("sound", "silence", "test"),
        "warning": lambda said, name: said.text(name, 128),
        "revision": lambda said, name: said.whole(name, 0),
        "done": _choice(*DONE),
        "after_ms": lambda said, name: said.number(name, 0.0, _FOREVER),  # from receipt to the start of the sound
        "clock": _choice("server", "unknown"),  # by what its time was judged
        "detail": lambda said, name: said.text(name, _TEXT),
    },
    What.REFUSAL: {
        "reason": lambda said, name: said.text(name, 40),
        "detail": lambda said, name: said.text(name, _TEXT),
        "topic": lambda said, name: said.text(name, _TEXT),
        "sequence": lambda said, name: said.whole_or_none(name, 1),
        "highest": lambda said, name: said.whole_or_none(name, 1),  # sequence acted upon so far
        "count": lambda said, name: said.whole(name, 1),  # of the same reason since the last such report
    },
    What.STOPPED: {
        "warning": lambda said, name: said.text(name, 128),
        "phase": _choice("prepare", "shelter", "release", "cancel"),
        "why": lambda said, name: said.text(name, 40),
        "seconds": lambda said, name: said.number(name, 0.0, _FOREVER),
    },
    What.FAULT: {
        "fault": lambda said, name: said.text(name, 40),
        "over": lambda said, name: bool(said.switch_or_none(name)),
        "detail": lambda said, name: said.text(name, _TEXT),
    },
    What.SELF_TEST: {
        "sequence": lambda said, name: said.whole_or_none(name, 1),  # of the command that asked for it
        "passed": lambda said, name: bool(said.switch_or_none(name)),
        "checks": lambda said, name: {
            check: Fields(said.table(name)).text(check, _TEXT)
            for check in list(said.table(name))[:32]
            if is_name(check)
        },
    },
    What.ONLINE: {"version": lambda said, name: said.text(name, 32)},
    What.OFFLINE: {},
}


@dataclass(frozen=True)
class Report:
    """What a device says.

    Attributes
    ----------
    site, zone, device : str
        Whose it is.
    number : int
        Grows with every report of a device; ms of its clock at its start, then one more each.
    what : What
        What it is about.
    data : mapping
        The fields that belong to it; ``docs/siren.md`` lists them.
    """

    site: str
    zone: str
    device: str
    number: int
    what: What
    data: Mapping[str, Any] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "kind": "report",
            "site": self.site,
            "zone": self.zone,
            "device": self.device,
            "number": self.number,
            "what": self.what.value,
            **self.data,
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Report:
        """Check and take up what `payload` wrote; further keys are left alone.

        Raises
        ------
        MessageError
            ``kind`` or ``field``, naming the first thing wrong.
        """
        said = Fields(payload)
        said.kind("report")
        what = What(said.choice("what", [w.value for w in What]))
        return cls(
            said.name("site"),
            said.name("zone"),
            said.name("device"),
            said.whole("number", 0),
            what,
            {name: take(said, name) for name, take in _TAKE[what].items()},
        )


def fields_of(what: What) -> tuple[str, ...]:
    """Names of the fields that a report of this kind has.

    >>> fields_of(What.STOPPED)
    ('warning', 'phase', 'why', 'seconds')
    """
    return tuple(_TAKE[what])
