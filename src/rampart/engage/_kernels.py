"""Compiled core: when an effector can meet a threat, and how to share shots between threats.

A threat's path is a row of 14 numbers: start [s], end [s], position and velocity at the start, position and velocity
at the end; between them it is the cubic through both (Hermite). Effectors come packed, one row each, columns as below.
"""

import math

import numpy as np

from rampart.physics._jit import kernel

# Columns of an effector's row
EAST, NORTH, UP, MIN_RANGE, MAX_RANGE, SPEED, LETHAL, SLEW, RESPONSE, DWELL, AZIMUTH, READY = range(12)
EFFECTOR_COLUMNS = 12
# Columns of a shot's row
FIRE, INTERCEPT, POINT, CHANCE, DEADLINE, WAIT, SHOT_COLUMNS = 0, 1, 2, 5, 6, 7, 8

_SHORTEST_S = 1e-3  # step of the search where nothing allows a longer one
_STEP_S = 0.05  # windows shorter than this can be overlooked
_MOST_STEPS = 20_000


@kernel
def place_at(path, t, out):
    """Position on a path at time `t` [s], into `out` (3,)."""
    span = path[1] - path[0]
    u = (t - path[0]) / span if span > 0.0 else 0.0
    a = (1.0 + 2.0 * u) * (1.0 - u) * (1.0 - u)
    b = u * (1.0 - u) * (1.0 - u) * span
    c = u * u * (3.0 - 2.0 * u)
    d = u * u * (u - 1.0) * span
    for k in range(3):
        out[k] = a * path[2 + k] + b * path[5 + k] + c * path[8 + k] + d * path[11 + k]


@kernel
def fastest(path):
    """An upper bound of the speed along a path [m/s]: the derivative of a cubic is a blend of three vectors."""
    span = path[1] - path[0]
    start = end = middle = 0.0
    for k in range(3):
        start += path[5 + k] * path[5 + k]
        end += path[11 + k] * path[11 + k]
        chord = 3.0 * (path[8 + k] - path[2 + k]) / span - path[5 + k] - path[11 + k] if span > 0.0 else 0.0
        middle += chord * chord
    return math.sqrt(max(start, end, middle))


@kernel
def turn_between(a, b):
    """Smallest angle between two azimuths [rad]."""
    return abs((a - b + math.pi) % (2.0 * math.pi) - math.pi)


@kernel
def by_range(r, ranges, values):
    """A table read at `r`, straight between its rows and level beyond them."""
    if r <= ranges[0]:
        return values[0]
    for i in range(1, ranges.shape[0]):
        if r <= ranges[i]:
            share = (r - ranges[i - 1]) / (ranges[i] - ranges[i - 1])
            return values[i - 1] + share * (values[i] - values[i - 1])
    return values[-1]


@kernel
def closed(effector, point, begin, end, sectors, aircraft, aircraft_angle):
    """Whether the line of fire to a point is closed: by a sector (from, to clockwise) or by an aircraft near it.

    Aircraft, (k, 7): position, velocity, time [s] they hold for; they fly straight on. The line is kept clear of them
    from `begin` to `end` [s], looked at so often that none crosses it in between.
    """
    de, dn, du = point[0] - effector[EAST], point[1] - effector[NORTH], point[2] - effector[UP]
    azimuth = math.atan2(de, dn) % (2.0 * math.pi)
    for i in range(sectors.shape[0]):
        if (azimuth - sectors[i, 0]) % (2.0 * math.pi) <= (sectors[i, 1] - sectors[i, 0]) % (2.0 * math.pi):
            return True
    far = math.sqrt(de * de + dn * dn + du * du)
    for i in range(aircraft.shape[0]):
        span = end - begin
        moved = span * math.sqrt(aircraft[i, 3] ** 2 + aircraft[i, 4] ** 2 + aircraft[i, 5] ** 2)
        ae = aircraft[i, 0] + (begin - aircraft[i, 6]) * aircraft[i, 3] - effector[EAST]
        an = aircraft[i, 1] + (begin - aircraft[i, 6]) * aircraft[i, 4] - effector[NORTH]
        au = aircraft[i, 2] + (begin - aircraft[i, 6]) * aircraft[i, 5] - effector[UP]
        nearest = max(math.sqrt(ae * ae + an * an + au * au) - moved, 50.0)
        looks = 2 + int(min(moved / (nearest * max(aircraft_angle, 1e-3)), 100.0))
        for k in range(looks):
            ahead = begin + k * span / (looks - 1) - aircraft[i, 6]
            ae = aircraft[i, 0] + ahead * aircraft[i, 3] - effector[EAST]
            an = aircraft[i, 1] + ahead * aircraft[i, 4] - effector[NORTH]
            au = aircraft[i, 2] + ahead * aircraft[i, 5] - effector[UP]
            distance = math.sqrt(ae * ae + an * an + au * au)
            if ae * de + an * dn + au * du >= far * distance * math.cos(aircraft_angle):
                return True
    return False


