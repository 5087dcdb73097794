"""raid_2r: a public scene with what the simple ones leave out. Two radars that disagree, a direction finder, a raid.

Rockets and mortar bombs, made backwards from where they come down, fixed-wing drones and a string of multirotors, seen
by two radars with their own periods and one radio direction finder (``raid_2r.toml`` beside this module). On top of
what the simulated sensors do (range law and Swerling fades, Doppler notch, fixed clutter cells) come

- a bias of each radar in range, azimuth and elevation, and a clock of the second radar that is off;
- resolution cells that merge: the one report of a cell lies at the power-weighted middle of what is in it;
- clutter patches that drift with the wind, whose strength is correlated from scan to scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rampart.pipeline import Place, World, build_places, build_world, load
from rampart.records import Detections, Flight, Site
from rampart.sensor.gates import Gate, Looks
from rampart.sensor.sky import Sky

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAME = "raid_2r"
FILE = Path(str(files("rampart.bench") / "raid_2r.toml"))
#: One sigma of what is drawn once per seed: range [m], azimuth, elevation [rad], clock [s]; by radar. The clock of the
#: first radar is the scene's: only differences can be told from detections.
BIAS_SIGMA = {
    "r1": (10.0, float(np.deg2rad(0.1)), float(np.deg2rad(0.1)), 0.0),
    "r2": (20.0, float(np.deg2rad(0.15)), float(np.deg2rad(0.15)), 0.04),
}
REFERENCE = "r1"  #: tracks are scored at its looks
PATCHES = 2  #: per radar
PATCH_MEAN = 1.5  #: reports of one patch in one scan
PATCH_TIME_S = 8.0  #: of the correlation of its strength
PATCH_SIZE = (400.0, float(np.deg2rad(4.0)), float(np.deg2rad(1.5)))  #: one sigma: range, azimuth, elevation
PATCH_SPEED_SIGMA_MS = 2.0  #: of one report about the patch's drift


@dataclass(frozen=True, slots=True)
class Bias:
    """What a sensor adds to what it measures."""

    range_m: float = 0.0
    azimuth_rad: float = 0.0
    elevation_rad: float = 0.0
    clock_s: float = 0.0  #: its time stamps less the true time


@dataclass(frozen=True, eq=False)
class Raid:
    """One draw of the scene; everything but `site`, `detections` and the times of `looks` is the answer.

    Attributes
    ----------
    name : str
        ``raid_2r_sSEED``.
    site : Site
        What a tracker may know: places and data sheets of the sensors, without biases.
    detections : Detections
        In order of their time stamps, numbered from 1.
    look_ns, look_sensor : ndarray (k,)
        Time stamp and sensor of every look, in order, those that found nothing among them; ns UTC.
    source : ndarray (m,)
        Index into `flights` of the (strongest) target behind each detection; -1: false alarm or clutter.
    merged : ndarray (m,)
        Targets in that detection; 0 for clutter.
    truth : ndarray (n, 8)
        ``instant, flight, x, vx, y, vy, z, vz``: east, north, up [m], [m/s], at the looks of `REFERENCE`; of each
        flight from its first to its last detection by a radar.
    instant_ns : ndarray
        Times of the instants, ns UTC.
    flights : tuple of str
        Identity of each flight.
    biases : dict of str to Bias
        By sensor.
    """

    name: str
    site: Site
    detections: Detections
    look_ns: Ints
    look_sensor: Ints
    source: Ints
    merged: Ints
    truth: Floats
    instant_ns: Ints
    flights: tuple[str, ...]
    biases: dict[str, Bias]

    def batches(self) -> list[tuple[int, Detections]]:
        """(time stamp, detections) of every look, in order."""
        key = self.detections.time_ns * len(self.site.sensors) + self.detections.sensor
        looks = self.look_ns * len(self.site.sensors) + self.look_sensor
        return [
            (int(t), self.detections.take(np.flatnonzero(key == look)))
            for t, look in zip(self.look_ns, looks, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One look of one sensor, as the world is: no bias yet."""

    sensor: int
    time_ns: int
    detections: Detections
    source: Ints
    merged: Ints


def make_raid(seed: int) -> Raid:
    """Draw the scene.

    Parameters
    ----------
    seed : int
        Equal seeds give equal bytes. Seeds 0 to 9 and from 100 on are for figures, 10 to 99 for tuning.

    Examples
    --------
    >>> raid = make_raid(0)
    >>> [sensor.id for sensor in raid.site.sensors], len(raid.flights)
    (['r1', 'r2', 'rf'], 20)
    """
    scenario = load(FILE)
    (place,) = build_places(scenario)
    world = build_world(place, seed=seed, run=0)
    sky = Sky.build(world.flights)
    looks: list[_Look] = []
    biases: dict[str, Bias] = {}
    for index, model in enumerate(place.site.sensors):
        rng = np.random.default_rng([seed, index])
        drawn = rng.standard_normal(4) * BIAS_SIGMA.get(model.id, np.zeros(4))
        biases[model.id] = Bias(*drawn.tolist())
        seen = _looks_of(world, sky, place, index, scenario.head.duration_s)
        if model.id in BIAS_SIGMA:
            seen = _with_patches(seen, place, index, rng)
        looks += [_biased(look, biases[model.id]) for look in seen]
    return _assembled(f"{NAME}_s{seed}", place.site, world.flights, looks, biases)


