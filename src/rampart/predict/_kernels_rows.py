# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled writing of predictions into their columns."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf

from ._kernels import predict_impacts

# As in rampart.records.names: TargetClass
ROCKET = 0


@leaf
def write_tracks(
    track, number, now_ns, state, covariance, out_number, out_ns, position, position_covariance, velocity,
    with_time, launch, launch_covariance, launch_ns, asset, to_asset_s, closest,
):  # fmt: skip
    """What each row takes over from its track: number, time, place and speed; `track` (m,) are rows of the tracks.

    What only one kind of prediction knows is unknown until that is written: the launch, the asset, and what the time of
    impact has to do with its place.
    """
    for k in range(track.size):
        i = track[k]
        out_number[k], out_ns[k] = number[i], now_ns[i]
        for a in range(3):
            position[k, a], velocity[k, a], launch[k, a] = state[i, a], state[i, 3 + a], math.nan
        for a in range(2):
            with_time[k, a] = 0.0
            for b in range(2):
                position_covariance[k, a, b], launch_covariance[k, a, b] = covariance[i, a, b], math.nan
        launch_ns[k], asset[k], to_asset_s[k], closest[k] = 0, -1, math.nan, math.nan


@kernel
def write_impacts(
    at, track, states, covariances, errors, error_covariances, modes, class_probability, growth, step_s, limit_s,
    bend_m, launcher_m, early_ns, place, atmosphere, drag, ground, frame, winds, bends, probe,
    time_ns, weight, impact, impact_covariance, impact_ns, impact_sigma_s, with_time, impact_velocity, launch,
    launch_covariance, launch_ns,
):  # fmt: skip
    """Impact and launch of the tracks `track` (m,), as `predict_impacts` gives them, into the rows `at` (m,).

    The launch is moved on by `boost_back`; for the other parameters see there and `predict_impacts`.
    """
    mean, covariance, height, after_ns = predict_impacts(
        track, states, covariances, errors, error_covariances, modes, growth, step_s, limit_s, place, atmosphere, drag,
        ground, frame, winds, bends, probe,
    )  # fmt: skip
    for i in range(at.size):
        k = at[i]
        for a in range(2):
            impact[k, a], launch[k, a] = mean[0, i, a], mean[1, i, a]
            with_time[k, a] = covariance[0, i, a, 2]
            for b in range(2):
                impact_covariance[k, a, b], launch_covariance[k, a, b] = covariance[0, i, a, b], covariance[1, i, a, b]
        impact[k, 2], launch[k, 2] = height[0, i], height[1, i]
        for a in range(3):
            impact_velocity[k, a] = mean[0, i, 3 + a]
        impact_sigma_s[k] = math.sqrt(covariance[0, i, 2, 2])
        impact_ns[k], launch_ns[k] = time_ns[k] + after_ns[0, i], time_ns[k] + after_ns[1, i]
        share = class_probability[track[i], ROCKET] / weight[k]  # that it is one, given that it falls
        early_by_ns = boost_back(share, bend_m, launcher_m, early_ns, mean[1, i], launch[k], launch_covariance[k])
        launch_ns[k] = launch_ns[k] - early_by_ns if math.isfinite(launch[k, 2]) else 0


@kernel
def boost_back(share, bend_m, launcher_m, early_ns, mean, launch, launch_covariance):
    """Move the launch point of a rocket back by its boost, of which a flight back in time knows nothing.

    Parameters
    ----------
    share : float
        Probability that it is a rocket.
    bend_m, launcher_m, early_ns : float
        How far gravity bends a level boost beyond a coasting arc; what a boost does besides, one sigma; how much longer
        it takes.
    mean : (N_OUT,)
        At the launch, the velocity [m/s] from column 3 on.
    launch, launch_covariance : (3,), (2, 2)
        Changed in place.

    Returns
    -------
    int
        How much earlier it was [ns].
    """
    east, north, up = mean[3], mean[4], mean[5]
    level = np.hypot(east, north)
    cotangent = level / (max(up, 1.0) if up == up else up)
    cotangent = min(cotangent, 3.0)
    ahead = bend_m * cotangent
    least = max(level, 1.0) if level == level else level
    course = (east / least, north / least)
    spread = share * (1.0 - share) * ahead**2 + share * (ahead / 3.0) ** 2
    own = share * launcher_m**2
    for a in range(2):
        launch[a] += share * ahead * course[a]
        for b in range(2):
            launch_covariance[a, b] += spread * course[a] * course[b]
            launch_covariance[a, b] += own if a == b else 0.0
    return np.int64(share * early_ns)