@kernel
def reach_of(path, effector, t, point):
    """Range of the threat from the effector at `t` [m]; its place into `point`."""
    place_at(path, t, point)
    de, dn, du = point[0] - effector[EAST], point[1] - effector[NORTH], point[2] - effector[UP]
    return math.sqrt(de * de + dn * dn + du * du)


@kernel
def _outside(path, effector, t, top, point):
    """For how long after `t` [s] the threat certainly stays out of range; 0 or less if it is in range."""
    r = reach_of(path, effector, t, point)
    return max(r - effector[MAX_RANGE], effector[MIN_RANGE] - r) / max(top, 1e-9)


@kernel
def _lack(path, effector, t, fire, top, sectors, aircraft, aircraft_angle, point):
    """For how long after `t` [s] the threat certainly cannot be met, firing not before `fire`; 0 if it can at `t`.

    An effector that dwells on its target has it in range from the beginning to the end, `t`.
    """
    dwell = effector[DWELL]
    lack = -1.0
    if dwell > 0.0:
        lack = _outside(path, effector, t - dwell, top, point)
    r = reach_of(path, effector, t, point)
    early = (fire + dwell - (t - r / effector[SPEED])) / (1.0 + top / effector[SPEED])
    far = (r - effector[MAX_RANGE]) / max(top, 1e-9)
    near = (effector[MIN_RANGE] - r) / max(top, 1e-9)
    lack = max(lack, early, far, near)
    if lack > 0.0:
        return max(lack, _SHORTEST_S)
    begin = t - r / effector[SPEED] - dwell
    return _STEP_S if closed(effector, point, begin, t, sectors, aircraft, aircraft_angle) else 0.0


@kernel
def _earliest(path, effector, fire, sectors, aircraft, aircraft_angle, point):
    """First time [s] at which a shot fired at or after `fire` can meet the threat; nan if none can."""
    top = fastest(path)
    t = before = max(fire, path[0])
    for _ in range(_MOST_STEPS):
        lack = _lack(path, effector, t, fire, top, sectors, aircraft, aircraft_angle, point)
        if lack == 0.0:
            # between the last step outside and this one: to a microsecond
            lo, hi = before, t
            while hi - lo > 1e-6:
                middle = 0.5 * (lo + hi)
                if _lack(path, effector, middle, fire, top, sectors, aircraft, aircraft_angle, point) == 0.0:
                    hi = middle
                else:
                    lo = middle
            return hi
        before = t
        t += lack
        if t > path[1]:
            return math.nan
    return math.nan


@kernel
def _latest(path, effector, earliest, sectors, aircraft, aircraft_angle, point):
    """Last time [s] at which the threat can be met, not before `earliest`."""
    top = fastest(path)
    t = path[1]
    while t > earliest:
        dwell = effector[DWELL]
        lack = _outside(path, effector, t - dwell, top, point) if dwell > 0.0 else 0.0
        r = reach_of(path, effector, t, point)
        lack = max(lack, max(r - effector[MAX_RANGE], effector[MIN_RANGE] - r) / max(top, 1e-9))
        begin = t - r / effector[SPEED] - dwell
        if lack <= 0.0 and not closed(effector, point, begin, t, sectors, aircraft, aircraft_angle):
            return t
        t -= max(lack, _STEP_S)
    return earliest


