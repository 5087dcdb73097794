"""The fields of incidents and claims as people write them: times with their zone, counts, places, closed lists."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from math import isfinite
from zoneinfo import ZoneInfo

from rampart.errors import InputError

#: What came in.
TYPES = ("rocket", "shell", "mortar", "missile", "drone")

#: What became of it: came down, was intercepted, or some of each.
OUTCOMES = ("landed", "intercepted", "partly")

STATUSES = ("open", "under_investigation", "closed")

#: What happens within an incident.
EVENTS = ("launch", "detection", "warning", "siren", "interception", "impact", "debris", "find", "casualty", "other")

#: What a file of evidence is.
EVIDENCE = ("recording", "tracks", "predictions", "photo", "video", "audio", "document", "other")

#: Who says so, and how often such a source is taken to know what it says; documented assumptions, see docs/ledger.md.
RELIABILITY = {
    "sensor": 0.9,
    "observer": 0.8,
    "official": 0.8,
    "press": 0.7,
    "witness": 0.6,
    "social_media": 0.4,
    "claiming_group": 0.3,
    "unknown": 0.5,
}
SOURCES = tuple(RELIABILITY)

_TIME = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?\s*(Z|[+-]\d\d:\d\d)?")
_TIMES = "expected a time with its zone like 2021-06-06T00:30+03:00, a day 2021-06-06+03:00, a month, or FROM/TO"
_COUNTS = "expected a whole number, >=4, <=5, 2-3 or unknown"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened, as well as it is known.

    Parameters
    ----------
    earliest_ns, latest_ns : int
        Bounds [ns UTC], both included; equal for a moment.
    offset_min : int
        Zone in which people on the spot say it [minutes east of UTC].
    """

    earliest_ns: int
    latest_ns: int
    offset_min: int

    def local(self, ns: int) -> datetime:
        """A time of this span on the clocks of the spot, cut to microseconds."""
        zone = timezone(timedelta(minutes=self.offset_min))
        return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)

    def words(self) -> str:
        """As lists show it.

        >>> parse_span("2021-06-06T00:30+03:00").words(), parse_span("2021-02+03:00").words()
        ('2021-06-06 00:30', '2021-02-01/2021-02-28')
        """
        first, last = self.local(self.earliest_ns), self.local(self.latest_ns)
        if self.earliest_ns == self.latest_ns:
            return f"{first:%Y-%m-%d %H:%M}"
        if first.date() == last.date():
            whole = self.latest_ns - self.earliest_ns >= 86_399 * 10**9
            return f"{first:%Y-%m-%d}" if whole else f"{first:%Y-%m-%d %H:%M}/{last:%H:%M}"
        midnights = (first.hour, first.minute, last.hour, last.minute) == (0, 0, 23, 59)
        form = "%Y-%m-%d" if midnights else "%Y-%m-%d %H:%M"
        return f"{first.strftime(form)}/{last.strftime(form)}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many, as one source says it: `low` to `high`, `high` None for "at least"."""

    low: int
    high: int | None

    def words(self) -> str:
        """As people write it; `parse_count` reads it again.

        >>> [Count(3, 3).words(), Count(4, None).words(), Count(2, 3).words()]
        ['3', '>=4', '2-3']
        """
        if self.high is None:
            return f">={self.low}"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@lru_cache(maxsize=4096)  # tables say the same time again and again
def parse_span(text: str, zone: str | None = None) -> Span | None:
    """A time as people write it; None if it says ``unknown`` or nothing.

    Parameters
    ----------
    text : str
        A moment, day or month in ISO 8601, each with its zone, or two of them with ``/`` between.
    zone : str or None
        Zone of times that do not say theirs: ``+03:00``, ``Z`` or an IANA name such as ``Asia/Baghdad``.

    Raises
    ------
    InputError
        If it is none of these, has no zone, or no such day exists.

    Examples
    --------
    >>> parse_span("2021-07-05T11:45Z").earliest_ns
    1625485500000000000
    >>> parse_span("2021-06-09", zone="+03:00").offset_min
    180
    """
    text = text.strip()
    if text.lower() in ("", "unknown"):
        return None
    first, _, last = text.partition("/")
    begin = _bounds(first.strip(), zone, text)
    end = _bounds(last.strip(), zone, text) if last else begin
    if end.latest_ns < begin.earliest_ns:
        raise InputError(f"{text!r} ends before it begins")
    return Span(begin.earliest_ns, end.latest_ns, begin.offset_min)


