"""The fit of a falling body, by itself: what comes out against the truth, normal points, what the model has wrong."""

import math

import numpy as np
import pytest

from rampart.physics._kernels import rk4_step_state
from rampart.physics.drag import drag_table
from rampart.physics.environment import Environment
from rampart.physics.model_error import bend_drag, probe_drags, probe_winds, shift_wind
from rampart.records import SensorModel, Site
from rampart.track import constants as k
from rampart.track.fit import _kernels
from rampart.track.fit.boost import _kernels as boost
from rampart.track.fit.flight import _kernels as flight
from rampart.track.fit.matrix import _kernels as small
from rampart.track.fit.memory import _kernels as memory
from rampart.track.fit.points import _kernels as points
from rampart.track.settings import TrackerSpec, parameters, sensor_table

AIR = Environment.standard(latitude_rad=0.58, height_m=34.0)
START = np.array([3000.0, 1500.0, 900.0, -120.0, 60.0, 110.0, math.log(8e-5)])
ANGLE = math.radians(0.1)


def _env(air=AIR):
    return (*air.arrays(), probe_winds(air.atmosphere), probe_drags("g1"))


def _site(**biases):
    radar = SensorModel(
        "r",
        "radar3d",
        np.zeros(3),
        0.2,
        range_sigma_m=5.0,
        azimuth_sigma_rad=ANGLE,
        elevation_sigma_rad=ANGLE,
        **biases,
    )
    return Site("s", 0.58, 0.77, 34.0, sensors=(radar,))


class Case:
    """One body, looked at every `period` s, fitted at each look; under `thrust` (m/s2, s from the first look)."""

    def __init__(
        self,
        spec=None,
        *,
        air=AIR,
        drag=None,
        noise=None,
        bias=(0.0, 0.0, 0.0),
        period=0.2,
        thrust=(0.0, 0.0),
        **biases,
    ):
        site = _site(**biases)
        self.p = parameters(spec or TrackerSpec(), site, AIR)
        self.sensors, self.env = sensor_table(site), _env()
        self.fit, self.whole = np.zeros(k.N_FIT), np.zeros(k.N_WHOLE, np.int64)
        self.x, self.P, self.scratch = START.copy(), np.eye(7), np.zeros((24, 8))
        self.truth = START.copy()
        self.forces = (air.site, air.atmosphere, drag_table("g1") if drag is None else drag)
        self.noise, self.bias = noise, np.array(bias)
        self.period, self.thrust = period, thrust

    def fly(self, n):
        """Carry the truth from the n-th look to the next."""
        push, until = self.thrust
        burns = min(max(until - n * self.period, 0.0), self.period)
        for gap, pushed in ((burns, push), (self.period - burns, 0.0)):
            for _ in range(4):
                rk4_step_state(self.truth, gap / 4.0, pushed, *self.forces, self.truth)

    def look(self, n):
        """The n-th look: keep it and fit."""
        z = np.full(k.N_Z, np.nan)
        e, north, u = self.truth[:3]
        level = math.hypot(e, north)
        polar = np.array([math.hypot(level, u), math.atan2(e, north), math.atan2(u, level)]) + self.bias
        sigma = np.array([5.0, ANGLE, ANGLE])
        if self.noise is not None:
            polar += sigma * self.noise.normal(size=3)
        z[k.Z_TIME], z[k.Z_RANGE : k.Z_RANGE + 3], z[k.Z_SIGMA : k.Z_SIGMA + 3] = self.period * n, polar, sigma
        z[k.Z_EAST : k.Z_EAST + 3] = self.truth[:3]
        mask = k.HAS_RANGE | k.HAS_AZIMUTH | k.HAS_ELEVATION
        if n == 0:
            memory.begin_unknown(self.fit, self.whole, z, self.p)
        if self.whole[k.KEPT] == k.FIT_ROOM:
            points.condense(self.fit, self.whole, self.sensors, self.p, self.env, self.scratch)
        memory.keep(self.fit, self.whole, z, mask, 0)
        self.x[:6] = self.truth[:6] if n < 2 else self.x[:6]
        held = n == 0 or _kernels.refit(
            self.x, self.P, self.fit, self.whole, self.sensors, self.p, self.env, self.scratch
        )
        self.fly(n)
        return held

    def run(self, looks):
        """Look so many times; error of the state at the last look."""
        for n in range(looks):
            last = self.truth.copy()
            assert self.look(n)
        return self.x - last

    @property
    def errors(self):
        """Mean (4,) and covariance (4, 11) of the model's errors."""
        block = self.fit[k.FIT_ERROR :]
        return block[:4], block[4:].reshape(4, 11)

    def joint(self):
        """Covariance of state and errors (11, 11)."""
        cross = self.errors[1]
        return np.block([[self.P, cross[:, :7].T], [cross[:, :7], cross[:, 7:]]])


PERFECT = TrackerSpec(wind_error_ms=0.0, drag_curve_error=0.0)


