"""Answer: a recording replayed, and replayed again with each change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rampart.ledger import Batch, RecordingReader
from rampart.pipeline import Scenario, build_places, build_world, restore_scenario
from rampart.study.replay import Replayed, replay_batches

from .change import RECORDED, SIMULATED, Change, read_change
from .difference import difference
from .rerun import Telling, rerun_recorded, rerun_simulated, told


def compare_recording(path: str | Path, changes: Sequence[str]) -> dict[str, Any]:
    """Replay a recording bit by bit, then once more for each change, and say what differs.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording.
    changes : sequence of str
        Each one row: ``section.key=value``, or several with commas between. ``sensor.ID.enabled=false`` takes a
        sensor away.

    Returns
    -------
    dict
        What ``rampart replay --json`` prints.

    Raises
    ------
    InputError
        If it is no recording, or a change does not fit it.
    """
    reader = RecordingReader(path)
    case = _Case(reader)
    read = [case.read(text) for text in changes]  # every mistake before any work
    done = replay_batches(reader, case.batches)
    answer: dict[str, Any] = {"schema": 1, "recording": str(path), **done.answer()}
    if changes:
        before = case.before(done)
        answer["differences"] = [case.row(before, *change) for change in read]
    else:
        answer["differences"] = []
    return answer


class _Case:
    """One recording, read once for all changes."""

    def __init__(self, reader: RecordingReader) -> None:
        self.reader, self.header = reader, reader.header
        self.scenario = restore_scenario(self.header["scenario"], str(reader.path))
        self.batches: tuple[Batch, ...] = tuple(reader.batches())
        self.flights = tuple(reader.truth())
        self.live = bool(self.header.get("live", False))
        self.engage = bool(self.header.get("effectors", False))
        pieces = {"fragment", "merged", "redacted"} & self.header.keys()
        simulated = bool(self.scenario.parts["threat"]) and isinstance(self.header.get("seed"), int)
        self.can_simulate = simulated and not self.live and not pieces
        self.steered = self._steered() if self.can_simulate else False

    def _steered(self) -> bool:
        """Whether effectors or turned sensors make what is detected depend on what is tracked."""
        if self.engage and self.scenario.parts["effector"]:
            return True
        seed, run = int(self.header["seed"]), int(self.header["run"])
        return any(
            hasattr(sensor, "cue")
            for place in build_places(self.scenario)
            for sensor in build_world(place, seed=seed, run=run).sensors
        )

    def read(self, text: str) -> tuple[Change, Scenario]:
        """A change, and the scenario with it."""
        change = read_change(text, self.scenario)
        path = str(self.reader.path)
        return change, restore_scenario(self.header["scenario"], path, overrides=change.overrides)

    def before(self, done: Replayed) -> Telling:
        """What the chain said as recorded."""
        sites = {site.id: told(site, done.outputs.get(site.id, ()), self.flights) for site in self.reader.sites}
        return Telling(sites, done.output_sha256)

    def row(self, before: Telling, change: Change, scenario: Scenario) -> dict[str, Any]:
        """One row of the table."""
        basis = change.basis(can_simulate=self.can_simulate, steered=self.steered)
        if basis == SIMULATED:
            after = rerun_simulated(scenario, self.header, change.removed)
        else:
            after = rerun_recorded(
                scenario,
                self.batches,
                change.removed,
                engage=self.engage,
                live=self.live,
                seed=int(self.header.get("seed") or 0),
                run=int(self.header.get("run") or 0),
                flights=self.flights,
            )
        radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
        found = difference(before, after, duration_s=self._duration_s(), radius_m=radius_m)
        return {"set": dict(change.settings), "basis": basis, "notes": self._notes(change, basis), **found}

    def _duration_s(self) -> float:
        """To the last step, or the length of the simulated run."""
        last_ns = max((batch.now_ns for batch in self.batches), default=self.scenario.start_ns)
        seconds = (last_ns - self.scenario.start_ns) * 1e-9
        return seconds if self.live else max(seconds, self.scenario.head.duration_s)

    def _notes(self, change: Change, basis: str) -> list[str]:
        notes = []
        believed = [o for o in change.overrides if o.startswith("sensor.")]
        if basis == RECORDED and believed and not self.can_simulate:
            notes.append("the sensor reported what it reported: only what the chain believes of it was changed")
        if basis == RECORDED and self.engage and not self.can_simulate:
            notes.append("simulated engagements stay as recorded in the detections")
        if any(len(batch.decisions) for batch in self.batches):
            notes.append("operators are taken to decide as they did")
        return notes


def settings_words(settings: Mapping[str, Any]) -> str:
    """A change in one line.

    >>> settings_words({"sensor.r2.enabled": False, "warn.miss_cost": 100})
    'sensor.r2.enabled=false, warn.miss_cost=100'
    """
    return ", ".join(f"{key}={str(v).lower() if isinstance(v, bool) else v}" for key, v in settings.items())
