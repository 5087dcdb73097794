"""Column layouts of public event data sets: what their columns say, and nothing that they do not say.

Notes
-----
The names and meanings of the columns are facts of the published codebooks: ACLED, "Codebook" and "Guide to 2023 ACLED
column changes" (acleddata.com); START, "Global Terrorism Database Codebook: Methodology, Inclusion Criteria, and
Variables" (University of Maryland). Neither has a count of weapons, nor tells rockets from mortars and drones from
aircraft: type, count and outcome stay unsaid. Radii for their classes of spatial precision are ours.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from rampart.errors import InputError

Row = Mapping[str, Any]

#: An incident's fields, and the fields of each claim about it.
Given = tuple[dict[str, Any], list[dict[str, Any]]]

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a data set are read.

    Parameters
    ----------
    needs : tuple of str
        Columns without which a table is not of this layout.
    columns : dict of (str, str) to str
        Field of ours -> the column that it comes from, for messages.
    wanted : callable
        Whether a row is about what the ledger holds.
    read : callable
        A row -> the texts of an incident and its claims; raises ``ColumnError``.
    """

    needs: tuple[str, ...]
    columns: dict[tuple[str, str], str]
    wanted: Callable[[Row], bool]
    read: Callable[[Row], Given]


class ColumnError(InputError):
    """A cell that does not say what its column says it should."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def _text(row: Row, column: str) -> str | None:
    value = row.get(column)
    text = "" if value is None else str(value).strip()
    return text or None


def _whole(row: Row, column: str, low: int, high: int) -> int:
    text = _text(row, column) or ""
    if not re.fullmatch(r"-?\d{1,9}(\.0+)?", text) or not low <= int(float(text)) <= high:
        raise ColumnError(column, f"{text!r}: expected a whole number from {low} to {high}")
    return int(float(text))


def _clipped(text: str | None, limit: int) -> str | None:
    """As much of a text as a field holds; what is left out is marked."""
    if text is None or len(text) <= limit:
        return text
    return text[: limit - 4].rstrip() + " ..."


# -- ACLED ----------------------------------------------------------------------------------------------------

#: Kinds of event with something that flies; "Disrupted weapons use" may be a cache that was found.
_ACLED_KINDS = ("air/drone strike", "shelling/artillery/missile attack")

#: Radius [m] for geo_precision 1 (the place itself), 2 (near it, or part of a region), 3 (a region).
_ACLED_RADIUS_M = {1: 5_000, 2: 25_000, 3: 100_000}


def _acled_day(row: Row) -> date:
    text = _text(row, "event_date") or ""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
        if match := re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if match := re.fullmatch(r"(\d{1,2}) ([A-Za-z]+) (\d{4})", text):
            return date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
    except ValueError:
        pass
    raise ColumnError("event_date", f"{text!r} is no date; expected 2021-07-07, 07-07-2021 or 7 July 2021")


def _acled_time(row: Row) -> str:
    """Day, week around it, or month, as ``time_precision`` 1, 2 or 3 says."""
    day = _acled_day(row)
    precision = _whole(row, "time_precision", 1, 3)
    if precision == 1:
        return day.isoformat()
    if precision == 2:
        return f"{day - timedelta(days=3)}/{day + timedelta(days=3)}"
    return f"{day:%Y-%m}"


def _acled(row: Row) -> Given:
    number = _text(row, "event_id_cnty")
    if number is None:
        raise ColumnError("event_id_cnty", "is missing")
    site = _text(row, "location") or _text(row, "admin1") or _text(row, "country")
    incident = {
        "key": f"acled-{number}", "site": _clipped(site, 100), "title": _text(row, "sub_event_type"),
        "time": _acled_time(row), "lat_deg": _text(row, "latitude"), "lon_deg": _text(row, "longitude"),
        "radius_m": _ACLED_RADIUS_M[_whole(row, "geo_precision", 1, 3)],
    }  # fmt: skip
    claim = {
        "source": "press", "publisher": _clipped(_text(row, "source"), 200), "reference": f"ACLED {number}",
        "statement": _clipped(_text(row, "notes"), 2000) or _text(row, "sub_event_type"),
    }  # fmt: skip
    return incident, [claim]


# -- GTD ------------------------------------------------------------------------------------------------------

#: Radius [m] for specificity 1 (the place itself), 2 (its district), 3 and 4 (a larger region); 5 is unknown.
_GTD_RADIUS_M = {1: 5_000, 2: 25_000, 3: 100_000, 4: 100_000, 5: None}


def _gtd_wanted(row: Row) -> bool:
    """Whether a weapon is of the sub-type "Projectile (rockets, mortars, RPGs, etc.)"."""
    return any((_text(row, f"weapsubtype{k}_txt") or "").lower().startswith("projectile") for k in (1, 2, 3, 4))


def _gtd_time(row: Row) -> str:
    """Day, or month or year where ``iday`` or ``imonth`` is 0."""
    year, month, day = _whole(row, "iyear", 1900, 2200), _whole(row, "imonth", 0, 12), _whole(row, "iday", 0, 31)
    if month == 0:
        return f"{year}-01/{year}-12"
    if day == 0:
        return f"{year}-{month:02d}"
    if day > monthrange(year, month)[1]:
        raise ColumnError("iday", f"{day} is no day of {year}-{month:02d}")
    return f"{year}-{month:02d}-{day:02d}"


def _gtd(row: Row) -> Given:
    number = _text(row, "eventid") or ""
    if not re.fullmatch(r"\d{12}", number):
        raise ColumnError("eventid", f"{number!r}: expected 12 digits")
    known = [_text(row, name) for name in ("city", "provstate", "country_txt")]
    site = next((name for name in known if name is not None and name.lower() != "unknown"), None)
    radius = _GTD_RADIUS_M[_whole(row, "specificity", 1, 5)] if _text(row, "latitude") else None
    incident = {
        "key": f"gtd-{number}", "site": _clipped(site, 100), "time": _gtd_time(row),
        "title": _text(row, "attacktype1_txt"), "lat_deg": _text(row, "latitude"), "lon_deg": _text(row, "longitude"),
        "radius_m": radius,
    }  # fmt: skip
    group = _text(row, "gname")
    named = None if group is None or group.lower() == "unknown" else _clipped(group, 200)
    said = _text(row, "summary") or _text(row, "weapdetail") or "Attack with projectiles."
    claims = [
        {
            "source": "press", "reference": _clipped(_text(row, "scite1") or f"GTD {number}", 500),
            "statement": _clipped(said, 2000), "attribution": named,
        }
    ]  # fmt: skip
    if named is not None and _text(row, "claimed") in ("1", "1.0"):
        own = {"source": "claiming_group", "statement": "Claims responsibility.", "attribution": named}
        claims.append({**own, "publisher": named, "reference": f"GTD {number}, claimed"})
    return incident, claims


LAYOUTS: dict[str, Layout] = {
    "acled": Layout(
        ("event_id_cnty", "event_date", "time_precision", "sub_event_type", "location", "latitude", "longitude",
         "geo_precision", "source", "notes"),
        {("incident", "key"): "event_id_cnty", ("incident", "time"): "event_date", ("incident", "site"): "location",
         ("incident", "lat_deg"): "latitude", ("incident", "lon_deg"): "longitude", ("claim", "publisher"): "source",
         ("claim", "statement"): "notes", ("incident", "title"): "sub_event_type"},
        lambda row: (_text(row, "sub_event_type") or "").lower() in _ACLED_KINDS,
        _acled,
    ),
    "gtd": Layout(
        ("eventid", "iyear", "imonth", "iday", "city", "provstate", "country_txt", "latitude", "longitude",
         "specificity", "summary", "weapsubtype1_txt", "gname", "claimed"),
        {("incident", "key"): "eventid", ("incident", "time"): "iday", ("incident", "site"): "city",
         ("incident", "lat_deg"): "latitude", ("incident", "lon_deg"): "longitude",
         ("incident", "title"): "attacktype1_txt", ("claim", "statement"): "summary",
         ("claim", "attribution"): "gname", ("claim", "reference"): "scite1"},
        _gtd_wanted,
        _gtd,
    ),
}  # fmt: skip
