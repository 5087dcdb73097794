"""Compiled map of fixed echoes: places whose returns leak through a radar's Doppler filter again and again.

Turning blades, trees in the wind, machines: reports come from one place, as precisely as the radar measures, while
their range rates say that something moves there, now this way and now that. Nothing that flies does both. Slots keep
such places; what proves an echo is the change of range rate from one report to the next, against a thing (or a string
of them, one behind the other on one path) that would show the same rate again. A hovering body shows no range rate, and
reports without one are not looked at. Near a proven echo false alarms are as dense as it makes them.
"""

import math

from rampart.physics._jit import leaf
from rampart.track.constants import (
    C_ECHOES,
    DELETED,
    E_EAST,
    E_FIRST,
    E_HITS,
    E_LAST,
    E_PROOF,
    E_RATE,
    E_SHARE,
    E_SPREAD,
    E_TRACK,
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_RANGE,
    HAS_RATE,
    HITS,
    N_ECHO,
    N_ECHOES,
    NUMBER,
    P_CLUTTER_SPEED,
    S_EAST,
    S_NOTCH,
    S_PERIOD,
    STATUS,
    WEIGHT,
    Z_EAST,
    Z_RATE,
    Z_SIGMA,
    Z_TIME,
    ZI_MASK,
)
from rampart.track.life._kernels import ln_clutter

# Reports that cannot be of a fixed echo
NO_ECHO = -2
PLACED = HAS_RANGE | HAS_AZIMUTH | HAS_RATE
# Range rates of echoes reach this far beyond the notch [m/s]
ECHO_SPEED_MS = 30.0
# ... and are no rest: above this, beyond three sigma [m/s]
REST_MS = 2.0
# A thing that passes the same place again shows the same range rate, within this [m/s]
SAME_RATE_MS = 3.0
# ... but for this acceleration [m/s2]; and after so long [s] it may have turned and come back at any rate
FLOWN_MS2, BACK_S = 2.0, 10.0
# Squared distance within which a report is from the same place
NEAR = 14.0
# One report moves the balance by no more than this; a proven echo has this much, in as many reports, and they lie about
# one place as the radar's errors let them: mean squared distance per number
MOST_PROOF, LEAST_PROOF = 4.0, -2.0
PROVEN, PROVEN_HITS, PROVEN_SPREAD = 5.0, 4.0, 2.0
# A place that was silent for so many scans is forgotten
SILENT_SCANS = 60.0
# Scans of silence that weigh as much as one report when room is needed
IDLE_SCANS = 5.0
# Reports that the mean place remembers
PLACE_HITS = 20.0


@leaf
def begin(k):
    """Where slot k begins."""
    return C_ECHOES + k * N_ECHO


@leaf
def distance_to(slot, z, mask, sensor):
    """Squared distance of a report from a slot's place in sigmas of the radar, and ln of the product of those."""
    near = 1.0 + 1.0 / min(max(slot[E_HITS], 1.0), PLACE_HITS)
    x, y, up = z[Z_EAST] - sensor[S_EAST], z[Z_EAST + 1] - sensor[S_EAST + 1], z[Z_EAST + 2] - sensor[S_EAST + 2]
    level2 = max(x * x + y * y, 1.0)
    level, r = math.sqrt(level2), math.sqrt(level2 + up * up)
    dx, dy, dz = z[Z_EAST] - slot[E_EAST], z[Z_EAST + 1] - slot[E_EAST + 1], z[Z_EAST + 2] - slot[E_EAST + 2]
    along, across = (x * dx + y * dy) / level, (x * dy - y * dx) / level2
    depth, lift = (level * along + up * dz) / r, (level * dz - up * along) / (r * r)
    a, b = depth / z[Z_SIGMA], across / z[Z_SIGMA + 1]
    d2 = a * a + b * b
    ln = math.log(z[Z_SIGMA] * z[Z_SIGMA + 1]) + math.log(near)
    if mask & HAS_ELEVATION:
        c = lift / z[Z_SIGMA + 2]
        d2 += c * c
        ln += math.log(z[Z_SIGMA + 2]) + 0.5 * math.log(near)
    return d2 / near, ln


@leaf
def nearest_echo(z, mask, sensor, clutter):
    """Nearest slot whose place a report may come from (-1: none), and its squared distance."""
    best, least = -1, NEAR
    reach = 4.0 * (z[Z_SIGMA] + 1e5 * z[Z_SIGMA + 1])
    for k in range(N_ECHOES):
        slot = clutter[begin(k) :]
        if slot[E_HITS] == 0.0 or abs(slot[E_EAST] - z[Z_EAST]) > reach:
            continue
        d2, _ = distance_to(slot, z, mask, sensor)
        if d2 < least:
            best, least = k, d2
    return best, least


@leaf
def proven(slot):
    """Whether a slot is an echo beyond doubt."""
    return slot[E_PROOF] >= PROVEN and slot[E_HITS] >= PROVEN_HITS and slot[E_SPREAD] < PROVEN_SPREAD * slot[E_HITS]


@leaf
def is_echo(clutter, k):
    """Whether slot k (-1: none) is a proven echo."""
    return k >= 0 and proven(clutter[begin(k) :])


