"""Account: for each threat, the gate it fell through at each moment, and the gate that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError
from rampart.ledger import RecordingReader, RunRecord
from rampart.pipeline import Candidate
from rampart.records import Flight, TargetClass

from .history import History, SensorLooks, TrackLife
from .rerun import Tried, try_sensors
from .segments import segment
from .stages import ASSOCIATION, CHAIN, CLASSIFICATION, DETECTED, DWELL, OUT_OF_RANGE, PASSED, POLICY, RANK

Floats = NDArray[np.float64]
ALL = "all"  #: the furthest that any sensor and the chain got
#: A track that said nothing for so long is not there [s].
_GAP_S = 3.0
#: Time between two moments at which the account is taken [s].
_STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What went wrong with one threat, and when a warning would still have helped."""

    missed: bool
    late: bool
    misclassified: bool
    from_s: float
    to_s: float

    @property
    def failed(self) -> bool:
        """Any of the three."""
        return self.missed or self.late or self.misclassified


def outcome_of(history: History, flight: Flight) -> Outcome:
    """Missed: a zone that needed it was not warned before arrival; a threat that endangers no zone was never tracked.

    Late: warned, but a zone less than its shelter time before arrival. Misclassified: the class that its track ended
    with is not its kind. The window that decides runs from its first moment to the last one at which a warning would
    have been in time.
    """
    threat = history.summary[flight.id]
    last_s = history.last_s(flight)
    shelter = {z.id: z.shelter_time_s for z in history.site.zones}
    pairs = [p for p in threat["pairs"] if p["arrival_s"] <= float(history.record.summary["duration_s"])]
    missed = any(not p["warned"] for p in pairs) if pairs else threat["confirmed_s"] is None
    margins = [(p, p["arrival_s"] - shelter[p["zone"]]) for p in pairs]
    late = not missed and any(p["first_warning_s"] > latest for p, latest in margins)
    known = threat["kind"] in {c.label for c in TargetClass}
    misclassified = known and threat["class"] is not None and threat["class"] != threat["kind"]
    to_s = min((latest for _, latest in margins), default=last_s) if missed or late else last_s
    return Outcome(missed, late, misclassified, flight.start_s, max(min(to_s, last_s), flight.start_s + _STEP_S))


