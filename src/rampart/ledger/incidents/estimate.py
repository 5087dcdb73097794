"""Claims to estimates: how many and what, as distributions, from sources that contradict each other.

Notes
-----
The model is a mixture that can be checked by hand. Each source knows what it says with its reliability r, and guesses
otherwise; a guess is right as often as chance would have it. A claim that the truth lies in a set S (one number, a
range, "at least") then has the likelihood

    L(n) = r [n in S] + (1 - r) P(S)

where P is what is thought before any claim. One claim of a number is therefore believed with probability
r + (1 - r) P(n); of two that contradict each other, with reliabilities a and b, the first, the second and neither stand
as a (1 - b) to (1 - a) b to (1 - a) (1 - b), nearly whatever P is while it is small. Claims are independent, except
that of one publisher the last counts: its last count of each type, its last type, its last outcome.

Before any claim P(n) of a count is proportional to 1 / ((n + 1) (n + 2)), so "k or more" is as likely as 1 / (k + 1):
most attacks are small, large ones happen. Counts go up to the larger of 100 and twice the largest number claimed.
Types and outcomes have equal chances before any claim.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fields import OUTCOMES, RELIABILITY, TYPES
from .many import choices

#: Content of the intervals that are shown.
INTERVAL = 0.9

#: A sum is exact up to so many possible values and different distributions, and beyond has the interval of the normal
#: distribution with its mean and variance: 650 incidents with counts up to 100 are summed exactly.
EXACT_SUM, EXACT_PARTS = 1 << 16, 1 << 11

#: A claim of a count as the model takes it: low, high (None: at least), reliability.
CountClaim = tuple[int, int | None, float]

#: A row of the table ``claim``.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CountEstimate:
    """How many there were.

    Parameters
    ----------
    p : (k,) float
        Probability of each count from 0 on.
    claims : tuple of int
        Ids of the claims that it rests on.
    superseded : tuple of int
        Ids of claims that a later one of the same publisher took the place of.
    """

    p: NDArray[np.float64]
    claims: tuple[int, ...]
    superseded: tuple[int, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Mean, interval, the likeliest counts and the claims."""
        low, high = interval(self.p)
        ranked = np.argsort(-self.p, kind="stable")[:5]
        return {
            "mean": mean(self.p),
            "low": low,
            "high": high,
            "likeliest": {str(n): round(float(self.p[n]), 4) for n in sorted(ranked) if self.p[n] >= 0.01},
            "claims": list(self.claims),
            "superseded": list(self.superseded),
        }


def reliability(claim: Row) -> float:
    """Reliability of a claim: the confidence stated with it, else that of its kind of source.

    >>> reliability({"source": "press", "confidence": None}), reliability({"source": "press", "confidence": 0.4})
    (0.7, 0.4)
    """
    given = claim["confidence"]
    return RELIABILITY.get(claim["source"], RELIABILITY["unknown"]) if given is None else float(given)


@lru_cache(maxsize=65536)
def count_distribution(claims: tuple[CountClaim, ...]) -> NDArray[np.float64]:
    """Distribution of a count from what is claimed.

    Parameters
    ----------
    claims : tuple of (int, int or None, float)
        Low, high (None for "at least") and reliability, 0 < r < 1, of each.

    Returns
    -------
    (k,) float
        Probability of each count from 0 on; sums to 1.

    Examples
    --------
    A paper says 14, the group that claims the attack says 30; neither is right with (1 - 0.7) (1 - 0.3) / 0.79:

    >>> p = count_distribution(((14, 14, 0.7), (30, 30, 0.3)))
    >>> p[[14, 30]].round(2).tolist()
    [0.62, 0.11]
    """
    largest = max((low if high is None else high for low, high, _ in claims), default=0)
    n = np.arange(max(100, 2 * largest) + 1)
    prior = 1.0 / ((n + 1.0) * (n + 2.0))
    prior /= prior.sum()
    p: NDArray[np.float64] = prior.copy()
    for low, high, r in claims:
        inside = (n >= low) & (n <= (n[-1] if high is None else high))
        p *= r * inside + (1.0 - r) * prior[inside].sum()
        p /= p.sum()
    p.flags.writeable = False
    return p


