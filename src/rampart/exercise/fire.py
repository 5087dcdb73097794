"""FireDesk: simulated shots that a trainee lets go or holds back. Nothing of it leaves the process."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rampart.engage.candidate import Candidate, find_candidates, find_defended
from rampart.errors import InputError
from rampart.pipeline import Outputs, Place, Purpose, Scenario, World, stream
from rampart.records import Engagements, Picture, Tracks, track_name
from rampart.study.referee import Referee

MATCH_M = 250.0  #: a track shows the truth nearest to it within this, as in scoring


@dataclass(slots=True)
class Proposal:
    """A track that simulated effectors might engage, and what became of it."""

    track: int
    since_ns: int  #: it qualified
    chance: float = 0.0
    zone: int = -1
    impact_ns: int = 0
    state: str = "waiting"  #: waiting, released, withheld, fired, hit, missed, gone
    why: str = ""
    shots: int = 0
    seen: Counter[int] = field(default_factory=Counter)  #: truth that was nearest, how often
    acts: list[tuple[int, str, str]] = field(default_factory=list)  #: time, who, what

    @property
    def flight(self) -> int:
        """Index of the truth that it showed; -1 if none."""
        return self.seen.most_common(1)[0][0] if self.seen else -1


class FireDesk:
    """Engages what a trainee released, with the rules of the scenario's policy except that nobody else must consent.

    Parameters
    ----------
    scenario : Scenario
        Its ``[engage]`` rules, ``[[effector]]`` and ``[referee]``.
    place, world : Place, World
        The site and its truth.
    entity, seed, run : int
        Of the dice by which outcomes are drawn.

    Notes
    -----
    `step` is called in the thread of the site, `act` from any.
    """

    def __init__(self, scenario: Scenario, place: Place, world: World, entity: int, seed: int, run: int) -> None:
        self.place, self.world = place, world
        policy: Any = scenario.stages["engage"]
        self._policy = policy
        self._effectors = tuple(spec.build(place.site, i) for i, (_, spec) in enumerate(place.effectors))
        at_once = policy.model_copy(update={"release_delay_s": 0.0})
        self._engager = at_once.build(place.site, place.environment, self._effectors) if self._effectors else None
        dice = stream(seed, run, Purpose.OUTCOME, entity)
        self.referee = Referee(place, world, scenario.stages["referee"], dice)
        self._defended = find_defended(place.site)
        self._paths = world.paths
        self._lock = threading.Lock()
        self._told = 0
        self.proposals: dict[int, Proposal] = {}
        self.rounds = [effector.rounds for effector in self._effectors]

    @property
    def armed(self) -> bool:
        """Whether there is anything to release."""
        return self._engager is not None and len(self._defended) > 0

    def act(self, track: int, what: str, who: str, now_ns: int) -> None:
        """A trainee releases or withholds.

        Raises
        ------
        InputError
            If that track cannot be engaged, or not any more.
        """
        with self._lock:
            proposal = self.proposals.get(track)
            if proposal is None:
                raise InputError(f"{track_name(self.place.site.id, track)} is not proposed")
            if proposal.state not in ("waiting", "released", "withheld"):
                raise InputError(f"{track_name(self.place.site.id, track)}: too late, {proposal.state}")
            proposal.state = {"release": "released", "withhold": "withheld"}[what]
            proposal.acts.append((now_ns, who, what))

    def step(self, outputs: Outputs) -> np.ndarray:
        """Take one step of the chain; gives the end of each flight [s], inf if it flies on."""
        with self._lock:
            if self.armed:
                self._propose(outputs)
                self._fire(outputs)
            return self._resolve(outputs.now_ns)

    def _propose(self, outputs: Outputs) -> None:
        picture = Picture(outputs.tracks, outputs.predictions)
        found = {c.track: c for c in find_candidates(self._defended, picture)}
        for c in found.values():
            there = self.proposals.get(c.track)
            if there is None:
                if not self._good(c):
                    continue
                there = self.proposals[c.track] = Proposal(c.track, outputs.now_ns)
            self._update(there, c, outputs)
        for proposal in self.proposals.values():
            if proposal.track not in found and proposal.state in ("waiting", "released", "withheld"):
                if not proposal.shots:
                    proposal.why = "it was withheld" if proposal.state == "withheld" else "it is no longer tracked"
                proposal.state = "gone"

    def _good(self, c: Candidate) -> bool:
        policy = self._policy
        enough = c.chance >= policy.engage_probability and c.belief >= policy.least_weight
        return bool(enough and c.sigma_m <= policy.max_sigma_m)

    def _update(self, proposal: Proposal, c: Candidate, outputs: Outputs) -> None:
        proposal.chance = c.chance
        proposal.impact_ns = int(outputs.predictions.impact_ns[c.of])
        proposal.zone = self._zone_at(outputs.predictions.impact_enu[c.of, :2])
        flight = self._nearest(outputs.tracks, c.track)
        if flight >= 0:
            proposal.seen[flight] += 1

    def _zone_at(self, point_en: np.ndarray) -> int:
        """The defended zone nearest to a point."""
        zones = [(i, z) for i, z in enumerate(self.place.site.zones) if z.defended]
        far = [float(np.hypot(*(z.polygon_en.mean(axis=0) - point_en))) for _, z in zones]
        return zones[int(np.argmin(far))][0]

    def _nearest(self, tracks: Tracks, track: int) -> int:
        i = int(np.flatnonzero(tracks.number == track)[0])
        when_s = (int(tracks.time_ns[i]) - self.place.site.start_ns) * 1e-9
        best, best_m = -1, MATCH_M
        for k, flight in enumerate(self.world.flights):
            if flight.start_s <= when_s < flight.end_s:
                distance = float(np.linalg.norm(self._paths[k].at(when_s) - tracks.state[i, :3]))
                if distance < best_m:
                    best, best_m = k, distance
        return best

    def _fire(self, outputs: Outputs) -> None:
        assert self._engager is not None
        mine = [t for t, p in self.proposals.items() if p.state in ("released", "fired", "missed")]
        released = outputs.predictions.take(np.flatnonzero(np.isin(outputs.predictions.track, mine)))
        shots = self._engager.step(outputs.now_ns, Picture(outputs.tracks, released)).records
        if len(shots):
            self.referee.engage(shots, outputs.tracks)
            self._count(shots)

    def _count(self, shots: Engagements) -> None:
        for row in shots:
            proposal = self.proposals[int(row.track)]
            proposal.state, proposal.shots = "fired", proposal.shots + 1
            self.rounds[int(row.effector)] -= int(row.rounds)

    def _resolve(self, now_ns: int) -> np.ndarray:
        ended_s = self.referee.resolve(now_ns)
        for shot in self.referee.shots[self._told :]:
            proposal = self.proposals.get(shot.track)
            if proposal is not None and proposal.state == "fired":
                proposal.state = "hit" if shot.destroyed else "missed"
        self._told = len(self.referee.shots)
        return ended_s.copy()

    def entries(self) -> list[dict[str, Any]]:
        """Proposals for the page, the most urgent first."""
        zones = self.place.site.zones
        with self._lock:
            rows = sorted(self.proposals.values(), key=lambda p: (p.state in ("hit", "gone"), p.impact_ns))
            return [
                {
                    "track": p.track, "effector": "", "kind": "", "zone": zones[p.zone].name or zones[p.zone].id,
                    "chance": round(p.chance, 3), "impact_ms": p.impact_ns * 1e-6, "state": p.state, "why": p.why,
                }
                for p in rows
            ]  # fmt: skip

    def stocks(self) -> list[dict[str, Any]]:
        """Rounds that are left."""
        return [
            {"id": e.id, "kind": e.kind, "rounds": left} for e, left in zip(self._effectors, self.rounds, strict=True)
        ]
