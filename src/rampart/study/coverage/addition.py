"""Addition: the cheapest sensors out of a list that raise the worst-case warning time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from rampart.errors import InputError, RunError
from rampart.pipeline import Candidate

from .look import Sight, see
from .plan import Coverage, build_sensor, seconds_before

Floats = NDArray[np.float64]

#: Rounds of cuts for one level, and levels of one answer, after which the search says that it is not complete.
ROUNDS, LEVELS = 400, 12
#: Cuts added in one round.
_CUTS = 24


@dataclass(frozen=True, slots=True)
class Option:
    """Sensors to add, what they cost, and the worst-case warning time with them."""

    add: tuple[str, ...]
    cost: float
    worst_s: float
    proven: bool  #: no cheaper set reaches it
    greedy_cost: float  #: of the set that the greedy search found for the same
    bound: float  #: no set that reaches it can cost less

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "add": list(self.add),
            "cost": self.cost,
            "seconds_before_arrival_min": round(self.worst_s, 1),
            "proven": self.proven,
            "greedy_cost": self.greedy_cost,
            "bound": round(self.bound, 6),
        }


@dataclass
class Addition:
    """Search for the cheapest sets of candidates.

    The worst-case warning time is the least number of seconds, over all zones and bearings, between being seen by all
    sensors together and arriving. It never falls when a sensor is added: that is all that the search asks of it.

    Parameters
    ----------
    cover : Coverage
        Of the sensors that are there.
    candidates : sequence of Candidate
        What could be added.
    gain_s : float
        Less than this is no improvement [s].

    Notes
    -----
    Exact: a master problem picks the cheapest set that meets all cuts known so far; for each way that is too late then,
    the set is grown by everything that does not help there, and a cut says that something of the rest is needed.
    When no way is too late the set is optimal, and until then its cost is a lower bound (implicit hitting sets:
    E. Moreno-Centeno, R. M. Karp, Operations Research 61:453, 2013). The master is solved by HiGHS through
    `scipy.optimize.milp`. Greedy: the most seconds gained, summed over all ways, per unit of cost, until none is too
    late; then what is not needed is dropped. Its distance from the bound is stated.
    """

    cover: Coverage
    candidates: Sequence[Candidate]
    gain_s: float = 1.0
    sights: list[Sight] = field(init=False)

    def __post_init__(self) -> None:
        if not self.candidates:
            raise InputError("no candidates")
        c, first = self.cover, len(self.cover.sights)
        self.sights = [
            see(build_sensor(c.place, x.spec, first + i), x.spec, c.place, c.target, c.rule, c.ways, None)
            for i, x in enumerate(self.candidates)
        ]
        self._cost = np.array([x.cost for x in self.candidates])
        parts = [s.way_counts for s in c.sights]
        self._base = c.rule.joined(parts)
        self._alone = seconds_before(c.rule, c.ways, [self._base])

    def seconds(self, chosen: Sequence[int], way: int | None = None) -> Floats:
        """Seconds on every way, or on one, with some of the candidates added."""
        c = self.cover
        rows = slice(None) if way is None else slice(way, way + 1)
        counts = c.rule.joined([self._base[rows], *(self.sights[j].way_counts[rows] for j in chosen)])
        first = c.rule.first_seen(counts, c.ways.last[rows])
        return np.asarray(np.where(first >= 0, c.ways.arrival_s[rows] - first * c.ways.step_s, 0.0))

    @property
    def worst_s(self) -> float:
        """Worst case as it is now."""
        return float(self._alone.min())

    def options(self) -> list[Option]:
        """From the cheapest improvement up: what each next cost buys; each set is the best of its cost."""
        best = float(self.seconds(range(len(self.sights))).min())
        found: list[Option] = []
        level = self.worst_s + self.gain_s
        while level <= best + 1e-9 and len(found) < LEVELS:
            option = self._cheapest(level)
            found = [o for o in found if o.cost < option.cost - 1e-9]
            found.append(option)
            level = option.worst_s + self.gain_s
        return found

    def _cheapest(self, level_s: float) -> Option:
        greedy = self._greedy(level_s)
        n, cuts = len(self.sights), list[Floats]()
        chosen: list[int] = []
        for _ in range(ROUNDS):
            late = np.flatnonzero(self.seconds(chosen) < level_s - 1e-9)
            if not len(late):
                cost = float(self._cost[chosen].sum())
                return self._option(chosen, True, greedy, cost)
            for way in late[np.linspace(0, len(late) - 1, min(_CUTS, len(late))).astype(int)]:
                cut = np.ones(n)
                cut[self._grown(chosen, int(way), level_s)] = 0.0
                cuts.append(cut)
            chosen = self._master(cuts)
        return self._option(greedy, False, greedy, float(self._cost[chosen].sum()))

    def _grown(self, chosen: list[int], way: int, level_s: float) -> list[int]:
        """The set and everything else that still leaves a way too late, the dearest first."""
        grown = list(chosen)
        for j in np.argsort(-self._cost, kind="stable").tolist():
            if j not in grown and self.seconds([*grown, j], way)[0] < level_s - 1e-9:
                grown.append(j)
        return grown

    def _master(self, cuts: list[Floats]) -> list[int]:
        """The cheapest set that meets all cuts; of equally cheap ones, one of few sensors."""
        n = len(self._cost)
        weight = self._cost + 1e-7 * self._cost.min()
        table = np.unique(np.stack(cuts), axis=0)
        needed = LinearConstraint(table, lb=1.0)
        done = milp(weight, constraints=needed, integrality=np.ones(n, int), bounds=Bounds(0, 1))
        if done.x is None:
            raise RunError(f"the search for the cheapest addition failed: {done.message}")
        return np.flatnonzero(done.x > 0.5).tolist()

    def _greedy(self, level_s: float) -> list[int]:
        chosen: list[int] = []
        while (now := np.minimum(self.seconds(chosen), level_s)).min() < level_s - 1e-9:
            rest = [j for j in range(len(self.sights)) if j not in chosen]
            gains = [np.minimum(self.seconds([*chosen, j]), level_s).sum() - now.sum() for j in rest]
            chosen.append(rest[int(np.argmax(np.array(gains) / self._cost[rest]))])
        for j in sorted(chosen, key=lambda j: -self._cost[j]):
            without = [k for k in chosen if k != j]
            if self.seconds(without).min() >= level_s - 1e-9:
                chosen = without
        return chosen

    def _option(self, chosen: list[int], proven: bool, greedy: list[int], bound: float) -> Option:
        return Option(
            add=tuple(self.candidates[j].id for j in sorted(chosen)),
            cost=float(self._cost[chosen].sum()),
            worst_s=float(self.seconds(chosen).min()),
            proven=proven,
            greedy_cost=float(self._cost[greedy].sum()),
            bound=bound,
        )

    def plain(self) -> dict[str, Any]:
        """The answer as JSON has it."""
        options = self.options()
        return {
            "seconds_before_arrival_min": round(self.worst_s, 1),
            "gain_s": self.gain_s,
            "cheapest": options[0].plain() if options else None,
            "options": [option.plain() for option in options],
            "candidates": [
                {"id": x.id, "cost": x.cost, "seconds_before_arrival_min": round(float(self.seconds([j]).min()), 1)}
                for j, x in enumerate(self.candidates)
            ],
        }
