"""Scenario: a checked scenario or site file. TOML in, specs out; every refusal names file, line and key."""

import copy
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rampart.errors import InputError
from rampart.records.spec import Spec
from rampart.registry import find, kinds

from .document import Document, Place, parse_document, read_text
from .override import apply_overrides
from .specs import HeadSpec, RefereeSpec, SiteSpec, StudySpec, ZoneSpec

#: Sections that list parts, and the room whose kinds they name; None: a part without kinds.
PART_SECTIONS: Mapping[str, str | None] = {
    "site": None,
    "zone": None,
    "sensor": "sensor",
    "threat": "threat",
    "effector": "engage",
    "out": "out",
    "feed": "feed",
}
#: Where a live service hears and sends: such sections decide nothing of a run, and are no part of its recording.
LIVE_SECTIONS = ("out", "feed")
#: Sections that configure one stage: room and default kind.
STAGE_SECTIONS = {"track": "imm", "predict": "sigma_points", "warn": "zones"}

SIMULATION_ROOMS = frozenset({"threat", "sensor", "track", "predict", "warn", "engage", "out", "feed"})
CHAIN_ROOMS = frozenset({"track", "predict", "warn", "out"})
LIVE_ROOMS = CHAIN_ROOMS | {"sensor", "feed"}


@dataclass(frozen=True)
class Scenario:
    """A scenario, every part checked.

    Attributes
    ----------
    head : HeadSpec
        Name, start, duration.
    parts : dict
        ``site, zone, sensor, threat, effector, out, feed`` -> specs in the order of the file.
    stages : dict
        ``track, predict, warn, engage, referee`` -> spec.
    text : str
        The TOML it came from, overrides not applied.
    folder : pathlib.Path
        Where relative file names in it start.
    overrides : tuple of str
        ``section.key=value`` as given.
    study : StudySpec
        ``[study]``; decides nothing of a run, and is no part of its recording.
    """

    head: HeadSpec
    parts: Mapping[str, tuple[Any, ...]]
    stages: Mapping[str, Spec]
    text: str
    path: str
    folder: Path
    overrides: tuple[str, ...] = ()
    study: StudySpec = StudySpec()

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.head.name

    @property
    def start_ns(self) -> int:
        """Start of the run, ns UTC."""
        start = self.head.start
        return int(start.timestamp()) * 1_000_000_000 + start.microsecond * 1000

    def starting(self, start_ns: int) -> "Scenario":
        """The same at another time, to the microsecond."""
        whole_s, rest_ns = divmod(start_ns, 1_000_000_000)
        start = datetime.fromtimestamp(whole_s, UTC).replace(microsecond=rest_ns // 1000)
        return replace(self, head=self.head.model_copy(update={"start": start}))

    def resolved(self) -> dict[str, Any]:
        """Everything that decides a run, defaults included, as plain JSON-able data."""
        return {
            **self.head.model_dump(mode="json", by_alias=True, exclude={"mode"}),
            **{
                section: [p.model_dump(mode="json") for p in parts]
                for section, parts in self.parts.items()
                if section not in LIVE_SECTIONS
            },
            **{section: spec.model_dump(mode="json") for section, spec in self.stages.items()},
        }


def restore_scenario(
    resolved: Mapping[str, Any],
    path: str,
    *,
    overrides: Sequence[str] = (),
    rooms: Iterable[str] = SIMULATION_ROOMS,
) -> Scenario:
    """A scenario from what `Scenario.resolved` gave, as a recording keeps it.

    Parameters
    ----------
    resolved : mapping
        Plain data.
    path : str
        The recording, for errors.
    overrides, rooms
        As in `load`.
    """
    data = copy.deepcopy(dict(resolved))
    with suppress(KeyError, TypeError, ValueError):
        data["start"] = datetime.fromisoformat(data["start"])
    folder = Path(data.pop("folder", "."))
    document = apply_overrides(Document(data, path, {}), overrides)
    return SpecReader(document, frozenset(rooms)).scenario("", folder, tuple(overrides))


def builtin_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come with Rampart.

    >>> "iraq-2021" in builtin_scenarios()
    True
    """
    folder = files("rampart") / "scenarios"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def load(
    name_or_path: str | Path,
    *,
    overrides: Sequence[str] = (),
    rooms: Iterable[str] = SIMULATION_ROOMS,
) -> Scenario:
    """Load a built-in scenario by name, or a file by path.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        A name that `builtin_scenarios` lists, or a TOML file.
    overrides : sequence of str
        ``section.key=value`` or ``section.ID.key=value``, values written as in TOML.
    rooms : iterable of str
        The rooms whose parts may be built; a part of any other room is refused.

    Raises
    ------
    InputError
        Naming file, line and key.

    Examples
    --------
    >>> load("embassy-rockets").name
    'embassy-rockets'
    """
    path = Path(name_or_path)
    if str(name_or_path) in builtin_scenarios():
        path = Path(str(files("rampart") / "scenarios" / f"{name_or_path}.toml"))
    elif path.suffix == "" and not path.exists():
        close = difflib.get_close_matches(str(name_or_path), builtin_scenarios(), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"no scenario and no file named {str(name_or_path)!r}{hint}")
    return parse_scenario(read_text(path), str(name_or_path), folder=path.parent, overrides=overrides, rooms=rooms)


def is_live(name_or_path: str | Path) -> bool:
    """Whether a file is that of a live site: it has a ``[[feed]]`` and nothing that flies by itself."""
    path = Path(name_or_path)
    if str(name_or_path) in builtin_scenarios() or not path.is_file():
        return False
    data = parse_document(read_text(path), str(path)).data
    return "feed" in data and "threat" not in data


def parse_scenario(
    text: str,
    path: str,
    *,
    folder: Path = Path(),
    overrides: Sequence[str] = (),
    rooms: Iterable[str] = SIMULATION_ROOMS,
) -> Scenario:
    """Check the text of a scenario file; see `load`."""
    document = apply_overrides(parse_document(text, path), overrides)
    return SpecReader(document, frozenset(rooms)).scenario(text, folder, tuple(overrides))


class SpecReader:
    """Turns a document into specs."""

    def __init__(self, document: Document, rooms: frozenset[str]) -> None:
        self.document, self.rooms = document, rooms

    def scenario(self, text: str, folder: Path, overrides: tuple[str, ...]) -> Scenario:
        """The whole document, checked."""
        data = self._timed()
        sections = {*PART_SECTIONS, *STAGE_SECTIONS, "engage", "referee", "study"}
        head = self._check(HeadSpec, {k: v for k, v in data.items() if k not in sections}, (), "", sections)
        parts = {section: self.parts(section) for section in PART_SECTIONS}
        if not parts["site"]:
            raise self.document.error("no [[site]]; a scenario needs at least one")
        self._check_references(parts)
        study = self._study()
        scenario = Scenario(head, parts, self._stages(), text, self.document.path, folder, overrides, study)
        self._check_times(parts["zone"])
        return scenario

    def _timed(self) -> dict[str, Any]:
        """The document's data; a live site needs no start and no end."""
        data = self.document.data
        if "threat" in self.rooms and ("feed" not in data or "threat" in data):
            return data
        return {"start": datetime.fromtimestamp(0, UTC), "duration_s": 1.0, **self.document.data}

    def parts(self, section: str) -> tuple[Any, ...]:
        """The checked parts of a section, in the order of the file."""
        rows = self.document.data.get(section, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.document.error(f"expected [[{section}]], a list of tables", (section,))
        room = PART_SECTIONS[section]
        if rows and room is not None and room not in self.rooms:
            raise self.document.error(f"[[{section}]] is for simulation only and has no place here", (section, 0))
        return tuple(self._part(section, room, i, row) for i, row in enumerate(rows))

    def _part(self, section: str, room: str | None, i: int, row: dict[str, Any]) -> Any:
        spec: type = {"site": SiteSpec, "zone": ZoneSpec}.get(section, Spec)
        name = f"{section} {row['id']!r}" if isinstance(row.get("id"), str) else f"{section} number {i + 1}"
        if room is not None:
            spec = self._spec(room, row.get("kind"), (section, i, "kind"), name)
        return self._check(spec, row, (section, i), f"{name}: ")

    def _spec(self, room: str, kind: object, place: Place, name: str) -> type:
        if kind is None:
            raise self.document.error(f"{name}: missing key 'kind'; expected one of {', '.join(kinds(room))}", place)
        if not isinstance(kind, str):
            raise self.document.error(f"{name}: kind = {kind!r}, expected text", place)
        try:
            return find(room, kind)
        except LookupError as error:
            raise self.document.error(f"{name}: {error}", place) from None

    def _stages(self) -> dict[str, Spec]:
        stages: dict[str, Spec] = {}
        for section, default in STAGE_SECTIONS.items():
            row = self._table(section)
            spec = self._spec(section, row.get("kind", default), (section, "kind"), f"[{section}]")
            stages[section] = self._check(spec, row, (section,), f"[{section}]: ")
        stages["referee"] = self._check(RefereeSpec, self._table("referee"), ("referee",), "[referee]: ")
        if "engage" in self.rooms:
            spec = find("engagement", "shoot_look_shoot")
            stages["engage"] = self._check(spec, self._table("engage"), ("engage",), "[engage]: ")
        elif "engage" in self.document.data:
            raise self.document.error("[engage] is for simulation only and has no place here", ("engage",))
        return stages

    def _study(self) -> StudySpec:
        if "study" in self.document.data and "threat" not in self.rooms:
            raise self.document.error("[study] is for simulation only and has no place here", ("study",))
        study: StudySpec = self._check(StudySpec, self._table("study"), ("study",), "[study]: ")
        return study

    def _table(self, section: str) -> dict[str, Any]:
        row = self.document.data.get(section, {})
        if not isinstance(row, dict):
            raise self.document.error(f"expected [{section}], a table", (section,))
        return row

    def _check_references(self, parts: Mapping[str, tuple[Any, ...]]) -> None:
        sites = [site.id for site in parts["site"]]
        for section, specs in parts.items():
            seen: set[tuple[str | None, str]] = set()
            for i, spec in enumerate(specs):
                site = getattr(spec, "site", None) if section != "site" else None
                key = (site if section == "zone" else None, spec.id)
                if key in seen:
                    raise self.document.error(f"{section} {spec.id!r} stands twice; ids are unique", (section, i, "id"))
                seen.add(key)
                if section != "site":
                    self._check_site(section, i, spec.id, site, sites)

    def _check_times(self, zones: tuple[ZoneSpec, ...]) -> None:
        """People who are meant are not warned by a default."""
        for i, zone in enumerate(zones):
            if "threat" not in self.rooms and not zone.tells_time():
                text = f"zone {zone.id!r}: missing key 'shelter_time_s'; a live site says how long its people need"
                raise self.document.error(text, ("zone", i))

    def _check_site(self, section: str, i: int, name: str, site: str | None, sites: list[str]) -> None:
        if site is None and len(sites) > 1:
            raise self.document.error(
                f"{section} {name!r}: missing key 'site'; expected one of {', '.join(sites)}", (section, i)
            )
        if site is not None and site not in sites:
            raise self.document.error(
                f"{section} {name!r}: site = {site!r}, expected one of {', '.join(sites)}", (section, i, "site")
            )

    def _check(self, spec: type, row: dict[str, Any], place: Place, name: str, more: Iterable[str] = ()) -> Any:
        try:
            return spec.model_validate(row)  # type: ignore[attr-defined]
        except ValidationError as error:
            # a misspelt key is both unknown and missing: its line helps more
            first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
            where = tuple(k for k in first["loc"] if not (isinstance(k, str) and "[" in k))
            message = name + _explain(first, where, row, [*_keys(spec, where), *(more if len(where) == 1 else ())])
            raise self.document.error(message, (*place, *where)) from None


def _keys(spec: Any, where: Place) -> list[str]:
    """The keys allowed beside the one at `where`."""
    for step in where[:-1]:
        field = getattr(spec, "model_fields", {}).get(step)
        spec = getattr(field, "annotation", None)
    return [field.alias or key for key, field in getattr(spec, "model_fields", {}).items()]


def _explain(error: Any, where: Place, row: Mapping[str, Any], allowed: list[str]) -> str:
    """One line on what pydantic refused."""
    key = ".".join(str(k) for k in where)
    if error["type"] == "extra_forbidden":
        last = str(where[-1])
        close = difflib.get_close_matches(last, allowed, 1, 0.5) or [a for a in allowed if a.startswith(last + "_")]
        hint = f"; did you mean {close[0]!r}?" if close else f"; expected one of {', '.join(sorted(allowed))}"
        return f"unknown key {key!r}{hint}"
    if error["type"] == "missing":
        return f"missing key {key!r}"
    value = re.sub(r"//[^/@]*@", "//...@", repr(error.get("input", row)))  # never a password
    value = value if len(value) <= 60 else value[:57] + "..."
    expected = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    expected = expected if expected.startswith("expected") else f"expected {expected}"
    return f"{key} = {value}, {expected}" if key else expected
