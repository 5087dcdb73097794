"""Import of tables: CSV, GeoJSON, JSON as a list of rows. Each row is a claim; rows with one key are one incident."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from rampart.errors import InputError

from .dataset import Drafts, load_document, read_document
from .drafts import ClaimDraft, IncidentDraft, read_claim, read_incident
from .geojson import is_geojson, read_features
from .layouts import LAYOUTS, ColumnError, Layout
from .mapping import READERS, Target, own_columns, read_mapping, with_point
from .mapping import Mapping as Columns

#: Degrees: what lies so far from the middle of a file's positions, and as near once turned round, is swapped.
FAR_DEG, NEAR_DEG = 5.0, 2.0

#: Told of each mistake, in one line with its place.
Complain = Callable[[str], None]


@dataclass(slots=True)
class _Incident:
    """An incident while its rows are read."""

    row: int
    draft: IncidentDraft
    claims: list[ClaimDraft] = field(default_factory=list)


def read_file(
    path: Path,
    mapping: Path | None,
    complain: Complain,
    *,
    layout: str | None = None,
    zone: str | None = None,
    leave_out: Callable[[int], None] = lambda row: None,
) -> Drafts:
    """Incidents and published figures of a CSV, JSON, GeoJSON or TOML file.

    Parameters
    ----------
    path : pathlib.Path
        A table (``.csv``, ``.json`` with a list of objects, ``.geojson``), or a document (``.toml`` or ``.json``) as
        `read_document` takes it.
    mapping : pathlib.Path or None
        Which column is which field; without it a table must have our own names.
    complain : callable
        Called with one line for each mistake: file, row, column, what is wrong.
    layout : str or None
        One of `layouts.LAYOUTS`, in place of a mapping.
    zone : str or None
        Zone of times that do not say theirs; goes before that of the mapping.
    leave_out : callable
        Called with the number of each row of a layout that is about something else.

    Raises
    ------
    InputError
        If the file cannot be read at all.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".json", ".geojson", ".toml"):
        raise InputError("expected a file name that ends in .csv, .json, .geojson or .toml", path=path)
    if kind == ".csv":
        names, rows = _read_csv(path, complain)
    else:
        document = load_document(path)
        if is_geojson(document):
            rows = [*read_features(document, path, complain)]
            names = list(dict.fromkeys(name for _, row in rows for name in row))
        elif isinstance(document, dict):
            if mapping is not None or layout is not None or zone is not None:
                raise InputError("is no table: --mapping, --layout and --zone are for tables", path=path)
            return read_document(document, path, complain)
        else:
            names, rows = _read_list(document, path, complain)
    if layout is not None:
        reader = _Reader(path, Columns({}, zone=zone), complain)
        return reader.read_layout(LAYOUTS[layout], layout, names, rows, leave_out)
    columns = own_columns(names) if mapping is None else read_mapping(mapping)
    columns = with_point(columns, names) if zone is None else replace(with_point(columns, names), zone=zone)
    return _Reader(path, columns, complain).read(names, rows)


