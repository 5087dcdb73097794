"""Compiled core: polygons grown by a radius, and how probable it is that a point or a path lies in one.

Areas come packed: ``corners`` (total, 2) east, north [m], ``first`` (n + 1,) index of each area's first corner,
``radius`` (n,) [m], ``centre`` (n, 2) and ``extent`` (n,): a circle round the grown area; ``convex`` (n,) 1 or 0;
``pieces`` (total, 5) and ``piece`` (n + 1,): their outlines (`_kernels_outline`), none where they cannot be traced.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf

from ._kernels_outline import NODES_3, WEIGHTS_3, content, distance_to, normal_cdf

# Six-point Gauss-Legendre on -1..1
_NODES = np.array([-0.9324695142031521, -0.6612093864662645, -0.2386191860831969,
                   0.2386191860831969, 0.6612093864662645, 0.9324695142031521])  # fmt: skip
_WEIGHTS = np.array([0.1713244923791704, 0.3607615730481386, 0.4679139345726910,
                     0.4679139345726910, 0.3607615730481386, 0.1713244923791704])  # fmt: skip

# Beyond this many sigma nothing is counted: 6e-7 of a Gaussian.
REACH_SIGMA = 5.0
# An area beyond a line that the point passes with less than 4.8e-5 probability counts as not hit (3.9 sigma, squared).
_FAR_SQUARE = 3.9 * 3.9
# Areas no larger than so many minor sigmas are summed along their outline, larger ones across the ellipse.
_SMALL = 24.0
# Between so many sigma to both sides lies, to the last bit, all of a Gaussian.
_WHOLE_SIGMA = 8.5
# Smallest sigma worked with [m]: a mean that is known exactly.
_FLOOR_M = 1e-3
_INVERSE_ROOT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@leaf
def _lay_edges(rotated, n, r, edges):
    """What `_cut` needs of each edge, from the corner before to corner i, into `edges` (n, 7).

    The strip of half width r round an edge p-q has two long sides: b = intercept + slope a +- rise.
    Columns: first and last a of the strip, a of p and of q, slope, intercept, rise (nan if the edge runs along b).
    """
    for i in range(n):
        j = i - 1 if i else n - 1
        pa, pb, qa, qb = rotated[j, 0], rotated[j, 1], rotated[i, 0], rotated[i, 1]
        da, db = qa - pa, qb - pb
        edges[i, 0], edges[i, 1] = min(pa, qa) - r, max(pa, qa) + r
        edges[i, 2], edges[i, 3] = pa, qa
        edges[i, 4], edges[i, 5], edges[i, 6] = 0.0, 0.0, math.nan
        if da != 0.0:
            slope = db / da
            edges[i, 4], edges[i, 5] = slope, pb - pa * slope
            edges[i, 6] = r * math.sqrt(1.0 + slope * slope)


@leaf
def _cut(a, rotated, edges, n, r, convex, low, high, starts, ends):
    """Where the line at `a` runs inside the grown polygon: disjoint intervals into `starts`, `ends`; their number."""
    for i in range(n):
        across = a - rotated[i, 0]
        low[i], high[i] = math.inf, -math.inf
        if abs(across) <= r:
            h = math.sqrt(r * r - across * across)
            low[i], high[i] = rotated[i, 1] - h, rotated[i, 1] + h
    m = 0
    all_low, all_high = math.inf, -math.inf
    for i in range(n):
        if a < edges[i, 0] or a > edges[i, 1]:
            continue
        j = i - 1 if i else n - 1
        lo, hi = min(low[i], low[j]), max(high[i], high[j])
        rise = edges[i, 6]
        if rise == rise:
            slope, pa, qa = edges[i, 4], edges[i, 2], edges[i, 3]
            b = edges[i, 5] + slope * a
            # a long side is the edge moved by r at right angles: by `shift` along a, the upper one back, the lower on
            shift = r * r * slope / rise if rise > 0.0 else 0.0
            if min(pa, qa) <= a + shift <= max(pa, qa):
                lo, hi = min(lo, b + rise), max(hi, b + rise)
            if min(pa, qa) <= a - shift <= max(pa, qa):
                lo, hi = min(lo, b - rise), max(hi, b - rise)
        if convex:
            all_low, all_high = min(all_low, lo), max(all_high, hi)
        elif lo < hi:
            starts[m], ends[m] = lo, hi
            m += 1
    if convex:
        starts[0], ends[0] = all_low, all_high
        return 1 if all_low < all_high else 0
    k = 0
    for i in range(n):
        pa, qa = edges[i, 2], edges[i, 3]
        if (pa > a) != (qa > a):
            low[k] = edges[i, 5] + edges[i, 4] * a
            k += 1
    _sort(low, k)
    for i in range(0, k - 1, 2):
        starts[m], ends[m] = low[i], low[i + 1]
        m += 1
    return _unite(starts, ends, m)


@leaf
def _sort(values, n):
    """Put the first n values in order; they are few."""
    for i in range(1, n):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@leaf
def _unite(starts, ends, m):
    """Join overlapping intervals in place; returns how many are left."""
    for i in range(1, m):
        s, e = starts[i], ends[i]
        j = i - 1
        while j >= 0 and starts[j] > s:
            starts[j + 1], ends[j + 1] = starts[j], ends[j]
            j -= 1
        starts[j + 1], ends[j + 1] = s, e
    last = 0
    for i in range(1, m):
        if starts[i] <= ends[last]:
            ends[last] = max(ends[last], ends[i])
        else:
            last += 1
            starts[last], ends[last] = starts[i], ends[i]
    return last + 1 if m else 0


@leaf
def principal_axes(cxx, cxy, cyy):
    """Minor and major sigma [m] of a 2x2 covariance, and the minor axis' direction (east, north)."""
    half, mean = 0.5 * (cxx - cyy), 0.5 * (cxx + cyy)
    swing = math.sqrt(half * half + cxy * cxy)
    minor = math.sqrt(max(mean - swing, _FLOOR_M * _FLOOR_M))
    major = math.sqrt(max(mean + swing, _FLOOR_M * _FLOOR_M))
    angle = 0.5 * math.atan2(2.0 * cxy, cxx - cyy)  # of the major axis, from east
    return minor, major, -math.sin(angle), math.cos(angle)


