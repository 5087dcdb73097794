"""Clutter map: false alarms are learned where they are, part of the state, and cost real targets nothing."""

import numpy as np
import pytest

from rampart.records import Detections, TrackStatus
from rampart.track import Tracker
from rampart.track.clutter._kernels import clutter_rates
from rampart.track.constants import C_CELLS, C_ECHOES
from rampart.track.intake.detections import pack_rows

NS = 1_000_000_000


def patch(rng, scan, n, first):
    """False alarms in one corner of the sky: 4 to 6 km, 20 to 40 degrees."""
    t = scan * NS // 2
    return Detections.build(
        n,
        number=first + np.arange(n),
        time_ns=np.full(n, t),
        received_ns=np.full(n, t),
        range_m=rng.uniform(4000.0, 6000.0, n),
        azimuth_rad=np.deg2rad(rng.uniform(20.0, 40.0, n)),
        elevation_rad=rng.uniform(0.0, 1.0, n),
        range_rate_ms=rng.uniform(-300.0, 300.0, n),
    )


def rates(tracker, *places):
    """False alarms per scan as learned at (range, azimuth in degrees)."""
    r, a = np.array(places).T
    n = len(r)
    look = Detections.build(
        n, number=np.arange(n), time_ns=np.zeros(n), received_ns=np.zeros(n), range_m=r, azimuth_rad=np.deg2rad(a),
        elevation_rad=np.full(n, 0.2),
    )  # fmt: skip
    order = np.argsort(r)
    rows = pack_rows(look, 0, 0, tracker._sensors, tracker._p)[0]
    found = clutter_rates(rows.z, tracker._sensors[0], tracker._state.clutter[0])
    out = np.empty(n)
    out[order] = found
    return out


def learned(field, scans=120, stated=2.0):
    tracker, rng = Tracker(field.site(field.radar(false_alarms_per_scan=stated))), np.random.default_rng(3)
    for k in range(scans):
        tracker.step(k * NS // 2, patch(rng, k, 4, 4 * k))
    return tracker


def test_the_map_learns_where_false_alarms_come_from(field):
    assert np.allclose(rates(Tracker(field.site(field.radar(false_alarms_per_scan=2.0))), (5000.0, 30.0)), 2.0)
    quiet, hot = rates(learned(field), (15_000.0, 200.0), (5000.0, 30.0))
    assert quiet < 1.5
    assert hot > 10.0


def test_the_map_is_part_of_the_state(field):
    tracker = learned(field, 40)
    other = Tracker(tracker.site)
    other.restore(tracker.snapshot())
    assert np.array_equal(other._state.clutter, tracker._state.clutter)
    assert tracker._state.clutter[0, C_CELLS:C_ECHOES].sum() > 50.0
    rng = np.random.default_rng(8)
    batch = patch(rng, 41, 4, 900)
    tracker.step(21 * NS, batch)
    other.step(21 * NS, batch)
    assert np.array_equal(other._state.clutter, tracker._state.clutter)


def test_a_target_that_is_tracked_is_no_clutter(field):
    tracker = Tracker(field.site(field.radar(false_alarms_per_scan=2.0)))
    for k in range(60):
        t = 0.5 * k
        tracker.step(round(t * NS), field.look((0.0, 5000.0, 300.0 + t), (0.0, 0.0, 1.0), t, k))
    assert tracker._state.clutter[0, C_CELLS:C_ECHOES].sum() < 1.5


@pytest.mark.compiled
def test_a_patch_of_heavy_clutter_starts_hardly_any_track(field):
    tracker, rng, confirmed = (
        Tracker(field.site(field.radar(false_alarms_per_scan=2.0))),
        np.random.default_rng(4),
        set(),
    )
    for k in range(600):
        tracks = tracker.step(k * NS // 2, patch(rng, k, 20, 20 * k)).records
        confirmed |= set(tracks.number[tracks.status == TrackStatus.CONFIRMED].tolist())
    assert len(confirmed) <= 2
