"""Debris: where what is left of a simulated threat comes down, and whether the people there were warned.

Truth, for the score only: the chain sees none of it. The warner reads debris off tracks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rampart.records import Phase

from .zones import distance_to_polygon

if TYPE_CHECKING:
    from .site_run import SiteRun

_GRAVITY_MS2 = 9.80665
#: Terminal speeds of pieces [m/s], share of the threat's velocity that they keep, and what the burst adds per axis, one
#: sigma [m/s]. Our assumptions: nothing is published for what guns and drones leave behind.
_TERMINAL_MS = (40.0, 120.0)
_KEPT = (0.5, 1.0)
_BURST_MS = 15.0


class Debris(NamedTuple):
    """Pieces of one flight."""

    flight: int  #: index into World.flights
    east_north_m: np.ndarray  #: (k, 2)
    down_s: np.ndarray  #: (k,) seconds since run start


def fall(
    flight: int,
    position_enu: Sequence[float],
    velocity_enu: Sequence[float],
    when_s: float,
    ground_up_m: float,
    pieces: int,
    rng: np.random.Generator,
) -> Debris:
    """Let pieces of a flight fall to level ground.

    Parameters
    ----------
    flight : int
        Whose they are.
    position_enu, velocity_enu : array_like, shape (3,)
        Where and how it flew when it was stopped [m], [m/s].
    when_s : float
        When that was.
    ground_up_m : float
        Height of the ground below [m].
    pieces : int
        How many.
    rng : numpy.random.Generator
        Five numbers per piece are drawn.

    Notes
    -----
    Closed forms of motion under gravity and quadratic drag, the axes apart, with L = terminal speed squared / g: along
    the ground L ln(1 + v t / L); down, from speed w, L ln(cosh(g t / v_t + phi) / cosh phi) with tanh phi = w / v_t, or
    sinh and coth above the terminal speed. A piece that would rise begins to fall at once.

    Examples
    --------
    >>> rng = np.random.Generator(np.random.Philox(1))
    >>> fallen = fall(0, [0.0, 0.0, 500.0], [100.0, 0.0, -80.0], 30.0, 0.0, 50, rng)
    >>> bool((fallen.down_s > 33.0).all()), bool(fallen.east_north_m[:, 0].mean() > 100.0)
    (True, True)
    """
    terminal = rng.uniform(*_TERMINAL_MS, pieces)
    speed = np.asarray(velocity_enu, float) * rng.uniform(*_KEPT, (pieces, 1))
    speed = speed + _BURST_MS * rng.standard_normal((pieces, 3))
    length = terminal**2 / _GRAVITY_MS2
    height = max(float(position_enu[2]) - ground_up_m, 0.0)
    ratio = np.maximum(-speed[:, 2], 0.0) / terminal
    grown = np.exp(height / length)
    slow = ratio < 1.0
    phase = np.arctanh(np.where(slow, np.minimum(ratio, 1.0 - 1e-9), 1.0 / np.maximum(ratio, 1.0 + 1e-9)))
    late = np.where(slow, np.arccosh(np.maximum(grown * np.cosh(phase), 1.0)), np.arcsinh(grown * np.sinh(phase)))
    seconds = terminal / _GRAVITY_MS2 * np.maximum(late - phase, 0.0)
    level = np.sqrt((speed[:, :2] ** 2).sum(1))
    share = length * np.log1p(level * seconds / length) / np.maximum(level, 1e-9)
    return Debris(flight, np.asarray(position_enu, float)[:2] + share[:, None] * speed[:, :2], when_s + seconds)


def debris_counts(sites: Sequence[SiteRun]) -> dict[str, int]:
    """Pieces in all, those that came down in a zone, and of these those in a zone under a warning at the time.

    Parameters
    ----------
    sites : sequence of SiteRun
        Finished runs.
    """
    pieces = in_zones = in_warned = 0
    for run in sites:
        said = _messages(run)
        for debris in run.debris:
            pieces += len(debris.down_s)
            for index, zone in enumerate(run.place.site.zones):
                inside = distance_to_polygon(debris.east_north_m, zone.polygon_en) <= 0.0
                in_zones += int(inside.sum())
                in_warned += sum(_warned(said.get(index, []), t) for t in debris.down_s[inside].tolist())
    return {"pieces": pieces, "in_zones": in_zones, "in_warned_zones": in_warned}


def _messages(run: SiteRun) -> dict[int, list[tuple[float, bool]]]:
    """By zone: when it was told something, and whether it was to be on its guard from then on."""
    said: dict[int, list[tuple[float, bool]]] = {}
    start_ns = run.place.site.start_ns
    for out in run.outputs:
        rows: Any = out.warnings
        for zone, phase, time_ns in zip(rows.zone.tolist(), rows.phase.tolist(), rows.time_ns.tolist(), strict=True):
            said.setdefault(zone, []).append(((time_ns - start_ns) * 1e-9, phase in (Phase.PREPARE, Phase.SHELTER)))
    return said


def _warned(messages: Sequence[tuple[float, bool]], when_s: float) -> bool:
    last = False
    for told_s, guarded in messages:
        if told_s <= when_s:
            last = guarded
    return last
