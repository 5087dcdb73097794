"""When a threat would come down in a zone, against points drawn from what is known of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.physics.area import Areas
from rampart.records import PredictionKind, Predictions
from rampart.warn.exposure import SECOND, exposures

SPREAD = np.array([[640_000.0, 120_000.0, 5_600.0], [120_000.0, 90_000.0, 900.0], [5_600.0, 900.0, 60.0]])
SQUARE = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


def falling(spread=SPREAD, at_s=20.0):
    return Predictions.build(
        1,
        kind=[int(PredictionKind.IMPACT)],
        impact_enu=[(0.0, 0.0, 0.0)],
        impact_covariance=[spread[:2, :2]],
        impact_ns=[round(at_s * SECOND)],
        impact_sigma_s=[np.sqrt(spread[2, 2])],
        impact_time_covariance=[spread[:2, 2]],
    )


@pytest.mark.parametrize(
    ("middle", "half_m", "radius_m"),
    [((-900.0, -150.0), 200.0, 0.0), ((600.0, 100.0), 150.0, 100.0), ((0.0, 0.0), 60.0, 0.0)],
)
def test_the_time_is_that_of_the_points_that_lie_in_the_zone(middle, half_m, radius_m):
    areas = Areas.of([half_m * SQUARE + middle], [radius_m])
    drawn = np.random.default_rng(3).multivariate_normal(np.zeros(3), SPREAD, 400_000)
    inside = drawn[areas.distance(drawn[:, :2])[:, 0] <= 0.0]
    (exposure,) = exposures(areas, falling(), 0.0)[0].values()
    assert exposure.probability == pytest.approx(len(inside) / len(drawn), abs=2e-3)
    assert exposure.arrival_ns / SECOND == pytest.approx(20.0 + inside[:, 2].mean(), abs=0.25)
    assert exposure.sigma_s == pytest.approx(inside[:, 2].std(), abs=0.25)
    assert exposure.sigma_s < 0.5 * np.sqrt(SPREAD[2, 2])


def test_a_zone_that_holds_everything_says_nothing_of_the_time():
    areas = Areas.of([1e6 * SQUARE], [0.0])
    (exposure,) = exposures(areas, falling(), 0.0)[0].values()
    assert exposure.arrival_ns / SECOND == pytest.approx(20.0, abs=1e-3)
    assert exposure.sigma_s == pytest.approx(np.sqrt(60.0), rel=1e-3)


def test_a_point_that_is_known_leaves_the_time_as_it_is():
    known = np.diag([0.0, 0.0, 4.0])
    areas = Areas.of([100.0 * SQUARE], [0.0])
    assert exposures(areas, falling(known), 0.0)[0][0] == (pytest.approx(1.0), 20 * SECOND, 2.0)


@settings(max_examples=50)
@given(
    root=st.lists(st.floats(-500.0, 500.0), min_size=9, max_size=9),
    east=st.floats(-2000.0, 2000.0),
    half_m=st.floats(1.0, 1000.0),
)
def test_to_know_the_zone_is_to_know_the_time_no_worse(root, east, half_m):
    root = np.array(root).reshape(3, 3)
    spread = root @ root.T + np.eye(3)
    areas = Areas.of([half_m * SQUARE + (east, 0.0)], [0.0])
    for exposure in exposures(areas, falling(spread), -1.0)[0].values():
        assert 0.0 <= exposure.sigma_s <= np.sqrt(spread[2, 2]) * (1.0 + 1e-9)
