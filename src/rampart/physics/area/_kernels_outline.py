"""Compiled core: the outline of a polygon grown by a radius, and the Gaussian content of what lies inside it.

An outline is rows of five numbers: a segment (0, east, north, east, north) from one end to the other, or an arc
(1, east, north, angle, turn) round a corner, from an angle [rad, from east] on; anticlockwise, holes clockwise.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf

#: Two ends further apart than this do not meet [m].
_MEET_M = 1e-4
#: Points of the outline are as far from the polygon as the radius says, less this [share, m].
_ON = 1e-9

# Gauss-Legendre on -1..1
NODES_3 = np.array([-0.7745966692414834, 0.0, 0.7745966692414834])
WEIGHTS_3 = np.array([0.5555555555555556, 0.8888888888888888, 0.5555555555555556])
_NODES_4 = np.array([-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526])
_WEIGHTS_4 = np.array([0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538])
_FAR = 5.0  # sigmas beyond which nothing is counted
_ROOT_HALF = math.sqrt(0.5)
_INVERSE_ROOT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@leaf
def normal_cdf(x):
    """Probability that a standard normal number is below x."""
    return 0.5 * math.erfc(-x * _ROOT_HALF)


@leaf
def distance_to(x, y, corners, lo, hi):
    """Distance of a point from a polygon's border, negative inside (even-odd rule) [m]."""
    best = math.inf
    inside = False
    j = hi - 1
    for i in range(lo, hi):
        ax, ay, bx, by = corners[j, 0], corners[j, 1], corners[i, 0], corners[i, 1]
        ex, ey = bx - ax, by - ay
        square = ex * ex + ey * ey
        t = 0.0
        if square > 0.0:
            t = min(max(((x - ax) * ex + (y - ay) * ey) / square, 0.0), 1.0)
        dx, dy = x - ax - t * ex, y - ay - t * ey
        best = min(best, dx * dx + dy * dy)
        if (ay > y) != (by > y) and x < ax + (y - ay) * ex / ey:
            inside = not inside
        j = i
    return -math.sqrt(best) if inside else math.sqrt(best)


@leaf
def _raw(corners, lo, hi, r, raw):
    """Every side moved out by r and every arc round a corner that sticks out, untrimmed; returns their number."""
    n, turn, m = hi - lo, 0.0, 0
    for i in range(n):
        j = (i + 1) % n
        turn += corners[lo + i, 0] * corners[lo + j, 1] - corners[lo + j, 0] * corners[lo + i, 1]
    for k in range(n):
        # anticlockwise, whichever way the corners run
        i, j, h = (k, (k + 1) % n, (k + 2) % n) if turn > 0.0 else (n - 1 - k, (2 * n - 2 - k) % n, (2 * n - 3 - k) % n)
        px, py, qx, qy = corners[lo + i, 0], corners[lo + i, 1], corners[lo + j, 0], corners[lo + j, 1]
        ex, ey = qx - px, qy - py
        fx, fy = corners[lo + h, 0] - qx, corners[lo + h, 1] - qy
        length = math.sqrt(ex * ex + ey * ey)
        if length == 0.0 or (fx == 0.0 and fy == 0.0):
            return -1
        sx, sy = r * ey / length, -r * ex / length
        raw[m, 0], raw[m, 1], raw[m, 2], raw[m, 3], raw[m, 4] = 0.0, px + sx, py + sy, qx + sx, qy + sy
        m += 1
        bend = math.atan2(ex * fy - ey * fx, ex * fx + ey * fy)
        if r > 0.0 and bend > 0.0:
            raw[m, 0], raw[m, 1], raw[m, 2], raw[m, 3], raw[m, 4] = 1.0, qx, qy, math.atan2(sy, sx), bend
            m += 1
    return m


@leaf
def _at(piece, t, r):
    """Point of a piece at a share t of its run."""
    if piece[0] == 0.0:
        return piece[1] + t * (piece[3] - piece[1]), piece[2] + t * (piece[4] - piece[2])
    angle = piece[3] + t * piece[4]
    return piece[1] + r * math.cos(angle), piece[2] + r * math.sin(angle)


@leaf
def _share_at(piece, x, y):
    """At which share of its run a piece passes a point of its line or circle; outside 0..1: it does not."""
    if piece[0] == 0.0:
        ex, ey = piece[3] - piece[1], piece[4] - piece[2]
        return ((x - piece[1]) * ex + (y - piece[2]) * ey) / (ex * ex + ey * ey)
    turn = math.atan2(y - piece[2], x - piece[1]) - piece[3]
    turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi))
    return turn / piece[4]