class Account:
    """The gates of one threat.

    Parameters
    ----------
    history : History
        Its site.
    flight : Flight
        The threat.
    """

    def __init__(self, history: History, flight: Flight) -> None:
        self.history, self.flight = history, flight
        self.outcome = outcome_of(history, flight)
        track = history.record.scenario.get("track", {})
        self._hits, self._looks = int(track.get("confirm_hits", 3)), int(track.get("confirm_looks", 5))
        self._least = float(history.record.scenario.get("warn", {}).get("least_weight", 0.5))
        self._sensors = history.looks.get(flight.id, [])
        self._enough = [self._lately(looks) for looks in self._sensors]
        self._life = history.tracked(flight)
        self._heard = history.detections(flight.id)

    def chain_gate(self, time_s: Floats) -> list[str]:
        """The gate of the chain that holds at each time, for what is detected."""
        life = self._life
        row = np.searchsorted(life.time_s, time_s, side="right") - 1
        return [self._chain_gate(t, life, i) for t, i in zip(time_s.tolist(), row.tolist(), strict=True)]

    def _chain_gate(self, t: float, life: TrackLife, i: int) -> str:
        if i < 0 or not life.live[i] or t - life.time_s[i] > _GAP_S:
            return ASSOCIATION if self._often_enough(t) else DWELL
        wrong = self._mistaken(int(life.likeliest[i]))
        if life.belief[i] < self._least or wrong:
            return CLASSIFICATION
        return POLICY if self._unwarned(t) else PASSED

    def _mistaken(self, likeliest: int) -> bool:
        """Where the class is all that went wrong, a wrong class is the gate."""
        o = self.outcome
        return o.misclassified and not (o.missed or o.late) and TargetClass(likeliest).label != self.flight.kind

    def _unwarned(self, t: float) -> bool:
        zones = [p for p in self.history.summary[self.flight.id]["pairs"] if p["arrival_s"] > t]
        return any(self.history.first_warning_s(self.flight, p["zone"]) > t for p in zones)

    def _often_enough(self, t: float) -> bool:
        """Whether a sensor has by then given as many detections in its latest looks as the tracker asks for.

        Or all sensors together twice as many, within the time that the slowest of them takes for so many looks.
        """
        for looks, enough in zip(self._sensors, self._enough, strict=True):
            k = int(np.searchsorted(looks.known_s, t, side="right"))
            if k and enough[k - 1]:
                return True
        window = self._looks * max((s.scan_period_s for s in self.history.site.sensors), default=1.0)
        low, high = np.searchsorted(self._heard, (t - window, t), side="right")
        return bool(high - low >= 2 * self._hits)

    def _lately(self, looks: SensorLooks) -> NDArray[np.bool_]:
        """At each look: enough of the latest looks detected."""
        hits = (looks.gate == DETECTED).astype(int)
        return np.asarray(np.convolve(hits, np.ones(self._looks, int))[: len(hits)] >= self._hits)

    def sensor_gates(self, looks: SensorLooks) -> tuple[Floats, Floats, list[str]]:
        """Start and end of each look's time, and its gate; what was detected got as far as the chain's gate."""
        start = looks.time_s
        end = np.append(start[1:], min(start[-1] + _usual_step(start), self.history.last_s(self.flight)))
        chain = self.chain_gate(looks.known_s)
        labels = [c if g == DETECTED else str(g) for g, c in zip(looks.gate.tolist(), chain, strict=True)]
        return start, np.maximum(end, start), labels

    def moments(self) -> tuple[Floats, list[list[str]]]:
        """The gates that held at each moment: the chain's once a sensor let the threat that far, else each sensor's.

        Out of range is left out where another sensor had it in range: that one should have seen it.
        """
        first, last = self.flight.start_s, self.history.last_s(self.flight)
        start = np.arange(first, max(last, first + _STEP_S), _STEP_S)
        per_sensor = [self._held(looks, start) for looks in self._sensors]
        found = []
        for k, chain in enumerate(self.chain_gate(start)):
            gates = [held[k] for held in per_sensor]
            behind = [chain] if chain in (CLASSIFICATION, POLICY, PASSED) else [g for g in gates if g in CHAIN]
            if behind:
                found.append([max(behind, key=RANK.__getitem__)])
            else:
                found.append([g for g in gates if g != OUT_OF_RANGE] or gates or [DWELL])
        return start, found

    def _held(self, looks: SensorLooks, time_s: Floats) -> list[str]:
        begins, _, gates = self.sensor_gates(looks)
        row = np.searchsorted(begins, time_s, side="right") - 1
        return [gates[max(i, 0)] for i in row.tolist()]

    def furthest(self) -> tuple[Floats, Floats, list[str]]:
        """Start, end and one gate of each moment: the one that most sensors share, the first of several."""
        start, gates = self.moments()
        return start, start + _STEP_S, [max(g, key=g.count) for g in gates]

    def shares(self) -> dict[str, float]:
        """Share of the deciding window that each gate took, the largest first; several sensors share a moment."""
        start, gates = self.moments()
        o = self.outcome
        held = np.clip(np.minimum(start + _STEP_S, o.to_s) - np.maximum(start, o.from_s), 0.0, None)
        total = max(float(held.sum()), 1e-9)
        found: dict[str, float] = {}
        for now, seconds in zip(gates, held.tolist(), strict=True):
            for gate in now:
                found[gate] = found.get(gate, 0.0) + seconds / total / len(now)
        return dict(sorted(found.items(), key=lambda item: -round(item[1], 9)))

    def gate(self) -> str | None:
        """The gate that decided: the one that took most of the window; None if nothing went wrong."""
        if not self.outcome.failed:
            return None
        return next((gate for gate in self.shares() if gate != PASSED), CLASSIFICATION)

    def intervals(self) -> list[dict[str, Any]]:
        """Intervals per sensor; where it was through all gates there is none."""
        found = []
        for looks in self._sensors:
            found += self._intervals(looks.sensor_id, *self.sensor_gates(looks), looks)
        return [row for row in found if row["gate"] != PASSED]

    def _intervals(
        self, sensor: str, start: Floats, end: Floats, labels: list[str], looks: SensorLooks | None
    ) -> list[dict[str, Any]]:
        rows = []
        for part in segment(start, end, labels):
            row: dict[str, Any] = {
                "from_s": round(part.start_s, 3),
                "to_s": round(part.end_s, 3),
                "sensor": sensor,
                "gate": part.label,
                "share": round(part.share, 4),
            }
            if looks is not None:
                inside = (looks.time_s >= part.start_s) & (looks.time_s < max(part.end_s, part.start_s + 1e-9))
                row |= {"looks": int(inside.sum())}
                row |= {"range_m": _mean(looks.range_m[inside]), "snr_db": _mean(looks.snr_db[inside])}
            rows.append(row)
        return rows

    def plain(self, tried: Sequence[Tried]) -> dict[str, Any]:
        """The entry of the answer."""
        threat, o = self.history.summary[self.flight.id], self.outcome
        mine = [t.plain(self.flight.id, o) for t in tried] if o.failed else []
        return {
            "id": self.flight.id,
            "site": self.history.site.id,
            "kind": self.flight.kind,
            "missed": o.missed,
            "late": o.late,
            "misclassified": o.misclassified,
            "gate": self.gate(),
            "window_s": [round(float(o.from_s), 3), round(float(o.to_s), 3)],
            "shares": {gate: round(share, 4) for gate, share in self.shares().items()},
            "gates": self.intervals(),
            "overall": self._intervals(ALL, *self.furthest(), None),
            "class": threat["class"],
            "arrival_s": threat["arrival_s"],
            "first_detection_s": threat["first_detection_s"],
            "confirmed_s": threat["confirmed_s"],
            "first_warning_s": threat["first_warning_s"],
            "would_have_caught": [m for m in mine if m["caught"]],
            "tried": mine,
        }


