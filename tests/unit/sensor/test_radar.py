import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain
from rampart.records import DetectionFlag, TargetClass
from rampart.sensor.gates import Gate, count_gates
from rampart.sensor.radar import Radar2DSpec, Radar3DSpec
from rampart.sensor.range_law import p_detect, range_factor, snr_at
from rampart.sensor.sky import Sky

NEAR = [1_000.0, 2_000.0, 800.0]  # in every cover of these tests
FAST = [0.0, 120.0, 0.0]


def gate_of(result, i=0):
    return Gate(int(result.info["gates"].gate[i]))


def many_scans(radar, flight, count=400):
    """Detected scans of a flight that stands still in the sky but is seen as moving: one look per scan."""
    sky = Sky.build([flight])
    results = [radar.step(radar.schedule.delivery_ns(k), sky) for k in range(count)]
    return [r for r in results if len(r.records)], len(results)


# --- each gate, forced ---------------------------------------------------------------------------------------------


def test_a_strong_near_target_is_detected(radar, straight, scan):
    result = scan(radar(), straight(NEAR, FAST, rcs_dbsm=20.0))
    assert gate_of(result) == Gate.DETECTED
    assert len(result.records) == 1
    assert result.info["flight"].tolist() == [0]


@pytest.mark.parametrize(
    ("gate", "position", "velocity", "keys"),
    [
        (Gate.RANGE, [0.0, 100.0, 50.0], FAST, {"min_range_m": 500.0}),
        (Gate.RANGE, [0.0, 15_000.0, 3_000.0], FAST, {"max_range_m": 12_000.0}),
        (Gate.HORIZON, [0.0, 60_000.0, 30.0], FAST, {"max_range_m": 90_000.0}),
        (Gate.BEAM, [0.0, 2_000.0, 4_000.0], FAST, {"max_elevation_deg": 50.0}),
        (Gate.BEAM, [2_000.0, 0.0, 500.0], [120.0, 0.0, 0.0], {"sector_middle_deg": 0.0, "sector_width_deg": 90.0}),
        (Gate.NOTCH, [0.0, 3_000.0, 500.0], [15.0, 15.0, 0.0], {}),
        (Gate.NOTCH, [0.0, 3_000.0, 500.0], [200.0, 0.0, 0.0], {}),
        (Gate.SNR, [0.0, 9_000.0, 2_000.0], FAST, {"reference_range_m": 100.0}),
    ],
)
def test_every_refusal_has_its_gate(radar, straight, scan, gate, position, velocity, keys):
    result = scan(radar(mode="staring", **keys), straight(position, velocity))
    assert gate_of(result) == gate
    assert len(result.records) == 0


def test_a_ridge_masks(radar, straight, scan):
    heights = np.zeros((21, 21))
    heights[12, :] = 300.0  # 1 km north of the radar
    terrain = Terrain(heights, east0_m=-5_000.0, north0_m=-5_000.0, step_m=500.0)
    here = Environment.standard(latitude_rad=0.58, terrain=terrain)
    behind, above = straight([0.0, 3_000.0, 200.0], FAST), straight([100.0, 3_000.0, 1_500.0], FAST, rcs_dbsm=30.0)
    result = scan(radar(environment=here), behind, above)
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.MASK, Gate.DETECTED]


def test_a_flight_is_absent_before_launch_after_impact_and_once_destroyed(radar, straight):
    sky = Sky.build([straight(NEAR, FAST, rcs_dbsm=30.0)])
    destroyed = sky.with_ended(np.array([5.0]))
    sensor = radar(mode="staring")

    def gate(now_s, sky):
        return gate_of(sensor.step(sensor.schedule.delivery_ns(round(now_s / 0.5) - 1), sky))

    assert gate(4.5, destroyed) == Gate.DETECTED
    assert gate(5.5, destroyed) == Gate.ABSENT
    assert gate(5.5, sky) == Gate.DETECTED
    assert gate(100.5, sky) == Gate.ABSENT


def test_two_targets_in_a_cell_give_one_detection_the_stronger(radar, straight, scan):
    weak, strong = straight([0.0, 4_000.0, 900.0], FAST), straight([5.0, 4_005.0, 900.0], FAST, rcs_dbsm=25.0)
    result = scan(radar(mode="staring"), weak, strong)
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.CELL, Gate.DETECTED]
    assert result.info["flight"].tolist() == [1]


@pytest.mark.parametrize("offset", [[0.0, 60.0, 0.0], [300.0, 0.0, 0.0], [0.0, 0.0, 300.0]])
def test_targets_a_cell_apart_in_any_direction_are_two_detections(radar, straight, scan, offset):
    one = np.array([0.0, 4_000.0, 900.0])
    result = scan(
        radar(mode="staring"), straight(one, FAST, rcs_dbsm=30.0), straight(one + offset, FAST, rcs_dbsm=30.0)
    )
    assert count_gates(result.info["gates"]) == {"detected": 2}