@leaf
def _crossings(one, other, r, found):
    """Points where the lines or circles of two pieces meet, into `found` (2, 2); returns their number."""
    if one[0] == 0.0 and other[0] == 0.0:
        ax, ay = one[3] - one[1], one[4] - one[2]
        bx, by = other[3] - other[1], other[4] - other[2]
        across = ax * by - ay * bx
        if abs(across) <= 1e-12 * math.sqrt((ax * ax + ay * ay) * (bx * bx + by * by)):
            return 0
        t = ((other[1] - one[1]) * by - (other[2] - one[2]) * bx) / across
        found[0, 0], found[0, 1] = one[1] + t * ax, one[2] + t * ay
        return 1
    if one[0] == 1.0 and other[0] == 1.0:
        dx, dy = other[1] - one[1], other[2] - one[2]
        square = dx * dx + dy * dy
        if square == 0.0 or square > 4.0 * r * r:
            return 0
        h = math.sqrt(max(r * r / square - 0.25, 0.0))
        mx, my = one[1] + 0.5 * dx, one[2] + 0.5 * dy
        found[0, 0], found[0, 1], found[1, 0], found[1, 1] = mx - h * dy, my + h * dx, mx + h * dy, my - h * dx
        return 2
    line, arc = (one, other) if one[0] == 0.0 else (other, one)
    ex, ey = line[3] - line[1], line[4] - line[2]
    square = ex * ex + ey * ey
    t = ((arc[1] - line[1]) * ex + (arc[2] - line[2]) * ey) / square
    fx, fy = line[1] + t * ex, line[2] + t * ey
    off = (fx - arc[1]) ** 2 + (fy - arc[2]) ** 2
    if off > r * r:
        return 0
    h = math.sqrt((r * r - off) / square)
    found[0, 0], found[0, 1], found[1, 0], found[1, 1] = fx + h * ex, fy + h * ey, fx - h * ex, fy - h * ey
    return 2


@leaf
def _closed(pieces, m, r):
    """Whether every piece ends where one begins."""
    for i in range(m):
        x, y = _at(pieces[i], 1.0, r)
        near = False
        for j in range(m):
            bx, by = _at(pieces[j], 0.0, r)
            if abs(bx - x) < _MEET_M and abs(by - y) < _MEET_M:
                near = True
                break
        if not near:
            return False
    return m > 0


@kernel
def trace(corners, lo, hi, r, raw, cuts, pieces):
    """The outline of a polygon grown by r, into `pieces`; returns how many there are, -1 if it cannot be told.

    All points at distance r lie on a side moved out or on an arc round a corner. These are cut where they meet, and
    what is nearer to the polygon than r is left out.
    """
    n = _raw(corners, lo, hi, r, raw)
    if r == 0.0 or n < 0:
        for i in range(n):
            pieces[i] = raw[i]
        return n
    found, m = np.empty((2, 2)), 0
    for i in range(n):
        k = 0
        for j in range(n):
            if i == j:
                continue
            for f in range(_crossings(raw[i], raw[j], r, found)):
                t = _share_at(raw[i], found[f, 0], found[f, 1])
                s = _share_at(raw[j], found[f, 0], found[f, 1])
                if 1e-12 < t < 1.0 - 1e-12 and -1e-9 <= s <= 1.0 + 1e-9:
                    if k == cuts.shape[0] - 2:
                        return -1
                    k += 1
                    cuts[k] = t
        cuts[0], cuts[k + 1] = 0.0, 1.0
        cuts[: k + 2].sort()
        for c in range(k + 1):
            t, s = cuts[c], cuts[c + 1]
            if s - t <= 1e-12:
                continue
            x, y = _at(raw[i], 0.5 * (t + s), r)
            if max(distance_to(x, y, corners, lo, hi), 0.0) < r * (1.0 - _ON) - _ON:
                continue
            if m == pieces.shape[0]:
                return -1
            pieces[m] = raw[i]
            if raw[i, 0] == 0.0:
                pieces[m, 1], pieces[m, 2] = _at(raw[i], t, r)
                pieces[m, 3], pieces[m, 4] = _at(raw[i], s, r)
            else:
                pieces[m, 3], pieces[m, 4] = raw[i, 3] + t * raw[i, 4], (s - t) * raw[i, 4]
            m += 1
    return m if _closed(pieces, m, r) else -1


