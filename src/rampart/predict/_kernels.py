"""Compiled core of the room: sigma points through the flight kernel, error ellipses, reach corridors."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import LANDED, UNDERGROUND, ground_height
from rampart.physics._kernels_flight import fly_to_ground

# Points per track: the mean and a pair along each of the seven columns of the covariance's root.
POINTS = 15
# Spread of the pairs in sigma: the fourth moment of a Gaussian.
SPREAD = math.sqrt(3.0)

# Drag-to-mass of rockets, shells and bombs, generously (1/25 to 8 times the generic ones, ln m2/kg): points beyond are
# pulled back to the limit. More drag than that would also need shorter steps than are flown here.
LN_DRAG_LOW = math.log(1e-6)
LN_DRAG_HIGH = math.log(1e-3)

# Nothing that falls here is faster at the ground [m/s]; flown back with too much drag a point gains speed without end.
FASTEST_MS = 1500.0

# What a flight to the ground gives: east, north, flight time [s], velocity at the ground
N_OUT = 6

# What the flight model may have wrong (rampart.physics.model_error): two winds, two bends of the drag curve
N_ERRORS = 4
N_JOINT = 7 + N_ERRORS

# As in rampart.records.names: TrackStatus, PredictionKind and Mode
TENTATIVE = 0
CONFIRMED = 1
COASTED = 2
IMPACT = 0
REACH = 1
THRUST = 0
BALLISTIC = 1


@leaf
def cholesky(a, out):
    """Lower root of a symmetric positive semidefinite matrix: out out' = a. Only the lower half of `a` is read.

    A pivot that rounding has pushed to zero or below gives a column of zeros: that direction is known exactly.
    """
    n = a.shape[0]
    for j in range(n):
        for i in range(j):
            out[i, j] = 0.0
        pivot = a[j, j]
        for k in range(j):
            pivot -= out[j, k] * out[j, k]
        root = math.sqrt(pivot) if pivot > 1e-14 * abs(a[j, j]) else 0.0
        out[j, j] = root
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= out[i, k] * out[j, k]
            out[i, j] = s / root if root > 0.0 else 0.0


@leaf
def join(covariance, cross, out):
    """Covariance of a state and the model's errors, (11, 11); nan counts as errors that there are none."""
    for i in range(7):
        for j in range(7):
            out[i, j] = covariance[i, j]
    for e in range(N_ERRORS):
        for i in range(N_JOINT):
            c = cross[e, i] if cross[e, i] == cross[e, i] else 0.0
            out[7 + e, i], out[i, 7 + e] = c, c


@leaf
def sigma_points(mean, root, out):
    """Mean and mean +- SPREAD columns of the joint covariance's root, into `out` (15, 7); ln drag within its limits.

    Only the columns that move the state; those of the errors alone act linearly and need no points.
    """
    n = mean.shape[0]
    for i in range(n):
        out[0, i] = mean[i]
    for j in range(n):
        for i in range(n):
            step = SPREAD * root[i, j]
            out[1 + 2 * j, i] = mean[i] + step
            out[2 + 2 * j, i] = mean[i] - step
    for p in range(2 * n + 1):
        out[p, n - 1] = min(max(out[p, n - 1], LN_DRAG_LOW), LN_DRAG_HIGH)


@leaf
def add_errors(values, slope, error, root):
    """Add to what the sigma points became what the model's errors do to it: `slope` (4, N_OUT) per unit of each."""
    for e in range(N_ERRORS):
        middle = error[e] if error[e] == error[e] else 0.0
        for a in range(N_OUT):
            values[0, a] += slope[e, a] * middle
            for j in range(7):
                step = SPREAD * root[7 + e, j]
                values[1 + 2 * j, a] += slope[e, a] * (middle + step)
                values[2 + 2 * j, a] += slope[e, a] * (middle - step)


@leaf
def errs(error, root):
    """Whether the flight model may have anything wrong: some error is not 0, or not surely 0."""
    for e in range(N_ERRORS):
        if error[e] == error[e] and error[e] != 0.0:
            return True
        for j in range(7 + e + 1):
            if root[7 + e, j] != 0.0:
                return True
    return False


