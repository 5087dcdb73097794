"""Compiled core of the room: forces, Runge-Kutta steps, Jacobians, the ground.

One model everywhere: a point mass in the site's east-north-up frame, state (east, north, up, their rates, ln k), with
k the drag-to-mass ratio in m2/kg. The world comes in as four arrays (see `environment.Environment.arrays`):

- ``site``: (8,) inverse Earth radius, gravity at the height datum, the Earth's rotation about north and up, origin
  height above the datum, height of the first atmosphere row, inverse row spacing, number of row intervals;
- ``atmosphere``: (n, 8) rows of density, 1 / speed of sound, wind east, wind north, each with its step to the next row;
- ``drag``: (n, 4) cubic pieces of Cd(M) / Cd_ref over equal Mach intervals;
- ``ground`` and ``frame``: (ny, nx) heights; (5,) east and north of the first node, inverse spacing, lowest, highest.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels_memory import read_table, write_lane

# Drag pieces per unit of Mach number: 0.025 wide, which keeps the impact within 0.4 mm of that with the curve itself.
PIECES_PER_MACH = 40.0

# Status of a flight
LANDED = 0
TIMED_OUT = 1
UNDERGROUND = 2
INVALID = 3


@leaf
def _locate(u, top):
    """Interval and fraction of u in [0, top], clamped; nan counts as 0, so that no index leaves its table."""
    u = u if u > 0.0 else 0.0
    u = u if u < top else top
    i = int(u)
    i = i if i < int(top) - 1 else int(top) - 1
    return i, u - i


@leaf(forceinline=True)
def _level(x, y, z, site):
    """Height above the datum over a round Earth, as a place in the atmosphere's rows (clamped; nan counts as 0)."""
    height = (
        read_table(site, 4)
        - read_table(site, 5)
        + z
        + 0.5 * (x * x + y * y) * read_table(site, 0) * (1.0 - z * read_table(site, 0))
    )
    u = height * read_table(site, 6)
    u = u if u > 0.0 else 0.0
    return u if u < read_table(site, 7) else read_table(site, 7)


@leaf(forceinline=True)
def _air(u, atmosphere):
    """The row of the atmosphere at a place: its number as a float and its eight values."""
    row = np.int32(u)
    i = np.int64(row) * 8
    rho, rho_step, sound, sound_step = (
        read_table(atmosphere, i), read_table(atmosphere, i + 1),
        read_table(atmosphere, i + 2), read_table(atmosphere, i + 3),
    )  # fmt: skip
    east, east_step, north, north_step = (
        read_table(atmosphere, i + 4), read_table(atmosphere, i + 5),
        read_table(atmosphere, i + 6), read_table(atmosphere, i + 7),
    )  # fmt: skip
    return float(row), rho, rho_step, sound, sound_step, east, east_step, north, north_step


@leaf(forceinline=True)
def _mach_place(f, vx, vy, vz, air, drag):
    """Velocity through the air, its size, and its Mach number as a place in the drag pieces (clamped)."""
    rx = vx - (air[5] + f * air[6])
    ry = vy - (air[7] + f * air[8])
    speed = math.sqrt(rx * rx + ry * ry + vz * vz)
    m = speed * (air[3] + f * air[4]) * PIECES_PER_MACH
    top = drag.shape[0] - 1e-9
    # in this order nan becomes 0
    m = m if m > 0.0 else 0.0
    return rx, ry, speed, m if m < top else top


@leaf(forceinline=True)
def _piece(m, drag):
    """The cubic piece of Cd at a place: its number as a float and its four coefficients."""
    piece = np.int32(m)
    i = np.int64(piece) * 4
    return float(piece), read_table(drag, i), read_table(drag, i + 1), read_table(drag, i + 2), read_table(drag, i + 3)