def _read_csv(path: Path, complain: Complain) -> tuple[list[str], list[tuple[int, Mapping[str, Any]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 at byte {error.start}", path=path) from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        for number, cells in enumerate(reader, 2):
            if not cells:
                continue
            if len(cells) != len(names):
                complain(f"{path}: row {number}: {len(cells)} cells, expected {len(names)}")
            rows.append((number, dict(zip(names, cells, strict=False))))
    except csv.Error as error:
        raise InputError(f"{error}", path=path, line=reader.line_num) from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        what = f"column {twice[0]!r} is there twice" if twice else "is empty, expected a row of column names"
        raise InputError(what, path=path, line=1)
    return names, rows


def _read_list(document: Any, path: Path, complain: Complain) -> tuple[list[str], list[tuple[int, Mapping[str, Any]]]]:
    if not isinstance(document, list):
        raise InputError("expected a list of rows, or an object with schema and incident", path=path)
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for number, row in enumerate(document, 1):
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            complain(f"{path}: row {number}: expected an object")
    return list(dict.fromkeys(name for _, row in rows for name in row)), rows


class _Reader:
    """Turns rows into incidents with claims; knows the file and the mapping."""

    def __init__(self, path: Path, columns: Columns, complain: Complain) -> None:
        self._path, self._columns, self._complain = path, columns, complain
        self._column = {target: name for name, targets in columns.columns.items() for target in targets}
        self._positions: list[tuple[int, str, float, float]] = []

    def read(self, names: list[str], rows: list[tuple[int, Mapping[str, Any]]]) -> Drafts:
        known = self._columns.columns.keys() | self._columns.ignored
        for name in names:
            if name not in known:
                self._complain(
                    f"{self._path}: column {name!r}: unknown; map it, or name it under ignore in the mapping file"
                )
        for name in sorted(self._columns.columns.keys() - set(names)):
            self._complain(f"{self._path}: column {name!r}: the mapping names it, but the file has no such column")
        found: dict[str | int, _Incident] = {}
        for number, row in rows:
            self._take(number, row, found)
        self._check_positions()
        return [replace(each.draft, claims=tuple(each.claims)) for each in found.values()], []

    def read_layout(
        self,
        layout: Layout,
        name: str,
        names: list[str],
        rows: list[tuple[int, Mapping[str, Any]]],
        leave_out: Callable[[int], None],
    ) -> Drafts:
        """Rows of a data set whose columns are known. Which is the latitude its columns say: none looks swapped."""
        for column in layout.needs:
            if column not in names:
                self._complain(f"{self._path}: column {column!r}: is missing from a table of layout {name}")
        found: dict[str | int, _Incident] = {}
        self._column = layout.columns
        for number, row in rows if set(layout.needs) <= set(names) else ():
            if not layout.wanted(row):
                leave_out(number)
                continue
            try:
                incident, claims = layout.read(row)
            except ColumnError as error:
                self._complain(f"{self._path}: row {number}, column {error.column!r}: {error}")
                continue
            self._enter(number, incident, claims, found)
        return [replace(each.draft, claims=tuple(each.claims)) for each in found.values()], []

    def _take(self, number: int, row: Mapping[str, Any], found: dict[str | int, _Incident]) -> None:
        given = {room: self._fields(room, row) for room in READERS}
        constant = {name for room, name in self._columns.constants if room == "claim"}
        says = any(value not in (None, "") for name, value in given["claim"].items() if name not in constant)
        self._enter(number, given["incident"], [given["claim"]] if says else [], found)

    def _enter(
        self,
        number: int,
        incident: Mapping[str, Any],
        said: list[dict[str, Any]],
        found: dict[str | int, _Incident],
    ) -> None:
        zone = self._columns.zone
        draft = read_incident(incident, (), self._at(number, "incident"), zone)
        claims = []
        for given in said:
            claim = read_claim(given, self._at(number, "claim"), zone)
            if claim is None:
                continue
            claims.append(claim)
            self._place(number, "claim", claim)
            if claim.figure is not None:
                self._say(number, ("claim", "figure"), "figures are for documents, not for tables")
        if draft is None:
            return
        self._place(number, "incident", draft)
        known = found.setdefault(draft.key or number, _Incident(number, draft))
        if known.row != number:
            self._compare(number, draft, known)
        known.claims += claims

    def _fields(self, room: str, row: Mapping[str, Any]) -> dict[str, Any]:
        fields = {name: value for (where, name), value in self._columns.constants.items() if where == room}
        for column, targets in self._columns.columns.items():
            for where, name in targets:
                if where == room and row.get(column) not in (None, ""):
                    value = row[column]
                    words = self._columns.values.get((room, name), {})
                    fields[name] = words.get(str(value).strip(), value)
        return fields

    def _compare(self, number: int, draft: IncidentDraft, known: _Incident) -> None:
        """Rows of one incident must agree on what it is; what they claim may differ."""
        for name in ("site", "title", "time", "lat_deg", "lon_deg", "radius_m"):
            ours, theirs = getattr(draft, name), getattr(known.draft, name)
            if ours is not None and ours != theirs:
                self._say(number, ("incident", name), f"is not what row {known.row} says of the same incident")

    def _place(self, number: int, room: str, draft: IncidentDraft | ClaimDraft) -> None:
        if draft.lat_deg is not None and draft.lon_deg is not None:
            self._positions.append((number, room, draft.lat_deg, draft.lon_deg))

    def _check_positions(self) -> None:
        """Positions outside the bounds, and those that are plausible only with latitude and longitude swapped."""
        for number, room, swapped in self._strange():
            hint = ": latitude and longitude look swapped" if swapped else ""
            what = "lies outside the bounds of the mapping" if self._columns.bounds else "lies far from the others"
            self._say(number, (room, "lat_deg"), f"{what}{hint}")

    def _strange(self) -> Iterator[tuple[int, str, bool]]:
        if bounds := self._columns.bounds:
            west, south, east, north = bounds
            for number, room, lat, lon in self._positions:
                if not (south <= lat <= north and west <= lon <= east):
                    yield number, room, south <= lon <= north and west <= lat <= east
        elif len(self._positions) >= 3:
            middle = median(p[2] for p in self._positions), median(p[3] for p in self._positions)
            for number, room, lat, lon in self._positions:
                off = max(abs(lat - middle[0]), abs(lon - middle[1]))
                if off > FAR_DEG and max(abs(lon - middle[0]), abs(lat - middle[1])) < NEAR_DEG:
                    yield number, room, True

    def _at(self, number: int, room: str) -> Callable[[str, str], None]:
        return lambda name, message: self._say(number, (room, name), message)

    def _say(self, number: int, target: Target, message: str) -> None:
        column = self._column.get(target, ".".join(target))
        self._complain(f"{self._path}: row {number}, column {column!r}: {message}")
