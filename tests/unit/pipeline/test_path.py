"""A flight as a curve: one moment and many, against scipy's spline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from rampart.pipeline import FlightPath
from rampart.records import Flight


def flight(seed: int, knots: int) -> Flight:
    rng = np.random.Generator(np.random.Philox(seed))
    time_s = 30.0 + np.cumsum(rng.uniform(1e-3, 0.5, knots))
    position, velocity = 1e3 * rng.standard_normal((knots, 3)), 200.0 * rng.standard_normal((knots, 3))
    return Flight("f-1", "f", "s", "rocket", True, True, time_s, position, velocity, 0.0)


@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.0, 1.0))
def test_one_moment_has_the_bits_of_the_spline(seed, knots, share):
    one = flight(seed, knots)
    spline = CubicHermiteSpline(one.time_s, one.position_enu, one.velocity_enu, axis=0, extrapolate=False)
    path = FlightPath(one)
    for when_s in (one.start_s + share * (one.end_s - one.start_s), *one.time_s.tolist()):
        assert list(path.at(when_s)) == spline(when_s).tolist()
        assert list(path.velocity_at(when_s)) == spline(when_s, 1).tolist()
        assert path([when_s]).tolist() == [spline(when_s).tolist()]


@pytest.mark.parametrize("when_s", [0.0, 1e6, float("nan")])
def test_before_and_after_it_is_nowhere(when_s):
    path = FlightPath(flight(1, 5))
    assert np.isnan(path.at(when_s)).all()
    assert np.isnan(path.velocity_at(when_s)).all()
    assert np.isnan(path([when_s])).all()