@kernel
def spread_factor(covariance, tau, lethal):
    """Share of the kill probability that the track's error leaves.

    With a miss that is Gaussian with covariance S and a kill probability that falls as exp(-miss^2 / (2 a^2)), a the
    lethal radius, the mean is det(I + S / a^2)^(-1/2). S is the track's position covariance moved on by `tau` [s].
    """
    m = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            s = covariance[i, j] + tau * (covariance[i, 3 + j] + covariance[3 + i, j])
            m[i, j] = (s + tau * tau * covariance[3 + i, 3 + j]) / (lethal * lethal)
        m[i, i] += 1.0
    det = (
        m[0, 0] * (m[1, 1] * m[2, 2] - m[1, 2] * m[2, 1])
        - m[0, 1] * (m[1, 0] * m[2, 2] - m[1, 2] * m[2, 0])
        + m[0, 2] * (m[1, 0] * m[2, 1] - m[1, 1] * m[2, 0])
    )
    return 1.0 / math.sqrt(det) if det > 1.0 else 1.0


@kernel
def find_shots(
    paths, covariances, valid, effectors, tables, table_first, sectors, sector_first, aircraft, aircraft_angle, out
):
    """The first shot of each effector at each threat, into `out` (threats, effectors, 8).

    Parameters
    ----------
    paths : (n, 14)
        See the module.
    covariances, valid : (n, 6, 6), (n,)
        Of the tracks' states, and their time [s].
    effectors : (m, 12)
        READY is the earliest time of the order; the shot leaves after the response time and the slew.
    tables, table_first : (k, 2), (m + 1,)
        Kill probability by range, effector after effector.
    sectors, sector_first : (k, 2), (m + 1,)
        Closed azimuths, from and to clockwise [rad].
    aircraft, aircraft_angle : (k, 7), float
        Friendly aircraft - see `closed` - and the angle kept clear round each [rad].
    out : (n, m, 8)
        FIRE, INTERCEPT [s], POINT (3), CHANCE of a kill, DEADLINE: the last time to fire [s], WAIT: how long after
        READY the order has to wait [s]; all nan without a shot.
    """
    point = np.empty(3)
    for i in range(paths.shape[0]):
        path = paths[i]
        for j in range(effectors.shape[0]):
            effector, shot = effectors[j], out[i, j]
            shot[:] = math.nan
            shut = sectors[sector_first[j] : sector_first[j + 1]]
            # first without slewing, to know where to; then with it
            order = effector[READY] + effector[RESPONSE]
            t = _earliest(path, effector, order, shut, aircraft, aircraft_angle, point)
            if not math.isfinite(t):
                continue
            if math.isfinite(effector[AZIMUTH]) and effector[SLEW] > 0.0:
                r = reach_of(path, effector, t, point)
                azimuth = math.atan2(point[0] - effector[EAST], point[1] - effector[NORTH])
                order += turn_between(azimuth, effector[AZIMUTH]) / effector[SLEW]
                t = _earliest(path, effector, order, shut, aircraft, aircraft_angle, point)
                if not math.isfinite(t):
                    continue
            last = _latest(path, effector, t, shut, aircraft, aircraft_angle, point)
            shot[DEADLINE] = last - reach_of(path, effector, last, point) / effector[SPEED] - effector[DWELL]
            r = reach_of(path, effector, t, point)
            table = tables[table_first[j] : table_first[j + 1]]
            shot[FIRE], shot[INTERCEPT] = t - r / effector[SPEED] - effector[DWELL], t
            shot[WAIT] = max(shot[FIRE] - order, 0.0)
            shot[POINT], shot[POINT + 1], shot[POINT + 2] = point[0], point[1], point[2]
            shot[CHANCE] = by_range(r, table[:, 0], table[:, 1])
            shot[CHANCE] *= spread_factor(covariances[i], max(t - valid[i], 0.0), effector[LETHAL])