# --- range law -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("swerling", "rcs", "share"), [(1, 0.0, 1.0), (1, -15.0, 1.0), (3, 0.0, 1.3), (0, -8.0, 1.8)])
def test_detections_come_as_often_as_the_law_says(radar, straight, swerling, rcs, share):
    """At `share` of the range at which the target's cross-section has the reference signal."""
    distance = 12_000.0 * float(range_factor(rcs)) * share
    sensor = radar(mode="staring", max_range_m=50_000.0, scan_period_s=0.01)
    place = distance / math.sqrt(1.25)
    flight = straight([0.0, place, 0.5 * place + 10.0], [0.0, -60.0, -30.0], rcs_dbsm=rcs, swerling=swerling)
    seen, count = many_scans(sensor, flight, 1_500)
    # over 15 s it comes 1 km nearer: the mean of the law over the way
    ranges = [float(np.linalg.norm(flight.position_enu[0] - [0.0, 0.0, 10.0]) - 67.08 * 0.01 * k) for k in range(count)]
    expected = float(p_detect(snr_at(ranges, rcs, 12_000.0, 1e-6), swerling, 1e-6).mean())
    assert 0.05 < expected < 0.97
    assert abs(len(seen) - count * expected) < 4.0 * math.sqrt(count * expected * (1.0 - expected))


def test_the_reported_sigmas_are_those_of_the_noise(radar, straight):
    flight = straight([2_000.0, 5_000.0, 1_500.0], [-40.0, -90.0, 5.0], rcs_dbsm=-8.0)
    sensor = radar(mode="staring", scan_period_s=0.02)
    seen, _ = many_scans(sensor, flight, 1_200)
    errors, sigmas = [], []
    for result in seen:
        row = result.records[0]
        when = (int(row.time_ns) - sensor.schedule.start_ns) * 1e-9
        velocity = flight.velocity_enu[0]
        offset = flight.position_enu[0] + when * velocity - [0.0, 0.0, 10.0]
        distance = np.linalg.norm(offset)
        truth = [
            distance,
            math.atan2(offset[0], offset[1]),
            math.asin(offset[2] / distance),
            offset @ velocity / distance,
        ]
        errors.append(np.array([row.range_m, row.azimuth_rad, row.elevation_rad, row.range_rate_ms]) - truth)
        sigmas.append([row.range_sigma_m, row.azimuth_sigma_rad, row.elevation_sigma_rad, row.range_rate_sigma_ms])
    normed = np.array(errors) / np.array(sigmas)
    n = len(normed)
    assert n > 900
    assert (np.abs(normed.mean(axis=0)) < 4.0 / math.sqrt(n)).all()
    assert (np.abs(normed.var(axis=0) - 1.0) < 4.0 * math.sqrt(2.0 / n)).all()


def test_noise_falls_with_the_signal_between_its_bounds(radar, straight, scan):
    far = scan(radar(4), straight([0.0, 11_500.0, 2_000.0], FAST, rcs_dbsm=0.0)).records[0]
    near = scan(radar(4), straight([0.0, 1_500.0, 300.0], FAST, rcs_dbsm=10.0)).records[0]
    assert near.range_sigma_m == pytest.approx(3.0)
    assert near.range_sigma_m < far.range_sigma_m <= 15.0
    assert far.azimuth_sigma_rad / far.range_sigma_m == pytest.approx(math.radians(0.2) / 10.0)


def test_the_cross_section_is_estimated_without_bias_beyond_the_fluctuation(radar, straight):
    flight = straight([0.0, 3_000.0, 600.0], [0.0, -30.0, 0.0], rcs_dbsm=-5.0, swerling=0)
    seen, _ = many_scans(radar(mode="staring", scan_period_s=0.02), flight, 300)
    assert np.mean([r.records.rcs_dbsm[0] for r in seen]) == pytest.approx(-5.0, abs=0.1)


# --- scan ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("azimuth", [0.1, 1.5, 3.0, 4.5, 6.1])
def test_a_rotating_antenna_meets_a_target_at_its_azimuth(radar, straight, scan, azimuth):
    place = 3_000.0 * np.array([math.sin(azimuth), math.cos(azimuth), 0.3])
    result = scan(radar(scan_period_s=4.0), straight(place, -0.03 * place, rcs_dbsm=30.0), number=2)
    when = result.info["gates"].time_s[0] - 8.0
    assert when == pytest.approx(4.0 * azimuth / (2.0 * math.pi), abs=1e-6)
    assert result.records.time_ns[0] < result.records.received_ns[0]


