"""The apogee from a few seconds of coast."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.bench.climbs import make_climb
from rampart.physics.environment import Environment
from rampart.physics.flight import fly
from rampart.predict.burnout import clean, find_burnout
from rampart.predict.coast import predict_apogee

HERE = Environment.standard(latitude_rad=0.7, height_m=300.0)
pytestmark = pytest.mark.compiled


def climb(*, thrust_ms2=80.0, burn_s=2.5, k=2e-4, lean=0.05, rate_hz=20.0, noise_m=0.0, seed=0, environment=HERE):
    """Times and heights of a rocket of ours from the rail to the apogee, and the apogee."""
    speed = 15.0
    first = [0.0, 0.0, 0.0, speed * math.sin(lean), 0.0, speed * math.cos(lean), math.log(k)]
    flight = fly(first, environment, duration_s=60.0, step_s=0.01, thrust_ms2=thrust_ms2, thrust_until_s=burn_s)
    up = flight.time_s <= flight.time_s[np.argmax(flight.position_enu[:, 2])]
    time = np.arange(0.0, flight.time_s[up][-1], 1.0 / rate_hz)
    height = np.interp(time, flight.time_s[up], flight.position_enu[up, 2])
    noise = noise_m * np.random.default_rng(seed).standard_normal(len(time))
    return time, height + noise, float(flight.position_enu[:, 2].max())


def braked(factor, after_s=2.0):
    """The same rocket with drag times `factor` from `after_s` after burnout on."""
    first = [0.0, 0.0, 250.0, 10.0, 0.0, 190.0, math.log(2e-4)]
    coast = fly(first, HERE, duration_s=after_s, step_s=0.05, to_ground=False)
    then = np.concatenate([coast.position_enu[-1], coast.velocity_enu[-1], [first[6] + math.log(factor)]])
    rest = fly(then, HERE, duration_s=10.0, step_s=0.05, to_ground=False)
    time = np.concatenate([coast.time_s, after_s + rest.time_s[1:]])
    height = np.concatenate([coast.position_enu[:, 2], rest.position_enu[1:, 2]])
    return time, height + 0.5 * np.random.default_rng(3).standard_normal(len(time))


@pytest.mark.parametrize("rate_hz", [2.0, 20.0, 100.0])
@pytest.mark.parametrize("k", [5e-5, 4e-4])
def test_a_rocket_of_ours_ends_its_climb_where_it_was_said_to(k, rate_hz):
    time, height, top = climb(k=k, rate_hz=rate_hz, noise_m=0.3)
    found = predict_apogee(time, height, HERE)
    assert found.status == "predicted"
    assert found.height_m == pytest.approx(top, rel=0.015)
    assert found.low_m < top < found.high_m
    assert found.coast_start_s == pytest.approx(2.5, abs=0.6)
    assert found.speed_ms == pytest.approx(
        np.interp(found.coast_start_s + 0.5, time, np.gradient(height, time)), rel=0.1
    )


def test_a_truer_scale_narrows_the_interval():
    time, height, top = climb(noise_m=0.3)
    vague, sure = (predict_apogee(time, height, HERE, barometric=b) for b in (True, False))
    assert sure.high_m - sure.low_m < 0.8 * (vague.high_m - vague.low_m)
    assert sure.height_m == pytest.approx(top, rel=0.01)


def test_a_warm_day_makes_the_metres_of_an_altimeter_long():
    time, height, top = climb(noise_m=0.1, k=1e-5)
    standard_k = 288.15 - 0.0065 * 300.0
    stretch = standard_k / (standard_k + 25.0)
    told, untold = (
        predict_apogee(time, height * stretch, HERE, air_temperature_k=a) for a in (standard_k + 25.0, None)
    )
    assert abs(told.height_m / (top * stretch) - 1.0) < 0.01
    assert abs(told.height_m / (top * stretch) - 1.0) < abs(untold.height_m / (top * stretch) - 1.0)


def test_intervals_hold_on_made_up_climbs():
    inside, errors = 0, []
    for seed in range(5000, 5010):
        made = make_climb(np.random.default_rng(seed))
        here = Environment.standard(latitude_rad=0.7, height_m=made.site_height_m)
        warm = None if math.isnan(made.air_temperature_k) else made.air_temperature_k
        found = predict_apogee(made.time_s, made.height_m, here, air_temperature_k=warm)
        assert found.status == "predicted"
        inside += found.low_m <= made.apogee_m <= found.high_m
        errors.append(abs(found.height_m / made.apogee_m - 1.0))
    assert np.mean(errors) < 0.02
    assert inside >= 6  # 5 or fewer of 10 would refute 90 % at 0.2 %


def test_nothing_after_the_window_is_looked_at():
    time, height, _ = climb(noise_m=0.5)
    found = predict_apogee(time, height, HERE)
    later = time > found.until_s
    changed = np.where(later, 50.0, height)
    assert later.sum() > 20
    assert predict_apogee(time, changed, HERE) == found


def test_the_order_of_rows_and_rows_without_numbers_do_not_matter():
    time, height, _ = climb(noise_m=0.5)
    found = predict_apogee(time, height, HERE)
    order = np.random.default_rng(1).permutation(len(time))
    assert predict_apogee(time[order], height[order], HERE) == found
    holes = np.insert(height, 7, math.nan)
    assert predict_apogee(np.insert(time, 7, time[7]), holes, HERE) == found


def test_spikes_are_thrown_out():
    time, height, top = climb(noise_m=0.3)
    start = int(np.searchsorted(time, 3.6))
    height[[start, start + 11, start + 12, start + 30]] += [400.0, -150.0, 250.0, -90.0]
    found = predict_apogee(time, height, HERE)
    assert found.spikes == 4
    assert found.height_m == pytest.approx(top, rel=0.015)


@pytest.mark.parametrize("factor", [2.5, 40.0])
def test_airbrakes_and_parachutes_are_flagged_not_fitted(factor):
    found = predict_apogee(*braked(factor), HERE, coast_start_s=0.0)
    assert found.status == "manoeuvre"
    assert math.isnan(found.height_m)
    assert predict_apogee(*braked(1.0), HERE, coast_start_s=0.0).status == "predicted"


def test_what_does_not_coast_has_no_apogee():
    time = np.arange(0.0, 10.0, 0.1)
    assert predict_apogee(time, 20.0 * time, HERE).status == "no_coast"
    assert predict_apogee(time, 0.5 * np.sin(time), HERE).status == "no_coast"
    time, height, _ = climb(rate_hz=20.0)
    few = (time < 3.5) | (time > 6.9)
    assert predict_apogee(time[few], height[few], HERE, coast_start_s=3.0).status == "too_few"


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="one length"):
        predict_apogee([0.0, 1.0], [0.0], HERE)
    with pytest.raises(ValueError, match="at least 5"):
        predict_apogee([0.0, 1.0], [0.0, math.nan], HERE)
    with pytest.raises(ValueError, match="0 < p < 1"):
        predict_apogee(np.arange(9.0), np.arange(9.0), HERE, probability=1.0)


def test_burnout_is_found_from_heights_alone():
    time, height, _ = climb(burn_s=3.0, noise_m=1.0)
    assert find_burnout(clean(time, height)) == pytest.approx(3.0, abs=0.5)
    coasting = time >= 3.5
    assert find_burnout(clean(time[coasting], height[coasting])) == pytest.approx(3.5, abs=0.3)


def test_a_still_pad_before_the_launch_is_no_climb():
    time, height, _ = climb(noise_m=1.0)
    pad = np.arange(-20.0, 0.0, 0.05)
    noise = np.random.default_rng(2).standard_normal(len(pad))
    found = find_burnout(clean(np.append(pad, time), np.append(noise, height)))
    assert found == pytest.approx(2.5, abs=0.5)


@pytest.mark.parametrize("wrong_m", [-120.0, 150.0])
@pytest.mark.parametrize("row", [0, 1, 2, 6])
def test_a_wrong_row_at_the_start_is_no_burnout(row, wrong_m):
    time, height, _ = climb(burn_s=4.0, rate_hz=5.0, noise_m=0.5)
    height[row] += wrong_m
    assert find_burnout(clean(time, height)) == pytest.approx(4.0, abs=0.6)


def test_a_small_rocket_is_past_its_top_before_the_window_ends():
    time, height, top = climb(thrust_ms2=45.0, burn_s=0.6, k=1e-3, noise_m=0.2, rate_hz=20.0)
    assert time[-1] < 4.6
    falls = time[-1] + np.arange(0.05, 8.0, 0.05)
    found = predict_apogee(np.append(time, falls), np.append(height, top - 5.0 * (falls - time[-1])), HERE)
    assert found.status == "predicted"
    assert found.height_m == pytest.approx(top, rel=0.05)


@settings(max_examples=25)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=60),
    st.sampled_from([0.02, 0.1, 1.0]),
    st.sampled_from([None, 0.0]),
)
def test_garbage_gives_a_reason_or_numbers_never_a_crash(heights, step_s, start_s):
    time = step_s * np.arange(len(heights))
    found = predict_apogee(time, heights, HERE, coast_start_s=start_s)
    assert found.status in ("predicted", "no_coast", "too_few", "manoeuvre")
    if found.status == "predicted":
        assert np.isfinite([found.low_m, found.height_m, found.high_m, found.time_s]).all()
        assert found.low_m <= found.height_m <= found.high_m
    else:
        assert math.isnan(found.height_m)
