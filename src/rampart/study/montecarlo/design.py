"""Design: the points of a study - which values every run of it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.pipeline import StudySpec

from .vary import Values, to_toml

#: More points than that are a mistake in a list.
MOST_POINTS = 100_000


@dataclass(frozen=True)
class Point:
    """One design point.

    Attributes
    ----------
    index : int
        Its place in the study.
    vary : tuple of (str, object)
        Key and value of what is varied; ``case`` for a named one.
    set : tuple of str
        The overrides that make it, as `rampart run --set` takes them.
    """

    index: int
    vary: tuple[tuple[str, Any], ...]
    set: tuple[str, ...]

    @property
    def label(self) -> str:
        """A few words for a table or an axis.

        >>> Point(0, (("threat.rocket.count", 4),), ()).label
        'rocket.count 4'
        """
        return ", ".join(_words(key, value) for key, value in self.vary) or "as it is"


def _words(key: str, value: Any) -> str:
    name = key.split(".", 1)[1] if key.count(".") > 1 else key
    if key == "case":
        return str(value)
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {key.split('.', 1)[-1]}"
    shown = f"{value:g}" if isinstance(value, float) else to_toml(value).strip('"')
    return f"{name} {shown}"


def design_points(study: StudySpec, vary: Mapping[str, Values], seed: int) -> tuple[Point, ...]:
    """The points of a study.

    Parameters
    ----------
    study : StudySpec
        ``[study]`` of the scenario.
    vary : mapping
        From the command line: takes the place of ``[study.vary]`` and of any other design, if there is any.
    seed : int
        Of scrambled designs.

    Raises
    ------
    InputError
        For more points than a study can have.

    Examples
    --------
    >>> [p.label for p in design_points(StudySpec(), {"threat.r.count": (1, 2)}, 0)]
    ['r.count 1', 'r.count 2']
    """
    grid = bool(vary) or study.design == "grid"
    rows = _grid(vary or study.vary) if grid else _DESIGNS[study.design](study, seed)
    cases = () if vary else study.case
    combined = [((("case", case.name), *row), (*case.set, *_overrides(row))) for case in cases for row in rows] or [
        (tuple(row), _overrides(row)) for row in rows
    ]
    return tuple(Point(i, tuple(row), tuple(sets)) for i, (row, sets) in enumerate(combined))


def _overrides(row: Sequence[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(f"{key}={to_toml(value)}" for key, value in row)


def _grid(vary: Mapping[str, Values]) -> list[tuple[tuple[str, Any], ...]]:
    count = int(np.prod([len(v) for v in vary.values()], dtype=float))
    if count > MOST_POINTS:
        raise InputError(f"{count} design points, expected at most {MOST_POINTS}")
    return [tuple(zip(vary, values, strict=True)) for values in product(*vary.values())]


def _scaled(study: StudySpec, unit: np.ndarray) -> list[tuple[tuple[str, Any], ...]]:
    """Points of the unit cube (n, keys) as values between the bounds."""
    if len(unit) > MOST_POINTS:
        raise InputError(f"{len(unit)} design points, expected at most {MOST_POINTS}")
    bounds = list(study.range.items())
    return [tuple((key, _between(*ends, u)) for (key, ends), u in zip(bounds, row, strict=True)) for row in unit]


def _between(low: float, high: float, u: float) -> float | int:
    if isinstance(low, int) and isinstance(high, int):
        return min(low + int(u * (high - low + 1)), high)
    return float(f"{low + (high - low) * u:.12g}")


def _tornado(study: StudySpec, seed: int) -> list[tuple[tuple[str, Any], ...]]:
    """The scenario as it is, then one key after the other at its lowest and its highest value."""
    del seed
    return [(), *(((key, value),) for key, ends in study.range.items() for value in ends)]


def _sobol(study: StudySpec, seed: int) -> list[tuple[tuple[str, Any], ...]]:
    from scipy.stats import qmc

    return _scaled(study, qmc.Sobol(len(study.range), seed=_rng(seed)).random(study.points))


def _latin_hypercube(study: StudySpec, seed: int) -> list[tuple[tuple[str, Any], ...]]:
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(len(study.range), optimization="random-cd", seed=_rng(seed))
    return _scaled(study, sampler.random(study.points))


def _saltelli(study: StudySpec, seed: int) -> list[tuple[tuple[str, Any], ...]]:
    """Matrices A, B and, for each key, A with that key's column from B: (keys + 2) * points rows.

    A. Saltelli et al., Computer Physics Communications 181 (2010), 259-270.
    """
    from scipy.stats import qmc

    k = len(study.range)
    unit = qmc.Sobol(2 * k, seed=_rng(seed)).random(study.points)
    a, b = unit[:, :k], unit[:, k:]
    blocks = [a, b]
    for i in range(k):
        mixed = a.copy()
        mixed[:, i] = b[:, i]
        blocks.append(mixed)
    return _scaled(study, np.concatenate(blocks))


def _rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(0, 0, 0))))


_DESIGNS = {
    "tornado": _tornado,
    "sobol": _sobol,
    "latin_hypercube": _latin_hypercube,
    "saltelli": _saltelli,
}