@kernel
def survivors(p, value, target):
    """Value that gets through: sum over threats of value times the product of 1 - p of the shots at it.

    `target` (w,) is the threat of each shot, -1 for none.
    """
    left = value.copy()
    for i in range(target.shape[0]):
        if target[i] >= 0:
            left[target[i]] *= 1.0 - p[i, target[i]]
    total = 0.0
    for j in range(left.shape[0]):
        total += left[j]
    return total


@kernel
def share_greedily(p, value, limit, target):
    """Give shot after shot where it returns most, into `target` (w,).

    Ties go to the lower threat, then to the lower shot: the caller sorts both by its rule.
    """
    w = p.shape[0]
    left, room = value.copy(), limit.copy()
    target[:] = -1
    # the best threat of each shot; only those whose best one has just been served change
    best = np.full(w, -1)
    for i in range(w):
        best[i] = _best_threat(p, left, room, i)
    for _ in range(w):
        chosen = -1
        for i in range(w):
            if target[i] < 0 and best[i] >= 0:
                gain = left[best[i]] * p[i, best[i]]
                if chosen < 0:
                    chosen = i
                    continue
                top = left[best[chosen]] * p[chosen, best[chosen]]
                if gain > top or (gain == top and best[i] < best[chosen]):
                    chosen = i
        if chosen < 0:
            return
        j = best[chosen]
        target[chosen] = j
        left[j] *= 1.0 - p[chosen, j]
        room[j] -= 1
        for i in range(w):
            if target[i] < 0 and best[i] == j:
                best[i] = _best_threat(p, left, room, i)


@kernel
def _best_threat(p, left, room, i):
    best = -1
    gain = 0.0
    for j in range(left.shape[0]):
        if room[j] > 0 and left[j] * p[i, j] > gain:
            best, gain = j, left[j] * p[i, j]
    return best


@kernel
def exchange(p, value, limit, target):
    """Improve an assignment by moving single shots and by swapping the threats of two, until neither helps.

    Shots and threats are tried in their order; a change must gain more than rounding. `target` is changed in place.
    """
    w, n = p.shape
    left, used = value.copy(), np.zeros(n, np.int64)
    for i in range(w):
        if target[i] >= 0:
            left[target[i]] *= 1.0 - p[i, target[i]]
            used[target[i]] += 1
    scale = 0.0
    for j in range(n):
        scale += value[j]
    least = 1e-12 * scale
    for _ in range(100 * (w + n)):
        improved = False
        for i in range(w):
            a = target[i]
            if a >= 0 and p[i, a] <= 0.0:
                # left over from a swap that served the other shot
                target[i] = -1
                used[a] -= 1
                a = -1
            for b in range(n):
                if b == a or used[b] >= limit[b]:
                    continue
                gain = left[b] * p[i, b]
                if a >= 0:
                    gain -= left[a] / (1.0 - p[i, a]) * p[i, a] if p[i, a] < 1.0 else math.inf
                if gain > least:
                    target[i] = b
                    used[b] += 1
                    if a >= 0:
                        used[a] -= 1
                        left[a] = _product(p, value, target, a)
                    left[b] = _product(p, value, target, b)
                    a = b
                    improved = True
            for k in range(i + 1, w):
                a, b = target[i], target[k]
                if a < 0 or b < 0 or a == b or p[i, a] >= 1.0 or p[k, b] >= 1.0:
                    continue
                new_a = left[a] / (1.0 - p[i, a]) * (1.0 - p[k, a])
                new_b = left[b] / (1.0 - p[k, b]) * (1.0 - p[i, b])
                if left[a] + left[b] - new_a - new_b > least:
                    target[i], target[k] = b, a
                    left[a], left[b] = _product(p, value, target, a), _product(p, value, target, b)
                    improved = True
        if not improved:
            return


@kernel
def _product(p, value, target, j):
    left = value[j]
    for i in range(target.shape[0]):
        if target[i] == j:
            left *= 1.0 - p[i, j]
    return left
