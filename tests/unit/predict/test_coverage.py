"""Do the ellipses hold what they say? Simulated arcs, a plain batch estimate, the prediction, the true impact."""

import math

import numpy as np
import pytest

from rampart.physics._kernels import rk4_step_state
from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground
from rampart.predict import predict_impact
from rampart.records import Tracks

AIR = Environment.standard(latitude_rad=0.58, height_m=34.0)
SENSOR = np.array([0.0, 0.0, 12.0])
SIGMA = np.array([10.0, math.radians(0.2), math.radians(0.2), 1.0])  # range, azimuth, elevation, range rate
PRIOR = np.array([2000.0, 2000.0, 1000.0, 150.0, 150.0, 150.0, 0.5])
STEP = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 1e-3])


def _arc(rng):
    """A state at launch, the time of flight and the true impact: made from the top of the arc, both ways."""
    while True:
        duration, speed, angle = rng.uniform(15, 40), rng.uniform(50, 220), rng.uniform(0, 2 * np.pi)
        top = [*rng.uniform(-4000, 4000, 2), 9.8 * duration**2 / 8, speed * np.sin(angle), speed * np.cos(angle), 0.0]
        state = np.array([[*top, math.log(rng.uniform(4e-5, 3e-4))]])
        down, up = fly_to_ground(state, AIR), fly_to_ground(state, AIR, backward=True)
        if up.landed[0] and np.linalg.norm(up.velocity_enu[0]) < 700.0:
            launch = np.concatenate([up.position_enu[0], up.velocity_enu[0], state[0, 6:]])
            return launch, float(down.time_s[0] - up.time_s[0]), down.position_enu[0, :2]


def _states(state, times):
    """The state at rising times after it."""
    out, now, forces = np.empty((len(times), 7)), 0.0, AIR.forces()
    state = state.copy()
    for i, t in enumerate(times):
        n = max(1, math.ceil((t - now) / 0.5))
        for _ in range(n):
            rk4_step_state(state, (t - now) / n, 0.0, *forces, state)
        out[i], now = state, t
    return out


def _observe(states):
    x, y, z = (states[:, :3] - SENSOR).T
    level = np.hypot(x, y)
    distance = np.hypot(level, z)
    rate = ((states[:, :3] - SENSOR) * states[:, 3:6]).sum(axis=1) / distance
    return np.column_stack([distance, np.arctan2(x, y), np.arctan2(z, level), rate])


def _derivative(function, x):
    steps = np.diag(STEP)
    return np.column_stack([(function(x + s) - function(x - s)) / (2 * s.sum()) for s in steps])


def _estimate(seen, times, guess):
    """Maximum likelihood with a next to flat prior about the guess: Gauss-Newton with halved steps."""

    def residual(x):
        miss = seen - _observe(_states(x, times))
        miss[:, 1] = (miss[:, 1] + np.pi) % (2 * np.pi) - np.pi
        return np.concatenate([(miss / SIGMA).ravel(), (guess - x) / PRIOR])

    x = guess
    for _ in range(25):
        r, jacobian = residual(x), _derivative(residual, x)
        step = -np.linalg.solve(jacobian.T @ jacobian, jacobian.T @ r)
        share = 1.0
        while share > 1e-3 and not (residual(x + share * step) ** 2).sum() <= (r**2).sum():
            share *= 0.5
        x = x + share * step
        if np.abs(share * step / PRIOR).max() < 1e-6:
            break
    return x, np.linalg.inv(jacobian.T @ jacobian)


def _trial(rng, share):
    """Squared distances of the true impact and launch in units of their covariances, at a share of the flight."""
    launch, duration, impact = _arc(rng)
    times = np.arange(0.2 * duration, share * duration, 0.5)
    times = times[rng.random(len(times)) < 0.9]
    states = _states(launch, times)
    seen = _observe(states) + SIGMA * rng.normal(size=(len(times), 4))
    guess = states[0] + rng.normal(size=7) * [20, 20, 20, 10, 10, 10, 0.0]
    guess[6] = math.log(1.2e-4)
    x, covariance = _estimate(seen, times - times[0], guess)
    later = np.array([share * duration - times[0]])
    carry = _derivative(lambda s: _states(s, later)[0], x)
    state, covariance = _states(x, later)[0], carry @ covariance @ carry.T
    track = Tracks.build(1, ballistic_state=[state], ballistic_covariance=[covariance])[0]
    row = predict_impact(track, AIR)
    miss, back = row.impact_enu[:2] - impact, row.launch_enu[:2] - launch[:2]
    time = (row.impact_ns * 1e-9 - (1.0 - share) * duration) / row.impact_sigma_s
    return (
        miss @ np.linalg.solve(row.impact_covariance, miss),
        back @ np.linalg.solve(row.launch_covariance, back),
        time**2,
    )


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_ninety_percent_ellipses_hold_ninety_percent(share):
    rng = np.random.default_rng(11)
    impact, launch, time = np.array([_trial(rng, share) for _ in range(250)]).T
    # +-3 sigma of a binomial with 250 trials around 0.9 is 0.843..0.957
    assert 0.85 <= (impact < 4.605).mean() <= 0.95
    assert 0.85 <= (launch < 4.605).mean() <= 0.95
    assert 1.6 < np.mean(np.minimum(impact, 30.0)) < 2.4  # two on average, if the errors are as large as said
    assert 0.8 < time.mean() < 1.25