@lru_cache(maxsize=65536)
def choice_distribution(claims: tuple[tuple[str, float], ...], words: tuple[str, ...]) -> NDArray[np.float64]:
    """Distribution over a closed list of words from what is claimed.

    Parameters
    ----------
    claims : tuple of (str, float)
        Word and reliability of each.
    words : tuple of str
        The possible words.

    Returns
    -------
    (len(words),) float
        Probability of each; equal without claims.

    Examples
    --------
    >>> choice_distribution((("landed", 0.7), ("intercepted", 0.8)), ("landed", "intercepted")).round(3).tolist()
    [0.386, 0.614]
    """
    told = [words.index(word) for word, _ in claims if word in words]
    r = np.array([r for word, r in claims if word in words], dtype=np.float64)
    p: NDArray[np.float64] = choices(np.zeros(len(told), np.int64), np.array(told, np.int64), r, 1, len(words))[0]
    p.flags.writeable = False
    return p


def standing(claims: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    """The claims that stand, and the ids of those that a later one of the same publisher took the place of."""
    if len(claims) < 2:
        return claims, []
    last: dict[tuple[Any, ...], Row] = {}
    for claim in claims:
        publisher = claim["publisher"]
        last[(claim["id"],) if publisher is None else (claim["source"], publisher)] = claim
    if len(last) == len(claims):
        return claims, []
    kept = list(last.values())
    ids = {claim["id"] for claim in kept}
    return kept, [claim["id"] for claim in claims if claim["id"] not in ids]


def estimate_counts(claims: Sequence[Row]) -> dict[str, CountEstimate]:
    """How many of each type that is claimed; counts without a type come under ``unknown``."""
    estimates = {}
    by_kind: dict[str, list[Row]] = {}
    for claim in claims:
        if claim["count_low"] is not None:
            by_kind.setdefault(claim["type"] or "unknown", []).append(claim)
    for kind, counted in sorted(by_kind.items()):
        kept, gone = standing(counted)
        told = tuple((c["count_low"], c["count_high"], reliability(c)) for c in kept)
        estimates[kind] = CountEstimate(count_distribution(told), tuple(c["id"] for c in kept), tuple(gone))
    return estimates


def estimate_choice(
    claims: Sequence[Row], name: str, words: tuple[str, ...]
) -> tuple[NDArray[np.float64], list[int]] | None:
    """Type or outcome of an incident, and the claims it rests on; None if nobody says."""
    kept, _ = standing([claim for claim in claims if claim[name] is not None])
    if not kept:
        return None
    told = tuple((claim[name], reliability(claim)) for claim in kept)
    return choice_distribution(told, words), [claim["id"] for claim in kept]


def estimate_incident(claims: Sequence[Row]) -> dict[str, Any]:
    """All estimates of one incident, each with the ids of its claims."""
    answer: dict[str, Any] = {"counts": {k: e.summary() for k, e in estimate_counts(claims).items()}}
    for name, words in (("type", TYPES), ("outcome", OUTCOMES)):
        found = estimate_choice(claims, name, words)
        answer[name] = None
        if found is not None:
            chances = {word: round(float(p), 4) for word, p in zip(words, found[0], strict=True)}
            answer[name] = {"likeliest": likeliest(found[0], words), "p": chances, "claims": found[1]}
    return answer


def likeliest(p: NDArray[np.float64], words: tuple[str, ...]) -> str:
    """The word with the largest chance; ``unknown`` if two have it.

    >>> likeliest(np.array([0.5, 0.3]), ("landed", "intercepted")), likeliest(np.ones(2), ("landed", "intercepted"))
    ('landed', 'unknown')
    """
    return words[int(p.argmax())] if (p == p.max()).sum() == 1 else "unknown"


def mean(p: NDArray[np.float64]) -> float:
    """Mean of a distribution over 0, 1, 2, ..."""
    return float((p * np.arange(p.size)).sum())


def interval(p: NDArray[np.float64], content: float = INTERVAL) -> tuple[int, int]:
    """Equal-tailed interval of a distribution over 0, 1, 2, ...

    >>> interval(np.array([0.01, 0.9, 0.09]))
    (1, 2)
    """
    below = np.cumsum(p)
    tail = (1.0 - content) / 2.0
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1.0 - tail - 1e-12, side="left"))
    return min(low, p.size - 1), min(high, p.size - 1)


