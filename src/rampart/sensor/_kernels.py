"""Compiled core of the simulated sensors: one call looks at every flight of a sky in one scan.

The sky comes in as the packed arrays of `sky.Sky`, the ground as `physics` packs it, a sensor as two arrays:

- ``face``: (10,) east, north, up of the sensor [m]; minimum and maximum range [m]; minimum and maximum elevation [rad];
  middle and half width of its sector in azimuth [rad]; minimum radial speed [m/s];
- ``law``: (10,) reference signal to noise ratio times range^4, that ratio alone, detection threshold; one sigma of
  range, azimuth, elevation and range rate at the reference ratio (nan: not measured); resolution in range, azimuth and
  elevation.

A scan is two numbers, ``window``: its start and its length [s].
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels_path import interpolate
from rampart.physics._kernels_terrain import see_over_grid, see_over_smooth
from rampart.physics.constants import EARTH_RADIUS_M, REFRACTION_FACTOR

# Numbers of `gates.Gate`
ABSENT = -1
DETECTED = 0
RANGE = 1
HORIZON = 2
MASK = 3
BEAM = 4
SILENT = 5
NOTCH = 6
SNR = 7
CELL = 8
CHANCE = 9

# Noise falls with the root of the signal to noise ratio (a matched filter's bound) until other errors take over at 0.3
# of the data sheet's figure; near the threshold the cell itself bounds it: 1.5 times.
SIGMA_LOW = 0.3
SIGMA_HIGH = 1.5

# Rows of the table that `report` fills; the first N_TOLD of them are told
R, AZ, EL, RR, R_SIGMA, AZ_SIGMA, EL_SIGMA, RR_SIGMA, SNR_DB, RCS, TIME, FLIGHT = range(12)
N_TOLD, N_ROWS = 10, 12

TURN = 2.0 * math.pi

# What the 4/3 rule leaves over from the true bulge of the Earth, which the grid of heights already holds [1/m]
REFRACTION_BEND = (1.0 - 1.0 / REFRACTION_FACTOR) / (2.0 * EARTH_RADIUS_M)


@leaf
def wrap(angle):
    """The same angle between -pi and pi."""
    return angle - TURN * math.floor((angle + math.pi) / TURN)


@leaf
def turn(angle):
    """The same angle from 0 to below 2 pi."""
    a = angle - TURN * math.floor(angle / TURN)
    return a if a < TURN else 0.0


@leaf
def polar_of(position, velocity, face, out):
    """Range, azimuth, elevation and range rate of a target from the sensor, into `out` (4,)."""
    dx, dy, dz = position[0] - face[0], position[1] - face[1], position[2] - face[2]
    level = math.sqrt(dx * dx + dy * dy)
    r = math.sqrt(level * level + dz * dz)
    out[0] = r
    out[1] = turn(math.atan2(dx, dy))
    out[2] = math.atan2(dz, level)
    out[3] = (dx * velocity[0] + dy * velocity[1] + dz * velocity[2]) / r if r > 0.0 else 0.0


@leaf
def refusal(target, polar, face, smooth, ground, frame, seen):
    """The first geometric gate that refuses a target, or DETECTED. target: (1, 3) its place; seen: (1,) work space."""
    if polar[0] < face[3] or polar[0] > face[4]:
        return RANGE
    if smooth:
        see_over_smooth(face, target, frame[3], REFRACTION_FACTOR * EARTH_RADIUS_M, seen)
        if not seen[0]:
            return HORIZON
    else:
        see_over_grid(face, target, ground, frame, REFRACTION_BEND, seen)
        if not seen[0]:
            return MASK
    if polar[2] < face[5] or polar[2] > face[6] or abs(wrap(polar[1] - face[7])) > face[8]:
        return BEAM
    if abs(polar[3]) < face[9]:
        return NOTCH
    return DETECTED


@kernel
def look(
    window, rotating, face,
    offset, time, position, velocity, start, end, ended,
    smooth, ground, frame,
    gate, when, polar,
):  # fmt: skip
    """Look at every flight once within a scan: fills `gate` (n,), `when` (n,), `polar` (n, 4) with the geometric truth.

    A rotating antenna starts each scan at north and meets a target when it passes the target's azimuth; a staring one
    looks at all at the end of the scan. `smooth`: the ground stands for a smooth Earth with a horizon; else its grid
    masks.
    """
    n = gate.size
    at, speed, alive, seen = np.empty((n, 3)), np.empty((n, 3)), np.empty(n, np.bool_), np.empty(1, np.bool_)
    last = window[0] + window[1]
    inside = np.empty(n)
    when[:] = last
    # where it is when the antenna points there: rounds until it settles, as no target turns as fast as an antenna
    for again in range(4 if rotating else 1):
        for i in range(n):
            if again > 0:
                when[i] = window[0] + window[1] * polar[i, 1] / TURN
            inside[i] = min(max(when[i], start[i]), end[i])
        interpolate(offset, time, position, velocity, inside, at, speed, alive)
        for i in range(n):
            polar_of(at[i], speed[i], face, polar[i])
    for i in range(n):
        if when[i] < start[i] or when[i] > min(end[i], ended[i]):
            gate[i], when[i] = ABSENT, np.nan
            polar[i, :] = np.nan
        else:
            gate[i] = refusal(at[i : i + 1], polar[i], face, smooth, ground, frame, seen)


@leaf
def echo(law, rcs, swerling, noise, fade, gate, polar, snr, power):
    """Draw the echo of every flight in view: fills mean `snr` (n,) and received `power` (n,), refuses what is too weak.

    Signal and receiver noise add as complex numbers, noise of unit power; the threshold is -ln(p_false_alarm), so the
    detection probabilities of the textbook follow exactly. noise (n, 2) normal, fade (n, 2) exponential draws.
    """
    for i in range(gate.size):
        snr[i] = np.nan
        power[i] = 0.0
        if gate[i] == ABSENT:
            continue
        snr[i] = law[0] * 10.0 ** (0.1 * rcs[i]) / max(polar[i, 0], 1.0) ** 4
        s = snr[i]
        if swerling[i] == 1 or swerling[i] == 2:
            s *= fade[i, 0]
        elif swerling[i] >= 3:
            s *= 0.5 * (fade[i, 0] + fade[i, 1])
        re = math.sqrt(s) + noise[i, 0] * math.sqrt(0.5)
        im = noise[i, 1] * math.sqrt(0.5)
        power[i] = re * re + im * im
        if gate[i] == DETECTED and power[i] <= law[2]:
            gate[i] = SNR


@kernel
def resolve(law, gate, polar, power):
    """Of several targets in one resolution cell the strongest is reported; the others fall through the gate CELL."""
    order = np.argsort(-power)
    kept = np.empty(gate.size, np.int64)
    n = 0
    for i in order:
        if gate[i] != DETECTED:
            continue
        for j in kept[:n]:
            near = abs(polar[i, 0] - polar[j, 0]) < law[7] and abs(wrap(polar[i, 1] - polar[j, 1])) < law[8]
            if near and abs(polar[i, 2] - polar[j, 2]) < law[9]:
                gate[i] = CELL
                break
        if gate[i] == DETECTED:
            kept[n] = i
            n += 1


@leaf
def write_row(table, row, law, power, noisy, r, az, el, rr, z0, z1, z2, z3):
    """One report into column `row` of the table: the sigmas that its strength earns, noise drawn with just these."""
    snr = max(power - 1.0, 0.1)
    s = min(max(math.sqrt(law[1] / snr), SIGMA_LOW), SIGMA_HIGH)
    n = s if noisy else 0.0
    table[R, row] = max(r + n * law[3] * z0, 1.0)
    table[AZ, row] = turn(az + n * law[4] * z1)
    table[EL, row] = min(max(el + n * law[5] * z2, -0.5 * math.pi), 0.5 * math.pi) if not math.isnan(law[5]) else np.nan
    table[RR, row] = rr + n * law[6] * z3 if not math.isnan(law[6]) else np.nan
    table[R_SIGMA, row], table[AZ_SIGMA, row] = s * law[3], s * law[4]
    table[EL_SIGMA, row], table[RR_SIGMA, row] = s * law[5], s * law[6]
    table[SNR_DB, row] = 10.0 * math.log10(snr)
    table[RCS, row] = 10.0 * math.log10(snr * table[R, row] ** 4 / law[0])


@leaf
def report(window, rotating, law, gate, when, polar, power, noise, false, table):
    """Write what the scan reports into `table` (12, >= n + k) and return the number of its columns in use.

    noise (n, 6): columns 2 to 5 are measurement noise. false (5, k): range, azimuth, elevation, range rate and power of
    false alarms and clutter.
    """
    m = 0
    for i in range(gate.size):
        if gate[i] != DETECTED:
            continue
        p, z = polar[i], noise[i]
        write_row(table, m, law, power[i], True, p[0], p[1], p[2], p[3], z[2], z[3], z[4], z[5])
        table[TIME, m], table[FLIGHT, m] = when[i], i
        m += 1
    for k in range(false.shape[1]):
        r, az, el, rr, p = false[0, k], false[1, k], false[2, k], false[3, k], false[4, k]
        write_row(table, m, law, p, False, r, az, el, rr, 0.0, 0.0, 0.0, 0.0)
        table[TIME, m] = window[0] + window[1] * (turn(az) / TURN if rotating else 1.0)
        table[FLIGHT, m] = -1.0
        m += 1
    return m


@leaf
def scatter(u, excess, cover, false):
    """False alarms of one scan into the first columns of `false` (5, >= k), whose rows `report` names.

    Uniform draws u (4, k), exponential draws excess (k,); cover: (9,) `clutter.FalseAlarms.cover`.
    """
    low, high, middle, width = cover[0], cover[1], cover[2], cover[3]
    bottom, top, slow, fast = cover[4], cover[5], cover[6], cover[7]
    for k in range(excess.size):
        signed = 2.0 * u[3, k] - 1.0
        false[0, k] = low + (high - low) * u[0, k]
        false[1, k] = middle + width * (2.0 * u[1, k] - 1.0)
        false[2, k] = bottom + (top - bottom) * u[2, k]
        false[3, k] = math.copysign(slow + (fast - slow) * abs(signed), signed)
        false[4, k] = cover[8] + excess[k]


@kernel
def put_in_order(table, m, times_ns, numbers, stamps_ns, flight):
    """The first m columns of the table by time and azimuth: what is told row after row, stamps [ns UTC], flights."""
    order = np.argsort(table[AZ, :m], kind="mergesort")
    order = order[np.argsort(table[TIME, :m][order], kind="mergesort")]
    for j in range(m):
        for row in range(N_TOLD):
            numbers[row * m + j] = table[row, order[j]]
        stamps_ns[j] = times_ns[0] + np.int64(np.rint(table[TIME, order[j]] * 1e9))
        stamps_ns[m + j] = times_ns[1]
        flight[j] = np.int32(table[FLIGHT, order[j]])


@kernel
def scan_radar(
    window, rotating, face, law,
    offset, time, position, velocity, start, end, ended, rcs, swerling,
    smooth, ground, frame, noise, fade, u, excess, cover, clutter, times_ns,
    gate, sight, numbers, stamps_ns, flight,
):  # fmt: skip
    """One scan of a radar: look, echo, resolve, report. Returns the number m of reports.

    clutter: (5, c) as in `report`. times_ns: start of the run and delivery of the scan [ns UTC].
    Out: by flight `gate` and `sight` (3, n), when it was looked at, its range and its mean signal to noise ratio; by
    report `numbers`, the rows of `report` that are told one after the other (room for N_TOLD (n + k + c)), `stamps_ns`,
    all times of measurement, then all of receipt [ns UTC], and `flight`, which one it shows, -1 for a false alarm.
    """
    n, k = gate.size, excess.size
    when, snr, power, polar = sight[0], sight[2], np.empty(n), np.empty((n, 4))
    false = np.empty((5, k + clutter.shape[1]))
    table = np.empty((N_ROWS, n + false.shape[1]))
    look(
        window, rotating, face, offset, time, position, velocity, start, end, ended, smooth, ground, frame,
        gate, when, polar,
    )  # fmt: skip
    sight[1] = polar[:, 0]
    echo(law, rcs, swerling, noise, fade, gate, polar, snr, power)
    resolve(law, gate, polar, power)
    scatter(u, excess, cover, false)
    false[:, k:] = clutter
    m = report(window, rotating, law, gate, when, polar, power, noise, false, table)
    put_in_order(table, m, times_ns, numbers, stamps_ns, flight)
    return m


@leaf
def scan_bearings(
    window, rotating, face, p_detect, listens, sigma,
    offset, time, position, velocity, start, end, ended, emits,
    smooth, ground, frame, chance, noise,
    gate, when, polar, table,
):  # fmt: skip
    """One scan of a camera or direction finder; returns the number of reports in `table` (4, >= n).

    Rows: time, azimuth, elevation, flight. sigma: (2,) azimuth and elevation [rad], nan: not measured. chance (n,)
    uniform, noise (n, 2) normal draws. A `listens` sensor hears only what `emits` (n,).
    """
    look(
        window, rotating, face, offset, time, position, velocity, start, end, ended, smooth, ground, frame,
        gate, when, polar,
    )  # fmt: skip
    m = 0
    for i in range(gate.size):
        if gate[i] == DETECTED and listens and not emits[i]:
            gate[i] = SILENT
        if gate[i] == DETECTED and chance[i] >= p_detect:
            gate[i] = CHANCE
        if gate[i] != DETECTED:
            continue
        elevation = polar[i, 2] + sigma[1] * noise[i, 1]
        table[0, m], table[3, m] = when[i], i
        table[1, m] = turn(polar[i, 1] + sigma[0] * noise[i, 0])
        table[2, m] = min(max(elevation, -0.5 * math.pi), 0.5 * math.pi) if not math.isnan(elevation) else np.nan
        m += 1
    return m