def test_without_noise_the_flight_is_found():
    case = Case(PERFECT)
    error = case.run(60)
    # all that is left is the pull of the prior on drag, 0.4 sigma away from this body's
    assert np.abs(error[:3]).max() < 0.2
    assert (np.abs(error) < 0.5 * np.sqrt(np.diag(case.P))).all()


def test_normal_points_keep_what_the_looks_say():
    few, many = Case(PERFECT, noise=np.random.default_rng(1)), Case(PERFECT, noise=np.random.default_rng(1))
    few.run(32)
    assert few.whole[k.KEPT] == 32
    many.run(140)
    assert many.whole[k.KEPT] < 32
    rows = many.fit[: many.whole[k.KEPT] * k.FIT_ROW].reshape(-1, k.FIT_ROW)
    assert rows[:, k.FIT_COUNT].sum() == 140
    assert (np.diff(rows[:, k.Z_TIME]) > 0.0).all()
    assert rows[:, k.Z_SIGMA] == pytest.approx(5.0 / np.sqrt(rows[:, k.FIT_COUNT]))


def test_errors_are_as_large_as_said():
    distances, positions = [], []
    for seed in range(60):
        case = Case(PERFECT, noise=np.random.default_rng(seed))
        error = case.run(50)
        distances.append(error @ np.linalg.solve(case.P, error))
        positions.append(np.hypot(*error[:2]))
    # chi-squared with seven degrees of freedom: mean 7, its error 3.74 / sqrt(60)
    assert np.mean(distances) == pytest.approx(7.0, abs=2.0)
    assert np.sqrt(np.mean(np.square(positions))) < 4.0


def test_a_wind_that_the_profile_lacks_is_not_blamed_on_the_body():
    windy = Environment(AIR.site.copy(), shift_wind(AIR.atmosphere, 8.0, 0.0), AIR.terrain)
    spec = TrackerSpec(wind_error_ms=5.0, drag_curve_error=0.0)
    case = Case(spec, air=windy)
    case.run(120)
    mean, _ = case.errors
    assert 2.0 < mean[0] < 10.0
    assert np.linalg.eigvalsh(case.joint() + 1e-12 * np.eye(11)).min() > 0.0


def test_declared_errors_only_widen():
    narrow, wide = Case(PERFECT), Case(TrackerSpec(), azimuth_bias_sigma_rad=ANGLE, elevation_bias_sigma_rad=ANGLE)
    narrow.run(50)
    wide.run(50)
    assert np.linalg.eigvalsh(wide.P - narrow.P).min() > -1e-6
    # a bias in azimuth moves the whole flight sideways: the place takes it all
    distance = np.hypot(*wide.x[:2])
    across = np.array([wide.x[1], -wide.x[0]]) / distance
    assert np.sqrt(across @ wide.P[:2, :2] @ across) > 0.95 * ANGLE * distance


def test_a_bent_drag_curve_stays_inside_what_is_said():
    fast = START + np.array([0, 0, 0, -180.0, 90.0, 60.0, 0])
    case = Case(TrackerSpec(wind_error_ms=0.0, drag_curve_error=0.3), drag=bend_drag(drag_table("g1"), 0.3, 0.0))
    case.truth[:] = fast
    error = case.run(80)
    assert error[:6] @ np.linalg.solve(case.P[:6, :6], error[:6]) < 12.6  # 95 % of chi-squared with six


def test_carried_on_it_is_the_flight_of_that_state():
    case = Case(noise=np.random.default_rng(4))
    case.run(30)
    xo, Po, error, cross = np.empty(7), np.empty((7, 7)), np.empty(4), np.empty((4, 11))
    flight.carry_fall(case.x, case.P, case.fit, 0.0, case.p, case.env, xo, Po, error, cross)
    np.testing.assert_allclose(xo, case.x)
    np.testing.assert_allclose(Po, case.P, rtol=1e-12)
    np.testing.assert_allclose(cross, case.errors[1], rtol=1e-9, atol=1e-15)
    flight.carry_fall(case.x, case.P, case.fit, 0.5, case.p, case.env, xo, Po, error, cross)
    there = case.x.copy()
    rk4_step_state(there, 0.5, 0.0, *case.forces, there)
    assert np.abs(xo - there)[:3].max() < 0.05  # what the estimated errors do in half a second
    assert np.linalg.eigvalsh(Po).min() > 0.0