def _looks_of(world: World, sky: Sky, place: Place, index: int, duration_s: float) -> list[_Look]:
    """All looks of one sensor."""
    sensor, site, out = world.sensors[index], place.site, []
    end_ns, scan = site.start_ns + round(duration_s * 1e9), 0
    while (now_ns := sensor.schedule.delivery_ns(scan)) <= end_ns:
        result = sensor.step(now_ns, sky)
        flight = result.info["flight"].astype(np.int64)
        found, merged = _merged(result.records, flight, result.info["gates"], sky, place, index)
        out.append(_Look(index, now_ns, found, flight, merged))
        scan += 1
    return out


def _merged(
    found: Detections, flight: Ints, looks: Looks, sky: Sky, place: Place, index: int
) -> tuple[Detections, Ints]:
    """Move the report of each resolution cell to the power-weighted middle of the targets in it."""
    merged = (flight >= 0).astype(np.int64)
    hidden = np.flatnonzero(looks.gate == Gate.CELL)
    if not len(hidden):
        return found, merged
    cell = _cell(place, index)
    polar = _polar(sky, looks.time_s, place.site.sensors[index].position_enu)
    power = 10.0 ** (0.1 * np.nan_to_num(looks.snr_db, nan=-300.0))
    reported = np.flatnonzero(flight >= 0)
    pull, weight = np.zeros((len(flight), 4)), np.zeros(len(flight))
    for i in hidden:
        away = polar[i] - polar[flight[reported]]
        away[:, 1] = (away[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
        nearest = int(np.argmin(np.abs(away[:, :3] / cell).max(axis=1)))
        row = reported[nearest]
        pull[row] += power[i] * away[nearest]
        weight[row] += power[i]
        merged[row] += 1
    shift = pull / (weight + np.where(flight >= 0, power[flight], 1.0))[:, None]
    return (
        found.replace(
            range_m=found.range_m + shift[:, 0],
            azimuth_rad=(found.azimuth_rad + shift[:, 1]) % (2.0 * np.pi),
            elevation_rad=found.elevation_rad + shift[:, 2],
            range_rate_ms=found.range_rate_ms + shift[:, 3],
        ),
        merged,
    )


def _cell(place: Place, index: int) -> Floats:
    """Resolution of a radar: range [m], azimuth, elevation [rad]."""
    spec = place.sensors[index][1]
    return np.array([spec.range_cell_m, np.deg2rad(spec.azimuth_cell_deg), np.deg2rad(spec.elevation_cell_deg)])


def _polar(sky: Sky, time_s: Floats, sensor_enu: Floats) -> Floats:
    """Range, azimuth, elevation, range rate (n, 4) of all flights from a place, each at a time; nan if absent."""
    position, velocity = _states(sky, time_s)
    away = position - sensor_enu
    level, distance = np.hypot(away[:, 0], away[:, 1]), np.linalg.norm(away, axis=1)
    rate = np.einsum("ni,ni->n", away, velocity) / distance
    return np.column_stack([distance, np.arctan2(away[:, 0], away[:, 1]), np.arctan2(away[:, 2], level), rate])


def _states(sky: Sky, time_s: Floats) -> tuple[Floats, Floats]:
    """Position and velocity (n, 3) of every flight at a time of its own; nan if it is not there."""
    from rampart.physics.path import Paths

    position, velocity = np.full((2, len(sky), 3), np.nan)
    for i, t in enumerate(time_s):
        if sky.start_s[i] <= t <= sky.end_s[i]:
            knots = slice(sky.offset[i], sky.offset[i + 1])
            part = (sky.time_s[knots], sky.position_enu[knots], sky.velocity_enu[knots])
            at, speed, _ = Paths.pack([part]).at(float(t))
            position[i], velocity[i] = at[0], speed[0]
    return position, velocity


def _with_patches(looks: list[_Look], place: Place, index: int, rng: np.random.Generator) -> list[_Look]:
    """Add reports of patches that drift with the wind; the logarithm of their strength is a first-order process."""
    model = place.site.sensors[index]
    middle = np.column_stack(
        [
            rng.uniform(1500.0, 6000.0, PATCHES),
            rng.uniform(0.0, 2.0 * np.pi, PATCHES),
            rng.uniform(0.01, 0.06, PATCHES),
        ]
    )
    # outside the notch: what the Doppler filter takes out needs no tracker
    drift = rng.choice([-1.0, 1.0], PATCHES) * (model.minimum_radial_speed_ms + rng.uniform(1.0, 6.0, PATCHES))
    keep = float(np.exp(-model.scan_period_s / PATCH_TIME_S))
    level, out = rng.standard_normal(PATCHES), []
    for k, look in enumerate(looks):
        level = keep * level + np.sqrt(1.0 - keep**2) * rng.standard_normal(PATCHES)
        mean = PATCH_MEAN * np.exp(level - 0.5)  # of mean PATCH_MEAN over time
        count = rng.poisson(mean)
        which = np.repeat(np.arange(PATCHES), count)
        place_ = middle[which] + PATCH_SIZE * rng.standard_normal((len(which), 3))
        place_[:, 0] += drift[which] * k * model.scan_period_s
        rate = drift[which] + PATCH_SPEED_SIGMA_MS * rng.standard_normal(len(which))
        inside = (place_[:, 0] > model.min_range_m) & (place_[:, 0] < model.max_range_m)
        extra = _reports(look, place_[inside], rate[inside], place)
        out.append(_joined(look, extra))
    return out


def _reports(look: _Look, polar: Floats, rate: Floats, place: Place) -> Detections:
    model, m = place.site.sensors[look.sensor], len(polar)
    return Detections.build(
        m,
        time_ns=np.full(m, look.time_ns),
        received_ns=np.full(m, look.time_ns),
        sensor=np.full(m, look.sensor),
        range_m=polar[:, 0],
        azimuth_rad=polar[:, 1] % (2.0 * np.pi),
        elevation_rad=np.abs(polar[:, 2]),
        range_rate_ms=rate,
        range_sigma_m=np.full(m, model.range_sigma_m),
        azimuth_sigma_rad=np.full(m, model.azimuth_sigma_rad),
        elevation_sigma_rad=np.full(m, model.elevation_sigma_rad),
        range_rate_sigma_ms=np.full(m, model.range_rate_sigma_ms),
    )


def _joined(look: _Look, extra: Detections) -> _Look:
    """A look with more reports of nothing, in order of azimuth: the order must not tell what is what."""
    found = Detections.concat([look.detections, extra])
    order = np.argsort(found.azimuth_rad, kind="stable")
    none = np.full(len(extra), -1)
    source = np.concatenate([look.source, none])[order]
    merged = np.concatenate([look.merged, np.zeros(len(extra), np.int64)])[order]
    return _Look(look.sensor, look.time_ns, found.take(order), source, merged)


def _biased(look: _Look, bias: Bias) -> _Look:
    """What the sensor says of a look."""
    found, stamp = look.detections, look.time_ns + round(bias.clock_s * 1e9)
    time_ns = np.full(len(found), stamp)
    found = found.replace(
        time_ns=time_ns,
        received_ns=time_ns,
        range_m=np.maximum(found.range_m + bias.range_m, 1.0),
        azimuth_rad=(found.azimuth_rad + bias.azimuth_rad) % (2.0 * np.pi),
        elevation_rad=np.clip(found.elevation_rad + bias.elevation_rad, -0.5 * np.pi, 0.5 * np.pi),
    )
    return _Look(look.sensor, stamp, found, look.source, look.merged)


def _assembled(name: str, site: Site, flights: Sequence[Flight], looks: list[_Look], biases: dict[str, Bias]) -> Raid:
    looks = sorted(looks, key=lambda look: (look.time_ns, look.sensor))
    detections = Detections.concat([look.detections for look in looks])
    reference = next(i for i, sensor in enumerate(site.sensors) if sensor.id == REFERENCE)
    instants = np.array([look.time_ns for look in looks if look.sensor == reference])
    return Raid(
        name,
        site,
        detections.replace(number=np.arange(1, len(detections) + 1)),
        np.array([look.time_ns for look in looks]),
        np.array([look.sensor for look in looks]),
        np.concatenate([look.source for look in looks]),
        np.concatenate([look.merged for look in looks]),
        _truth(site, flights, looks, instants),
        instants,
        tuple(flight.id for flight in flights),
        biases,
    )


def _truth(site: Site, flights: Sequence[Flight], looks: list[_Look], instants: Ints) -> Floats:
    """States of every flight at the instants from its first to its last detection by a radar."""
    first, last = np.full(len(flights), np.iinfo(np.int64).max), np.zeros(len(flights), np.int64)
    for look in looks:
        if np.isfinite(site.sensors[look.sensor].range_sigma_m):
            seen = look.source[look.source >= 0]
            first[seen] = np.minimum(first[seen], look.time_ns)
            last[seen] = np.maximum(last[seen], look.time_ns)
    sky, rows = Sky.build(flights), []
    for k, t in enumerate(instants):
        position, velocity = _states(sky, np.full(len(flights), (t - site.start_ns) / 1e9))
        here = np.flatnonzero((first <= t) & (t <= last) & np.isfinite(position[:, 0]))
        state = np.stack([position[here], velocity[here]], axis=2).reshape(-1, 6)
        rows.append(np.column_stack([np.full(len(here), k), here, state]))
    return np.concatenate(rows)
