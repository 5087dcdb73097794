"""Instant: times as XML formats write them, to and from ns UTC."""

import re
from datetime import UTC, datetime, timedelta

SECOND_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def format_seconds(time_ns: int) -> str:
    """Whole seconds with an explicit offset, as CAP asks for; what is left of a second is dropped.

    >>> format_seconds(1_625_518_819_600_000_000)
    '2021-07-05T21:00:19+00:00'
    """
    return (_EPOCH + timedelta(seconds=time_ns // SECOND_NS)).isoformat()


def format_milliseconds(time_ns: int) -> str:
    """Milliseconds and Z, as CoT is usually written; what is left of a millisecond is dropped.

    >>> format_milliseconds(1_625_518_819_600_000_000)
    '2021-07-05T21:00:19.600Z'
    """
    milliseconds = time_ns // 1_000_000
    whole = (_EPOCH + timedelta(seconds=milliseconds // 1000)).replace(tzinfo=None)
    return f"{whole.isoformat()}.{milliseconds % 1000:03d}Z"


def parse_instant(text: str, *, fraction: bool = True, naive: bool = False) -> int:
    """An ISO 8601 time as ns UTC.

    Parameters
    ----------
    text : str
        With Z or an offset of at most 14 h.
    fraction : bool
        Whether it may have a fraction of a second; and with it, whether Z will do for an offset.
    naive : bool
        Whether it may lack the offset, and then counts as UTC.

    Raises
    ------
    ValueError
        If it has another form or there is no such time.

    Examples
    --------
    >>> parse_instant("2021-07-05T21:00:19.6Z"), parse_instant("1970-01-01T02:00:00+02:00")
    (1625518819600000000, 0)
    """
    found = _FORM.fullmatch(text)
    if found is None or (not fraction and (found[7] or found[8] == "Z")) or (not naive and not found[8]):
        raise ValueError(f"no time of the form expected: {text[:40]!r}")
    when = datetime(*(int(part) for part in found.groups()[:6]), tzinfo=UTC)  # type: ignore[misc, arg-type]
    offset_min = 0
    if found[8] and found[8] != "Z":
        hours, minutes = int(found[8][1:3]), int(found[8][4:6])
        if minutes > 59 or hours * 60 + minutes > 14 * 60:
            raise ValueError(f"no such offset: {found[8]}")
        offset_min = (hours * 60 + minutes) * (-1 if found[8][0] == "-" else 1)
    seconds = (when - _EPOCH) // timedelta(seconds=1) - 60 * offset_min
    return seconds * SECOND_NS + int(f"{found[7] or '0':0<9.9}")
