"""Engager: the stage that decides simulated engagements. Shoot, look, shoot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rampart.physics.environment import Environment
from rampart.records import Engagements, Picture, Result, Site, TargetClass, Tracks, TrackStatus
from rampart.records.spec import Count, NonNegative, Positive, Share, Spec

from . import _kernels
from .assignment import assign
from .battery import SECOND, Battery
from .candidate import Candidate, find_candidates, find_defended
from .effector import Effector

_NOTHING = Engagements.empty()
_NOW_S = 1e-5  # a shot that could leave this soon leaves now


class EngagerSpec(Spec):
    """``[engage]``: whom simulated effectors engage, how soon, and how often before they look."""

    kind: Literal["shoot_look_shoot"] = "shoot_look_shoot"
    release_delay_s: NonNegative = 2.0  #: a person's consent, per threat, from the moment it first qualifies
    look_s: NonNegative = 0.6  #: after an intercept, before the track is believed to have survived
    shots_per_look: Count = 1  #: at one threat before the outcome is looked at
    max_engagements: Count | None = None  #: per track
    engage_probability: Share = 0.5  #: that a threat hits a defended zone, grown by its danger radius
    keep_share: Share = 0.5  #: share of it below which a threat is let go again
    least_weight: Share = 0.5  #: probability of being a threat below which nothing is engaged
    max_sigma_m: Positive = 150.0  #: of the impact point, major axis: vaguer predictions are waited for
    max_age_s: Positive = 1.6  #: of the track's latest detection
    min_kill_probability: Share = 0.05  #: below it a shot is not worth its rounds
    aircraft_angle_deg: NonNegative = 5.0  #: kept clear of the line of fire round each aircraft track

    def build(self, site: Site, environment: Environment, effectors: Sequence[Effector]) -> Engager:
        """The stage for a site and its effectors."""
        del environment  # paths come with the predictions
        return Engager(site, effectors, self)


@dataclass(slots=True)
class Target:
    """A track that qualified, and what was shot at it."""

    since_ns: int | None  #: qualified without a break since; None while it does not
    shots: int = 0  #: since the last look
    engagements: int = 0
    intercept_ns: int = 0  #: latest of the shots since the last look


class Engager:
    """Decides which effector engages which threat, and when.

    Parameters
    ----------
    site : Site
        Its `defended` zones, grown by their danger radius, are what counts.
    effectors : sequence of Effector
        In the order of the site.
    spec : EngagerSpec or None
        Rules; the defaults if None.

    Notes
    -----
    A confirmed track qualifies when it is likely enough a threat and is predicted, well enough, to hit a defended zone:
    probability at least `engage_probability` and sigma at most `max_sigma_m`. From then on a person takes
    `release_delay_s`; a track that stops qualifying starts again. Shots leave in continuous time, at the first moment
    an effector can meet the threat; where several are possible at once, the assignment that lets least value through is
    taken, ties by last time to fire, then by track number. Then comes the look: a track that still gets detections
    after the intercept survived. The engager knows nothing else of what came of a shot.
    """

    def __init__(self, site: Site, effectors: Sequence[Effector], spec: EngagerSpec | None = None) -> None:
        self.site = site
        self.spec = spec or EngagerSpec()
        self.battery = Battery(effectors)
        self._defended = find_defended(site)
        self._targets: dict[int, Target] = {}
        self._count = 0

    def step(self, now_ns: int, inputs: Picture) -> Result[Engagements]:
        """Decide what to fire at `now_ns`.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        inputs : Picture
            All live tracks and their predictions.

        Returns
        -------
        Result[Engagements]
            Shots ordered now; ``wake_ns`` is when the next one may be.
        """
        if self._targets:
            living = set(inputs.tracks.number.tolist())
            self._targets = {track: t for track, t in self._targets.items() if track in living}
        if not len(inputs.predictions) or not len(self._defended):
            return Result(_NOTHING)
        chosen = self._qualify(now_ns, find_candidates(self._defended, inputs, self.site.start_ns))
        wakes: list[int] = []
        rows: list[dict[str, Any]] = []
        while True:
            due = [c for c in chosen if self._is_due(now_ns, c, wakes)]
            if not due or not self._fire(now_ns, due, inputs.tracks, rows, wakes):
                break
        records = _NOTHING
        if rows:
            columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
            records = Engagements.build(len(rows), **columns)
        return Result(records, wake_ns=min((w for w in wakes if w > now_ns), default=None))

    def _qualify(self, now_ns: int, candidates: list[Candidate]) -> list[Candidate]:
        """The candidates that are targets, with the time since which each is one kept up to date."""
        spec, chosen, seen = self.spec, [], set()
        for c in candidates:
            seen.add(c.track)
            target = self._targets.get(c.track)
            kept = target is not None and target.since_ns is not None
            share = spec.keep_share if kept else 1.0
            good = c.chance >= share * spec.engage_probability and c.belief >= share * spec.least_weight
            if not good or not (kept or c.sigma_m <= spec.max_sigma_m):
                if target is not None:
                    target.since_ns = None
                continue
            if target is None:
                self._targets[c.track] = Target(now_ns)
            elif target.since_ns is None:
                target.since_ns = now_ns
            chosen.append(c)
        for track, target in self._targets.items():
            if track not in seen:
                target.since_ns = None
        return chosen

    def _is_due(self, now_ns: int, candidate: Candidate, wakes: list[int]) -> bool:
        """Whether a target may be fired at now; else the time when it may be goes into `wakes`."""
        spec, target = self.spec, self._targets[candidate.track]
        if spec.max_engagements is not None and target.engagements >= spec.max_engagements:
            return False
        assert target.since_ns is not None
        released_ns = target.since_ns + round(spec.release_delay_s * SECOND)
        if now_ns < released_ns:
            wakes.append(released_ns)
            return False
        if now_ns - candidate.updated_ns > spec.max_age_s * SECOND:
            return False
        if target.shots >= spec.shots_per_look:
            look_ns = target.intercept_ns + round(spec.look_s * SECOND)
            if now_ns < look_ns:
                wakes.append(look_ns)
                return False
            if candidate.updated_ns <= target.intercept_ns:
                return False  # nothing seen of it since: it may be gone
            target.shots = 0
        return True

    def _fire(
        self, now_ns: int, due: list[Candidate], tracks: Tracks, rows: list[dict[str, Any]], wakes: list[int]
    ) -> bool:
        """Order the shots that can leave now; whether there were any."""
        ready = [(j, self.battery.ready_ns(j, now_ns)) for j in range(len(self.battery.effectors))]
        able = [(j, self._seconds(at)) for j, at in ready if at is not None]
        if not able:
            return False
        effectors = [j for j, _ in able]
        shots = self._find_shots(due, able, tracks)
        # threats by last time to fire, then by number: the assignment's ties follow this order
        deadline = np.where(np.isnan(shots[..., _kernels.DEADLINE]), np.inf, shots[..., _kernels.DEADLINE]).max(1)
        order = sorted(range(len(due)), key=lambda i: (deadline[i], due[i].track))
        slots, chance = self._slots(now_ns, due, order, effectors, shots, wakes)
        if not slots or not chance.any():
            return False
        limit = [self._room(due[i].track) for i in order]
        chosen = assign(chance, [due[i].value for i in order], limit).threat
        for j, target in zip(slots, chosen.tolist(), strict=True):
            if target >= 0:
                i = order[target]
                rows.append(self._order(now_ns, effectors[j], due[i].track, shots[i, j]))
        return True

    def _room(self, track: int) -> int:
        """How many shots a target may still get before the look."""
        target, most = self._targets[track], self.spec.max_engagements
        room = self.spec.shots_per_look - target.shots
        return room if most is None else min(room, most - target.engagements)

    def _find_shots(self, due: list[Candidate], able: list[tuple[int, float]], tracks: Tracks) -> NDArray[np.float64]:
        """First shot of each able effector at each target, (targets, effectors, 8)."""
        battery, indices = self.battery, [j for j, _ in able]
        out = np.empty((len(due), len(able), _kernels.SHOT_COLUMNS))
        _kernels.find_shots(
            np.array([c.path for c in due]),
            np.array([c.covariance for c in due]),
            np.array([self._seconds(c.valid_ns) for c in due]),
            battery.rows(indices, [at for _, at in able]),
            *battery.tables(indices),
            _aircraft(tracks),
            math.radians(self.spec.aircraft_angle_deg),
            out,
        )
        return out

    def _slots(
        self,
        now_ns: int,
        due: list[Candidate],
        order: list[int],
        effectors: list[int],
        shots: NDArray[np.float64],
        wakes: list[int],
    ) -> tuple[list[int], NDArray[np.float64]]:
        """Free channels (position in `effectors`, once per channel), and the chance of each at each target in order."""
        waits = shots[..., _kernels.WAIT]
        good = shots[..., _kernels.CHANCE] >= max(self.spec.min_kill_probability, 1e-9)
        slots, chances = [], []
        for j, effector in enumerate(effectors):
            ready_ns = self.battery.ready_ns(effector, now_ns)
            assert ready_ns is not None
            free = self.battery.slots(effector, now_ns)
            at_once = good[:, j] & (waits[:, j] <= _NOW_S) if free else np.zeros(len(due), dtype=bool)
            for wait_s in waits[good[:, j] & ~at_once, j].tolist():
                wakes.append(ready_ns + math.ceil(wait_s * SECOND))
            chance = np.where(at_once, shots[:, j, _kernels.CHANCE], 0.0)[order]
            slots += [j] * free
            chances += [chance] * free
        return slots, np.array(chances).reshape(len(slots), len(due))

    def _order(self, now_ns: int, effector: int, track: int, shot: NDArray[np.float64]) -> dict[str, Any]:
        """One engagement, with its bookkeeping."""
        fire_ns, intercept_ns = (
            self.site.start_ns + round(float(shot[k]) * SECOND) for k in (_kernels.FIRE, _kernels.INTERCEPT)
        )
        place = self.battery.effectors[effector]
        point = shot[_kernels.POINT : _kernels.POINT + 3].copy()
        azimuth = math.atan2(point[0] - place.position_enu[0], point[1] - place.position_enu[1])
        self.battery.spend(effector, fire_ns, intercept_ns, azimuth)
        target = self._targets[track]
        target.intercept_ns = max(target.intercept_ns, intercept_ns) if target.shots else intercept_ns
        target.shots += 1
        target.engagements += 1
        self._count += 1
        return {
            "number": self._count,
            "effector": effector,
            "track": track,
            "time_ns": now_ns,
            "fire_ns": fire_ns,
            "intercept_ns": intercept_ns,
            "intercept_enu": point,
            "rounds": place.rounds_per_engagement,
            "probability": float(shot[_kernels.CHANCE]),
        }

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self.site.start_ns) * 1e-9

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 1,
            "count": self._count,
            "targets": [[track, asdict(self._targets[track])] for track in sorted(self._targets)],
            "battery": self.battery.snapshot(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        if snapshot["version"] != 1:
            raise ValueError(f"engager snapshot version {snapshot['version']}, expected 1")
        self._count = snapshot["count"]
        self._targets = {track: Target(**values) for track, values in snapshot["targets"]}
        self.battery.restore(snapshot["battery"])


def _aircraft(tracks: Tracks) -> NDArray[np.float64]:
    """Positions of confirmed tracks that are aircraft, or drones that say who they are, (k, 3) east, north, up [m]."""
    p = tracks.class_probability
    drone = p[:, TargetClass.MULTIROTOR] + p[:, TargetClass.FIXED_WING]
    friendly = (p[:, TargetClass.AIRCRAFT] >= 0.5) | ((drone >= 0.5) & (tracks.identity != ""))
    seen = (tracks.status == TrackStatus.CONFIRMED) | (tracks.status == TrackStatus.COASTED)
    return np.ascontiguousarray(tracks.state[friendly & seen, :3])
