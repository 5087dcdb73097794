"""Statement: what may be told to the public - counts, times, casualties reported - and nothing else.

Free text of claims and events is never quoted: it may hold what must not be released. Sentences are put together from
numbers and closed lists only, and the whole page is searched before it is given out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rampart.errors import RunError
from rampart.ledger.words import count, join, kind_name

from .dossier import Dossier

_NUMBER = re.compile(
    r"\b(?:(\d{1,4})|(no(?:ne|body)?|one|two|three|four|five|six|seven|eight|nine|ten))\b", re.IGNORECASE
)
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SURE = 0.8  #: probability from which on the likeliest outcome is told as it is


def statement(dossier: Dossier) -> list[str]:
    """The draft, sentence by sentence."""
    return [_when_and_what(dossier), *_outcome(dossier), *_warned(dossier), _casualties(dossier), _standing(dossier)]


def when_words(dossier: Dossier) -> str:
    """Day and time, to the minute, on the clocks of the place.

    The zone is named by its offset.
    """
    span = dossier.time
    if span is None:
        return "at a time that is not known yet"
    first, last = span.local(span.earliest_ns), span.local(span.latest_ns)
    zone = "UTC" if not span.offset_min else f"UTC{span.offset_min // 60:+d}:{span.offset_min % 60:02d}"
    day = f"{first.day} {first:%B %Y}"
    if (last - first).total_seconds() > 3600.0:
        return f"on {day}" if first.date() == last.date() else f"between {day} and {last.day} {last:%B %Y}"
    return f"on {day} at {first:%H:%M} {zone}"


def _when_and_what(dossier: Dossier) -> str:
    what = "an attack" if not dossier.simulated else "a simulated attack"
    counts = [_count_words(kind, c) for kind, c in dossier.estimate.get("counts", {}).items() if c["high"] > 0]
    by = f" with {join(counts)}" if counts else ""
    when = when_words(dossier)
    return f"{when[:1].upper()}{when[1:]} there was {what}{by} at {dossier.incident['site']}."


def _count_words(kind: str, counts: Mapping[str, Any]) -> str:
    low, high = max(counts["low"], 1), counts["high"]
    one, many = type_names(kind)
    return count(high, one, many) if low == high else f"{low} to {high} {many}"


def type_names(kind: str) -> tuple[str, str]:
    """A type of claims, one and several.

    >>> type_names("drone"), type_names("unknown")
    (('drone', 'drones'), ('unidentified object', 'unidentified objects'))
    """
    special = {"drone": ("drone", "drones"), "unknown": ("unidentified object", "unidentified objects")}
    return special.get(kind) or (kind_name(kind, 1), kind_name(kind, 2))


def _outcome(dossier: Dossier) -> list[str]:
    known = dossier.estimate.get("outcome")
    if not known:
        return []
    word, p = max(known["p"].items(), key=lambda item: item[1])
    if p < _SURE:
        return ["Reports differ on what became of it."]
    told = {
        "landed": "It came down." if _single(dossier) else "What was fired came down.",
        "intercepted": "It was intercepted." if _single(dossier) else "All were intercepted.",
        "partly": "Some of them were intercepted, others came down.",
    }
    return [told[word]]


def _single(dossier: Dossier) -> bool:
    counts = list(dossier.estimate.get("counts", {}).values())
    return len(counts) == 1 and counts[0]["high"] == 1


def _warned(dossier: Dossier) -> list[str]:
    return ["People in the area were warned."] if dossier.events("warning") or dossier.events("siren") else []


def _casualties(dossier: Dossier) -> str:
    reports = dossier.events("casualty")
    if not reports:
        return "No casualties have been reported to us so far."
    numbers = [n for event in reports if (n := people_hurt(str(event["note"] or ""))) is not None]
    if not numbers:
        return "Casualties have been reported; their number is being confirmed."
    low, high = min(numbers), max(numbers)
    if not high:
        return "No casualties are reported."
    said = str(high) if low == high else f"{low} to {high}"
    return f"Reported casualties: {said}."


def people_hurt(note: str) -> int | None:
    """The first number of a note on casualties; None if it has none.

    >>> [people_hurt(note) for note in ("2 minor injuries", "Nobody hurt", "two hurt, later three", "some")]
    [2, 0, 2, None]
    """
    match = _NUMBER.search(note)
    if match is None:
        return None
    if match[1]:
        return int(match[1])
    word = match[2].lower()
    return 0 if word.startswith("no") else _WORDS.index(word)


def _standing(dossier: Dossier) -> str:
    status = str(dossier.incident["status"])
    return "The inquiry is closed." if status == "closed" else "The incident is being looked into; figures may change."


def secrets_of(dossier: Dossier) -> set[str]:
    """What must stand nowhere in a release: sensors, effectors, tracks, launch points, lead times, who is blamed."""
    words: set[str] = set()
    for story in dossier.stories:
        for sensor in story.site.sensors:
            words |= {sensor.id, sensor.kind}
        words |= {str(e.get("id", "")) for e in story.effectors}
    for _, threat in dossier.threats:
        words |= {str(threat.entry.get("track_id") or ""), str(threat.entry["id"])}
        lead = threat.entry.get("warning_lead_s")
        words |= {f"{lead:.1f} s"} if lead is not None else set()
    for claim in dossier.claims:
        words.add(str(claim["attribution"] or ""))
    for event in dossier.incident["events"]:
        words.add(str(event["track"] or ""))
        for name in ("lat_deg", "lon_deg"):
            if event[name] is not None:
                words |= {f"{abs(event[name]):.{digits}f}" for digits in (3, 4, 5, 6)}
    return {word for word in words if len(word) >= 2}


#: Words about what is not released, wherever they come from.
WITHHELD = ("launch", "sensor", "radar", "track", "claimed by", "attribut", "responsib", "militia")


def check_release(text: str, dossier: Dossier) -> None:
    """Refuse a release that holds anything that must not be told.

    Raises
    ------
    RunError
        Naming what was found. Nothing is written then.
    """
    plain = re.sub(r"<style.*?</style>", " ", text, flags=re.DOTALL)
    plain = re.sub(r"<[^>]*>", " ", plain).lower()
    for word in sorted({*secrets_of(dossier), *WITHHELD}):
        if re.search(rf"(?<![\w.]){re.escape(word.lower())}", plain):
            raise RunError(f"the release would hold {word!r}, which is not to be told; nothing was written")
