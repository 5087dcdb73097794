"""Compiled core of the raster canvas: how much of each pixel lines and areas cover."""

import math

from rampart.physics._jit import kernel


@kernel
def stroke(points, half_px, dash_px, gap_px, cover):
    """A polyline (n, 2) of pixel places into `cover` (h, w), the most covered counts; dashes if dash_px > 0.

    Coverage falls from 1 to 0 over the pixel around the line's edge.
    """
    height, width = cover.shape
    reach = half_px + 1.0
    along = 0.0
    for k in range(points.shape[0] - 1):
        x0, y0, x1, y1 = points[k, 0], points[k, 1], points[k + 1, 0], points[k + 1, 1]
        dx, dy = x1 - x0, y1 - y0
        length = math.sqrt(dx * dx + dy * dy)
        left, right = max(int(min(x0, x1) - reach), 0), min(int(max(x0, x1) + reach) + 1, width - 1)
        top, bottom = max(int(min(y0, y1) - reach), 0), min(int(max(y0, y1) + reach) + 1, height - 1)
        for i in range(top, bottom + 1):
            for j in range(left, right + 1):
                x, y = j + 0.5 - x0, i + 0.5 - y0
                s = (x * dx + y * dy) / (length * length) if length > 0.0 else 0.0
                s = min(max(s, 0.0), 1.0)
                if dash_px > 0.0:
                    at = along + s * length
                    if at - math.floor(at / (dash_px + gap_px)) * (dash_px + gap_px) > dash_px:
                        continue
                far = math.sqrt((x - s * dx) ** 2 + (y - s * dy) ** 2)
                cover[i, j] = max(cover[i, j], min(max(half_px + 0.5 - far, 0.0), 1.0))
        along += length


@kernel
def area(points, cover):
    """The inside (even-odd) of a ring (n, 2) of pixel places into `cover` (h, w), 4 x 4 samples per pixel."""
    height, width = cover.shape
    n = points.shape[0]
    x0, x1, y0, y1 = points[0, 0], points[0, 0], points[0, 1], points[0, 1]
    for k in range(n):
        x0, x1 = min(x0, points[k, 0]), max(x1, points[k, 0])
        y0, y1 = min(y0, points[k, 1]), max(y1, points[k, 1])
    for i in range(max(int(y0), 0), min(int(y1) + 1, height)):
        for j in range(max(int(x0), 0), min(int(x1) + 1, width)):
            hits = 0
            for sub in range(16):
                x, y = j + 0.125 + 0.25 * (sub % 4), i + 0.125 + 0.25 * (sub // 4)
                inside = False
                for k in range(n):
                    ax, ay = points[k, 0], points[k, 1]
                    bx, by = points[(k + 1) % n, 0], points[(k + 1) % n, 1]
                    if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                        inside = not inside
                hits += inside
            cover[i, j] = max(cover[i, j], hits / 16.0)