@kernel
def add_error_covariance(slope, root, covariance):
    """Add what the model's errors do by themselves: the part of them that the state does not know of."""
    step = np.empty(N_OUT)
    for c in range(N_ERRORS):
        for a in range(N_OUT):
            step[a] = 0.0
            for e in range(c, N_ERRORS):
                step[a] += slope[e, a] * root[7 + e, 7 + c]
        for a in range(N_OUT):
            for b in range(N_OUT):
                covariance[a, b] += step[a] * step[b]


@kernel
def moments(values, good, mean, covariance):
    """Mean and covariance of what the sigma points became: second-order divided differences.

    Parameters
    ----------
    values : (15, N_OUT)
        One row per point, the centre first, then pairs.
    good : (15,)
        0 for points whose flight found no ground; a pair with one such point counts by the other, one-sided.
    mean, covariance : (N_OUT,), (N_OUT, N_OUT)
        Written. With d and s half the difference and half the sum (less the centre) of a pair, the mean is
        centre + sum s / 3 and the covariance sum d d' / 3 + 2 s s' / 9: positive semidefinite, which the weights
        of the unscented transform with the same points are not.

    Notes
    -----
    Norgaard, Poulsen and Ravn (2000), Automatica 36:1627, eq. 30 and 39 with h^2 = 3. A pair that bends more than it
    spreads (s longer than d) says that the parabola is a bad model that far out, so s is cut to the length of d.
    """
    for a in range(N_OUT):
        mean[a] = values[0, a]
        for b in range(N_OUT):
            covariance[a, b] = 0.0
    d, s = np.empty(N_OUT), np.empty(N_OUT)
    for j in range((POINTS - 1) // 2):
        p, m = 1 + 2 * j, 2 + 2 * j
        for a in range(N_OUT):
            up = values[p, a] - values[0, a]
            down = values[m, a] - values[0, a]
            if good[p] == 0:
                up = -down if good[m] else 0.0
            if good[m] == 0:
                down = -up
            d[a], s[a] = 0.5 * (up - down), 0.5 * (up + down)
        spread, bend = d[0] * d[0] + d[1] * d[1], s[0] * s[0] + s[1] * s[1]
        cut = math.sqrt(spread / bend) if bend > spread else 1.0
        for a in range(N_OUT):
            s[a] *= cut
            mean[a] += s[a] / 3.0
        for a in range(N_OUT):
            for b in range(a + 1):
                covariance[a, b] += d[a] * d[b] / 3.0 + 2.0 * s[a] * s[b] / 9.0
    for a in range(N_OUT):
        for b in range(a):
            covariance[b, a] = covariance[a, b]


@leaf
def ellipse_axes(cee, cen, cnn, scale):
    """Semi-axes [m] and azimuth of the major one, clockwise from north in [0, pi), of `scale` sigma."""
    half = 0.5 * (cee + cnn)
    radius = math.sqrt(0.25 * (cee - cnn) ** 2 + cen * cen)
    angle = 0.5 * math.pi - 0.5 * math.atan2(2.0 * cen, cee - cnn)
    if angle >= math.pi:
        angle -= math.pi
    return scale * math.sqrt(half + radius), scale * math.sqrt(max(half - radius, 0.0)), angle


@leaf
def ellipses(covariance, scale, major, minor, azimuth):
    """`ellipse_axes` of each (2, 2) of a stack."""
    for i in range(covariance.shape[0]):
        major[i], minor[i], azimuth[i] = ellipse_axes(
            covariance[i, 0, 0], covariance[i, 0, 1], covariance[i, 1, 1], scale
        )


@leaf
def _segment_distance(px, py, ax, ay, bx, by):
    """Distance [m] of a point from a segment."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if length == 0.0 else min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
    return math.hypot(px - ax - t * dx, py - ay - t * dy)


@leaf
def polygon_distance(px, py, corners, first, last):
    """Distance [m] of a point from the polygon `corners[first:last]`; 0 inside (even-odd rule)."""
    inside = False
    nearest = math.inf
    k = last - 1
    for i in range(first, last):
        ax, ay, bx, by = corners[k, 0], corners[k, 1], corners[i, 0], corners[i, 1]
        if (ay > py) != (by > py) and px < (bx - ax) * (py - ay) / (by - ay) + ax:
            inside = not inside
        nearest = min(nearest, _segment_distance(px, py, ax, ay, bx, by))
        k = i
    return 0.0 if inside else nearest


@leaf
def _side(ax, ay, bx, by, px, py):
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@leaf
def corridor_distance(px, py, qx, qy, corners, first, last):
    """Least distance [m] of the straight way from p to q to a polygon; 0 where it enters."""
    nearest = min(polygon_distance(px, py, corners, first, last), polygon_distance(qx, qy, corners, first, last))
    k = last - 1
    for i in range(first, last):
        ax, ay, bx, by = corners[k, 0], corners[k, 1], corners[i, 0], corners[i, 1]
        apart = _side(px, py, qx, qy, ax, ay) * _side(px, py, qx, qy, bx, by) > 0.0
        if not apart and _side(ax, ay, bx, by, px, py) * _side(ax, ay, bx, by, qx, qy) < 0.0:
            return 0.0
        nearest = min(nearest, _segment_distance(ax, ay, px, py, qx, qy))
        k = i
    return nearest


@leaf
def nearest_asset(px, py, speed, corners, first, radius):
    """The zone that something at p with this speed can be within the radius of first, and in how many seconds.

    `first` (n + 1,) holds where each zone's corners begin. Without zones: -1 and nan.
    """
    best, time = -1, math.nan
    for zone in range(radius.shape[0]):
        gap = polygon_distance(px, py, corners, first[zone], first[zone + 1]) - radius[zone]
        t = max(gap, 0.0) / speed
        if best < 0 or t < time:
            best, time = zone, t
    return best, time


@leaf
def corridor_end(state, covariance, horizon_s, ground, frame):
    """Seconds along the present course, and where it ends, east, north, up [m].

    A drone holds its height unless it dives: sinks by more than two sigma and steeper than one in five. A dive ends on
    the ground.
    """
    level = math.hypot(state[3], state[4])
    sink = -state[5]
    dives = sink > 2.0 * math.sqrt(max(covariance[5, 5], 0.0)) and sink > 0.2 * level
    time = horizon_s
    if dives:
        pieces = 64
        before = state[2] - ground_height(state[0], state[1], ground, frame)
        if before <= 0.0:
            time = 0.0
        for i in range(1, pieces + 1):
            if time < horizon_s:
                break
            t = horizon_s * i / pieces
            above = state[2] - sink * t - ground_height(state[0] + state[3] * t, state[1] + state[4] * t, ground, frame)
            if above <= 0.0:
                time = horizon_s * (i - 1 + before / (before - above)) / pieces
            before = above
    x, y = state[0] + state[3] * time, state[1] + state[4] * time
    floor = ground_height(x, y, ground, frame)
    z = state[2] - sink * time if dives else state[2]
    return time, x, y, floor if dives and time < horizon_s else max(z, floor)


@leaf
def corridor_covariance(covariance, time, manoeuvre, out):
    """East-north covariance [m2] of the corridor's end: the track's own, carried on, and white acceleration on top.

    `manoeuvre` is its density [m2/s3]; Bar-Shalom, Li and Kirubarajan (2001), eq. 6.2.2-12.
    """
    for a in range(2):
        for b in range(2):
            cross = covariance[a, 3 + b] + covariance[3 + a, b]
            out[a, b] = covariance[a, b] + time * cross + time * time * covariance[3 + a, 3 + b]
        out[a, a] += manoeuvre * time**3 / 3.0


@kernel
def fly_fan(points, h, limit_s, place, atmosphere, drag, ground, frame, values, good):
    """Fly the points onto the ground, back in time if h < 0: rows of `values` (n, N_OUT) and `good` (n,).

    A point that starts below ground goes on (or back) along its velocity in a straight line to the surface: just before
    impact, and after it, part of the cloud is down already, and its time to impact is negative. A point that meets no
    ground, or meets it faster than anything flies, is not good.
    """
    n = points.shape[0]
    landings, status = np.empty((n, 7)), np.empty(n, np.int64)
    fly_to_ground(points, h, limit_s, place, atmosphere, drag, ground, frame, landings, status)
    for p in range(n):
        good[p] = 1
        if status[p] == LANDED:
            values[p, 0], values[p, 1], values[p, 2] = landings[p, 0], landings[p, 1], landings[p, 6]
            values[p, 3], values[p, 4], values[p, 5] = landings[p, 3], landings[p, 4], landings[p, 5]
        elif status[p] == UNDERGROUND and h * points[p, 5] < 0.0:
            t = (ground_height(points[p, 0], points[p, 1], ground, frame) - points[p, 2]) / points[p, 5]
            values[p, 0], values[p, 1] = points[p, 0] + t * points[p, 3], points[p, 1] + t * points[p, 4]
            values[p, 2], values[p, 3], values[p, 4], values[p, 5] = t, points[p, 3], points[p, 4], points[p, 5]
        else:
            good[p] = 0
            continue
        if not values[p, 3] ** 2 + values[p, 4] ** 2 + values[p, 5] ** 2 < FASTEST_MS * FASTEST_MS:
            good[p] = 0


@leaf
def choose(status, class_probability, ballistic_state, floor, tentative, track, kind, weight):
    """What to predict of each track: at most one row per family whose probability reaches the floor.

    Writes row numbers, `PredictionKind` and weights into `track`, `kind`, `weight` (2 n,); returns how many, and how
    many of them are `REACH`.
    """
    n, reaches = 0, 0
    for i in range(status.shape[0]):
        if not (status[i] == CONFIRMED or status[i] == COASTED or (tentative and status[i] == TENTATIVE)):
            continue
        p = class_probability[i]
        falls, steered = p[0] + p[1] + p[2], p[3] + p[4]
        if falls >= floor and math.isfinite(ballistic_state[i, 0]):
            track[n], kind[n], weight[n] = i, IMPACT, min(falls, 1.0)
            n += 1
        if steered >= floor:
            track[n], kind[n], weight[n] = i, REACH, min(steered, 1.0)
            n, reaches = n + 1, reaches + 1
    return n, reaches


@leaf
def nanoseconds(seconds):
    """Whole nanoseconds nearest to a time [s]."""
    return int(math.floor(seconds * 1e9 + 0.5))


@leaf
def boost_on(mean, covariance, growth):
    """Let a body under thrust gain `growth` of its speed, give or take as much, along its course."""
    for i in range(3, 6):
        for j in range(3, 6):
            covariance[i, j] += growth * growth * mean[i] * mean[j]
    for i in range(3, 6):
        mean[i] *= 1.0 + growth


@leaf
def fly_probes(
    centres, h, limit_s, values, good, place, atmosphere, drag, ground, frame, winds, bends, probe, slope, there, met
):  # fmt: skip
    """How the ends of the mean flights change with the model's errors: `slope` (m, 4, N_OUT); 0 where one is missed.

    `values` and `good` are those of all sigma points, of which the `centres` (m, 7) are every 15th; `there` (m, N_OUT)
    and `met` (m,) are scratch.
    """
    for e in range(N_ERRORS):
        if e < 2:
            fly_fan(centres, h, limit_s, place, winds[e], drag, ground, frame, there, met)
        else:
            fly_fan(centres, h, limit_s, place, atmosphere, bends[e - 2], ground, frame, there, met)
        for i in range(centres.shape[0]):
            for a in range(N_OUT):
                slope[i, e, a] = 0.0
                if met[i] and good[POINTS * i]:
                    slope[i, e, a] = (there[i, a] - values[POINTS * i, a]) / probe[e]


@kernel
def predict_impacts(
    track, states, covariances, errors, error_covariances, modes, growth, step_s, limit_s, place, atmosphere, drag,
    ground, frame, winds, bends, probe,
):  # fmt: skip
    """Where and when tracks come down, and where they came from.

    Parameters
    ----------
    track : (m,) int64
        Rows of `states` (n, 7), `covariances` (n, 7, 7), `errors` (n, 4) and `error_covariances` (n, 4, 11).
    modes : (n, k)
        Probability of each mode; what rather thrusts than falls is `boost_on` before it is flown on.
    growth : float
        Share of its speed that it gains until burnout.
    step_s, limit_s : float
        Runge-Kutta step, and the longest flight that is followed.
    place, atmosphere, drag, ground, frame
        The environment's arrays.
    winds, bends, probe : (2, k, 8), (2, k, 4), (4,)
        Atmosphere and drag with one of the model's errors each, and the size of each.

    Returns
    -------
    mean (2, m, N_OUT), covariance (2, m, N_OUT, N_OUT), height (2, m), after_ns (2, m)
        Index 0 of the first axis is the impact, 1 the launch. Nan (zero) where the mean state meets no ground.
    """
    m = track.shape[0]
    points, values, good = np.empty((POINTS * m, 7)), np.empty((POINTS * m, N_OUT)), np.empty(POINTS * m, np.int64)
    mean, covariance = np.full((2, m, N_OUT), np.nan), np.full((2, m, N_OUT, N_OUT), np.nan)
    height, after_ns = np.full((2, m), np.nan), np.zeros((2, m), np.int64)
    joint, root, slope = np.empty((N_JOINT, N_JOINT)), np.empty((m, N_JOINT, N_JOINT)), np.empty((m, N_ERRORS, N_OUT))
    centres, there, met = np.empty((m, 7)), np.empty((m, N_OUT)), np.empty(m, np.int64)
    for way in range(2):
        h, doubtful = -step_s if way else step_s, False
        for i in range(m):
            thrusts = modes[track[i], THRUST] > modes[track[i], BALLISTIC]
            if way == 0 or thrusts:  # else the points are those of the way on
                x, P = states[track[i]].copy(), covariances[track[i]].copy()
                if way == 0 and thrusts:
                    boost_on(x, P, growth)
                join(P, error_covariances[track[i]], joint)
                cholesky(joint, root[i])
                sigma_points(x, root[i], points[POINTS * i : POINTS * (i + 1)])
                centres[i, :] = points[POINTS * i]
            doubtful = doubtful or errs(errors[track[i]], root[i])
        fly_fan(points, h, limit_s, place, atmosphere, drag, ground, frame, values, good)
        if doubtful:
            fly_probes(
                centres, h, limit_s, values, good, place, atmosphere, drag, ground, frame, winds, bends, probe, slope,
                there, met,
            )  # fmt: skip
        for i in range(m):
            a, b = POINTS * i, POINTS * (i + 1)
            if good[a]:
                if doubtful:
                    add_errors(values[a:b], slope[i], errors[track[i]], root[i])
                moments(values[a:b], good[a:b], mean[way, i], covariance[way, i])
                if doubtful:
                    add_error_covariance(slope[i], root[i], covariance[way, i])
                height[way, i] = ground_height(mean[way, i, 0], mean[way, i, 1], ground, frame)
                after_ns[way, i] = nanoseconds(mean[way, i, 2])
    return mean, covariance, height, after_ns


@kernel
def predict_reach(
    track, states, covariances, horizon_s, manoeuvre, margin_ms, least_ms, corners, first, radius, ground, frame
):
    """Corridors of drones and the zone each can be at first.

    Parameters
    ----------
    track : (m,) int64
        Rows of `states` (n, 6) and `covariances` (n, 6, 6).
    horizon_s, manoeuvre : float
        Length of the corridor [s]; density of its white acceleration [m2/s3].
    margin_ms, least_ms : float
        Added to the present speed; the least speed that is reckoned with.
    corners, first, radius
        Zones: corners one below the other, where each zone's begin (n + 1,), danger radius [m].

    Returns
    -------
    end (m, 3), covariance (m, 2, 2), after_ns (m,), sigma_s (m,), asset (m,), time_to_asset_s (m,), closest_m (m,)
        `closest_m` is the least distance of the corridor to the asset's zone grown by its radius.
    """
    m = track.shape[0]
    end, covariance = np.empty((m, 3)), np.empty((m, 2, 2))
    sigma, arrival, closest = np.empty(m), np.empty(m), np.full(m, np.nan)
    asset, after_ns = np.empty(m, np.int32), np.empty(m, np.int64)
    for i in range(m):
        x, P = states[track[i]], covariances[track[i]]
        seconds, end[i, 0], end[i, 1], end[i, 2] = corridor_end(x, P, horizon_s, ground, frame)
        after_ns[i] = nanoseconds(seconds)
        corridor_covariance(P, seconds, manoeuvre, covariance[i])
        level = math.hypot(x[3], x[4])
        east, north = (x[3] / level, x[4] / level) if level > 0.0 else (1.0, 0.0)
        c = covariance[i]
        along = east * east * c[0, 0] + 2.0 * east * north * c[0, 1] + north * north * c[1, 1]
        sigma[i] = min(math.sqrt(max(along, 0.0)) / max(level, 1.0), seconds)
        asset[i], arrival[i] = nearest_asset(x[0], x[1], max(level + margin_ms, least_ms), corners, first, radius)
        if asset[i] >= 0:
            a, b = first[asset[i]], first[asset[i] + 1]
            gap = corridor_distance(x[0], x[1], end[i, 0], end[i, 1], corners, a, b)
            closest[i] = max(gap - radius[asset[i]], 0.0)
    return end, covariance, after_ns, sigma, asset, arrival, closest