def test_a_staring_radar_looks_at_all_at_the_end_of_the_scan(radar, straight, scan):
    sensor = radar(mode="staring")
    result = scan(sensor, straight(NEAR, FAST, rcs_dbsm=30.0), number=4)
    assert result.info["gates"].time_s[0] == 2.5
    assert int(result.records.time_ns[0]) == sensor.schedule.start_ns + 2_500_000_000
    assert int(result.records.received_ns[0]) == sensor.schedule.start_ns + 2_600_000_000


def test_the_2d_radar_measures_no_elevation_but_has_a_cover_in_it(radar, straight, scan):
    sensor = radar(spec=Radar2DSpec, max_elevation_deg=30.0)
    result = scan(sensor, straight(NEAR, FAST, rcs_dbsm=30.0), straight([0.0, 1_000.0, 2_000.0], FAST))
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.DETECTED, Gate.BEAM]
    row = result.records[0]
    assert math.isnan(row.elevation_rad)
    assert math.isnan(row.elevation_sigma_rad)
    assert row.range_rate_ms == pytest.approx(100.0, abs=10.0)


def test_the_2d_radar_does_not_resolve_in_elevation(radar, straight, scan):
    low, high = [0.0, 4_000.0, 10.0], [0.0, 4_000.0 * math.cos(0.2), 10.0 + 4_000.0 * math.sin(0.2)]
    flights = straight(low, FAST, rcs_dbsm=30.0), straight(high, FAST, rcs_dbsm=35.0)
    assert count_gates(scan(radar(mode="staring"), *flights).info["gates"]) == {"detected": 2}
    flat = scan(radar(spec=Radar2DSpec, mode="staring"), *flights)
    assert count_gates(flat.info["gates"]) == {"detected": 1, "cell": 1}


def test_a_radar_without_doppler_reports_no_range_rate(radar, straight, scan):
    row = scan(radar(measures_range_rate=False, false_alarms_per_scan=5.0), straight(NEAR, FAST)).records
    assert np.isnan(row.range_rate_ms).all()
    assert np.isnan(row.range_rate_sigma_ms).all()


# --- false alarms and clutter --------------------------------------------------------------------------------------


def test_false_alarms_are_poisson_uniform_and_outside_the_notch(radar):
    sensor, sky = radar(false_alarms_per_scan=20.0), Sky.build([])
    batches = [sensor.step(sensor.schedule.delivery_ns(k), sky).records for k in range(500)]
    counts = np.array([len(b) for b in batches])
    assert abs(counts.mean() - 20.0) < 4.0 * math.sqrt(20.0 / 500)
    assert counts.var() == pytest.approx(20.0, rel=0.3)
    ranges = np.concatenate([b.range_m for b in batches])
    azimuths = np.concatenate([b.azimuth_rad for b in batches])
    rates = np.concatenate([b.range_rate_ms for b in batches])
    assert ranges.min() >= 150.0
    assert ranges.max() <= 20_000.0
    assert ranges.mean() == pytest.approx(10_075.0, rel=0.02)
    assert np.histogram(azimuths, 4, (0.0, 2.0 * math.pi))[0] == pytest.approx(len(azimuths) / 4, rel=0.1)
    assert (np.abs(rates) >= 25.0).all()
    assert abs(np.sign(rates).mean()) < 0.05


def test_a_false_alarm_is_just_above_the_threshold(radar):
    sensor = radar(false_alarms_per_scan=200.0)
    snr = sensor.step(sensor.schedule.delivery_ns(0), Sky.build([])).records.snr_db
    assert snr.min() > 10.0 * math.log10(-math.log(1e-6) - 1.0)
    assert np.median(snr) < 12.0


def test_clutter_cells_stay_where_they_are(radar):
    sensor, sky = radar(clutter_cells=6, clutter_p_detect=0.5), Sky.build([])
    batches = [sensor.step(sensor.schedule.delivery_ns(k), sky) for k in range(300)]
    ranges = np.concatenate([b.records.range_m for b in batches])
    assert abs(len(ranges) - 900) < 4.0 * math.sqrt(300 * 6 * 0.25)
    # they gather about six ranges: gaps between sorted reports of different cells are rare
    assert (np.diff(np.sort(ranges)) > 40.0).sum() <= 5
    assert all((b.info["flight"] == -1).all() for b in batches)


def test_reports_are_in_order_of_time_so_that_order_does_not_tell_truth(radar, straight, scan):
    sensor = radar(false_alarms_per_scan=30.0)
    result = scan(sensor, *(straight([x, 3_000.0, 900.0], FAST, rcs_dbsm=30.0) for x in (-2_000.0, 0.0, 2_000.0)))
    assert (np.diff(result.records.time_ns) >= 0).all()
    assert (result.info["flight"] >= 0).sum() == 3
    assert result.info["flight"].tolist() != sorted(result.info["flight"].tolist())