@kernel
def _hit_one(mx, my, minor, major, ux, uy, corners, first, last, r, convex, work):
    """Probability that a Gaussian point lies in one polygon grown by r.

    The point's coordinates along the two principal axes are independent. Along the major axis the integral over each
    cut of the grown polygon is a difference of normal distribution functions; along the minor axis it is summed by
    Gauss-Legendre between the corners' breakpoints, where the cut's ends are smooth.
    """
    rotated, edges, breaks, starts, ends, lows, highs = work
    n = last - first
    low, high = math.inf, -math.inf
    for i in range(n):
        dx, dy = corners[first + i, 0] - mx, corners[first + i, 1] - my
        rotated[i, 0] = dx * ux + dy * uy
        rotated[i, 1] = -dx * uy + dy * ux
        low, high = min(low, rotated[i, 0]), max(high, rotated[i, 0])
    low, high = max(low - r, -REACH_SIGMA * minor), min(high + r, REACH_SIGMA * minor)
    if low >= high:
        return 0.0
    _lay_edges(rotated, n, r, edges)
    m = 1
    breaks[0] = low
    for i in range(n):
        for step in (-r, 0.0, r):
            a = rotated[i, 0] + step
            if low < a < high:
                breaks[m] = a
                m += 1
    breaks[m] = high
    m += 1
    _sort(breaks, m)
    total, wide = 0.0, _WHOLE_SIGMA * major
    # what is convex and holds all of both outermost lines holds all of those between them
    whole = convex
    for a in (low, high):
        whole = whole and _cut(a, rotated, edges, n, r, convex, lows, highs, starts, ends) == 1
        whole = whole and starts[0] < -wide and ends[0] > wide
    for k in range(m - 1):
        width = breaks[k + 1] - breaks[k]
        if width <= 0.0:
            continue
        pieces = max(int(math.ceil(width / minor / 1.5)), 1)
        half = 0.5 * width / pieces
        nodes, weights = (NODES_3, WEIGHTS_3) if width < 0.12 * (high - low) else (_NODES, _WEIGHTS)
        for piece in range(pieces):
            middle = breaks[k] + (2 * piece + 1) * half
            for g in range(nodes.shape[0]):
                a = middle + half * nodes[g]
                content = 1.0 if whole else 0.0
                cuts = 0 if whole else _cut(a, rotated, edges, n, r, convex, lows, highs, starts, ends)
                for c in range(cuts):
                    if starts[c] < -wide and ends[c] > wide:
                        content += 1.0
                    else:
                        content += normal_cdf(ends[c] / major) - normal_cdf(starts[c] / major)
                z = a / minor
                total += weights[g] * half * math.exp(-0.5 * z * z) * content
    return min(max(total * _INVERSE_ROOT_2PI / minor, 0.0), 1.0)


