"""Compose: from a warning to what people of its zone are told."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from rampart.records import AlertStatus, Phase, TargetClass

from .language import Language, Wording, language
from .plural import form

_FIRST_STRONG_ISOLATE, _POP_ISOLATE, _RIGHT_TO_LEFT_MARK = "\u2068", "\u2069", "\u200f"
_SHOWN = ("headline", "description", "instruction")
_GROUP = {
    TargetClass.ROCKET: "rocket",
    TargetClass.SHELL: "shell",
    TargetClass.MORTAR: "shell",
    TargetClass.MULTIROTOR: "drone",
    TargetClass.FIXED_WING: "drone",
}


class Notice(StrEnum):
    """What is said of the cover of a zone: that nobody can see is never shown as all clear."""

    COVERAGE_LOST = "coverage_lost"
    COVERAGE_BACK = "coverage_back"


@dataclass(frozen=True)
class Subject:
    """What is said, before it is put into a language."""

    phase: Phase
    target_class: TargetClass
    zone: str  #: its name for people
    time_to_impact_s: float  #: nan where unknown
    status: AlertStatus


def compose(subject: Subject, tag: str = "en", *, texts: Language | None = None) -> Wording:
    """Put a warning into words.

    Parameters
    ----------
    subject : Subject
        The warning.
    tag : str
        Language, as `languages` lists them.
    texts : Language or None
        Texts of your own instead.

    Examples
    --------
    >>> warning = Subject(Phase.SHELTER, TargetClass.ROCKET, "North", 17.3, AlertStatus.EXERCISE)
    >>> compose(warning).headline
    'EXERCISE: Rocket attack - take shelter now - North'
    >>> compose(warning).spoken
    'Exercise, exercise. Take shelter now. Rocket attack. North. In about 15 seconds.'
    """
    words = texts or language(tag)
    group = _GROUP.get(subject.target_class, "unknown")
    return _wording(words, subject.phase.label, group, subject.zone, subject.time_to_impact_s, subject.status)


def compose_notice(notice: Notice, zone: str, status: AlertStatus, tag: str = "en") -> Wording:
    """Put into words that a zone is no longer, or again, watched.

    >>> compose_notice(Notice.COVERAGE_LOST, "North", AlertStatus.ACTUAL).headline
    'Warnings may not come - North'
    """
    return _wording(language(tag), notice.value, "unknown", zone, math.nan, status)


def _wording(words: Language, message: str, group: str, zone: str, seconds: float, status: AlertStatus) -> Wording:
    time = say_time(seconds, words)
    prefix = words.status.get(status.label, {})
    lead = (_RIGHT_TO_LEFT_MARK if words.right_to_left else "") + (f"{prefix['prefix']}: " if prefix else "")
    names = {"event": words.event[group], "time": time}

    def put(field: str, zone: str) -> str:
        now = not time and f"{field}_now" in words.messages[message]
        return words.text(message, f"{field}_now" if now else field, group).format_map({**names, "zone": zone})

    shown = {field: lead + put(field, _isolate(zone, words.right_to_left)) for field in _SHOWN}
    event = shown["headline"] if message in tuple(Notice) else lead + words.event[group]
    said = put("spoken", zone)
    return Wording(words.tag, event, spoken=f"{prefix['spoken']} {said}" if prefix else said, **shown)


def say_time(seconds: float, words: Language) -> str:
    """A time as one says it, never longer than it is; empty where there is none left or it is not known.

    Up to 10 s by the second, up to 90 s in steps of 5, then in minutes.

    >>> [say_time(s, language("en")) for s in (1.9, 9.9, 34.0, 119.0, 150.0, 0.4)]
    ['1 second', '9 seconds', '30 seconds', '1 minute', '2 minutes', '']
    """
    if not math.isfinite(seconds) or seconds < 1.0:
        return ""
    unit, n = ("seconds", int(seconds)) if seconds < 90.0 else ("minutes", int(seconds // 60.0))
    if unit == "seconds" and n > 10:
        n -= n % 5
    number = str(n).translate({ord("0") + i: digit for i, digit in enumerate(words.digits)})
    return words.units[unit][form(words.plural, n)].format_map({"n": number})


def _isolate(name: str, right_to_left: bool) -> str:
    """A name in directional isolates, if it does not run with the text around it."""
    strong = [unicodedata.bidirectional(c) for c in name]
    against = ("L",) if right_to_left else ("R", "AL")
    return f"{_FIRST_STRONG_ISOLATE}{name}{_POP_ISOLATE}" if any(s in against for s in strong) else name
