"""Consistency: whether errors are as large as an estimator says, with the intervals that chance allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri

Floats = NDArray[np.float64]


def nees(error: Floats, covariance: Floats) -> Floats:
    """Normalised estimation error squared: e' P^-1 e per row; its mean is the dimension if errors are as stated.

    Parameters
    ----------
    error : ndarray (n, d)
        Estimate less truth.
    covariance : ndarray (n, d, d)
        As the estimator states it.

    Notes
    -----
    Bar-Shalom, Li and Kirubarajan (2001), Estimation with Applications to Tracking and Navigation, section 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> nees(np.array([[2.0, 0.0]]), np.eye(2)[None] * 4.0).tolist()
    [1.0]
    """
    return np.asarray(np.einsum("ni,ni->n", error, np.linalg.solve(covariance, error[..., None])[..., 0]))


def nis(innovation: Floats, covariance: Floats) -> Floats:
    """Normalised innovation squared: v' S^-1 v per row; its mean is the dimension if a filter is consistent.

    Parameters
    ----------
    innovation : ndarray (n, d)
        Measurement less its prediction.
    covariance : ndarray (n, d, d)
        Of the innovation, as the filter states it.

    Notes
    -----
    As `nees`, section 5.4.2 of the same book. Innovations of angles have to be wrapped before.

    Examples
    --------
    >>> import numpy as np
    >>> nis(np.array([[3.0]]), np.array([[[9.0]]])).tolist()
    [1.0]
    """
    return nees(innovation, covariance)


@dataclass(frozen=True, slots=True)
class MeanSquare:
    """Mean of normalised errors squared, and the interval it lies in if they are as stated."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def consistent(self) -> bool:
        """Whether the mean lies in the interval."""
        return self.low <= self.mean <= self.high


def chi_squared_interval(dimension: int, n: int, probability: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of n independent NEES or NIS values of a consistent estimator.

    Parameters
    ----------
    dimension : int
        Of the error.
    n : int
        Independent values; those of one run at successive times are not.
    probability : float
        Two-sided, 0 < p < 1.

    Notes
    -----
    n times the mean is chi-squared with n * dimension degrees of freedom (Bar-Shalom et al. 2001, equation 5.4.2-9).

    Examples
    --------
    >>> [round(x, 2) for x in chi_squared_interval(2, 50)]
    [1.48, 2.59]
    """
    if dimension < 1 or n < 1 or not 0.0 < probability < 1.0:
        raise ValueError(f"dimension {dimension}, n {n}, probability {probability}; expected >= 1, >= 1 and in (0, 1)")
    tail = 0.5 * (1.0 - probability)
    low, high = chdtri(dimension * n, np.array([1.0 - tail, tail])) / n
    return float(low), float(high)


def mean_square(values: Floats, dimension: int, probability: float = 0.95) -> MeanSquare:
    """Mean of NEES or NIS values (n,) beside the interval of a consistent estimator; nan values are left out.

    Examples
    --------
    >>> import numpy as np
    >>> mean_square(np.full(50, 2.0), 2).consistent
    True
    >>> mean_square(np.full(50, 4.0), 2).consistent
    False
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known):
        return MeanSquare(float("nan"), float("nan"), float("nan"), 0)
    return MeanSquare(float(known.mean()), *chi_squared_interval(dimension, len(known), probability), len(known))


@dataclass(frozen=True, slots=True)
class Proportion:
    """k of n, and the Clopper-Pearson interval of the share behind it."""

    k: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself; nan for none of none."""
        return self.k / self.n if self.n else float("nan")


def clopper_pearson(k: int, n: int, probability: float = 0.95) -> Proportion:
    """Exact interval of a binomial share.

    Notes
    -----
    Clopper and Pearson (1934), Biometrika 26:404; by quantiles of the beta distribution.

    Examples
    --------
    >>> share = clopper_pearson(95, 100)
    >>> round(share.low, 6), round(share.high, 6)
    (0.887165, 0.983568)
    """
    if not 0 <= k <= n or not 0.0 < probability < 1.0:
        raise ValueError(f"k {k} of n {n} at probability {probability}; expected 0 <= k <= n and 0 < p < 1")
    tail = 0.5 * (1.0 - probability)
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Proportion(k, n, low, high)


@dataclass(frozen=True, slots=True)
class ImpactScore:
    """How predicted impact points compare with true ones."""

    rms_m: float
    nees: MeanSquare  #: two numbers: ideal 2
    inside: Proportion  #: of the ellipses of the probability asked for


def score_impacts(miss: Floats, covariance: Floats, probability: float = 0.9) -> ImpactScore:
    """RMS error, NEES and coverage of predicted points on the ground.

    Parameters
    ----------
    miss : ndarray (n, 2)
        Predicted less true, east-north [m]; rows with nan (nothing predicted) are left out.
    covariance : ndarray (n, 2, 2)
        As predicted [m2].
    probability : float
        Content of the ellipses.

    Examples
    --------
    >>> import numpy as np
    >>> found = score_impacts(np.array([[3.0, 4.0], [30.0, 40.0]]), np.tile(25.0 * np.eye(2), (2, 1, 1)))
    >>> found.inside.k, round(found.rms_m, 1)
    (1, 35.5)
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability}; expected 0 < p < 1")
    known = np.isfinite(miss).all(axis=1)
    miss, covariance = miss[known], covariance[known]
    squared = nees(miss, covariance) if len(miss) else np.zeros(0)
    inside = int((squared <= -2.0 * np.log1p(-probability)).sum())
    rms = float(np.sqrt((miss**2).sum(axis=1).mean())) if len(miss) else float("nan")
    return ImpactScore(rms, mean_square(squared, 2), clopper_pearson(inside, len(miss)))
