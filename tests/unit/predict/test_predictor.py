"""Impact and launch points of tracks."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.physics.environment import Environment
from rampart.physics.flight import fly, fly_to_ground
from rampart.physics.terrain import Terrain
from rampart.predict import PredictorSpec, predict_impact
from rampart.records import PredictionKind, Predictions, Site, TargetClass, Tracks, TrackStatus

NOW = 1_625_518_800_000_000_000
SITE = Site("s", 0.58, 0.77, 34.0)
AIR = Environment.standard(latitude_rad=0.58, height_m=34.0)
VACUUM = Environment.standard(latitude_rad=0.0, gravity_ms2=10.0, earth_radius_m=math.inf, rotation_rad_s=0.0)

STATE = np.array([3000.0, 2000.0, 1200.0, -180.0, -110.0, 60.0, math.log(2e-4)])
SIGMA = np.array([10.0, 10.0, 10.0, 3.0, 3.0, 3.0, 0.2])


def _chances(**classes):
    chances = np.zeros(len(TargetClass))
    for name, chance in classes.items():
        chances[TargetClass[name.upper()]] = chance
    return chances


def _tracks(n=1, state=STATE, sigma=SIGMA, covariance=None, status=TrackStatus.CONFIRMED, **classes):
    covariance = np.diag(np.square(sigma)) if covariance is None else covariance
    return Tracks.build(
        number=np.arange(1, n + 1),
        time_ns=np.full(n, NOW),
        state=np.tile(state[:6], (n, 1)),
        covariance=np.tile(covariance[:6, :6], (n, 1, 1)),
        ballistic_state=np.tile(state, (n, 1)),
        ballistic_covariance=np.tile(covariance, (n, 1, 1)),
        class_probability=np.tile(_chances(**(classes or {"shell": 0.9})), (n, 1)),
        status=np.full(n, status),
    )


def _predict(tracks, environment=AIR, **settings):
    return PredictorSpec(**settings).build(SITE, environment).step(NOW, tracks).records


def test_a_parabola():
    # no drag, g = 10: up 50 m/s from 120 m lands after 12 s, and rose from the ground 2 s ago
    state = np.array([1000.0, 0.0, 120.0, 30.0, 40.0, 50.0, math.log(1e-6)])
    row = _predict(_tracks(state=state, sigma=np.full(7, 1e-3)), VACUUM)[0]
    np.testing.assert_allclose(row.impact_enu, [1360.0, 480.0, 0.0], atol=0.5)
    np.testing.assert_allclose(row.launch_enu, [940.0, -80.0, 0.0], atol=0.5)
    assert (row.impact_ns - NOW) * 1e-9 == pytest.approx(12.0, abs=0.01)
    assert (row.launch_ns - NOW) * 1e-9 == pytest.approx(-2.0, abs=0.01)
    np.testing.assert_allclose(row.impact_velocity_enu, [30.0, 40.0, -70.0], atol=0.2)


def test_errors_come_down_as_they_are_carried():
    # the same parabola: an error of the vertical speed changes the time, and so both coordinates
    state = np.array([1000.0, 0.0, 120.0, 30.0, 40.0, 50.0, math.log(1e-6)])
    sigma = np.array([3.0, 4.0, 1.0, 0.5, 0.6, 0.7, 1e-6])
    row = _predict(_tracks(state=state, sigma=sigma), VACUUM)[0]
    time = np.array([0, 0, 1 / 70.0, 0, 0, 12.0 / 70.0])  # d(time) / d(state)
    east = np.array([1.0, 0, 0, 12.0, 0, 0]) + 30.0 * time
    north = np.array([0, 1.0, 0, 0, 12.0, 0]) + 40.0 * time
    jacobian = np.array([east, north])
    np.testing.assert_allclose(row.impact_covariance, jacobian @ np.diag(sigma[:6] ** 2) @ jacobian.T, rtol=0.01)
    assert row.impact_sigma_s == pytest.approx(math.sqrt(time @ np.diag(sigma[:6] ** 2) @ time), rel=0.01)


def test_the_mean_of_many_flights():
    rng = np.random.default_rng(4)
    spread = rng.normal(size=(7, 7)) * 0.2
    spread = np.diag(SIGMA) @ (np.eye(7) + spread) @ np.diag([1.5, 1, 1, 2, 2, 2, 1])
    covariance = spread @ spread.T
    row = _predict(_tracks(covariance=covariance))[0]
    flown = fly_to_ground(rng.multivariate_normal(STATE, covariance, 3000), AIR, step_s=2.0).position_enu[:, :2]
    error = np.sqrt(np.trace(row.impact_covariance))
    np.testing.assert_allclose(row.impact_enu[:2], flown.mean(axis=0), atol=0.06 * error)
    np.testing.assert_allclose(row.impact_covariance, np.cov(flown.T), rtol=0.1, atol=0.03 * error**2)


def test_a_coarse_step_is_enough():
    coarse, fine = _predict(_tracks(), step_s=1.0)[0], _predict(_tracks(), step_s=0.1)[0]
    np.testing.assert_allclose(coarse.impact_enu, fine.impact_enu, atol=0.02)
    np.testing.assert_allclose(coarse.impact_covariance, fine.impact_covariance, rtol=0.01)
    assert coarse.impact_ns == pytest.approx(fine.impact_ns, abs=5e6)


def test_impact_lies_on_the_terrain():
    north, east = np.mgrid[-5000:5001:100.0, -5000:5001:100.0]
    ramp = Terrain(0.1 * east + 0.0 * north, -5000.0, -5000.0, 100.0)
    hill = Environment.standard(latitude_rad=0.58, height_m=34.0, terrain=ramp)
    row = _predict(_tracks(), hill)[0]
    assert row.impact_enu[2] == pytest.approx(0.1 * row.impact_enu[0], abs=0.5)
    assert row.launch_enu[2] == pytest.approx(0.1 * min(row.launch_enu[0], 5000.0), abs=0.5)


@pytest.mark.parametrize("height_m", [4.0, -4.0, -60.0])
def test_close_to_the_ground_part_of_the_cloud_is_down_already(height_m):
    state = np.array([100.0, 0.0, height_m, 60.0, 0.0, -120.0, math.log(2e-4)])
    row = _predict(_tracks(state=state))[0]
    assert (row.impact_ns - NOW) * 1e-9 == pytest.approx(height_m / 120.0, abs=0.02)
    np.testing.assert_allclose(row.impact_enu, [100.0 + height_m / 2, 0.0, 0.0], atol=2.0)
    # a position error of 10 m up and sideways: 10 m across, sqrt(10^2 + 5^2) along
    np.testing.assert_allclose(np.sqrt(np.diag(row.impact_covariance)), [11.2, 10.0], atol=0.3)


def test_few_looks_give_a_sane_mean_and_an_honest_ellipse():
    sigma = np.array([20.0, 20.0, 20.0, 60.0, 60.0, 60.0, 1.0])
    row = _predict(_tracks(sigma=sigma))[0]
    sharp = _predict(_tracks(sigma=np.full(7, 1e-3)))[0]
    assert np.isfinite(row.impact_covariance).all()
    assert np.linalg.eigvalsh(row.impact_covariance).min() > 0.0
    assert np.hypot(*(row.impact_enu - sharp.impact_enu)[:2]) < np.sqrt(np.trace(row.impact_covariance)) / 2
    assert row.ellipse_major_m > 1500.0
    states = np.random.default_rng(5).normal(STATE, sigma, (1000, 7))
    states[:, 6] = np.clip(states[:, 6], math.log(1e-6), math.log(1e-3))
    flown = fly_to_ground(states, AIR, step_s=1.0).position_enu[:, :2] - row.impact_enu[:2]
    inside = np.einsum("ni,ij,nj->n", flown, np.linalg.inv(row.impact_covariance), flown) < 4.605
    assert 0.8 < inside.mean() < 0.97


def test_no_launch_point_where_flown_back_it_gains_speed_without_end():
    state = np.array([0.0, 0.0, 300.0, 250.0, 0.0, -250.0, math.log(1e-3)])
    row = _predict(_tracks(state=state))[0]
    assert np.isfinite(row.impact_enu).all()
    assert np.isnan(row.launch_enu).all()
    assert np.isnan(row.launch_covariance).all()
    assert row.launch_ns == 0


def test_a_rocket_started_before_its_arc_did():
    shell, rocket = _predict(_tracks(shell=0.8))[0], _predict(_tracks(rocket=0.8), boost_s=2.0)[0]
    assert (shell.launch_ns - rocket.launch_ns) * 1e-9 == pytest.approx(1.0)
    assert np.linalg.eigvalsh(rocket.launch_covariance - shell.launch_covariance).min() > 0.9


@pytest.mark.parametrize("elevation_deg", [40.0, 60.0])
def test_the_launch_of_a_boosted_flight_is_found_within_a_metre(elevation_deg):
    e, boost_s, ln_drag = math.radians(elevation_deg), 1.6, math.log(5e-5)
    start = [0.0, 0.0, 0.0, 0.0, 30.0 * math.cos(e), 30.0 * math.sin(e), ln_drag]
    flown = fly(start, AIR, duration_s=3.0, step_s=0.05, thrust_ms2=170.0, thrust_until_s=boost_s)
    coasting = np.concatenate([flown.position_enu[-1], flown.velocity_enu[-1], [ln_drag]])
    as_shell, as_rocket = (
        _predict(_tracks(state=coasting, sigma=np.full(7, 1e-3), **{name: 1.0}), boost_s=boost_s)[0]
        for name in ("shell", "rocket")
    )
    assert as_shell.launch_enu[1] < -1.2
    assert abs(as_rocket.launch_enu[1]) < 1.0
    assert as_rocket.launch_enu[0] == pytest.approx(0.0, abs=0.1)


def test_under_thrust_the_ellipse_reaches_on():
    coasting, tracks = _predict(_tracks(rocket=0.9))[0], _tracks(rocket=0.9)
    modes = np.array([[0.9, 0.1, 0.0, 0.0, 0.0]])
    burning = _predict(tracks.replace(mode_probability=modes), boost_growth=0.25)[0]
    faster = _predict(_tracks(state=STATE * [1, 1, 1, 1.25, 1.25, 1.25, 1], rocket=0.9))[0]
    along = (faster.impact_enu - coasting.impact_enu)[:2]
    distance = np.hypot(*along)
    # further on by what the speed gains, and as uncertain along the course; across it as before
    np.testing.assert_allclose(burning.impact_enu, faster.impact_enu, atol=0.2 * distance)
    along /= distance
    across = np.array([-along[1], along[0]])
    assert np.sqrt(along @ burning.impact_covariance @ along) == pytest.approx(distance, rel=0.3)
    assert np.sqrt(across @ burning.impact_covariance @ across) < 0.1 * distance
    np.testing.assert_array_equal(burning.launch_enu, coasting.launch_enu)


def test_what_never_comes_down_is_not_predicted():
    assert len(_predict(_tracks(), flight_limit_s=3.0)) == 0
    mixed = Tracks.concat([_tracks(), _tracks(state=STATE * [1, 1, 0.1, 0.1, 0.1, -1, 1])])
    assert len(_predict(mixed, flight_limit_s=10.0)) == 1


@pytest.mark.parametrize(
    ("status", "predicted"),
    [
        (TrackStatus.TENTATIVE, False),
        (TrackStatus.CONFIRMED, True),
        (TrackStatus.COASTED, True),
        (TrackStatus.DELETED, False),
    ],
)
def test_confirmed_and_coasted_tracks_are_predicted(status, predicted):
    assert len(_predict(_tracks(status=status))) == predicted


def test_tentative_tracks_if_asked_for():
    assert len(_predict(_tracks(status=TrackStatus.TENTATIVE), tentative=True)) == 1


def test_each_plausible_family_gets_a_row():
    tracks = Tracks.concat(
        [
            _tracks(rocket=0.4, mortar=0.2, fixed_wing=0.3),
            _tracks(bird=0.95, multirotor=0.05),
            _tracks(multirotor=0.6, aircraft=0.4),
        ]
    )
    tracks = tracks.replace(number=[7, 8, 9])
    rows = _predict(tracks)
    assert rows.track.tolist() == [7, 7, 9]
    assert rows.kind.tolist() == [PredictionKind.IMPACT, PredictionKind.REACH, PredictionKind.REACH]
    np.testing.assert_allclose(rows.weight, [0.6, 0.3, 0.6])


def test_a_dead_ballistic_mode_gives_no_impact():
    tracks = _tracks(rocket=0.5, multirotor=0.5)
    dead = tracks.replace(ballistic_state=np.full((1, 7), np.nan), ballistic_covariance=np.full((1, 7, 7), np.nan))
    assert _predict(dead).kind.tolist() == [PredictionKind.REACH]


def test_a_track_is_predicted_as_if_it_were_alone():
    rng = np.random.default_rng(8)
    tracks = _tracks(5)
    error, known = np.zeros((5, 4)), np.zeros((5, 4, 11))
    error[1], known[1, :, 7:], known[4, :, 7:] = [2.0, -1.0, 0.1, 0.0], np.diag([4.0, 4.0, 0.01, 0.01]), np.eye(4)
    tracks = tracks.replace(
        ballistic_state=tracks.ballistic_state + rng.normal(size=(5, 7)) * SIGMA,
        model_error=error,  # of two of them alone
        model_error_covariance=known,
    )
    together = _predict(tracks)
    alone = Predictions.concat([_predict(tracks.take([i])) for i in (3, 0, 4, 1, 2)])
    assert together.take([3, 0, 4, 1, 2]).canonical_bytes() == alone.canonical_bytes()


def test_a_flight_model_without_errors_is_the_limit_of_one_with_small_ones():
    none = _predict(_tracks().replace(model_error=np.zeros((1, 4)), model_error_covariance=np.zeros((1, 4, 11))))
    small = np.zeros((1, 4, 11))
    small[0, :, 7:] = 1e-12 * np.eye(4)
    some = _predict(_tracks().replace(model_error=np.full((1, 4), 1e-9), model_error_covariance=small))
    unknown = _predict(_tracks())
    assert unknown.canonical_bytes() == none.canonical_bytes() != some.canonical_bytes()
    np.testing.assert_allclose(some.impact_covariance, none.impact_covariance, rtol=1e-6)
    np.testing.assert_allclose(some.impact_enu, none.impact_enu, atol=1e-4)


def test_no_column_keeps_what_was_in_memory(monkeypatch):
    tracks = Tracks.concat([_tracks(rocket=0.6, fixed_wing=0.3), _tracks(multirotor=0.9), _tracks(shell=1.0)])
    plain, unwritten = _predict(tracks), Predictions.unwritten
    for value in (0, 77):

        def littered(n, value=value):
            rows = unwritten(n)
            for name in Predictions.names():
                getattr(rows, name).fill(value)
            return rows

        monkeypatch.setattr(Predictions, "unwritten", littered)
        assert _predict(tracks).canonical_bytes() == plain.canonical_bytes()


def test_inputs_stay_as_they_are_and_nothing_is_remembered():
    tracks = _tracks(3)
    before = tracks.canonical_bytes()
    predictor = PredictorSpec().build(SITE, AIR)
    first = predictor.step(NOW, tracks).records.canonical_bytes()
    assert tracks.canonical_bytes() == before
    saved = predictor.snapshot()
    predictor.step(NOW, _tracks(state=STATE * 0.5))
    other = PredictorSpec().build(SITE, AIR)
    other.restore(saved)
    assert other.step(NOW, tracks).records.canonical_bytes() == first
    assert predictor.step(NOW, tracks).records.canonical_bytes() == first
    with pytest.raises(ValueError, match="version"):
        other.restore({"version": 99})


def test_arrays_are_contiguous_for_the_kernels_that_read_them():
    rows = _predict(_tracks(3))
    assert all(getattr(rows, name).flags.c_contiguous for name in Predictions.names())


def test_no_tracks_no_predictions():
    assert len(_predict(Tracks.empty())) == 0


def test_predict_impact_of_one_track():
    tracks = _tracks(unknown=1.0, status=TrackStatus.TENTATIVE)
    impact = predict_impact(tracks[0], AIR, probability=0.5)
    row = _predict(_tracks())[0]
    np.testing.assert_array_equal(impact.impact_enu, row.impact_enu)
    assert impact.ellipse_probability == 0.5
    assert impact.ellipse_major_m == pytest.approx(row.ellipse_major_m * math.sqrt(math.log(2) / math.log(10)))
    with pytest.raises(ValueError, match="no impact"):
        predict_impact(_tracks(state=np.full(7, np.nan))[0], AIR)


@pytest.mark.parametrize(
    "bad",
    [
        {"ellipse_probability": 1.0},
        {"step_s": 0.0},
        {"minimum_class_probability": 2.0},
        {"horizon_s": float("inf")},
        {"horizon": 3.0},
    ],
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValidationError):
        PredictorSpec(**bad)


def test_a_drone_that_says_who_it_is_is_hardly_a_threat():
    state = np.array([600.0, 0.0, 80.0, -15.0, 0.0, 0.0, 0.0])
    drone = _tracks(state=state, multirotor=0.9)
    named = drone.replace(identity=np.array(["RID00001"]))
    assert _predict(drone).weight.tolist() == [0.9]
    assert _predict(named).weight.tolist() == pytest.approx([0.045])
    assert _predict(named, identified_threat=1.0).weight.tolist() == [0.9]
    # what falls is a threat whatever it says
    rocket = _tracks(rocket=0.9).replace(identity=np.array(["4CA7A8"]))
    assert _predict(rocket).weight.tolist() == [0.9]
