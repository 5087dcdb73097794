"""The impact benchmark in small: errors over bounds, ellipses, and that its scenes are what they say."""

import numpy as np
import pytest

from rampart.bench.arcs import DRAG, PER_SCENE, RING_M, Arcs, Errors, Radar, make_scene
from rampart.bench.follow import Samples, follow
from rampart.bench.impact import MIXED, WRONG, coverage, declared, figures
from rampart.physics.flight import fly_to_ground

pytestmark = pytest.mark.compiled  # hundreds of flights

COARSE = Radar(10.0, 0.2, 1.0)
SLOW_HIGH = Arcs((200.0, 200.0), (60.0, 60.0))


def _follow(scene, shares, errors):
    place = scene.site, scene.environment
    return follow(scene.flights, scene.detections, *place, shares, shown=scene.shown, tracker=declared(errors))


def test_rounds_come_down_on_the_ring_and_obey_the_flight_model():
    scene = make_scene(SLOW_HIGH, COARSE, Errors(), (0, 0))
    ends = np.array([f.position_enu[-1] for f in scene.flights])
    assert np.hypot(*ends[:, :2].T) == pytest.approx(RING_M, abs=5.0)
    assert np.abs(ends[:, 2]).max() < 0.01
    for flight in scene.flights[:6]:
        state = np.concatenate([flight.position_enu[3], flight.velocity_enu[3], [flight.ln_drag]])
        landed = fly_to_ground([state], scene.environment, step_s=0.1)
        assert landed.position_enu[0] == pytest.approx(flight.position_enu[-1], abs=0.01)


def test_drag_is_drawn_from_the_trackers_prior():
    flights = [f for n in range(8) for f in make_scene(SLOW_HIGH, COARSE, Errors(), (1, n)).flights]
    drawn = (np.array([f.ln_drag for f in flights]) - np.log(DRAG[0])) / DRAG[1]
    assert abs(drawn.mean()) < 4.0 / np.sqrt(len(drawn))
    assert drawn.std() == pytest.approx(1.0, abs=0.2)


def test_errors_are_near_the_bound_and_ellipses_hold():
    parts = [_follow(make_scene(SLOW_HIGH, COARSE, Errors(), (2, n)), [0.5, 0.7, 0.9], Errors()) for n in range(8)]
    samples = Samples.concat(parts)
    assert len(np.unique(samples.flight)) == 8 * PER_SCENE
    for share in (0.7, 0.9):
        found = figures(samples.take(np.isclose(samples.share, share)))
        assert found["n"] > 0.98 * 8 * PER_SCENE
        # 192 tracks: one sigma of the ratio is about 6 %
        assert 0.8 < found["impact_over_bound"] < 1.25
        assert 1.4 < found["impact_nees"] < 2.6
    # 576 samples, each track's three of them alike: +-4 sigma of 192
    assert 0.82 < coverage(samples)["inside_90"]["value"] < 0.98


def test_ellipses_hold_when_the_model_is_wrong_as_declared():
    rng, parts = np.random.default_rng(3), []
    for n, arcs in enumerate([*MIXED.values()] * 2):
        shares = np.sort(rng.uniform(0.3, 1.0, (PER_SCENE, 2)))
        parts.append(_follow(make_scene(arcs, COARSE, WRONG, (3, n)), shares, WRONG))
    found = coverage(Samples.concat(parts))
    assert found["tracks"] >= 190
    assert 0.82 < found["inside_90"]["value"] < 0.98


def test_figures_say_what_they_are():
    n = 400
    rng = np.random.default_rng(5)
    miss = 10.0 * rng.normal(size=(n, 2))
    same = np.tile(100.0 * np.eye(2), (n, 1, 1))
    samples = Samples(np.arange(n), np.full(n, 0.5), miss, miss, same, same, same, 0.5 * same, np.arange(n) % 9 + 2)
    found = figures(samples)
    assert found["impact_over_bound"] == pytest.approx(1.0, abs=0.1)
    assert found["launch_over_bound"] == pytest.approx(found["impact_over_bound"] * 2.0**0.5)
    assert found["impact_nees"] == pytest.approx(np.mean(miss**2) * 2.0 / 100.0)
    assert found["impact_ratio_error"] == pytest.approx(0.5 / np.sqrt(n), rel=0.2)
    assert found["impact_typical_over_bound"] == pytest.approx(1.0, abs=0.1)
    miss[:20] *= 100.0
    wild = figures(samples)
    assert wild["impact_over_bound"] > 10.0 * found["impact_over_bound"]
    assert wild["impact_typical_over_bound"] < 1.1 * found["impact_typical_over_bound"]
    by_looks = coverage(samples)["looks"]
    assert sum(group["n"] for group in by_looks.values()) == n
    assert by_looks["5-6"]["n"] == sum(np.isin(np.arange(n) % 9 + 2, (5, 6)))