# --- bookkeeping ---------------------------------------------------------------------------------------------------


def test_reports_are_marked_simulated_and_say_no_class(radar, straight, scan):
    records = scan(radar(false_alarms_per_scan=5.0), straight(NEAR, FAST, rcs_dbsm=30.0)).records
    assert set(records.flags.tolist()) == {DetectionFlag.SIMULATED}
    assert set(records.class_hint.tolist()) == {TargetClass.UNKNOWN}
    assert set(records.number.tolist()) == {0}


def test_an_interrogator_reads_transponders_but_no_radio_links(radar, straight, scan):
    liner = straight(NEAR, FAST, identity="F0ABCD", rcs_dbsm=30.0)
    drone = straight([-2_000.0, 1_000.0, 300.0], FAST, identity="RID00001", emits=True, rcs_dbsm=30.0)
    result = scan(radar(), liner, drone)
    found = dict(zip(result.info["flight"].tolist(), result.records.identity.tolist(), strict=True))
    assert found == {0: "F0ABCD", 1: ""}
    assert set(scan(radar(interrogates=False), liner).records.identity.tolist()) == {""}


def test_the_same_dice_give_the_same_bytes(radar, straight, scan):
    flights = straight(NEAR, FAST), straight([0.0, 9_000.0, 900.0], FAST)
    one, two = (scan(radar(7, false_alarms_per_scan=20.0), *flights, number=3) for _ in range(2))
    assert one.records.canonical_bytes() == two.records.canonical_bytes()


def test_a_restored_radar_goes_on_as_the_first_would_have(radar, straight):
    keys = {"false_alarms_per_scan": 20.0, "clutter_cells": 5}
    first, second = radar(7, **keys), radar(7, **keys)
    sky = Sky.build([straight(NEAR, FAST), straight([0.0, 9_000.0, 900.0], FAST)])
    for k in range(5):
        first.step(first.schedule.delivery_ns(k), sky)
    second.restore(first.snapshot())
    for k in range(5, 8):
        a, b = (r.step(r.schedule.delivery_ns(k), sky).records for r in (first, second))
        assert a.canonical_bytes() == b.canonical_bytes()


def test_one_flight_destroyed_leaves_the_dice_of_the_others(radar, straight):
    sky = Sky.build([straight(NEAR, FAST), straight([0.0, 6_000.0, 900.0], FAST)])
    gone = sky.with_ended(np.array([0.0, np.inf]))
    rows = []
    for scene in (sky, gone):
        sensor = radar(3, false_alarms_per_scan=20.0)
        seen = [sensor.step(sensor.schedule.delivery_ns(k), scene) for k in range(20)]
        rows.append([r.records.take(r.info["flight"] != 0).canonical_bytes() for r in seen])
    assert rows[0][1:] == rows[1][1:]


def test_the_sky_is_not_changed(radar, straight):
    sky = Sky.build([straight(NEAR, FAST)])
    before = sky.position_enu.copy(), sky.ended_s.copy()
    sensor = radar()
    sensor.step(sensor.schedule.delivery_ns(0), sky)
    assert (sky.position_enu == before[0]).all()
    assert (sky.ended_s == before[1]).all()


def test_an_empty_sky_gives_an_empty_batch(radar, scan):
    result = scan(radar())
    assert len(result.records) == len(result.info["flight"]) == len(result.info["gates"].gate) == 0


def test_the_chain_is_told_the_data_sheet_only(site):
    model = Radar3DSpec(id="r", kind="radar3d", position_enu_m=[0.0, 0.0, 12.0]).model(site)
    assert (model.range_sigma_m, model.p_detect, model.rotating) == (10.0, 0.9, True)
    assert model.elevation_sigma_rad == pytest.approx(math.radians(0.2))
    assert math.isnan(
        Radar2DSpec(id="r", kind="radar2d", position_enu_m=[0.0, 0.0, 12.0]).model(site).elevation_sigma_rad
    )


def test_a_radar_underground_is_refused(radar):
    with pytest.raises(InputError, match=r"'r'.*20.0 m below the ground"):
        radar(position_enu_m=[0.0, 0.0, -20.0])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"range_sigma_m": 0.0}, "range_sigma_m"),
        ({"min_range_m": 30_000.0}, "min_range_m below max_range_m"),
        ({"min_elevation_deg": 80.0}, "min_elevation_deg below"),
        ({"false_alarm_speed_ms": 10.0}, "false_alarm_speed_ms above"),
        ({"false_alarms_per_scan": math.nan}, "false_alarms_per_scan"),
        ({"mode": "spinning"}, "mode"),
        ({"beam": 3}, "beam"),
    ],
)
def test_nonsense_is_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        Radar3DSpec(id="r", kind="radar3d", position_enu_m=[0.0, 0.0, 12.0], **keys)
