"""Any arrival that has a flight: down on the spot, up on time, and the energy of a coasting round only falls."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.threat.ballistic import Arrival, fly_back

HERE = Environment.standard(latitude_rad=0.58, height_m=34.0)


@settings(max_examples=60)
@given(
    st.floats(0.0, 2.0 * math.pi),
    st.floats(math.radians(35.0), math.radians(80.0)),
    st.floats(5.0, 50.0),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.floats(2e-5, 1.3e-4),
    st.sampled_from(["g1", "g7", "sphere"]),
    st.tuples(*[st.floats(-3_000.0, 3_000.0)] * 2),
)
def test_every_arrival_has_its_flight_or_is_refused(bearing, angle, flown_s, thrust_s, drag, shape, place):
    arrival = Arrival(np.array([*place, 0.0]), bearing, angle, flown_s, thrust_s, drag)
    try:
        flown = fly_back(arrival, HERE, shape)
    except InputError:
        # only long flights with a shallow end and much drag may have none
        assume(False)
    assert (np.diff(flown.time_s) > 0.0).all()
    assert abs(flown.time_s[-1]) == 0.0
    assert abs(-flown.time_s[0] - flown_s) < 2e-3
    assert np.abs(flown.position_enu[-1] - arrival.impact_enu).max() == 0.0
    assert abs(flown.position_enu[0, 2]) < 2e-3
    v = flown.velocity_enu[-1]
    assert math.isclose(math.atan2(-v[2], math.hypot(v[0], v[1])), angle, abs_tol=1e-9)
    coast = flown.time_s > -(flown_s - thrust_s) + 1e-6
    # gravity points to the Earth's centre; the rotation does no work in the site's frame
    radius, gravity = 1.0 / HERE.site[0], HERE.site[1]
    arm = np.linalg.norm(flown.position_enu[coast] + [0.0, 0.0, radius + HERE.site[4]], axis=1)
    energy = 0.5 * (flown.velocity_enu[coast] ** 2).sum(axis=1) + gravity * radius * (1.0 - radius / arm)
    assert (np.diff(energy) < 1e-5).all()