@kernel
def hit_all(mean, covariance, corners, first, radius, centre, extent, convex, pieces, piece, out):
    """Probability that Gaussian points (m, 2) with covariances (m, 2, 2) lie in each grown area, into `out` (m, n).

    An area wholly beyond a line that the point passes with less than 4.8e-5 probability counts as 0.
    """
    most = 0
    for j in range(radius.shape[0]):
        most = max(most, first[j + 1] - first[j])
    work = (
        np.empty((most, 2)), np.empty((most, 7)), np.empty(3 * most + 2),
        np.empty(2 * most + 2), np.empty(2 * most + 2), np.empty(most), np.empty(most),
    )  # fmt: skip
    for i in range(mean.shape[0]):
        mx, my = mean[i, 0], mean[i, 1]
        cxx, cxy, cyy = covariance[i, 0, 0], covariance[i, 0, 1], covariance[i, 1, 1]
        known = math.isfinite(mx + my + cxx + cxy + cyy)
        if not known:
            out[i, :] = math.nan
            continue
        minor, major, ux, uy = principal_axes(cxx, cxy, cyy)
        for j in range(radius.shape[0]):
            out[i, j] = 0.0
            dx, dy = centre[j, 0] - mx, centre[j, 1] - my
            square = dx * dx + dy * dy
            gap = math.sqrt(square) - extent[j]
            if gap > 0.0 and gap * gap * square > _FAR_SQUARE * (dx * dx * cxx + 2 * dx * dy * cxy + dy * dy * cyy):
                continue
            if piece[j + 1] > piece[j] and extent[j] < _SMALL * minor:
                out[i, j] = content(mx, my, minor, major, ux, uy, pieces, piece[j], piece[j + 1], radius[j])
            else:
                out[i, j] = _hit_one(
                    mx, my, minor, major, ux, uy, corners, first[j], first[j + 1], radius[j], convex[j] == 1, work
                )


@leaf
def _segment_gap(px, py, qx, qy, corners, lo, hi):
    """Distance between a segment and a polygon (0 if they touch) [m]."""
    best = min(distance_to(px, py, corners, lo, hi), distance_to(qx, qy, corners, lo, hi))
    if best <= 0.0:
        return 0.0
    ex, ey = qx - px, qy - py
    square = ex * ex + ey * ey
    j = hi - 1
    for i in range(lo, hi):
        ax, ay, bx, by = corners[j, 0], corners[j, 1], corners[i, 0], corners[i, 1]
        side_a = ex * (ay - py) - ey * (ax - px)
        side_b = ex * (by - py) - ey * (bx - px)
        side_p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        side_q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
        if (side_a > 0.0) != (side_b > 0.0) and (side_p > 0.0) != (side_q > 0.0):
            return 0.0
        if square > 0.0:
            t = min(max(((bx - px) * ex + (by - py) * ey) / square, 0.0), 1.0)
            dx, dy = bx - px - t * ex, by - py - t * ey
            best = min(best, math.sqrt(dx * dx + dy * dy))
        j = i
    return best


@leaf
def _fan_gap(z, path, corners, lo, hi):
    """Distance between a polygon and the fan's path at `z` sigma to the left; `path`: start, end, normal, sigmas."""
    s0, s1 = z * path[6], z * path[7]
    return _segment_gap(
        path[0] + s0 * path[4], path[1] + s0 * path[5], path[2] + s1 * path[4], path[3] + s1 * path[5], corners, lo, hi
    )


@leaf
def _edge_of(inside, outside, path, corners, lo, hi, r):
    """Where between two sigmas of the fan the path leaves the grown area, by bisection."""
    for _ in range(30):
        middle = 0.5 * (inside + outside)
        if _fan_gap(middle, path, corners, lo, hi) <= r:
            inside = middle
        else:
            outside = middle
    return inside


@leaf
def _entry(z, path, corners, lo, hi, r):
    """Share of the path at `z` sigma after which it first is within r of the polygon, by sphere tracing."""
    s0, s1 = z * path[6], z * path[7]
    px, py = path[0] + s0 * path[4], path[1] + s0 * path[5]
    qx, qy = path[2] + s1 * path[4], path[3] + s1 * path[5]
    length = math.sqrt((qx - px) ** 2 + (qy - py) ** 2)
    t = 0.0
    for _ in range(200):
        gap = distance_to(px + t * (qx - px), py + t * (qy - py), corners, lo, hi) - r
        if gap <= 1e-3:
            return t
        t += gap / length
        if t >= 1.0:
            return 1.0
    return t


