"""Intervals: what a share, a mean, a ratio, a quantile or a rate is known to be, 95 % each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

LEVEL = 0.95
_Z = 1.959963984540054
#: Above so many rows a resampling tells no more than the linear formula, and costs.
MOST_RESAMPLED = 4096
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between its bounds; nan where undefined."""

    value: float
    low: float
    high: float

    @classmethod
    def unknown(cls) -> Estimate:
        """Nothing is known."""
        return cls(math.nan, math.nan, math.nan)

    def as_dict(self) -> dict[str, float | None]:
        """Plain data, six significant digits, null for nan."""
        return {"value": _six(self.value), "low": _six(self.low), "high": _six(self.high)}


def _six(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def wilson_half_width(k: int, n: int) -> float:
    """Half the width of the Wilson 95 % interval of a share.

    Notes
    -----
    E. B. Wilson, JASA 22 (1927), 209-212.

    >>> round(2 * wilson_half_width(3, 100), 4)
    0.0743
    """
    p, z2 = k / n, _Z * _Z
    return _Z * math.sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n)


def proportion(k: int, n: int) -> Estimate:
    """A share with its Clopper-Pearson interval.

    Notes
    -----
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), 404-413: never covers less than it says.

    >>> proportion(3, 100).high.__round__(4)
    0.0852
    """
    if n == 0:
        return Estimate.unknown()
    tail = (1.0 - LEVEL) / 2.0
    low = float(special.betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Estimate(k / n, low, high)


def rate(count: int, amount: float) -> Estimate:
    """Events per unit of `amount`, with the exact interval of a Poisson count.

    Notes
    -----
    F. Garwood, Biometrika 28 (1936), 437-442.

    >>> rate(0, 1.0).high.__round__(3)
    3.689
    """
    if amount <= 0.0:
        return Estimate.unknown()
    tail = (1.0 - LEVEL) / 2.0
    low = float(special.gammaincinv(count, tail)) if count else 0.0
    high = float(special.gammaincinv(count + 1, 1.0 - tail))
    return Estimate(count / amount, low / amount, high / amount)


def ratio(over: NDArray, under: NDArray | None = None) -> Estimate:
    """A ratio of sums over raids, or a mean, with the interval of a bootstrap that draws whole raids.

    Parameters
    ----------
    over, under : ndarray (n,)
        One value per raid; `under` of one raid each if None.

    Notes
    -----
    Percentile bootstrap over clusters (A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997,
    chapters 2 and 3); above 4,096 raids the linearised ratio's normal interval, from which it does not differ any more.
    """
    a = np.asarray(over, dtype=float)
    b = np.ones(len(a)) if under is None else np.asarray(under, dtype=float)
    if not len(a) or b.sum() == 0.0:
        return Estimate.unknown()
    value = float(a.sum() / b.sum())
    if len(a) > MOST_RESAMPLED:
        spread = _Z * math.sqrt(len(a) / (len(a) - 1.0) * float(((a - value * b) ** 2).sum())) / float(b.sum())
        return Estimate(value, value - spread, value + spread)
    weight = _weights(len(a))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (weight @ a) / (weight @ b)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]).tolist()
    return Estimate(value, min(low, value), max(high, value))


@lru_cache(maxsize=4)
def _weights(n: int) -> Floats:
    """How often each of n raids is drawn in each resample, (resamples, n); the same dice every time."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(1979, spawn_key=(n,))))
    return rng.multinomial(n, np.full(n, 1.0 / n), RESAMPLES).astype(float)


def quantile(values: NDArray, share: float, cluster: NDArray | None = None) -> Estimate:
    """A quantile with the interval between two order statistics.

    Parameters
    ----------
    values : ndarray (n,)
        In any order.
    share : float
        In (0, 1).
    cluster : ndarray (n,) or None
        Which values belong together, e.g. to one raid; independent if None.

    Notes
    -----
    The number of values below the true quantile is binomial, whatever their law: the ranks are its quantiles
    (H. A. David and H. N. Nagaraja, Order Statistics, 2003, section 7.1). Clustered values: the binomial's variance is
    replaced by that of the share below the estimate among clusters (R. S. Woodruff, JASA 47 (1952), 635-646).
    """
    order = np.sort(np.asarray(values, dtype=float))
    n = len(order)
    if n == 0:
        return Estimate.unknown()
    value = float(order[min(max(math.ceil(share * n) - 1, 0), n - 1)])
    sigma = math.sqrt(share * (1.0 - share) / n)
    if cluster is not None:
        below = np.asarray(values) <= value
        _, index = np.unique(cluster, return_inverse=True)
        size, k = np.bincount(index).astype(float), int(index.max()) + 1
        off = np.bincount(index, weights=below) - below.mean() * size
        sigma = max(sigma, math.sqrt(k / max(k - 1, 1) * float((off**2).sum())) / n)
    low = math.floor(n * (share - _Z * sigma))
    high = math.ceil(n * (share + _Z * sigma))
    return Estimate(
        value,
        float(order[low - 1]) if low >= 1 else float(order[0]),
        float(order[high]) if high < n else float(order[-1]),
    )
