import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.ledger.thinning import positions_at, thin_flight
from rampart.records import Flight

from .conftest import vacuum_flight


def test_a_parabola_needs_only_its_ends():
    thin = thin_flight(vacuum_flight(0, (0.0, 0.0), 40.0))
    assert len(thin.time_s) == 2


@given(st.integers(0, 2**32 - 1), st.integers(2, 200))
def test_no_knot_is_lost_by_more_than_the_tolerance(seed, n):
    rng = np.random.Generator(np.random.PCG64(seed))
    time_s = np.cumsum(rng.uniform(0.05, 2.0, n))
    position = np.cumsum(rng.normal(0, 10, (n, 3)), axis=0)
    flight = Flight("b-1", "b", "s", "bird", False, False, time_s, position, rng.normal(0, 10, (n, 3)), -20.0)
    thin = thin_flight(flight, 1.0)
    off = np.linalg.norm(positions_at(thin, time_s) - position, axis=1)
    assert off.max() <= 1.0 + 1e-9
    assert thin.start_s == flight.start_s
    assert thin.end_s == flight.end_s
    assert np.isin(thin.time_s, time_s).all()


def test_positions_are_those_of_the_knots_and_of_the_cubic_between():
    """A cubic is its own Hermite curve."""
    t = np.array([0.0, 1.0, 4.0])
    cubic = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.25])
    position, velocity = (np.column_stack([f(t)] * 3) for f in (cubic, cubic.deriv()))
    flight = Flight("b-1", "b", "s", "bird", False, False, t, position, velocity, -20.0)
    times = np.linspace(0.0, 4.0, 17)
    np.testing.assert_allclose(positions_at(flight, times)[:, 1], cubic(times), atol=1e-12)