@leaf(forceinline=True)
def _force(x, y, z, vx, vy, vz, k, rx, ry, speed, f, t, air, cd, site):
    """Acceleration from what the tables gave: gravity to the Earth's centre, drag, Coriolis."""
    q = read_table(site, 0)
    shape = cd[1] + t * (cd[2] + t * (cd[3] + t * cd[4]))
    c = k * (air[1] + f * air[2]) * shape * speed
    bulge = (x * x + y * y) * q
    e = (read_table(site, 4) + z + 0.5 * bulge * (1.0 - z * q)) * q
    g = read_table(site, 1) * (1.0 - e * (2.0 - 3.0 * e))
    tilt = g * q * (1.0 - z * q)
    north, up = 2.0 * read_table(site, 2), 2.0 * read_table(site, 3)
    ax = -c * rx - tilt * x + up * vy - north * vz
    ay = -c * ry - tilt * y - up * vx
    az = -c * vz - g * (1.0 - 0.5 * bulge * q) + north * vx
    return ax, ay, az


@leaf(forceinline=True)
def _look_up(x, y, z, vx, vy, vz, k, site, atmosphere, drag):
    """Acceleration, and the table rows it came from for `_look_again`."""
    u = _level(x, y, z, site)
    air = _air(u, atmosphere)
    f = u - air[0]
    rx, ry, speed, m = _mach_place(f, vx, vy, vz, air, drag)
    cd = _piece(m, drag)
    ax, ay, az = _force(x, y, z, vx, vy, vz, k, rx, ry, speed, f, m - cd[0], air, cd, site)
    return ax, ay, az, air, cd


@leaf(forceinline=True)
def _look_again(x, y, z, vx, vy, vz, k, site, drag, air, cd):
    """Acceleration at a state close to that of `_look_up`, from the same rows.

    The second and third stage of a step lie metres and fractions of a m/s apart, so the row of the one serves the
    other, continued past its end by up to one row where need be. That spares a quarter of the look-ups, the costly
    part of a step, and moves an impact by less than 1 mm.
    """
    f = _near(_level(x, y, z, site) - air[0])
    rx, ry, speed, m = _mach_place(f, vx, vy, vz, air, drag)
    return _force(x, y, z, vx, vy, vz, k, rx, ry, speed, f, _near(m - cd[0]), air, cd, site)


@leaf(forceinline=True)
def _near(f):
    f = f if f > -1.0 else -1.0
    return f if f < 2.0 else 2.0


@leaf
def acceleration(x, y, z, vx, vy, vz, k, site, atmosphere, drag):
    """Acceleration of a coasting point mass [m/s2]: gravity to the Earth's centre, drag against the wind, Coriolis.

    Gravity g (R / (R + h))^2 by its series, the height over a round Earth to second order in the distance from the
    origin: below 1e-8 of g together up to 20 km up and 20 km away.
    """
    ax, ay, az, _, _ = _look_up(x, y, z, vx, vy, vz, k, site, atmosphere, drag)
    return ax, ay, az


@leaf(forceinline=True)
def _push(vx, vy, vz, thrust, ax, ay, az):
    """Add a constant acceleration along the velocity."""
    if thrust != 0.0:
        speed = math.sqrt(vx * vx + vy * vy + vz * vz)
        s = thrust / speed if speed > 0.0 else 0.0
        ax, ay, az = ax + s * vx, ay + s * vy, az + s * vz
    return ax, ay, az


@leaf
def rk4_step(x, y, z, vx, vy, vz, k, h, thrust, site, atmosphere, drag):
    """One classical Runge-Kutta step of h seconds (negative: back in time); returns the six new numbers.

    `k` [m2/kg] is the drag-to-mass ratio, `thrust` [m/s2] acts along the velocity.
    """
    return rk4_step_inline(x, y, z, vx, vy, vz, k, h, thrust, site, atmosphere, drag)