@leaf
def expect_echoes(z, zi, sensor, clutter, p, rates, echo):
    """Slot of each report of a scan into `echo` (m,): -1 for a new place, `NO_ECHO` for none of this kind.

    `rates` (m,), false alarms per scan about each report, grow near proven echoes.
    """
    for j in range(len(z)):
        echo[j] = NO_ECHO
        mask, rate = zi[j, ZI_MASK], abs(z[j, Z_RATE])
        if mask & PLACED != PLACED or rate > sensor[S_NOTCH] + ECHO_SPEED_MS:
            continue
        if rate < 3.0 * z[j, Z_SIGMA + 3] + REST_MS:
            continue
        echo[j], _ = nearest_echo(z[j], mask, sensor, clutter)
        if is_echo(clutter, echo[j]):
            rates[j] += _density(clutter[begin(echo[j]) :], z[j], mask, sensor, p)


@leaf
def see_echoes(n, z, zi, sensor, clutter, real, whole, pair_j, chosen, echo):
    """Take in a scan: places and rates of its reports, and which of the n tracks took them; end tracks on echoes."""
    for j in range(len(z)):
        if echo[j] == NO_ECHO:
            continue
        mask, d2 = zi[j, ZI_MASK], NEAR
        if echo[j] >= 0:
            d2, _ = distance_to(clutter[begin(echo[j]) :], z[j], mask, sensor)
        if d2 < NEAR:
            _renew(clutter[begin(echo[j]) :], z[j], mask, d2, sensor)
        else:
            echo[j] = _begin(z[j], sensor, clutter)
    for i in range(n):
        if chosen[i] >= 0 and echo[pair_j[chosen[i]]] >= 0:
            slot = clutter[begin(echo[pair_j[chosen[i]]]) :]
            slot[E_SHARE] = slot[E_SHARE] + 1.0 if slot[E_TRACK] == whole[i, NUMBER] else 1.0
            slot[E_TRACK] = whole[i, NUMBER]
    for j in range(len(z)):
        if echo[j] >= 0 and is_echo(clutter, echo[j]):
            _end_track(n, clutter[begin(echo[j]) :], real, whole)


@leaf
def _end_track(n, slot, real, whole):
    """End the track that lives, by half of its detections or more, on what has turned out to be a fixed echo."""
    if slot[E_SHARE] < 2.0:
        return
    for i in range(n):
        if whole[i, NUMBER] == slot[E_TRACK] and 2.0 * slot[E_SHARE] >= whole[i, HITS] and real[i, WEIGHT] < 0.5:
            whole[i, STATUS] = DELETED
            slot[E_TRACK], slot[E_SHARE] = 0.0, 0.0


@leaf
def _begin(z, sensor, clutter):
    """Give a report a slot: a free one, or that of the place which matters least. Proven ones that speak stay."""
    best, least = -1, math.inf
    for k in range(N_ECHOES):
        slot = clutter[begin(k) :]
        idle = (z[Z_TIME] - slot[E_LAST]) / sensor[S_PERIOD]
        if slot[E_HITS] == 0.0 or idle > SILENT_SCANS:
            best = k
            break
        worth = slot[E_HITS] - idle / IDLE_SCANS
        if worth < least and not proven(slot):
            best, least = k, worth
    if best >= 0:
        slot = clutter[begin(best) :]
        for i in range(N_ECHO):
            slot[i] = 0.0
        for i in range(3):
            slot[E_EAST + i] = z[Z_EAST + i]
        slot[E_HITS], slot[E_FIRST], slot[E_LAST], slot[E_RATE] = 1.0, z[Z_TIME], z[Z_TIME], z[Z_RATE]
    return best


@leaf
def _renew(slot, z, mask, d2, sensor):
    """Take another report of a place into its slot; the second one of a scan is some other's."""
    if z[Z_TIME] - slot[E_LAST] < 0.5 * sensor[S_PERIOD]:
        return
    since = z[Z_TIME] - slot[E_LAST]
    # free range rate, either sign, against that of the last report but for what may have been flown since
    sigma = math.hypot(SAME_RATE_MS, FLOWN_MS2 * since)
    change = (z[Z_RATE] - slot[E_RATE]) / sigma
    ln = math.log(sigma * 2.5066 / (2.0 * ECHO_SPEED_MS)) + 0.5 * change * change
    slot[E_PROOF] += min(max(ln, LEAST_PROOF), MOST_PROOF if since < BACK_S else 0.0)
    slot[E_SPREAD] += d2 / (3.0 if mask & HAS_ELEVATION else 2.0)
    slot[E_HITS] += 1.0
    for i in range(3):
        slot[E_EAST + i] += (z[Z_EAST + i] - slot[E_EAST + i]) / min(slot[E_HITS], PLACE_HITS)
    slot[E_LAST], slot[E_RATE] = z[Z_TIME], z[Z_RATE]


@leaf
def _density(slot, z, mask, sensor, p):
    """Density of a proven echo's reports at one of them, over that of a sensor with one false alarm per scan."""
    d2, ln_sigma = distance_to(slot, z, mask, sensor)
    share = slot[E_HITS] / ((z[Z_TIME] - slot[E_FIRST]) / sensor[S_PERIOD] + 1.0)
    numbers = 3.0 if mask & HAS_ELEVATION else 2.0
    ln = math.log(min(share, 1.0)) - 0.5 * d2 - ln_sigma - 0.5 * numbers * math.log(2.0 * math.pi)
    ln += math.log(max(p[P_CLUTTER_SPEED] - sensor[S_NOTCH], 1.0) / ECHO_SPEED_MS)
    return math.exp(min(ln - ln_clutter(mask, 1.0, 0.0, sensor, 1.0), 50.0))
