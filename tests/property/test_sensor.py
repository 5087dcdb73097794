"""Whatever flies: a radar's report is finite, inside its bounds, and no flight is lost from the books."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.physics.environment import Environment
from rampart.records import Flight, Site
from rampart.sensor.gates import Gate
from rampart.sensor.radar import Radar2DSpec, Radar3DSpec
from rampart.sensor.sky import Sky

SITE = Site("s", 0.58, 0.77, 0.0)
HERE = Environment.standard(latitude_rad=0.58)
place = st.tuples(*[st.floats(-30_000, 30_000)] * 2, st.floats(0.0, 20_000.0))
speed = st.tuples(*[st.floats(-900, 900)] * 3)


@st.composite
def flights(draw):
    out = []
    for i in range(draw(st.integers(0, 6))):
        n = draw(st.integers(2, 5))
        time = np.cumsum([draw(st.floats(-2.0, 3.0)), *(draw(st.floats(0.01, 2.0)) for _ in range(n - 1))])
        position = np.array([draw(place) for _ in range(n)])
        velocity = np.array([draw(speed) for _ in range(n)])
        rcs, swerling = draw(st.floats(-40.0, 40.0)), draw(st.integers(0, 4))
        out.append(Flight(f"f-{i}", "f", "s", "bird", False, False, time, position, velocity, rcs, swerling))
    return out


@given(flights(), st.sampled_from(["rotating", "staring"]), st.booleans(), st.integers(0, 1000))
def test_reports_are_finite_and_every_flight_has_a_gate(some, mode, flat, seed):
    spec, kind = (Radar2DSpec, "radar2d") if flat else (Radar3DSpec, "radar3d")
    radar = spec(id="r", kind=kind, position_enu_m=[0.0, 0.0, 12.0], mode=mode, clutter_cells=3).build(
        SITE, HERE, 0, np.random.Generator(np.random.Philox(seed))
    )
    sky = Sky.build(some)
    for k in range(3):
        now_ns = radar.schedule.delivery_ns(k)
        result = radar.step(now_ns, sky)
        rows, link, looks = result.records, result.info["flight"], result.info["gates"]
        assert sorted(link[link >= 0].tolist()) == np.flatnonzero(looks.gate == Gate.DETECTED).tolist()
        for name in ("range_m", "azimuth_rad", "range_rate_ms", "range_sigma_m", "snr_db", "rcs_dbsm"):
            assert np.isfinite(getattr(rows, name)).all()
        assert np.isnan(rows.elevation_rad).all() if flat else np.isfinite(rows.elevation_rad).all()
        assert ((rows.azimuth_rad >= 0.0) & (rows.azimuth_rad < 2.0 * math.pi)).all()
        assert (rows.range_m > 0.0).all()
        assert (rows.time_ns <= now_ns).all()
        assert (np.isnan(looks.time_s) == (looks.gate == Gate.ABSENT)).all()