def _usual_step(time_s: Floats) -> float:
    return float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 1) if len(known) else None


def explain_record(
    record: RunRecord, candidates: Sequence[Candidate] = (), *, path: str = "recording", try_all: bool = True
) -> dict[str, Any]:
    """The answer of ``rampart explain`` for a run in memory; see `explain_recording`.

    Without `try_all` no sensor is tried: the gates are named, and nothing is run again.
    """
    if not any(flight.threat for flight in record.flights):
        reason = "holds no truth of a threat: a live recording cannot be explained this way"
        raise InputError(reason if not record.flights else "holds no threat, so there is nothing to explain", path=path)
    if not record.summary.get("threats"):
        raise InputError("holds no score: the run was made without a referee", path=path)
    accounts = [Account(h, f) for h in (History(record, site) for site in record.sites) for f in h.threats]
    failed = {a.history.site.id for a in accounts if a.outcome.failed}
    tried = try_sensors(record, candidates, failed, path) if failed and try_all else {}
    notes = []
    if not any(record.gates.values()):
        notes.append("the recording holds no gate diagnostics: only the gates of the chain can be told")
    return {
        "schema": 1,
        "recording": path,
        "scenario": record.summary.get("scenario"),
        "seed": record.header.get("seed"),
        "run": record.header.get("run"),
        "threats": [a.plain(tried.get(a.history.site.id, ())) for a in accounts],
        "candidates": [c.id for c in candidates],
        "notes": notes,
    }


def explain_recording(path: str | Path, candidates: Sequence[Candidate] = ()) -> dict[str, Any]:
    """Name the gate that each threat of a recorded run fell through, and the sensors that would have caught it.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording of a simulated run.
    candidates : sequence of Candidate
        Sensors that could have been there.

    Returns
    -------
    dict
        What ``rampart explain --json`` prints.

    Raises
    ------
    InputError
        If it is no recording, holds no truth or no score, or was made with settings that this version does not know.
    """
    return explain_record(RecordingReader(path).run_record(), candidates, path=str(path))