def test_a_fit_of_one_look_and_no_prior_is_refused():
    matrix, root, out = np.zeros((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    assert not small.invert(matrix, root, out)
    assert small.invert(np.diag([1.0, 1e12, 1e-12]), root, out)
    np.testing.assert_allclose(out, np.diag([1.0, 1e-12, 1e12]))


def test_a_first_guess_that_cannot_be_flown_back_is_refused():
    """Two false alarms far apart: drag makes such a flight ever faster back in time, beyond all numbers."""
    case = Case(PERFECT, period=2.0)
    case.look(0)
    case.truth[:6] += [9000.0, 0.0, 0.0, 4000.0, 0.0, 0.0]
    before = case.P.copy()
    case.x[6] = math.log(5e-3)
    assert not case.look(1)
    np.testing.assert_array_equal(case.P, before)


def _distances(count, **body):
    """Squared Mahalanobis distances of fits of as many bodies, and their squared errors in speed."""
    distances, speeds = [], []
    for seed in range(count):
        case = Case(PERFECT, noise=np.random.default_rng(seed), period=1.0, **body)
        case.truth[3:6] *= 0.6
        error = case.run(12)
        distances.append(error @ np.linalg.solve(case.P, error))
        speeds.append(error[3:6] @ error[3:6])
    return np.array(distances), np.array(speeds)


@pytest.mark.parametrize("until_s", [0.7, 1.6])
def test_first_looks_under_thrust_are_not_taken_for_coasting(until_s):
    distances, speeds = _distances(60, thrust=(100.0, until_s))
    # seven degrees of freedom; its error 0.5. Taken for coasting they are some hundred
    assert np.mean(distances) == pytest.approx(7.0, abs=2.0)
    assert np.sqrt(np.mean(speeds)) < 6.0


def test_a_body_that_never_thrust_loses_little_by_the_doubt(monkeypatch):
    with_doubt, speeds = _distances(60)
    assert np.mean(with_doubt) == pytest.approx(7.0, abs=2.0)
    begin = memory.begin_unknown

    def certain(fit, whole, z, p):
        begin(fit, whole, z, p)
        fit[k.FIT_OPEN] = 0.0

    monkeypatch.setattr(memory, "begin_unknown", certain)
    _, sure = _distances(60)
    assert np.mean(speeds) < 1.3 * np.mean(sure)


def test_a_border_is_what_solving_all_unknowns_at_once_gives():
    rng = np.random.default_rng(4)
    n, few = 5, boost.N_THRUST
    J = rng.normal(size=(20, n + few))
    residual, p = rng.normal(size=20), parameters(PERFECT, _site(), AIR)
    prior = p[k.P_THRUST] / p[k.P_THRUST_SIGMA]
    A, g = J.T @ J + np.eye(n + few), J.T @ residual
    g[n] += prior
    C = np.linalg.inv(A[:n, :n])
    y = C @ g[:n]
    M, u, V, w = np.empty((n, few)), np.empty(few), np.empty((few, few)), np.zeros(1)
    less = boost._solve_border(
        y, C, A[n:, :n].copy(), A[n:, n:].copy(), g[n:].copy(), M, u, V, p, w, np.empty((4, 3, 3))
    )
    mean, covariance = np.linalg.solve(A, g), np.linalg.inv(A)
    assert u == pytest.approx(mean[n:])
    assert y - M @ u == pytest.approx(mean[:n])
    np.testing.assert_allclose(C + M @ V @ M.T, covariance[:n, :n], rtol=1e-9, atol=1e-12)
    assert less == pytest.approx(g @ mean - g[:n] @ y - prior**2)
    # ln of the evidence against the flight alone: determinants and exponents of the two Gaussians, and P(thrust pushes)
    ln = 0.5 * less - 0.5 * math.log(np.linalg.det(A) / np.linalg.det(A[:n, :n]))
    pushes = 0.5 * math.erfc((boost.LEAST_BOOST / p[k.P_THRUST_SIGMA] - u[0]) / math.sqrt(2.0 * V[0, 0]))
    assert w[0] == pytest.approx(ln + math.log(pushes))


@pytest.mark.parametrize("until_s", [0.35, 0.8, 1.5])
def test_the_end_of_a_boost_is_found_among_many_looks(until_s):
    distances, thrusts = [], []
    for seed in range(12):
        case = Case(PERFECT, noise=np.random.default_rng(seed), period=0.1, thrust=(120.0, until_s))
        case.truth[3:6] *= 0.6
        error = case.run(80)
        distances.append(error @ np.linalg.solve(case.P, error))
        thrusts.append(case.fit[k.FIT_THRUST])
        if case.fit[k.FIT_BURN_FROM] > 0.0:
            assert case.fit[k.FIT_BURN_FROM] < until_s < case.fit[k.FIT_BURN_UNTIL]
    # seven degrees of freedom; its error 1.1. Taken for coasting they are some hundred
    assert np.mean(distances) < 10.0
    assert until_s < 0.5 or min(thrusts) > 0.9


@pytest.mark.parametrize("until_s", [1.1, 1.4])
def test_a_boost_that_ended_just_before_the_last_look_is_found(until_s):
    distances, spread = [], []
    for seed in range(24):
        case = Case(PERFECT, noise=np.random.default_rng(seed), period=0.5, thrust=(200.0, until_s))
        case.truth[3:6] *= 0.5
        error = case.run(4)  # one look after the burnout
        distances.append(error @ np.linalg.solve(case.P, error))
        spread.append(math.sqrt(np.trace(case.P[3:6, 3:6])))
    assert np.mean(distances) < 10.0
    assert np.median(spread) < 60.0  # of the velocity [m/s]; the boost gave it more than 200


def test_without_thrust_the_question_is_closed():
    case = Case(PERFECT, noise=np.random.default_rng(1), period=0.1)
    case.run(80)
    assert case.fit[k.FIT_THRUST] < 0.5
    assert case.fit[k.FIT_BURN_UNTIL] < 2.0
