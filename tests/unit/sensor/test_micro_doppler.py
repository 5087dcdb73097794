import numpy as np
import pytest

from rampart.sensor.micro_doppler import LINE_MS, p_found, width_ms
from rampart.threat.signature import draw_tip_speed


@pytest.fixture
def tips(dice):
    rng = dice(5)
    return lambda kind, n: np.array([draw_tip_speed(rng, kind) for _ in range(n)])


def test_one_look_tells_drone_from_bird_as_often_as_published(tips, dice):
    """96 % with a 10 GHz CW radar (Signals 2023, 4:337), every drone and bird alike."""
    rng, n = dice(6), 4000
    drone, bird = (
        width_ms(tips(kind, n), np.full(n, 60.0), np.ones(n, bool), rng.random(n), rng.standard_normal(n))
        for kind in ("multirotor", "bird")
    )
    limit = np.sqrt(np.median(drone) * np.median(bird))
    right = 0.5 * ((drone > limit).mean() + (bird <= limit).mean())
    assert right == pytest.approx(0.96, abs=0.012)


def test_a_weak_echo_shows_nothing_but_the_radars_own_line(dice):
    n, rng = 500, dice(1)
    width = width_ms(np.full(n, 70.0), np.full(n, 5.0), np.ones(n, bool), rng.random(n), rng.standard_normal(n))
    assert np.median(width) == pytest.approx(LINE_MS, rel=0.05)
    assert p_found(5.0) < 0.01


def test_a_radar_reports_it_only_when_told_to(radar, straight, scan):
    drone = straight([500.0, 900.0, 100.0], [0.0, -30.0, 0.0], kind="multirotor", tip_speed_ms=65.0)
    assert np.isnan(scan(radar(), drone).records.doppler_spread_ms).all()
    looks = [scan(radar(micro_doppler=True), drone, number=k).records.doppler_spread_ms for k in range(20)]
    assert np.median(np.concatenate(looks)) > 25.0


def test_it_changes_no_other_number(radar, straight, scan):
    flight = straight([500.0, 900.0, 100.0], [0.0, -30.0, 0.0], kind="bird", tip_speed_ms=6.0)
    with_it = scan(radar(micro_doppler=True, false_alarms_per_scan=9.0), flight).records
    without = scan(radar(false_alarms_per_scan=9.0), flight).records
    assert np.array_equal(with_it.azimuth_rad, without.azimuth_rad)
    assert np.array_equal(with_it.snr_db, without.snr_db)


def test_a_propeller_seen_from_ahead_hardly_spreads_the_echo(radar, straight, scan):
    ahead = straight([0.0, 1200.0, 60.0], [0.0, -40.0, 0.0], kind="fixed_wing", tip_speed_ms=75.0)
    across = straight([0.0, 1200.0, 60.0], [28.0, -28.0, 0.0], kind="fixed_wing", tip_speed_ms=75.0)

    def width(flight):
        looks = [scan(radar(seed=k, micro_doppler=True), flight).records for k in range(60)]
        return np.median(np.concatenate([r.doppler_spread_ms for r in looks]))

    assert width(ahead) < 0.5 * width(across)


def test_false_alarms_beside_a_fixed_wing_craft_have_widths_too(radar, straight, scan):
    flight = straight([0.0, 1200.0, 60.0], [0.0, -40.0, 0.0], kind="fixed_wing", tip_speed_ms=75.0)
    result = scan(radar(micro_doppler=True, false_alarms_per_scan=30.0), flight)
    assert (result.info["flight"] < 0).sum() > 10
    assert np.isfinite(result.records.doppler_spread_ms).all()
