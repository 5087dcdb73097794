"""Engager: the stage that decides simulated engagements. Shoot, look, shoot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rampart.physics.environment import Environment
from rampart.records import Engagements, Picture, Result, Site
from rampart.records.spec import Count, NonNegative, Positive, Share, Spec

from . import _kernels
from .assignment import assign
from .battery import SECOND, Battery
from .candidate import Candidate, Shown, find_candidates, find_defended
from .effector import Effector
from .friendly import find_friendly
from .horizon import LATER, Horizon, Problem
from .look import Dice, Target

Shot = list[float]  # see `_kernels`

_NOTHING = Engagements.empty()
_NO_INFO: Mapping[str, Any] = {}
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
    survivor_taken_for_killed: Share = 0.0  #: error of the look: what is still seen is left alone
    killed_taken_for_survivor: Share = 0.0  #: error of the look: what is no longer seen is fired at
    horizon_s: NonNegative = 0.0  #: shots so far ahead share in the assignment; 0: only those that can leave now

    def build(
        self,
        site: Site,
        environment: Environment,
        effectors: Sequence[Effector],
        rng: np.random.Generator | None = None,
    ) -> Engager:
        """The stage for a site and its effectors; `rng` is drawn from once, for errors of the look."""
        del environment  # paths come with the predictions
        return Engager(site, effectors, self, rng)


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
    rng : numpy.random.Generator or None
        Whose first number is the key of the look's errors; a fixed key if None.

    Notes
    -----
    A confirmed track qualifies when it is likely enough a threat and is predicted, well enough, to hit a defended zone:
    probability at least `engage_probability` and sigma at most `max_sigma_m`. From then on a person takes
    `release_delay_s`; a track that stops qualifying starts again. Shots leave in continuous time, at the first moment
    an effector can meet the threat; where several are possible at once, the assignment that lets least value through is
    taken, ties by last time to fire, then by track number. With a horizon, shots that come after those share in the
    assignment, and only those that can leave now are ordered. Then comes the look: a track that still gets detections
    after the intercept survived, unless the look errs. The engager knows nothing else of what came of a shot.
    """

    def __init__(
        self,
        site: Site,
        effectors: Sequence[Effector],
        spec: EngagerSpec | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.site = site
        self.spec = spec or EngagerSpec()
        self.battery = Battery(effectors)
        self._defended = find_defended(site)
        self._picky = [j for j, effector in enumerate(effectors) if effector.against or effector.needs_link]
        self._horizon = Horizon(self.battery, self.spec.horizon_s) if self.spec.horizon_s > 0.0 else None
        self._release_ns, self._look_ns = round(self.spec.release_delay_s * SECOND), round(self.spec.look_s * SECOND)
        self._dice = Dice(self.spec.survivor_taken_for_killed, self.spec.killed_taken_for_survivor, rng)
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
            Shots ordered now; ``wake_ns`` is when the next one may be; ``info["problems"]`` the assignments that were
            solved for them.
        """
        if self._targets:
            living = set(inputs.tracks.number.tolist())
            self._targets = {track: t for track, t in self._targets.items() if track in living}
        if not len(inputs.predictions) or not len(self._defended):
            return Result(_NOTHING)
        spec = self.spec
        floor = spec.keep_share * spec.least_weight
        chosen = self._qualify(now_ns, find_candidates(self._defended, inputs, floor))
        wakes: list[int] = []
        rows: list[dict[str, Any]] = []
        problems: list[Problem] = []
        while True:
            due = [c for c in chosen if self._is_due(now_ns, c, wakes)]
            if not due or not self._fire(now_ns, due, inputs, rows, wakes, problems):
                break
        records = Engagements.of_rows(rows) if rows else _NOTHING
        info = {"problems": problems} if problems else _NO_INFO
        return Result(records, info, wake_ns=min((w for w in wakes if w > now_ns), default=None))

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
        released_ns = target.since_ns + self._release_ns
        if now_ns < released_ns:
            wakes.append(released_ns)
            return False
        fresh = now_ns - candidate.updated_ns <= spec.max_age_s * SECOND
        if target.shots >= spec.shots_per_look:
            look_ns = target.intercept_ns + self._look_ns
            if now_ns < look_ns:
                if fresh or self._dice.loaded:
                    wakes.append(look_ns)
                return False
            if not self._dice.survived(target, seen=candidate.updated_ns > target.intercept_ns, fresh=fresh):
                return False
            target.shots = 0
            return True
        return fresh or target.mistaken

    def _fire(
        self,
        now_ns: int,
        due: list[Candidate],
        inputs: Picture,
        rows: list[dict[str, Any]],
        wakes: list[int],
        problems: list[Problem],
    ) -> bool:
        """Order the shots that can leave now; whether there were any."""
        ready = [(j, self.battery.ready_ns(j, now_ns)) for j in range(len(self.battery.effectors))]
        able = [(j, at) for j, at in ready if at is not None]
        if not able:
            return False
        shown = Shown.of(inputs, due, self.site.start_ns)
        if not shown.finite:
            known = [all(map(math.isfinite, path)) for path in shown.path.tolist()]
            due = [c for c, good in zip(due, known, strict=True) if good]
            return bool(due) and self._fire(now_ns, due, inputs, rows, wakes, problems)
        friendly = find_friendly(inputs.tracks, self.site.start_ns)
        shots = self.find_shots(due, shown, friendly, able)
        # threats by last time to fire, then by number: the assignment's ties follow this order
        told = shots.tolist()
        order = sorted(range(len(due)), key=lambda i: (_deadline(told[i]), due[i].track))
        slots, chances = self._slots(now_ns, order, able, told, wakes)
        if not any(map(any, chances)):
            return False
        chance = np.array(chances)
        value = [due[i].value for i in order]
        limit = [self._room(due[i].track) for i in order]
        if self._horizon is not None and len(due) > 1:
            find = partial(self.find_shots, due, shown, friendly)
            later = self._horizon.later(now_ns, able, shots, order, find)
            held = np.where(chance > 0.0, chance, self._held(slots, able, shots, order))
            chosen = _first(np.vstack([held, later]), value, len(slots), limit)
            chosen[chance[np.arange(len(slots)), chosen] <= 0.0] = -1  # what is waited for is not fired at now
        else:
            chosen = assign(chance, value, limit).threat
            if len(slots) > 1 and len(due) > 1:
                problems.append(Problem(chance, np.array(value), np.array(limit), chosen))
        fired = False
        for j, target in zip(slots, chosen.tolist(), strict=True):
            if target >= 0:
                i = order[target]
                rows.append(self._order(now_ns, able[j][0], due[i].track, shots[i, j]))
                fired = True
        return fired

    def _room(self, track: int) -> int:
        """How many shots a target may still get before the look."""
        target, most = self._targets[track], self.spec.max_engagements
        room = self.spec.shots_per_look - target.shots
        return room if most is None else min(room, most - target.engagements)

    def find_shots(
        self, due: list[Candidate], shown: Shown, friendly: NDArray[np.float64], able: list[tuple[int, int]]
    ) -> NDArray[np.float64]:
        """First shot of each able effector - position and time it can be ordered - at each target, (n, m, 8)."""
        battery, indices = self.battery, [j for j, _ in able]
        out = np.empty((len(due), len(able), _kernels.SHOT_COLUMNS))
        _kernels.find_shots(
            shown.path,
            shown.covariance,
            shown.valid_s,
            battery.rows(indices, [self._seconds(ready_ns) for _, ready_ns in able]),
            *battery.tables(indices),
            friendly,
            math.radians(self.spec.aircraft_angle_deg),
            out,
        )
        for j in self._picky:
            if j in indices:
                effector, column = battery.effectors[j], out[:, indices.index(j), _kernels.CHANCE]
                column *= shown.suits(effector.against) if effector.against else 1.0
                column *= [effector.believed_link(self._targets[c.track].doubt) for c in due]
        return out

    def _slots(
        self, now_ns: int, order: list[int], able: list[tuple[int, int]], shots: list[list[Shot]], wakes: list[int]
    ) -> tuple[list[int], list[list[float]]]:
        """Free channels (position in `able`, once per channel), and the chance of each at each target in order."""
        least = max(self.spec.min_kill_probability, 1e-9)
        slots, chances = [], []
        for j, (effector, ready_ns) in enumerate(able):
            free = self.battery.slots(effector, now_ns)
            chance = [0.0] * len(order)
            for n, i in enumerate(order):
                wait_s, hit = shots[i][j][_kernels.WAIT], shots[i][j][_kernels.CHANCE]
                if hit >= least:  # nan, without a shot, is not
                    if free and wait_s <= _NOW_S:
                        chance[n] = hit
                    else:
                        wakes.append(ready_ns + math.ceil(wait_s * SECOND))
            slots += [j] * free
            chances += [chance] * free
        return slots, chances

    def _held(
        self, slots: list[int], able: list[tuple[int, int]], shots: NDArray[np.float64], order: list[int]
    ) -> NDArray[np.float64]:
        """Chances of free channels at targets that they would only have to wait for as long as a shot takes."""
        assert self._horizon is not None
        rows = []
        for j in slots:
            soon = shots[order, j, _kernels.WAIT] <= self._horizon.bound_s(able[j][0], shots[:, j])
            rows.append(np.where(soon, LATER * np.nan_to_num(shots[order, j, _kernels.CHANCE]), 0.0))
        return np.array(rows)

    def _order(self, now_ns: int, effector: int, track: int, shot: NDArray[np.float64]) -> dict[str, Any]:
        """One engagement, with its bookkeeping."""
        fire_ns, intercept_ns = (
            self.site.start_ns + round(float(shot[k]) * SECOND) for k in (_kernels.FIRE, _kernels.INTERCEPT)
        )
        place = self.battery.effectors[effector]
        point = shot[_kernels.POINT : _kernels.POINT + 3].copy()
        azimuth = math.atan2(point[0] - place.position_enu[0], point[1] - place.position_enu[1])
        self.battery.spend(effector, fire_ns, intercept_ns, azimuth)
        self._count += 1
        target, chance = self._targets[track], float(shot[_kernels.CHANCE])
        target.shoot(self._count, intercept_ns)
        if place.needs_link:
            target.doubt *= 1.0 - min(chance / place.believed_link(target.doubt), 1.0)
        return {
            "number": self._count,
            "effector": effector,
            "track": track,
            "time_ns": now_ns,
            "fire_ns": fire_ns,
            "intercept_ns": intercept_ns,
            "intercept_enu": point,
            "rounds": place.rounds_per_engagement,
            "probability": chance,
        }

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self.site.start_ns) * 1e-9

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 2,
            "count": self._count,
            "key": self._dice.key,
            "targets": [[track, asdict(self._targets[track])] for track in sorted(self._targets)],
            "battery": self.battery.snapshot(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        if snapshot["version"] != 2:
            raise ValueError(f"engager snapshot version {snapshot['version']}, expected 2")
        self._count = snapshot["count"]
        self._dice.key = snapshot["key"]
        self._targets = {track: Target(**values) for track, values in snapshot["targets"]}
        self.battery.restore(snapshot["battery"])


def _deadline(shots: list[Shot]) -> float:
    """Last time to fire at a target [s]; infinite if some effector has no shot at it."""
    times = [shot[_kernels.DEADLINE] for shot in shots]
    return math.inf if any(map(math.isnan, times)) else max(times)


def _first(chance: NDArray[np.float64], value: list[float], now: int, limit: list[int]) -> NDArray[np.int64]:
    """Threats of the first `now` shots when all are shared together, later ones to any number per threat."""
    chosen = assign(chance, value).threat[:now]
    left = list(limit)
    for slot, target in enumerate(chosen.tolist()):
        if target >= 0:
            left[target] -= 1
            if left[target] < 0:
                chosen[slot] = -1
    return chosen
