"""Plan: everything that decides the results of a study, in a form that goes to other processes and machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import rampart
from rampart.errors import InputError
from rampart.pipeline import Scenario, build_places, load, parse_scenario
from rampart.pipeline.scenario import builtin_scenarios

from .background import Background, read_background
from .design import Point, design_points
from .vary import Values, to_toml

#: What a run goes through; results of other code are not added up.
ROOMS = ("records", "physics", "pipeline", "threat", "sensor", "track", "predict", "warn", "engage")
_MODULES = (
    "run.py", "site_run.py", "referee.py", "score.py", "matching.py", "zones.py",
    "montecarlo/row.py", "montecarlo/exposure.py", "montecarlo/table.py", "montecarlo/background.py",
    "montecarlo/chunk.py",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A study: scenario, design points, seed.

    Attributes
    ----------
    name : str
        Of the scenario.
    given : str
        The scenario as it was named: for the command that repeats it.
    text, folder : str
        Its TOML, and where file names in it start.
    set : tuple of str
        Overrides of every point.
    points : tuple of Point
        The design.
    runs : int
        Of each point, at most.
    seed : int
        Root of every random stream.
    until : float or None
        Wilson half-width that ends a point early.
    stop_on : str
        The share it speaks of.
    harm_area_m2, protection : float
        Of the casualty model; protection is usual, least and most.
    design : str
        Kind of design.
    code : str
        Fingerprint of the code that the runs go through.
    version : str
        Of Rampart.
    background : Background or None
        Recorded detections that raids are mixed into.
    """

    name: str
    given: str
    text: str
    folder: str
    set: tuple[str, ...]
    points: tuple[Point, ...]
    runs: int
    seed: int
    until: float | None
    stop_on: str
    harm_area_m2: float
    protection: tuple[float, float, float]
    design: str
    code: str
    version: str
    background: Background | None = None

    def scenario(self, point: int | None = None) -> Scenario:
        """The scenario of a design point; without variation if None."""
        sets = self.set if point is None else (*self.set, *self.points[point].set)
        return parse_scenario(self.text, self.given, folder=Path(self.folder), overrides=sets)

    def key(self) -> str:
        """Digest of all that decides a row: results of one key may be added up."""
        facts = {
            "code": self.code,
            "scenario": self.scenario().resolved(),
            "files": _files_of(self.scenario()),
            "points": [list(point.set) for point in self.points],
            "seed": self.seed,
            "harm_area_m2": self.harm_area_m2,
            "background": self.background.sha256 if self.background else None,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()

    def command(self, point: int, run: int) -> str:
        """The command that repeats one run alone, recorded."""
        sets = "".join(f" --set {_quoted(s)}" for s in (*self.set, *self.points[point].set))
        background = f" --background {_quoted(self.background.path)}" if self.background else ""
        return f"rampart run {_quoted(self.given)} --seed {self.seed} --run {run}{sets}{background}"

    def study_command(self) -> str:
        """The command that repeats the whole study."""
        parts = ["rampart study", _quoted(self.given), f"--runs {self.runs} --seed {self.seed}"]
        if self.from_command:
            parts += [f"--vary {_quoted(text)}" for text in self.from_command]
        parts += [f"--set {_quoted(s)}" for s in self.set]
        if self.until is not None:
            parts.append(f"--until {self.until:g}")
        if self.background:
            parts.append(f"--background {_quoted(self.background.path)}")
        return " ".join(parts)

    @property
    def from_command(self) -> tuple[str, ...]:
        """``key=a,b`` of what was varied on the command line, not in the file."""
        if self.design != "grid" or any(key == "case" for point in self.points for key, _ in point.vary):
            return ()
        keys = dict.fromkeys(key for point in self.points for key, _ in point.vary)
        if tuple(keys) and set(keys) == set(self.scenario().study.vary):
            return ()
        values = {key: dict.fromkeys(to_toml(dict(point.vary)[key]) for point in self.points) for key in keys}
        return tuple(f"{key}={','.join(found)}" for key, found in values.items())

    @property
    def labels(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids of the threat parts and ``site/zone`` of the zones, as they are without variation."""
        return _labels(self)

    def with_runs(self, runs: int) -> Plan:
        """The same with another number of runs."""
        return replace(self, runs=runs)


@cache
def _labels(plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    scenario = plan.scenario()
    zones = [f"{place.site.id}/{zone.id}" for place in build_places(scenario) for zone in place.site.zones]
    return tuple(part.id for part in scenario.parts["threat"]), tuple(zones)


def make_plan(
    scenario: Scenario | str | Path,
    *,
    runs: int | None = None,
    seed: int | None = None,
    vary: Mapping[str, Sequence[Any]] | None = None,
    until: float | None = None,
    background: str | Path | None = None,
    overrides: Sequence[str] = (),
) -> Plan:
    """Check what was asked for, and plan it; what is not given comes from ``[study]``.

    Raises
    ------
    InputError
        If the scenario has no threats, a key is unknown, or a value does not fit.
    """
    if not isinstance(scenario, Scenario):
        scenario = load(scenario, overrides=overrides)
    elif overrides:
        raise InputError("overrides belong to a scenario that is named; load it with them")
    study = scenario.study
    if not scenario.parts["threat"]:
        raise InputError("has no [[threat]]; a study needs something that comes", path=scenario.path)
    runs = study.runs if runs is None else runs
    if runs < 1:
        raise InputError(f"{runs} runs, expected at least 1")
    if until is not None and not 0.0 < until < 0.5:
        raise InputError(f"until = {until:g}, expected a half-width between 0 and 0.5")
    seed = study.seed if seed is None else seed
    values: dict[str, Values] = {key: tuple(value) for key, value in (vary or {}).items()}
    plan = Plan(
        name=scenario.name,
        given=scenario.path,
        text=scenario.text,
        folder=str(scenario.folder if scenario.path in builtin_scenarios() else scenario.folder.resolve()),
        set=tuple(scenario.overrides),
        points=design_points(study, values, seed),
        runs=runs,
        seed=seed,
        until=study.until if until is None else until,
        stop_on=study.stop_on,
        harm_area_m2=study.harm_area_m2,
        protection=(study.protection, study.protection_low, study.protection_high),
        design="grid" if values else study.design,
        code=fingerprint(),
        version=rampart.__version__,
        background=None if background is None else read_background(background, scenario),
    )
    _check_points(plan)
    return plan


def _check_points(plan: Plan) -> None:
    """Every value of every key is one the scenario takes: one point for each."""
    seen = set()
    for point in plan.points:
        fresh = [s for s in point.set if s not in seen]
        if not fresh:
            continue
        seen.update(fresh)
        try:
            if not plan.scenario(point.index).parts["threat"]:
                raise InputError(f"{point.label}: leaves no [[threat]]; a study needs something that comes")
        except InputError as error:
            raise InputError(f"--vary {fresh[0]}: {_without_option(str(error))}") from None


def _without_option(text: str) -> str:
    head, _, rest = text.partition("--set ")
    return (head + rest.partition(": ")[2]) if rest and not head else text


def _files_of(scenario: Scenario) -> dict[str, str]:
    """Digests of the files that a scenario names."""
    names = [scenario.head.zones]
    names += [value for site in scenario.parts["site"] for value in (site.terrain, site.wind)]
    names += [getattr(part, "file", None) for parts in scenario.parts.values() for part in parts]
    found = {}
    for name in sorted({n for n in names if n}):
        path = scenario.folder / name
        if path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@cache
def fingerprint() -> str:
    """Digest of the code that a run goes through."""
    folder, digest = Path(rampart.__file__).parent, hashlib.sha256()
    files = [path for room in ROOMS for path in sorted((folder / room).rglob("*.py"))]
    files += [folder / "study" / name for name in _MODULES]
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _quoted(text: str) -> str:
    plain = all(c.isalnum() or c in "-_./=:,+@" for c in text)
    return text if plain and text else "'" + text.replace("'", "'\\''") + "'"