@leaf
def _segment(a, b, c, d):
    """Integral of Phi(x) phi(y) dy along a segment from (a, b) to (c, d), in sigmas."""
    if max(a, c) <= -_FAR or min(b, d) >= _FAR or max(b, d) <= -_FAR or b == d:
        return 0.0
    if min(a, c) >= _FAR:
        return normal_cdf(d) - normal_cdf(b)
    # only the run inside |y| < 5 counts, and x < 5 of it must be summed
    t, s = (-_FAR - b) / (d - b), (_FAR - b) / (d - b)
    first, last = max(min(t, s), 0.0), min(max(t, s), 1.0)
    total = 0.0
    if a > _FAR or c > _FAR:
        u = (_FAR - a) / (c - a)
        if a > _FAR:
            u = min(max(u, first), last)
            total, first = normal_cdf(b + u * (d - b)) - normal_cdf(b + first * (d - b)), u
        else:
            u = min(max(u, first), last)
            total, last = normal_cdf(b + last * (d - b)) - normal_cdf(b + u * (d - b)), u
    if a < -_FAR:
        first = max(first, min((-_FAR - a) / (c - a), last))
    elif c < -_FAR:
        last = min(last, max((-_FAR - a) / (c - a), first))
    run = last - first
    if run <= 0.0:
        return total
    da, db = run * (c - a), run * (d - b)
    a, b = a + first * (c - a), b + first * (d - b)
    length = math.sqrt(da * da + db * db)
    parts = 1 if length <= 2.0 else int(math.ceil(0.5 * length))
    nodes, weights = (NODES_3, WEIGHTS_3) if length <= 1.0 else (_NODES_4, _WEIGHTS_4)
    half, added = 0.5 / parts, 0.0
    for p in range(parts):
        middle = (2 * p + 1) * half
        for g in range(nodes.shape[0]):
            t = middle + half * nodes[g]
            y = b + t * db
            added += weights[g] * math.exp(-0.5 * y * y) * math.erfc(-(a + t * da) * _ROOT_HALF)
    return total + added * half * db * 0.5 * _INVERSE_ROOT_2PI


@leaf
def _arc(a, b, ra, rb, angle, turn):
    """The same along an arc round (a, b) with semi-axes ra, rb, from an angle on."""
    if a + ra <= -_FAR or b - rb >= _FAR or b + rb <= -_FAR:
        return 0.0
    if a - ra >= _FAR:
        return normal_cdf(b + rb * math.sin(angle + turn)) - normal_cdf(b + rb * math.sin(angle))
    length = turn * max(ra, rb)
    parts = max(int(math.ceil(0.5 * length)), int(math.ceil(turn / 1.5)))
    nodes, weights = (NODES_3, WEIGHTS_3) if length <= 1.0 and turn < 0.8 else (_NODES_4, _WEIGHTS_4)
    half, total = 0.5 * turn / parts, 0.0
    for p in range(parts):
        middle = angle + (2 * p + 1) * half
        for g in range(nodes.shape[0]):
            t = middle + half * nodes[g]
            across = math.cos(t)
            x, y = a + ra * across, b + rb * math.sin(t)
            if x > -_FAR and abs(y) < _FAR:
                total += weights[g] * across * math.exp(-0.5 * y * y) * math.erfc(-x * _ROOT_HALF)
    return total * half * rb * 0.5 * _INVERSE_ROOT_2PI


@leaf
def content(mx, my, minor, major, ux, uy, pieces, first, last, r):
    """Probability that a Gaussian point lies inside an outline: Green's theorem, once round.

    With x and y in sigmas along the principal axes, the double integral of phi(x) phi(y) is the integral of
    Phi(x) phi(y) dy along the outline. `ux`, `uy`: direction of the minor axis.
    """
    tilt, total = math.atan2(uy, ux), 0.0
    for i in range(first, last):
        dx, dy = pieces[i, 1] - mx, pieces[i, 2] - my
        a, b = (dx * ux + dy * uy) / minor, (dy * ux - dx * uy) / major
        if pieces[i, 0] == 0.0:
            dx, dy = pieces[i, 3] - mx, pieces[i, 4] - my
            total += _segment(a, b, (dx * ux + dy * uy) / minor, (dy * ux - dx * uy) / major)
        else:
            total += _arc(a, b, r / minor, r / major, pieces[i, 3] - tilt, pieces[i, 4])
    return min(max(total, 0.0), 1.0)
