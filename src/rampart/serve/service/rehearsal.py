"""Rehearsal: a made-up fall through chains of their own, so that the first real report meets code that is loaded."""

from __future__ import annotations

import numpy as np

from rampart.physics.geodesy import enu_to_polar
from rampart.pipeline import Scenario, build_chain, build_places
from rampart.records import DetectionFlag, Detections, SensorModel, Site
from rampart.wire.asterix import Datagram, Decoder

SCANS = 60
_PERIOD_NS = 250_000_000
#: One CAT048 data block, so that the decoder is loaded too.
_BLOCK = bytes.fromhex("41000cf8000502c1416f2600")


def rehearse(scenario: Scenario) -> None:
    """Step a chain of each site through a body that comes down on its first zone; nobody is told."""
    Decoder().decode([Datagram(_BLOCK, 0)])
    for place in build_places(scenario):
        chain = build_chain(scenario, place, engage=False)
        start_ns = place.site.start_ns
        for scan in range(SCANS):
            now_ns = start_ns + scan * _PERIOD_NS
            position = _fall(place.site, (SCANS - scan) * _PERIOD_NS * 1e-9)
            parts = [_seen(i, model, position, now_ns) for i, model in enumerate(place.site.sensors)]
            chain.step(now_ns + 1000, Detections.concat(parts), heard=range(len(parts)))


def _fall(site: Site, left_s: float) -> np.ndarray:
    """Where a body is that comes down on the first zone in `left_s`, without air."""
    aim = site.zones[0].polygon_en.mean(axis=0) if site.zones else np.zeros(2)
    up = 90.0 * left_s - 4.9 * left_s**2 if left_s < 9.0 else 90.0 * 9.0 + (left_s - 9.0) * 10.0
    return np.array([aim[0] + 180.0 * left_s, aim[1] + 90.0 * left_s, max(up, 1.0)])


def _seen(index: int, model: SensorModel, position: np.ndarray, now_ns: int) -> Detections:
    slant_m, azimuth, elevation = enu_to_polar(position - model.position_enu)
    ranging, raising = np.isfinite(model.range_sigma_m), np.isfinite(model.elevation_sigma_rad)
    nan = float("nan")
    return Detections.build(
        number=[now_ns // _PERIOD_NS],
        time_ns=[now_ns],
        received_ns=[now_ns + 1000],
        sensor=[index],
        range_m=[float(slant_m) if ranging else nan],
        range_sigma_m=[model.range_sigma_m],
        azimuth_rad=[float(azimuth)],
        azimuth_sigma_rad=[model.azimuth_sigma_rad if np.isfinite(model.azimuth_sigma_rad) else 0.01],
        elevation_rad=[float(elevation) if raising else nan],
        elevation_sigma_rad=[model.elevation_sigma_rad],
        flags=[int(DetectionFlag.SIMULATED)],
    )