@leaf(forceinline=True)
def rk4_step_inline(x, y, z, vx, vy, vz, k, h, thrust, site, atmosphere, drag):
    """The same for loops over many lanes: put into the loop as a whole, so that it can run on vectors."""
    c = 0.5 * h
    ax1, ay1, az1, _, _ = _look_up(x, y, z, vx, vy, vz, k, site, atmosphere, drag)
    ax1, ay1, az1 = _push(vx, vy, vz, thrust, ax1, ay1, az1)
    vx2, vy2, vz2 = vx + c * ax1, vy + c * ay1, vz + c * az1
    x2, y2, z2 = x + c * vx, y + c * vy, z + c * vz
    ax2, ay2, az2, air, cd = _look_up(x2, y2, z2, vx2, vy2, vz2, k, site, atmosphere, drag)
    ax2, ay2, az2 = _push(vx2, vy2, vz2, thrust, ax2, ay2, az2)
    vx3, vy3, vz3 = vx + c * ax2, vy + c * ay2, vz + c * az2
    x3, y3, z3 = x + c * vx2, y + c * vy2, z + c * vz2
    ax3, ay3, az3 = _look_again(x3, y3, z3, vx3, vy3, vz3, k, site, drag, air, cd)
    ax3, ay3, az3 = _push(vx3, vy3, vz3, thrust, ax3, ay3, az3)
    vx4, vy4, vz4 = vx + h * ax3, vy + h * ay3, vz + h * az3
    x4, y4, z4 = x + h * vx3, y + h * vy3, z + h * vz3
    ax4, ay4, az4, _, _ = _look_up(x4, y4, z4, vx4, vy4, vz4, k, site, atmosphere, drag)
    ax4, ay4, az4 = _push(vx4, vy4, vz4, thrust, ax4, ay4, az4)
    s = h / 6.0
    return (
        x + s * (vx + 2.0 * (vx2 + vx3) + vx4),
        y + s * (vy + 2.0 * (vy2 + vy3) + vy4),
        z + s * (vz + 2.0 * (vz2 + vz3) + vz4),
        vx + s * (ax1 + 2.0 * (ax2 + ax3) + ax4),
        vy + s * (ay1 + 2.0 * (ay2 + ay3) + ay4),
        vz + s * (az1 + 2.0 * (az2 + az3) + az4),
    )


@leaf
def rk4_step_state(state, h, thrust, site, atmosphere, drag, out):
    """One step of a state (7,) into `out` (7,); they may be the same array. `thrust` [m/s2] acts along the velocity."""
    k = math.exp(state[6])
    x, y, z, vx, vy, vz = rk4_step(
        state[0], state[1], state[2], state[3], state[4], state[5], k, h, thrust, site, atmosphere, drag
    )
    out[0], out[1], out[2], out[3], out[4], out[5], out[6] = x, y, z, vx, vy, vz, state[6]


@leaf
def ground_height(x, y, ground, frame):
    """Height of the ground [m, up] at (x, y), bilinear; beyond the grid its edge goes on."""
    if frame[3] == frame[4]:
        return frame[3]
    i, u = _locate((x - frame[0]) * frame[2], ground.shape[1] - 1.0)
    j, v = _locate((y - frame[1]) * frame[2], ground.shape[0] - 1.0)
    low = ground[j, i] + u * (ground[j, i + 1] - ground[j, i])
    high = ground[j + 1, i] + u * (ground[j + 1, i + 1] - ground[j + 1, i])
    return low + v * (high - low)