def _bounds(part: str, zone: str | None, whole: str) -> Span:
    match = _TIME.fullmatch(part)
    if match is None:
        raise InputError(f"{whole!r} is no time; {_TIMES}")
    year, month, day, hour, minute, second, fraction, own = match.groups()
    if own is None and zone is None:
        raise InputError(f"{whole!r} has no zone; {_TIMES}")
    try:
        first = datetime(
            int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone(own or zone or ""),
        )  # fmt: skip
        nanoseconds = _nanoseconds(first) + int((fraction or "").ljust(9, "0"))
        if hour is not None:
            last = nanoseconds
        elif day is not None:
            last = _nanoseconds(first + timedelta(days=1)) - 1
        else:
            last = _nanoseconds(first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)) - 1
    except (ValueError, OverflowError):
        raise InputError(f"{whole!r} is no time there is; {_TIMES}") from None
    if not 1900 <= first.year <= 2200:
        raise InputError(f"{whole!r} is outside the years 1900 to 2200")
    offset = first.utcoffset() or timedelta(0)
    return Span(nanoseconds, last, int(offset.total_seconds()) // 60)


def _nanoseconds(moment: datetime) -> int:
    past = moment.astimezone(UTC) - _EPOCH
    return (past.days * 86_400 + past.seconds) * 10**9


@lru_cache(maxsize=64)
def _zone(text: str) -> timezone | ZoneInfo:
    if text == "Z":
        return UTC
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", text)
    if match:
        minutes = int(match[2]) * 60 + int(match[3])
        if minutes > 14 * 60 or int(match[3]) > 59:
            raise ValueError(text)
        return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    return check_zone(text)


def check_zone(text: str) -> ZoneInfo:
    """A zone by its IANA name."""
    try:
        return ZoneInfo(text)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise InputError(f"no time zone {text!r}; expected +03:00, Z or a name such as Asia/Baghdad") from None
    except KeyError:
        raise InputError(f"no time zone {text!r}; expected +03:00, Z or a name such as Asia/Baghdad") from None


def parse_count(text: str) -> Count | None:
    """How many, as people write it; None if it says ``unknown`` or nothing.

    Raises
    ------
    InputError
        For anything that is not a number or two, such as "several": what a source meant by that is not ours to invent.

    Examples
    --------
    >>> parse_count("14"), parse_count(">=4"), parse_count("2-3")
    (Count(low=14, high=14), Count(low=4, high=None), Count(low=2, high=3))
    """
    text = text.strip()
    if text.lower() in ("", "unknown"):
        return None
    match = re.fullmatch(r"(>=|<=)?\s*(\d{1,5})(?:\s*(?:-|\.\.)\s*(\d{1,5}))?", text, re.ASCII)
    if match is None or (match[1] and match[3]):
        raise InputError(f"{text!r} is no count; {_COUNTS}")
    number = int(match[2])
    if match[1] == ">=":
        return Count(number, None)
    if match[1] == "<=":
        return Count(0, number)
    high = number if match[3] is None else int(match[3])
    if high < number:
        raise InputError(f"{text!r} counts down; {_COUNTS}")
    return Count(number, high)


def parse_choice(words: tuple[str, ...]) -> Callable[[str], str | None]:
    """A reader of one of a closed list of words; None if nothing is said.

    >>> parse_choice(("rocket", "drone"))("Rocket")
    'rocket'
    """

    def read(text: str) -> str | None:
        word = text.strip().lower().replace(" ", "_")
        if not word:
            return None
        if word not in words:
            raise InputError(f"{text.strip()!r} is not known; expected one of {', '.join(words)}")
        return word

    return read


def parse_number(low: float, high: float, unit: str = "") -> Callable[[str], float | None]:
    """A reader of a number between two bounds; None if nothing is said.

    >>> parse_number(0, 1)("0.5")
    0.5
    """

    def read(text: str) -> float | None:
        text = text.strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value) or not low <= value <= high:
            raise InputError(f"{text!r}: expected a number from {low:g} to {high:g}{unit}")
        return value

    return read


def parse_latitude(text: str) -> float | None:
    """A latitude in degrees; one that can only be a longitude says that the two are swapped.

    Raises
    ------
    InputError
        For what is no number from -90 to 90.
    """
    value = parse_number(-180, 180, " degrees")(text)
    if value is not None and abs(value) > 90:
        raise InputError(f"latitude {value:g} is outside -90 to 90: are latitude and longitude swapped?")
    return value


def parse_text(limit: int) -> Callable[[str], str | None]:
    """A reader of one line of text of limited length; None if nothing is said."""

    def read(text: str) -> str | None:
        line = " ".join(text.split())
        if len(line) > limit:
            raise InputError(f"{len(line)} characters, expected at most {limit}")
        if not line.isprintable():
            raise InputError("holds characters that cannot be shown")
        return line or None

    return read


def parse_key(text: str) -> str | None:
    """The name under which an incident is known: letters, digits, ``.``, ``_`` and ``-``."""
    text = text.strip()
    if text and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise InputError(f"{text!r}: expected up to 64 letters, digits, '.', '_' and '-'")
    return text or None