def sum_summary(parts: Mapping[int, tuple[NDArray[np.float64], int]]) -> dict[str, Any]:
    """Mean and interval of a sum of independent counts.

    Parameters
    ----------
    parts : mapping of int to ((k,) float, int)
        Any key -> a distribution over 0, 1, 2, ... and how often it occurs in the sum.

    Examples
    --------
    >>> coin = np.array([0.5, 0.5])
    >>> sum_summary({0: (coin, 4)})
    {'mean': 2.0, 'low': 0, 'high': 4}
    """
    mu, variance = _moments(parts)
    size = 1 + sum((p.size - 1) * times for p, times in parts.values())
    if size > EXACT_SUM or len(parts) > EXACT_PARTS:
        return normal_summary(mu, variance)
    low, high = interval(_total(parts.values()))
    return {"mean": round(mu, 6), "low": low, "high": high}


def normal_summary(mu: float, variance: float) -> dict[str, Any]:
    """Mean and interval of a sum of so many that it is normally distributed."""
    half = 1.6448536269514722 * max(variance, 0.0) ** 0.5  # the normal distribution's 0.95 quantile
    return {"mean": round(mu, 6), "low": max(0, round(mu - half)), "high": round(mu + half)}


def _total(parts: Iterable[tuple[NDArray[np.float64], int]]) -> NDArray[np.float64]:
    """Distribution of a sum: the two shortest of its parts are convolved until one is left."""
    heap = [(1 + (p.size - 1) * times, i, _power(p, times)) for i, (p, times) in enumerate(parts)]
    heapify(heap)
    while len(heap) > 1:
        _, i, p = heappop(heap)
        _, _, q = heappop(heap)
        both = _convolved(p, q)
        heappush(heap, (both.size, i, both))
    return heap[0][2] if heap else np.ones(1)


def _power(p: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """Distribution of the sum of so many equal counts."""
    if times == 1:
        return p
    size = 1 + (p.size - 1) * times
    length = 1 << (size - 1).bit_length()
    return _cleaned(np.fft.irfft(np.fft.rfft(p, length) ** times, length)[:size]) if length > 1 else np.ones(1)


def _convolved(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    size = p.size + q.size - 1
    if min(p.size, q.size) <= 64:
        return np.convolve(p, q)
    length = 1 << (size - 1).bit_length()
    return _cleaned(np.fft.irfft(np.fft.rfft(p, length) * np.fft.rfft(q, length), length)[:size])


def _cleaned(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without what rounding leaves below zero; sums to 1."""
    p = np.clip(p, 0.0, None)
    return p / p.sum()


def _moments(parts: Mapping[int, tuple[NDArray[np.float64], int]]) -> tuple[float, float]:
    """Mean and variance of the sum; distributions of one length at once, for there may be many."""
    by_length: dict[int, list[tuple[NDArray[np.float64], int]]] = {}
    for p, times in parts.values():
        by_length.setdefault(p.size, []).append((p, times))
    mu = variance = 0.0
    for length, group in sorted(by_length.items()):
        n = np.arange(length, dtype=np.float64)
        stacked, often = np.stack([p for p, _ in group]), np.array([times for _, times in group])
        first = (stacked * n).sum(axis=1)
        mu += float((often * first).sum())
        variance += float((often * ((stacked * n * n).sum(axis=1) - first**2)).sum())
    return mu, max(variance, 0.0)
