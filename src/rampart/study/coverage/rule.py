"""Rule: what counts as seen, and how probable that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError

from . import _kernels as kernels

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """Seen: at least `detections` of the looks within a window of `within_s` report it, with probability `p_seen`.

    Parameters
    ----------
    detections : int
        As many as the tracker wants before it confirms a track.
    within_s : float
        Length of the window [s]. A sensor with scan period T has within_s / T looks in it; a part of a look counts with
        that part as probability. The freshest look is one scan period and the sensor's delay old: the worst phase of
        a rotating antenna.
    p_seen : float
        Probability asked for.

    Examples
    --------
    >>> rule = Rule(detections=1, within_s=2.0)
    >>> float(rule.p_of([rule.counts(np.array([[0.5]]), period_s=1.0)])[0, 0])
    0.75
    """

    detections: int = 3
    within_s: float = 5.0
    p_seen: float = 0.9

    def __post_init__(self) -> None:
        if not 1 <= self.detections <= 20:
            raise InputError(f"detections = {self.detections}, expected 1 to 20")
        if not (math.isfinite(self.within_s) and self.within_s > 0.0):
            raise InputError(f"within_s = {self.within_s:g}, expected a positive number of seconds")
        if not 0.0 < self.p_seen < 1.0:
            raise InputError(f"p = {self.p_seen:g}, expected a probability above 0 and below 1")

    def counts(
        self,
        p: Floats,
        *,
        period_s: float,
        delay_s: float = 0.0,
        node_s: float = 1.0,
        step_s: float = 1.0,
        steps: int = 1,
    ) -> Floats:
        """Probabilities of 0, 1, ... detections - fewer than the rule wants - in the window before each moment.

        Parameters
        ----------
        p : ndarray (a, n)
            Of one look, along `a` paths at nodes `node_s` apart; one node: it stays as it is.
        period_s, delay_s : float
            Of the sensor.
        step_s, steps : float, int
            The moments: 0, step_s, ..., as many.

        Returns
        -------
        ndarray (a, steps, detections)
        """
        counts = np.empty((len(p), steps, self.detections))
        looks = min(self.within_s / period_s, 10_000.0)
        kernels.count_detections(np.ascontiguousarray(p), node_s, step_s, looks, period_s, delay_s, counts)
        return counts

    def joined(self, parts: list[Floats]) -> Floats:
        """The counts of several sensors together."""
        return reduce(_join, parts)

    def p_of(self, parts: list[Floats]) -> Floats:
        """Probability (a, steps) that enough looks of these sensors together report it."""
        return np.asarray(1.0 - self.joined(parts).sum(axis=-1))

    def first_seen(self, counts: Floats, last: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first moment (a,) at which it is seen, not after moment `last` (a,); -1 if never."""
        first = np.empty(len(counts), np.int64)
        kernels.first_seen(counts, self.p_seen, last, first)
        return first


def _join(left: Floats, right: Floats) -> Floats:
    out = np.empty_like(left)
    m = left.shape[-1]
    kernels.join(left.reshape(-1, m), right.reshape(-1, m), out.reshape(-1, m))
    return out