@leaf
def _linearise(x, y, z, vx, vy, vz, k, thrust, site, atmosphere, drag, out):
    """Acceleration and its derivatives into `out` (24,).

    0:3 acceleration; 3:6 by z; 6 ax by x and ay by y; 7:16 by velocity, row by row; 16:19 by ln k; 19:22 by thrust;
    22:24 how much of a change of x and of y counts as one of z, because the Earth is round.
    """
    ax, ay, az = acceleration(x, y, z, vx, vy, vz, k, site, atmosphere, drag)
    ax, ay, az = _push(vx, vy, vz, thrust, ax, ay, az)
    q = site[0]
    height = site[4] + z + 0.5 * (x * x + y * y) * q * (1.0 - z * q)
    u = (height - site[5]) * site[6]
    row, f = _locate(u, site[7])
    # outside the table nothing changes with height
    per_m = site[6] if 0.0 < u < site[7] else 0.0
    rho, rho_z = atmosphere[row, 0] + f * atmosphere[row, 1], atmosphere[row, 1] * per_m
    sound, sound_z = atmosphere[row, 2] + f * atmosphere[row, 3], atmosphere[row, 3] * per_m
    wx_z, wy_z = atmosphere[row, 5] * per_m, atmosphere[row, 7] * per_m
    rx, ry = vx - (atmosphere[row, 4] + f * atmosphere[row, 5]), vy - (atmosphere[row, 6] + f * atmosphere[row, 7])
    speed = math.sqrt(rx * rx + ry * ry + vz * vz)
    m = speed * sound * PIECES_PER_MACH
    piece, t = _locate(m, float(drag.shape[0]))
    d0, d1, d2, d3 = drag[piece, 0], drag[piece, 1], drag[piece, 2], drag[piece, 3]
    shape = d0 + t * (d1 + t * (d2 + t * d3))
    slope = (d1 + t * (2.0 * d2 + t * 3.0 * d3)) * PIECES_PER_MACH if m < drag.shape[0] else 0.0
    c = k * rho * shape * speed
    b = k * rho * (shape / speed + slope * sound) if speed > 0.0 else 0.0
    by_z = k * speed * (rho_z * shape + rho * slope * speed * sound_z)
    g = site[1] * (1.0 - 2.0 * height * q)
    out[0], out[1], out[2] = ax, ay, az
    along = b * (rx * wx_z + ry * wy_z)
    out[3] = -by_z * rx + c * wx_z + along * rx
    out[4] = -by_z * ry + c * wy_z + along * ry
    out[5] = -by_z * vz + along * vz + 2.0 * g * q
    out[6] = -g * q
    out[22], out[23] = x * q, y * q
    north, up = 2.0 * site[2], 2.0 * site[3]
    out[7], out[8], out[9] = -c - b * rx * rx, -b * rx * ry + up, -b * rx * vz - north
    out[10], out[11], out[12] = -b * ry * rx - up, -c - b * ry * ry, -b * ry * vz
    out[13], out[14], out[15] = -b * vz * rx + north, -b * vz * ry, -c - b * vz * vz
    out[16], out[17], out[18] = -c * rx, -c * ry, -c * vz
    ground_speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    inverse = 1.0 / ground_speed if ground_speed > 0.0 else 0.0
    ux, uy, uz = vx * inverse, vy * inverse, vz * inverse
    out[19], out[20], out[21] = ux, uy, uz
    if thrust != 0.0:
        s = thrust * inverse
        out[7], out[8], out[9] = out[7] + s * (1.0 - ux * ux), out[8] - s * ux * uy, out[9] - s * ux * uz
        out[10], out[11], out[12] = out[10] - s * uy * ux, out[11] + s * (1.0 - uy * uy), out[12] - s * uy * uz
        out[13], out[14], out[15] = out[13] - s * uz * ux, out[14] - s * uz * uy, out[15] + s * (1.0 - uz * uz)


@kernel
def rk4_step_jacobian(state, h, thrust, site, atmosphere, drag, out, jacobian):
    """One step of a state (7,) into `out` (7,), and the derivative of that step into `jacobian` (7, 7) or (7, 8).

    The chain rule through the four stages: the derivative of the discrete step itself. Column 7, if there is room for
    it, is the derivative by the thrust acceleration. `out` and `state` may be the same array.
    """
    step_jacobian(state, h, thrust, site, atmosphere, drag, out, jacobian, np.empty((4, 24)), np.empty(56))


@leaf
def step_jacobian(state, h, thrust, site, atmosphere, drag, out, jacobian, stages, lanes):
    """`rk4_step_jacobian`; `stages` (4, 24) and `lanes` (56,) are scratch."""
    x, y, z, vx, vy, vz = state[0], state[1], state[2], state[3], state[4], state[5]
    k = math.exp(state[6])
    px, py, pz, ux, uy, uz = x, y, z, vx, vy, vz
    sx, sy, sz, tx, ty, tz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(4):
        a = stages[i]
        _linearise(px, py, pz, ux, uy, uz, k, thrust, site, atmosphere, drag, a)
        w = 2.0 if 0 < i < 3 else 1.0
        sx, sy, sz = sx + w * ux, sy + w * uy, sz + w * uz
        tx, ty, tz = tx + w * a[0], ty + w * a[1], tz + w * a[2]
        c = h if i == 2 else 0.5 * h
        px, py, pz = x + c * ux, y + c * uy, z + c * uz
        ux, uy, uz = vx + c * a[0], vy + c * a[1], vz + c * a[2]
    s = h / 6.0
    out[0], out[1], out[2] = x + s * sx, y + s * sy, z + s * sz
    out[3], out[4], out[5], out[6] = vx + s * tx, vy + s * ty, vz + s * tz, state[6]
    _propagate(h, stages, lanes)
    for i in range(7):
        for column in range(jacobian.shape[1]):
            jacobian[i, column] = lanes[8 * i + column]


