"""Radars, targets and clutter that the tracker's tests share."""

import numpy as np
import pytest

from rampart.records import Detections, SensorModel, Site, Tracks, TrackStatus

NS = 1_000_000_000


class Range:
    """A test range: makes sites, detections and clutter, and feeds trackers."""

    @staticmethod
    def radar(**changes) -> SensorModel:
        values = {
            "id": "r1",
            "kind": "radar3d",
            "position_enu": np.zeros(3),
            "scan_period_s": 0.5,
            "range_sigma_m": 10.0,
            "azimuth_sigma_rad": np.deg2rad(0.2),
            "elevation_sigma_rad": np.deg2rad(0.2),
            "range_rate_sigma_ms": 1.0,
            "false_alarms_per_scan": 20.0,
            "min_range_m": 150.0,
            "max_range_m": 20_000.0,
            "min_elevation_rad": -0.02,
            "max_elevation_rad": 1.2,
        }
        return SensorModel(**{**values, **changes})

    def site(self, *sensors: SensorModel) -> Site:
        return Site("here", 0.6, 0.1, 0.0, sensors=sensors or (self.radar(),))

    def look(self, position, velocity, time_s, number, rng=None, sensor=0, model=None, **columns) -> Detections:
        """One detection of a target, noisy if there are dice."""
        model = model or self.radar()
        d = np.asarray(position, float) - model.position_enu
        r, level = np.linalg.norm(d), np.hypot(d[0], d[1])
        values = np.array([r, np.arctan2(d[0], d[1]), np.arctan2(d[2], level), d @ np.asarray(velocity, float) / r])
        if rng is not None:
            sigma = [
                model.range_sigma_m,
                model.azimuth_sigma_rad,
                model.elevation_sigma_rad,
                model.range_rate_sigma_ms,
            ]
            values += np.array(sigma) * rng.standard_normal(4)
        t = round(time_s * NS)
        base = {
            "number": [number],
            "time_ns": [t],
            "received_ns": [t],
            "sensor": [sensor],
            "range_m": values[:1],
            "azimuth_rad": values[1:2],
            "elevation_rad": values[2:3],
            "range_rate_ms": values[3:],
        }
        return Detections.build(1, **{**base, **columns})

    @staticmethod
    def clutter(rng, time_s, number, mean=20.0, sensor=0, **columns) -> Detections:
        """False alarms, uniform in what a radar measures."""
        k = rng.poisson(mean)
        t = np.full(k, round(time_s * NS))
        base = {
            "number": np.arange(number, number + k),
            "time_ns": t,
            "received_ns": t,
            "sensor": np.full(k, sensor),
            "range_m": rng.uniform(150.0, 20e3, k),
            "azimuth_rad": rng.uniform(-np.pi, np.pi, k),
            "elevation_rad": rng.uniform(-0.02, 1.2, k),
            "range_rate_ms": rng.uniform(-400.0, 400.0, k),
        }
        return Detections.build(k, **{**base, **{name: np.full(k, v) for name, v in columns.items()}})

    def scans(self, path, seconds, rng, *, period=0.5, p_detect=1.0, false=20.0, **columns) -> list[Detections]:
        """Batches of one target (function of time to position, velocity; None where gone) in clutter."""
        out, number = [], 1
        for k in range(round(seconds / period)):
            parts = [self.clutter(rng, k * period, number, false)]
            number += len(parts[0])
            here = path(k * period)
            if rng.random() < p_detect and here is not None:
                parts.append(self.look(*here, k * period, number, rng, **columns))
                number += 1
            out.append(Detections.concat(parts))
        return out

    @staticmethod
    def feed(tracker, batches, period=0.5) -> list[Tracks]:
        """The tracks of each step."""
        return [tracker.step(round(k * period * NS), batch).records for k, batch in enumerate(batches)]

    @staticmethod
    def straight(start=(4000.0, 1000.0, 600.0), velocity=(-60.0, 20.0, 2.0)):
        """A path without turns."""
        p, v = np.array(start), np.array(velocity)
        return lambda t: (p + v * t, v)

    @staticmethod
    def nearest(tracks: Tracks, position) -> int:
        """Row of the live track nearest a position."""
        held = np.flatnonzero(tracks.status != TrackStatus.DELETED)
        return int(held[np.argmin(np.linalg.norm(tracks.state[held, :3] - position, axis=1))])


@pytest.fixture(scope="session")
def field() -> Range:
    return Range()
