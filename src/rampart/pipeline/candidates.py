"""Candidates: sensors that a site could have, from a TOML file of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rampart.errors import InputError

from .document import Document, parse_document, read_text
from .document import Place as Where
from .scenario import SIMULATION_ROOMS, SpecReader

_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sensor at a place, and what it costs in whatever unit the file uses."""

    spec: Any
    cost: float

    @property
    def id(self) -> str:
        """Its name."""
        return str(self.spec.id)


def read_candidates(
    path: str | Path, taken: Collection[str] = (), sites: Collection[str] = ()
) -> tuple[Candidate, ...]:
    """Read a list of candidate sensors.

    Parameters
    ----------
    path : str or pathlib.Path
        TOML: ``schema = 1``, then ``[[candidate]]`` tables with the keys of a ``[[sensor]]`` and ``cost`` (1 if left
        out). ``positions_enu_m``, a list of places, stands for one candidate each, called ``ID-1``, ``ID-2``, ...
    taken : collection of str
        Ids of the sensors that are there already.
    sites : collection of str
        Ids of the sites a candidate may name; any if empty.

    Raises
    ------
    InputError
        Naming file, line and key.
    """
    document = parse_document(read_text(Path(path)), str(path))
    data = document.data
    if data.get("schema") != 1:
        raise document.error(f"schema = {data.get('schema')!r}, expected 1", ("schema",))
    for key in data:
        if key not in ("schema", "candidate"):
            raise document.error(f"unknown key {key!r}; expected one of schema, candidate", (key,))
    rows = data.get("candidate", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise document.error("expected [[candidate]], a list of tables", ("candidate",))
    if not rows:
        raise document.error("no [[candidate]]; expected at least one")
    found = [c for i, row in enumerate(rows) for c in _expand(document, i, row)]
    _check(document, found, taken, sites)
    return tuple(candidate for candidate, _ in found)


def _expand(document: Document, i: int, row: dict[str, Any]) -> list[tuple[Candidate, Where]]:
    row, where = dict(row), ("candidate", i)
    cost = row.pop("cost", 1.0)
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0.0 < cost < 1e12:
        raise document.error(f"candidate number {i + 1}: cost = {cost!r}, expected a positive number", (*where, "cost"))
    places = row.pop("positions_enu_m", None)
    rows = [row]
    if places is not None:
        if "position_enu_m" in row:
            raise document.error("expected position_enu_m or positions_enu_m, not both", (*where, "positions_enu_m"))
        if not isinstance(places, list) or not places:
            raise document.error("positions_enu_m is empty; expected at least one place", (*where, "positions_enu_m"))
        rows = [{**row, "id": f"{row.get('id')}-{k}", "position_enu_m": p} for k, p in enumerate(places, start=1)]
    return [(Candidate(_spec(document, i, r), float(cost)), where) for r in rows]


def _spec(document: Document, i: int, row: dict[str, Any]) -> Any:
    """The row as a sensor, with errors that name its line."""
    lines = {("sensor", 0, *place[2:]): line for place, line in document.lines.items() if place[:2] == ("candidate", i)}
    part = Document({"sensor": [row]}, document.path, lines)
    return SpecReader(part, frozenset(SIMULATION_ROOMS)).parts("sensor")[0]


def _check(
    document: Document, found: list[tuple[Candidate, Where]], taken: Collection[str], sites: Collection[str]
) -> None:
    if len(found) > _LIMIT:
        raise InputError(f"holds {len(found)} candidates, expected at most {_LIMIT}", path=document.path)
    seen = set(taken)
    for candidate, where in found:
        if candidate.id in seen:
            raise document.error(f"candidate {candidate.id!r}: there is a sensor of that id already", (*where, "id"))
        seen.add(candidate.id)
        site = candidate.spec.site
        if sites and site is not None and site not in sites:
            expected = ", ".join(sites)
            raise document.error(
                f"candidate {candidate.id!r}: site = {site!r}, expected one of {expected}", (*where, "site")
            )