@leaf
def _propagate(h, stages, lanes):
    """The derivative of a step: a small change of each of eight numbers carried through the four stages, side by side.

    `lanes` (56,) takes seven rows of eight; the loop over them runs on vectors.
    """
    c, s = 0.5 * h, h / 6.0
    for lane in range(8):
        x, y, z = 1.0 * (lane == 0), 1.0 * (lane == 1), 1.0 * (lane == 2)
        vx, vy, vz = 1.0 * (lane == 3), 1.0 * (lane == 4), 1.0 * (lane == 5)
        by_k, by_thrust = 1.0 * (lane == 6), 1.0 * (lane == 7)
        ax1, ay1, az1 = _change(stages, 0, x, y, z, vx, vy, vz, by_k, by_thrust)
        vx2, vy2, vz2 = vx + c * ax1, vy + c * ay1, vz + c * az1
        x2, y2, z2 = x + c * vx, y + c * vy, z + c * vz
        ax2, ay2, az2 = _change(stages, 24, x2, y2, z2, vx2, vy2, vz2, by_k, by_thrust)
        vx3, vy3, vz3 = vx + c * ax2, vy + c * ay2, vz + c * az2
        x3, y3, z3 = x + c * vx2, y + c * vy2, z + c * vz2
        ax3, ay3, az3 = _change(stages, 48, x3, y3, z3, vx3, vy3, vz3, by_k, by_thrust)
        vx4, vy4, vz4 = vx + h * ax3, vy + h * ay3, vz + h * az3
        x4, y4, z4 = x + h * vx3, y + h * vy3, z + h * vz3
        ax4, ay4, az4 = _change(stages, 72, x4, y4, z4, vx4, vy4, vz4, by_k, by_thrust)
        write_lane(lanes, lane, x + s * (vx + 2.0 * vx2 + 2.0 * vx3 + vx4))
        write_lane(lanes, lane + 8, y + s * (vy + 2.0 * vy2 + 2.0 * vy3 + vy4))
        write_lane(lanes, lane + 16, z + s * (vz + 2.0 * vz2 + 2.0 * vz3 + vz4))
        write_lane(lanes, lane + 24, vx + s * (ax1 + 2.0 * ax2 + 2.0 * ax3 + ax4))
        write_lane(lanes, lane + 32, vy + s * (ay1 + 2.0 * ay2 + 2.0 * ay3 + ay4))
        write_lane(lanes, lane + 40, vz + s * (az1 + 2.0 * az2 + 2.0 * az3 + az4))
        write_lane(lanes, lane + 48, by_k)


@leaf(forceinline=True)
def _change(stages, at, x, y, z, vx, vy, vz, by_k, by_thrust):
    """Change of the acceleration that goes with a small change of the state; `_linearise` has written it `at` there."""
    xx = read_table(stages, at + 6)
    height = z + read_table(stages, at + 22) * x + read_table(stages, at + 23) * y
    ax = (
        read_table(stages, at + 3) * height + xx * x
        + read_table(stages, at + 7) * vx + read_table(stages, at + 8) * vy + read_table(stages, at + 9) * vz
        + read_table(stages, at + 16) * by_k + read_table(stages, at + 19) * by_thrust
    )  # fmt: skip
    ay = (
        read_table(stages, at + 4) * height + xx * y
        + read_table(stages, at + 10) * vx + read_table(stages, at + 11) * vy + read_table(stages, at + 12) * vz
        + read_table(stages, at + 17) * by_k + read_table(stages, at + 20) * by_thrust
    )  # fmt: skip
    az = (
        read_table(stages, at + 5) * height
        + read_table(stages, at + 13) * vx + read_table(stages, at + 14) * vy + read_table(stages, at + 15) * vz
        + read_table(stages, at + 18) * by_k + read_table(stages, at + 21) * by_thrust
    )  # fmt: skip
    return ax, ay, az
