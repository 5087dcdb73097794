"""Optimum: the assignment that no other beats, with its proof, by column generation. For studies, not for a run.

The optimiser is HiGHS (``highspy``, extra ``study``), imported when first asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.errors import InputError

from . import _kernels_pricing as pricing
from .assignment import assign

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_STRONGEST = 50.0  # -ln(1 - p): what gets through a certain kill is e-50 of the value
_NODE_CAP = 20_000  # branches of one search; tenfold where no new column is found ...
_MOST_NODES = 20_000_000  # ... up to this
_MOST_ROWS = 200_000
_TOLERANCE = 1e-9  # of the values' sum: what is closer is equal
_PASSES = 400
_KEPT = 3  # columns of one threat that a pass adds: the first, and the last and best
_MOST_OPEN = 6_000  # columns in the first whole-number problems


class Optimum(NamedTuple):
    """An assignment and how good any could be."""

    rounds: Indices  #: (w, n) rounds of each weapon at each threat
    survivors: float  #: expected value that gets through
    bound: float  #: no assignment lets less through
    proven: bool  #: they agree, and every search for columns went to its end
    columns: int  #: sets of rounds that were considered
    passes: int  #: of the column generation
    prices: Floats  #: (w,) of one round of each weapon: with them the bound can be checked by any other search


def optimise(
    p_kill: ArrayLike,
    value: ArrayLike,
    rounds: ArrayLike | None = None,
    limit: ArrayLike | None = None,
    *,
    starts: int = 8,
) -> Optimum:
    """Solve the static weapon-target assignment problem to proven optimality.

    Minimises the sum over threats j of ``value[j] * prod_i (1 - p_kill[i, j]) ** x[i, j]`` over whole numbers x >= 0
    with at most ``rounds[i]`` in row i and ``limit[j]`` in column j.

    Parameters
    ----------
    p_kill : array_like, shape (w, n)
        Kill probability of one round of each weapon at each threat.
    value : array_like, shape (n,)
        What a threat destroys if it gets through, >= 0.
    rounds : array_like, shape (w,), optional
        Of each weapon; one if not given.
    limit : array_like, shape (n,), optional
        Most rounds at each threat; any number if not given.
    starts : int
        Assignments by the fast methods, on disturbed values, that begin the restricted problem.

    Returns
    -------
    Optimum

    Raises
    ------
    InputError
        If ``highspy`` is not installed.

    Notes
    -----
    One column is one set of rounds at one threat (Dantzig-Wolfe). The restricted linear problem gives prices of rounds;
    a depth-first search, bounded by the relaxation to fractions of rounds, finds for each threat the columns that are
    worth more than the problem knew, until there is none. Any prices give a lower bound, ``sum_j min column - sum price
    * rounds`` (Lagrange), valid as every search went to its end. If the whole-number problem over the columns found is
    above it, all columns whose reduced cost is within the gap are listed and it is solved again: nothing better can use
    any other. The answer is evaluated with the plain objective before it is believed. Method as in exact approaches to
    the problem by Andersen, Pavlikov and Toffolo (Annals of Operations Research, 2022), whose published optima
    `rampart bench assign` compares with; branching on rounds and bounds by fractions are ours.

    Examples
    --------
    >>> best = optimise([[0.9, 0.5], [0.8, 0.1]], [1.0, 1.0])
    >>> best.rounds.tolist(), round(best.survivors, 6), best.proven
    ([[0, 1], [1, 0]], 0.7, True)
    """
    p = np.ascontiguousarray(p_kill, dtype=float)
    v = np.ascontiguousarray(value, dtype=float)
    w, n = p.shape
    most = np.ones(w, np.int64) if rounds is None else np.ascontiguousarray(rounds, np.int64)
    room = np.full(n, max(int(most.sum()), 1), np.int64) if limit is None else np.ascontiguousarray(limit, np.int64)
    if not n or not w or not v.any() or not p.any() or not most.any():
        return Optimum(np.zeros((w, n), np.int64), float(v.sum()), float(v.sum()), True, 0, 0, np.zeros(w))
    return _Generation(p, v, most, room, starts).run()


def survivors_of(p_kill: Floats, value: Floats, rounds: Indices) -> float:
    """The plain objective: value that gets through when ``rounds[i, j]`` of weapon i go to threat j."""
    return float((value * ((1.0 - p_kill) ** rounds).prod(0)).sum())


class _Generation:
    """One column generation."""

    def __init__(self, p: Floats, value: Floats, most: Indices, limit: Indices, starts: int) -> None:
        self.p, self.value, self.most, self.limit = p, value, most, limit
        w, n = p.shape
        with np.errstate(divide="ignore"):
            self.strength = np.ascontiguousarray(np.minimum(-np.log1p(-np.minimum(p, 1.0)), _STRONGEST))
        self.tolerance = _TOLERANCE * float(value.sum())
        self.threats: list[Indices] = []
        self.sets: list[Indices] = []
        self.costs: list[Floats] = []
        self.known: set[bytes] = set()
        self.passes = 0
        self.room = max(4096, 40 * n)
        self.best, self.survivors = np.zeros((w, n), np.int64), float(value.sum())
        self.master = _Master(value, most)
        self._add(np.arange(n), np.zeros((n, w), np.int64))
        self._start(starts)

    def run(self) -> Optimum:
        """Prices until no column is worth more, then whole numbers."""
        bound, exact = 0.0, False
        w_dual = u = np.zeros(len(self.most))
        for _ in range(_PASSES):
            self.passes += 1
            objective, w_dual, u = self.master.solve()
            added, below, sure = self._price(w_dual, u)
            bound, exact = max(bound, below) if sure else bound, sure
            if not added or objective - bound <= self.tolerance:
                break
        self._take(self.master.integral())
        if self.survivors - bound > self.tolerance:
            self._round(w_dual, u, bound)
        gap = self.survivors - bound
        if gap > self.tolerance and exact and self._list(w_dual, u, gap):
            rows, low = self.master.whole(self._reduced(w_dual, u) <= gap + self.tolerance)
            self._take(rows)
            # no better one can use a column that was left out: what was found bounds all
            bound = max(bound, min(self.survivors, low))
        proven = exact and self.survivors - bound <= max(self.tolerance, 1e-7 * self.survivors)
        return Optimum(
            self.best, self.survivors, min(bound, self.survivors), proven, self.master.columns, self.passes, u
        )

    def _round(self, w_dual: Floats, u: Floats, bound: float) -> None:
        """Whole numbers over the columns with the least reduced costs, more of them until the gap spans no others."""
        reduced = self._reduced(w_dual, u)
        ordered = np.sort(reduced)
        few = 2 * len(self.value) + len(self.most)
        while True:
            slack = float(ordered[min(few, len(ordered) - 1)])
            self._take(self.master.whole(reduced <= slack)[0])
            if self.survivors - bound <= max(slack, self.tolerance) or few >= min(len(ordered), _MOST_OPEN):
                return
            few *= 2

    def _reduced(self, w_dual: Floats, u: Floats) -> Floats:
        """Reduced costs of all columns at given prices."""
        threats, sets = np.concatenate(self.threats), np.concatenate(self.sets)
        return np.concatenate(self.costs) - w_dual[threats] + sets @ u

    def _start(self, starts: int) -> None:
        """Columns of fast assignments, the first on the values as they are."""
        w, n = self.p.shape
        shots = np.repeat(np.arange(w), self.most)
        rng = np.random.Generator(np.random.Philox(n * 1009 + w))
        for k in range(starts):
            value = self.value if k == 0 else self.value * rng.uniform(0.7, 1.3, n)
            target = assign(self.p[shots], value, self.limit).threat
            x = np.zeros((w, n), np.int64)
            fired = target >= 0
            np.add.at(x, (shots[fired], target[fired]), 1)
            self._offer(x)
            self._add(np.arange(n), np.ascontiguousarray(x.T))

    def _offer(self, x: Indices) -> None:
        survivors = survivors_of(self.p, self.value, x)
        if survivors < self.survivors:
            self.best, self.survivors = x, survivors

    def _take(self, rows: Indices) -> None:
        """An assignment of the restricted problem: one column per threat."""
        if len(rows):
            threats, sets = np.concatenate(self.threats), np.concatenate(self.sets)
            x = np.zeros_like(self.best)
            x[:, threats[rows]] = sets[rows].T
            if (x.sum(1) <= self.most).all():
                self._offer(x)

    def _fresh(self, threats: Indices, sets: Indices) -> list[int]:
        """Which columns are not there yet."""
        return [k for k, key in enumerate(_keys(threats, sets)) if key not in self.known]

    def _add(self, threats: Indices, sets: Indices) -> int:
        """Take the columns that are not there yet; returns how many."""
        fresh = self._fresh(threats, sets)
        self.known.update(_keys(threats, sets))
        if fresh:
            threats, sets = threats[fresh], np.ascontiguousarray(sets[fresh])
            left = 1.0 - self.p[:, threats].T
            self.threats.append(threats)
            self.sets.append(sets)
            costs = self.value[threats] * (left**sets).prod(1)
            self.costs.append(costs)
            self.master.add(threats, sets, costs)
        return len(fresh)

    def _search(self, u: Floats, bar: Floats, slack: float, *, every: bool) -> tuple[Any, ...]:
        """Columns below the bars; again with more branches where a search gave up."""
        w = len(self.most)
        cap = _NODE_CAP
        while True:
            threats, columns = np.empty(self.room, np.int64), np.zeros((self.room, w), np.int64)
            scratch = np.empty((self.room if every else _KEPT, w), np.int64)
            found, least, exact, _ = pricing.price_all(
                self.value, self.strength, u, self.most, self.limit, bar, slack, every, cap, scratch, threats, columns
            )
            if found < 0 and self.room < _MOST_ROWS:
                self.room *= 4
            elif not exact and (every or not self._fresh(threats[:found], columns[:found])) and cap < _MOST_NODES:
                cap *= 10
            else:
                return threats[: max(found, 0)], columns[: max(found, 0)], least, exact, found >= 0

    def _price(self, w_dual: Floats, u: Floats) -> tuple[int, float, bool]:
        """Add the columns that are worth more than the restricted problem knows; its bound, and whether it holds."""
        threats, columns, least, exact, _ = self._search(u, w_dual - 1e-3 * self.tolerance, 0.0, every=False)
        bound = float(least.sum() - (u * self.most).sum())
        return self._add(threats, columns), bound, exact

    def _list(self, w_dual: Floats, u: Floats, gap: float) -> bool:
        """Add every column whose reduced cost is within the gap; whether there was room for all."""
        gap += self.tolerance
        threats, columns, _, exact, fits = self._search(u, w_dual + gap, gap, every=True)
        if exact and fits:
            self._add(threats, columns)
        return exact and fits


def _keys(threats: Indices, sets: Indices) -> list[bytes]:
    return [threat.to_bytes(4, "little") + row.tobytes() for threat, row in zip(threats.tolist(), sets, strict=True)]


class _Master:
    """The restricted problem: one column per threat, no more rounds than there are."""

    def __init__(self, value: Floats, most: Indices) -> None:
        try:
            import highspy
        except ImportError:
            raise InputError("exact assignment needs highspy; install rampart[study]") from None
        self._module, self._n, self._most = highspy, len(value), most
        self._solver = highspy.Highs()
        for option, setting in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 1e-10),
            ("mip_feasibility_tolerance", 1e-9),
        ):
            self._solver.setOptionValue(option, setting)
        rows = self._n + len(most)
        lower = np.concatenate([np.ones(self._n), np.full(len(most), -highspy.kHighsInf)])
        upper = np.concatenate([np.ones(self._n), most.astype(float)])
        nothing = np.zeros(0, np.int32)
        self._solver.addRows(rows, lower, upper, 0, nothing, nothing, np.zeros(0))
        self.columns = 0

    def add(self, threats: Indices, sets: Indices, costs: Floats) -> None:
        """Columns: the row of the threat, then the rows of the weapons used."""
        n = self._n
        sizes = 1 + (sets > 0).sum(1)
        start = np.concatenate([[0], np.cumsum(sizes)])
        index, entry = np.empty(start[-1], np.int32), np.empty(start[-1])
        index[start[:-1]], entry[start[:-1]] = threats, 1.0
        rest = np.ones(len(index), bool)
        rest[start[:-1]] = False
        row, weapon = np.nonzero(sets)
        index[rest], entry[rest] = n + weapon, sets[row, weapon]
        k = len(threats)
        self._solver.addCols(k, costs, np.zeros(k), np.ones(k), len(index), start[:-1].astype(np.int32), index, entry)
        self.columns += k

    def solve(self) -> tuple[float, Floats, Floats]:
        """The linear problem: its value, the price of each threat, the price of a round of each weapon."""
        self._solver.run()
        dual = np.array(self._solver.getSolution().row_dual)
        return self._solver.getInfo().objective_function_value, dual[: self._n], np.maximum(-dual[self._n :], 0.0)

    def integral(self) -> Indices:
        """Columns of the linear problem's solution where it is whole, else none."""
        x = np.array(self._solver.getSolution().col_value)
        return np.flatnonzero(x > 0.5) if np.abs(x - np.round(x)).max() < 1e-9 else np.zeros(0, np.int64)

    def whole(self, among: NDArray[np.bool_]) -> tuple[Indices, float]:
        """Columns of the best whole-number solution among some, and its bound; nothing and -inf if there is none."""
        kind, every = self._module.HighsVarType, np.arange(self.columns, dtype=np.int32)
        solver, nothing = self._solver, np.zeros(self.columns)
        solver.changeColsBounds(self.columns, every, nothing, among.astype(float))
        solver.changeColsIntegrality(self.columns, every, np.full(self.columns, kind.kInteger))
        solver.run()
        bound = solver.getInfo().mip_dual_bound
        found = solver.getModelStatus() == self._module.HighsModelStatus.kOptimal
        x = np.array(solver.getSolution().col_value)
        solver.changeColsIntegrality(self.columns, every, np.full(self.columns, kind.kContinuous))
        solver.changeColsBounds(self.columns, every, nothing, np.ones(self.columns))
        return (np.flatnonzero(x > 0.5), bound) if found else (np.zeros(0, np.int64), -np.inf)
