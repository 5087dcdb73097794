"""Command: what the server tells the sirens of a zone; Answer: what it answers to one device's heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rampart.records import AlertStatus, Phase, TargetClass
from rampart.wire.message_error import MessageError

from .fields import Fields
from .topic import ANY

#: Nothing may be held valid for longer: a command is about a danger of minutes.
LONGEST_MS = 3_600_000
LONGEST_SOUND_S = 600.0
MOST_LANGUAGES = 16
MOST_TEXT = 2000


class Action(StrEnum):
    """What a siren is to do."""

    SOUND = "sound"
    SILENCE = "silence"
    TEST = "test"


@dataclass(frozen=True)
class Said:
    """A message in one language: to show, and to speak."""

    headline: str
    instruction: str
    spoken: str


@dataclass(frozen=True)
class Command:
    """An order to the sirens of a zone, or to one of them.

    Attributes
    ----------
    site, zone, device : str
        To whom; device ``*`` is all of the zone.
    status : AlertStatus
        Whether it is meant.
    sequence : int
        Larger than that of every earlier command on the same topic.
    issued_ms, expires_ms : int
        Server's clock, ms UTC. After the second nobody may act on it.
    action : Action
        Sound a phase, silence a warning, or test without a sound.
    warning : str
        Name of the warning, e.g. ``"embassy/W1"``; empty in a test, and in a silence that is for all.
    opened_ms : int
        When the warning was opened, ms UTC: tells it from one of the same name after the server started anew.
    revision : int
        `Warnings.sequence` of the message behind it.
    phase : Phase or None
        In a sound.
    target_class : TargetClass
        In a sound.
    seconds : float
        How long to sound, s.
    impact_ms : int or None
        When the danger is expected, ms UTC.
    texts : mapping of str to Said
        By language tag.
    reason : str
        In a silence, a release or a cancel.
    """

    site: str
    zone: str
    status: AlertStatus
    sequence: int
    issued_ms: int
    expires_ms: int
    action: Action
    device: str = ANY
    warning: str = ""
    opened_ms: int = 0
    revision: int = 0
    phase: Phase | None = None
    target_class: TargetClass = TargetClass.UNKNOWN
    seconds: float = 0.0
    impact_ms: int | None = None
    texts: Mapping[str, Said] = field(default_factory=dict)
    reason: str = ""

    def payload(self) -> dict[str, Any]:
        """As JSON values."""
        said: dict[str, Any] = {
            "kind": "command",
            "site": self.site,
            "zone": self.zone,
            "device": self.device,
            "status": self.status.label,
            "sequence": self.sequence,
            "issued_ms": self.issued_ms,
            "expires_ms": self.expires_ms,
            "action": self.action.value,
        }
        if self.action is not Action.TEST:
            said |= {"warning": self.warning, "opened_ms": self.opened_ms, "reason": self.reason}
        if self.action is Action.SOUND and self.phase is not None:
            said |= {
                "revision": self.revision,
                "phase": self.phase.label,
                "class": self.target_class.label,
                "seconds": self.seconds,
                "impact_ms": self.impact_ms,
                "texts": {tag: vars(text) for tag, text in self.texts.items()},
            }
        return said

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Command:
        """Check and take up what `payload` wrote; further keys are left alone.

        Raises
        ------
        MessageError
            ``kind`` or ``field``, naming the first thing wrong.
        """
        said = Fields(payload)
        said.kind("command")
        action = Action(said.choice("action", [a.value for a in Action]))
        command: dict[str, Any] = {
            "site": said.name("site"),
            "zone": said.name("zone"),
            "device": said.name("device", any_too=True),
            "status": said.member("status", AlertStatus),
            "sequence": said.whole("sequence", 1),
            "issued_ms": said.whole("issued_ms", 0),
            "expires_ms": said.whole("expires_ms", 0),
            "action": action,
        }
        if not 0 < command["expires_ms"] - command["issued_ms"] <= LONGEST_MS:
            raise MessageError("field", f"expires_ms: expected 1 to {LONGEST_MS} after issued_ms")
        if action is not Action.TEST:
            command |= {
                "warning": said.text("warning", 128),
                "opened_ms": said.whole("opened_ms", 0),
                "reason": said.text("reason", MOST_TEXT),
            }
        if action is Action.SOUND:
            command |= {
                "revision": said.whole("revision", 0),
                "phase": said.member("phase", Phase),
                "target_class": said.member("class", TargetClass),
                "seconds": said.number("seconds", 0.0, LONGEST_SOUND_S),
                "impact_ms": said.whole_or_none("impact_ms", 0),
                "texts": _texts(said),
            }
        return cls(**command)


@dataclass(frozen=True)
class Answer:
    """The server's answer to a heartbeat: it lives, and this is its time."""

    site: str
    zone: str
    device: str
    nonce: str  #: of the heartbeat: an answer cannot be kept and used again
    time_ms: int  #: server's clock, ms UTC

    def payload(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": "answer", **vars(self)}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Answer:
        """Check and take up what `payload` wrote."""
        said = Fields(payload)
        said.kind("answer")
        return cls(
            said.name("site"), said.name("zone"), said.name("device"), said.text("nonce", 64), said.whole("time_ms", 0)
        )


@dataclass(frozen=True)
class Announcement:
    """That a server speaks for the sirens of a site, said twice per second."""

    site: str
    time_ms: int  #: server's clock, ms UTC

    def payload(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": "server", **vars(self)}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Announcement:
        """Check and take up what `payload` wrote."""
        said = Fields(payload)
        said.kind("server")
        return cls(said.name("site"), said.whole("time_ms", 0))


def _texts(said: Fields) -> dict[str, Said]:
    table = said.table("texts")
    if len(table) > MOST_LANGUAGES:
        raise MessageError("field", f"texts: expected at most {MOST_LANGUAGES} languages")
    texts = {}
    for tag in table:
        text = Fields(table, "texts.").inside(tag)
        texts[tag[:35]] = Said(*(text.text(name, MOST_TEXT) for name in ("headline", "instruction", "spoken")))
    return texts