@leaf
def _pass_one(path, length, corners, lo, hi, r):
    """Probability that a path of the fan comes within r of a polygon, and the entry of its likeliest such path."""
    best, best_gap = 0.0, _fan_gap(0.0, path, corners, lo, hi)
    low, high = math.inf, -math.inf
    if best_gap <= r:
        low = high = 0.0
    ux, uy = path[5], -path[4]
    for i in range(lo, hi):
        dx, dy = corners[i, 0] - path[0], corners[i, 1] - path[1]
        share = min(max((dx * ux + dy * uy) / length, 0.0), 1.0)
        z = (dx * path[4] + dy * path[5]) / (path[6] + share * (path[7] - path[6]))
        z = min(max(z, -2.0 * REACH_SIGMA), 2.0 * REACH_SIGMA)
        gap = _fan_gap(z, path, corners, lo, hi)
        if gap <= r:
            low, high = min(low, z), max(high, z)
        if gap < best_gap:
            best, best_gap = z, gap
    if low > high:
        # no path through a corner gets in: look round the path that comes nearest
        left, right = best - 0.5, best + 0.5
        for _ in range(40):
            a, b = left + (right - left) / 3.0, right - (right - left) / 3.0
            if _fan_gap(a, path, corners, lo, hi) <= _fan_gap(b, path, corners, lo, hi):
                right = b
            else:
                left = a
        best = 0.5 * (left + right)
        if _fan_gap(best, path, corners, lo, hi) > r:
            return 0.0, math.nan
        low = high = best
    limit = 2.0 * REACH_SIGMA + 1.0
    if _fan_gap(-limit, path, corners, lo, hi) <= r:
        low = -limit
    else:
        low = _edge_of(low, -limit, path, corners, lo, hi, r)
    if _fan_gap(limit, path, corners, lo, hi) <= r:
        high = limit
    else:
        high = _edge_of(high, limit, path, corners, lo, hi, r)
    # a path a little inside the border, if the middle one does not get in: on the border tracing never ends
    margin = 0.1 * (high - low)
    likeliest = min(max(0.0, low + margin), high - margin)
    return normal_cdf(high) - normal_cdf(low), _entry(likeliest, path, corners, lo, hi, r)


@kernel
def pass_all(
    start,
    start_covariance,
    end,
    end_covariance,
    corners,
    first,
    radius,
    centre,
    extent,
    convex,
    pieces,
    piece,
    out,
    entry,
):
    """Probability that straight paths with uncertain ends come within each area's radius, into `out` (m, n).

    `entry` (m, n): share of the path after which it is inside; nan where no path gets in. The paths form a fan: all
    start and end the same number of sigmas to one side of the middle one, so the areas they touch are one interval.
    """
    path = np.empty(8)
    point, spread, one = np.empty((1, 2)), np.empty((1, 2, 2)), np.empty((1, radius.shape[0]))
    for i in range(start.shape[0]):
        ex, ey = end[i, 0] - start[i, 0], end[i, 1] - start[i, 1]
        length = math.sqrt(ex * ex + ey * ey)
        if not length >= 1.0:
            # stands still: where it can drift to
            point[0, :] = end[i]
            spread[0, :, :] = end_covariance[i]
            hit_all(point, spread, corners, first, radius, centre, extent, convex, pieces, piece, one)
            for j in range(radius.shape[0]):
                out[i, j] = one[0, j]
                entry[i, j] = 0.0 if one[0, j] > 0.0 else math.nan
            continue
        nx, ny = -ey / length, ex / length
        a, b = start_covariance[i], end_covariance[i]
        path[0], path[1], path[2], path[3], path[4], path[5] = start[i, 0], start[i, 1], end[i, 0], end[i, 1], nx, ny
        path[6] = math.sqrt(max(nx * nx * a[0, 0] + 2 * nx * ny * a[0, 1] + ny * ny * a[1, 1], _FLOOR_M**2))
        path[7] = math.sqrt(max(nx * nx * b[0, 0] + 2 * nx * ny * b[0, 1] + ny * ny * b[1, 1], _FLOOR_M**2))
        for j in range(radius.shape[0]):
            out[i, j], entry[i, j] = 0.0, math.nan
            dx, dy = centre[j, 0] - start[i, 0], centre[j, 1] - start[i, 1]
            along = (dx * ex + dy * ey) / length
            across = abs(dx * nx + dy * ny)
            widest = max(path[6], path[7])
            if along < -extent[j] or along > length + extent[j] or across > extent[j] + 4.5 * widest:
                continue
            out[i, j], entry[i, j] = _pass_one(path, length, corners, first[j], first[j + 1], radius[j])


@leaf
def distance_all(points, corners, first, radius, out):
    """Distance of points (m, 2) from each grown area's border [m], 0 inside, into `out` (m, n)."""
    for i in range(points.shape[0]):
        for j in range(radius.shape[0]):
            gap = distance_to(points[i, 0], points[i, 1], corners, first[j], first[j + 1])
            out[i, j] = max(gap - radius[j], 0.0)
