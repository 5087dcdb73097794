import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.ledger.thinning import hermite, thin_flight
from rampart.records import Flight

from .conftest import vacuum_flight


def test_a_parabola_needs_only_its_ends():
    thin = thin_flight(vacuum_flight(0, (0.0, 0.0), 40.0))
    assert len(thin.time_s) == 2


def off(flight, thin):
    """Largest distance of a knot from the thinned flight [m]."""
    worst = 0.0
    for a, b in zip(range(len(thin.time_s) - 1), range(1, len(thin.time_s)), strict=True):
        inside = (flight.time_s >= thin.time_s[a]) & (flight.time_s <= thin.time_s[b])
        on = hermite(
            thin.time_s[a], thin.time_s[b], thin.position_enu[a], thin.position_enu[b],
            thin.velocity_enu[a], thin.velocity_enu[b], flight.time_s[inside],
        )  # fmt: skip
        worst = max(worst, float(np.linalg.norm(on - flight.position_enu[inside], axis=1).max()))
    return worst


@given(st.integers(0, 2**32 - 1), st.integers(2, 200))
def test_no_knot_is_lost_by_more_than_the_tolerance(seed, n):
    rng = np.random.Generator(np.random.PCG64(seed))
    time_s = np.cumsum(rng.uniform(0.05, 2.0, n))
    position = np.cumsum(rng.normal(0, 10, (n, 3)), axis=0)
    flight = Flight("b-1", "b", "s", "bird", False, False, time_s, position, rng.normal(0, 10, (n, 3)), -20.0)
    thin = thin_flight(flight, 1.0)
    assert off(flight, thin) <= 1.0 + 1e-9
    assert thin.start_s == flight.start_s
    assert thin.end_s == flight.end_s
