"""Looks: how often each sensor looked at what flies, and how often it saw it, by direction and distance."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rampart.physics.geodesy import enu_to_polar
from rampart.records import SensorModel, Site, Tracks, TrackStatus
from rampart.serve.core import Worked

SECTORS, RINGS = 36, 60
RING_M = 1000.0
#: Cells with fewer looks say nothing.
LEAST_SCANS = 5.0
_HELD = (int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED))


class Looks(NamedTuple):
    """Of one step, a row per sensor and confirmed track in its cover: (n,) each."""

    sensor: np.ndarray  #: index of the site's sensor
    sector: np.ndarray  #: of `SECTORS`, clockwise from north
    ring: np.ndarray  #: of `RINGS`, each `RING_M` wide; the last holds all that is farther
    scans: np.ndarray  #: how often it looked in the time of the step
    seen: np.ndarray  #: how many of its reports went to the track


def look(site: Site, elapsed_s: float, worked: Worked) -> Looks:
    """What the sensors of a site looked at in one step.

    Parameters
    ----------
    site : Site
        Whose sensors these are.
    elapsed_s : float
        Since the step before.
    worked : Worked
        The step: its reports, and the tracks that it left.
    """
    tracks = worked.outputs.tracks
    held = tracks.take(np.isin(tracks.status, _HELD)) if len(tracks) else tracks
    if not len(held) or not site.sensors:
        return _NO_LOOKS
    reports = _reports(worked)
    rows = [_look_of(index, model, elapsed_s, held, *reports) for index, model in enumerate(site.sensors)]
    return Looks(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _look_of(
    index: int, model: SensorModel, elapsed_s: float, held: Tracks, sensor_of: np.ndarray, track_of: np.ndarray
) -> Looks:
    """Of one sensor at the tracks that are held."""
    slant, azimuth, elevation = enu_to_polar(held.state[:, :3] - model.position_enu)
    inside = (slant >= model.min_range_m) & (slant <= model.max_range_m)
    inside &= (elevation >= model.min_elevation_rad) & (elevation <= model.max_elevation_rad)
    at, known = _places(held.number, track_of[sensor_of == index])
    seen = np.bincount(at[known], minlength=len(held))[inside]
    sector = np.floor(azimuth[inside] * (SECTORS / (2.0 * np.pi))).astype(np.int64) % SECTORS
    ring = np.minimum((slant[inside] / RING_M).astype(np.int64), RINGS - 1)
    n = len(seen)
    return Looks(np.full(n, index), sector, ring, np.full(n, elapsed_s / model.scan_period_s), seen)


def _places(numbers: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where numbers stand among others that are not sorted, and whether they do."""
    order = np.argsort(numbers)
    at = order[np.minimum(np.searchsorted(numbers, wanted, sorter=order), len(numbers) - 1)]
    return at, numbers[at] == wanted


def _reports(worked: Worked) -> tuple[np.ndarray, np.ndarray]:
    """Sensor and track of each report of the step that went to a track."""
    pairs = np.asarray(worked.outputs.info.get("track", {}).get("association", ()), np.int64).reshape(-1, 2)
    if not len(pairs) or not len(worked.detections):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at, known = _places(
        worked.detections.number, pairs[:, 0]
    )  # a late scan is taken again, with reports of steps before
    return worked.detections.sensor[at[known]].astype(np.int64), pairs[known, 1]


_NO_LOOKS = Looks(*(np.empty(0, np.int64) for _ in Looks._fields))


class ObservedCover:
    """Sums of looks at one site: an estimate that lacks what no sensor ever saw.

    Parameters
    ----------
    site : Site
        Whose sensors these are.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        shape = (len(site.sensors), SECTORS, RINGS)
        self.scans, self.seen = np.zeros(shape), np.zeros(shape)

    def add(self, looks: Looks) -> None:
        """Take a step in."""
        cells = (looks.sensor, looks.sector, looks.ring)
        np.add.at(self.scans, cells, looks.scans)
        np.add.at(self.seen, cells, looks.seen)

    def by_range(self, index: int) -> list[dict[str, float | None]]:
        """Share of its scans in which a sensor saw what was there, by distance, beside its data sheet's."""
        scans, seen = self.scans[index].sum(axis=0), self.seen[index].sum(axis=0)
        return [
            {
                "from_m": i * RING_M,
                "to_m": (i + 1) * RING_M,
                "scans": round(float(scans[i]), 1),
                "observed": _share(seen[i], scans[i]),
                "modelled": _claimed(self._site.sensors[index].p_detect),
            }
            for i in np.flatnonzero(scans >= LEAST_SCANS).tolist()
        ]

    def cells(self, index: int) -> list[dict[str, float]]:
        """The same by direction too: cells of a ring, azimuths clockwise from north."""
        width_deg = 360.0 / SECTORS
        sectors, rings = np.nonzero(self.scans[index] >= LEAST_SCANS)
        return [
            {
                "from_deg": i * width_deg,
                "to_deg": (i + 1) * width_deg,
                "from_m": j * RING_M,
                "to_m": (j + 1) * RING_M,
                "scans": round(float(self.scans[index, i, j]), 1),
                "observed": _share(self.seen[index, i, j], self.scans[index, i, j]),
            }
            for i, j in zip(sectors.tolist(), rings.tolist(), strict=True)
        ]

    def entry(self) -> list[dict[str, Any]]:
        """All sensors, for a display."""
        return [
            {"id": model.id, "modelled": _claimed(model.p_detect), "cells": self.cells(index)}
            for index, model in enumerate(self._site.sensors)
        ]


def _claimed(p_detect: float) -> float | None:
    return p_detect if math.isfinite(p_detect) else None


def _share(seen: float, scans: float) -> float:
    return round(min(float(seen / scans), 1.0), 3)
