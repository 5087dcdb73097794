"""Motion models: derivatives against finite differences, covariances against samples, closed forms."""

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground
from rampart.records import Mode
from rampart.track.motion import _kernels as motion
from rampart.track.settings import TrackerSpec, parameters

HERE = Environment.standard(latitude_rad=0.6)
STATES = {
    Mode.THRUST: [2000.0, 500.0, 300.0, -90.0, 20.0, 70.0, 60.0],
    Mode.BALLISTIC: [3000.0, -500.0, 900.0, -220.0, 30.0, 90.0, -9.3],
    Mode.CRUISE: [3000.0, -500.0, 900.0, -60.0, 30.0, 2.0, 0.0],
    Mode.TURN: [3000.0, -500.0, 900.0, -60.0, 30.0, 2.0, 0.15],
    Mode.HOVER: [3000.0, -500.0, 900.0, -3.0, 1.0, 0.5, 0.0],
}


@pytest.fixture(scope="module")
def quiet(field):
    """Parameters without process noise."""
    spec = TrackerSpec(
        ballistic_noise_m2s3=0.0, ln_drag_noise_s=0.0, thrust_noise_m2s3=0.0, thrust_walk_m2s5=0.0,
        cruise_noise_m2s3=0.0, turn_noise_m2s3=0.0, turn_walk_s=0.0, hover_noise_m2s3=0.0,
    )  # fmt: skip
    return parameters(spec, field.site(), HERE)


def predict(mode, x, P, dt, p):
    xo, Po = np.empty(7), np.empty((7, 7))
    motion.predict_mode(int(mode), x, P, dt, p, *HERE.forces(), xo, Po, np.empty((3, 7, 7)))
    return xo, Po


@pytest.mark.parametrize("mode", list(STATES))
@pytest.mark.parametrize("dt", [0.5, 2.0, -0.3])
def test_covariance_follows_the_derivative_of_the_mean(mode, dt, quiet):
    x = np.array(STATES[mode])
    own = mode in (Mode.THRUST, Mode.BALLISTIC, Mode.TURN)
    n = 7 if own else 6
    jacobian = np.zeros((7, 7))
    for i in range(n):
        step = np.zeros(7)
        step[i] = 1e-3 if i < 6 else 1e-4
        up, down = predict(mode, x + step, np.eye(7), dt, quiet)[0], predict(mode, x - step, np.eye(7), dt, quiet)[0]
        jacobian[:, i] = (up - down) / (2.0 * step[i])
    root = np.diag([20.0, 15.0, 10.0, 5.0, 4.0, 3.0, 0.1])
    P = root @ (np.eye(7) + 0.3) @ root
    P = 0.5 * (P + P.T)
    if not own:
        P[6], P[:, 6], P[6, 6] = 0.0, 0.0, 1.0
        jacobian[6, 6] = 1.0
    got = predict(mode, x, P, dt, quiet)[1]
    want = jacobian @ P @ jacobian.T
    scale = np.sqrt(np.outer(np.diag(want), np.diag(want)))
    # thrust and drag are linearised to second order in a step of half a second or a second
    assert np.abs((got - want) / scale).max() < (0.02 if mode == Mode.THRUST else 2e-3)
    assert (got == got.T).all()


def test_ballistic_mode_flies_as_the_flight_kernel_does(quiet):
    x = np.array(STATES[Mode.BALLISTIC])
    end = fly_to_ground(x[None], HERE, step_s=0.1)
    t = float(end.time_s[0])
    got = predict(Mode.BALLISTIC, x, np.eye(7), t, quiet)[0]
    assert np.linalg.norm(got[:3] - end.position_enu[0]) < 0.05


def test_turn_goes_round(quiet):
    x = np.array(STATES[Mode.TURN])
    x[6] = 2.0 * np.pi / 40.0
    assert predict(Mode.TURN, x, np.eye(7), 40.0, quiet)[0] == pytest.approx(x + np.eye(7)[2] * 80.0, abs=1e-6)


def test_hover_comes_to_rest(quiet):
    x = np.array(STATES[Mode.HOVER])
    out = predict(Mode.HOVER, x, np.eye(7), 60.0, quiet)[0]
    assert out[3:6] == pytest.approx(0.0, abs=1e-9)
    assert out[:3] == pytest.approx(x[:3] + 2.0 * x[3:6], abs=1e-6)


def test_noise_of_two_half_steps_is_that_of_one(field):
    p = parameters(TrackerSpec(), field.site(), HERE)
    for mode in (Mode.CRUISE, Mode.HOVER):
        x, zero = np.array(STATES[mode]), np.zeros((7, 7))
        half = predict(mode, *predict(mode, x, zero, 0.4, p), 0.4, p)[1]
        assert half[:6, :6] == pytest.approx(predict(mode, x, zero, 0.8, p)[1][:6, :6], rel=1e-9, abs=1e-12)
