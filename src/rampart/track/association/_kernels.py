"""Compiled association: optimal assignment over a sparse list of pairs; clusters fall apart by themselves."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf

# Tracks that one search may pass through. A search that would go on leaves its track without a detection for this scan:
# the time of a scan stays bounded whatever comes in. Clusters met in the benchmarks need less than a tenth of it.
MOST_STEPS = 400


@kernel
def none(n):
    """Indices that point nowhere: n times -1."""
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = -1
    return out


@kernel
def associate(n, m, pairs, pair_track, pair_detection, gain, chosen):
    """Best one-to-one choice of pairs: the greatest sum of gains, pairs of gain <= 0 left out.

    Shortest augmenting paths with potentials (Jonker and Volgenant 1987, Computing 38:325) along the pairs alone, so
    that a search never leaves the cluster of tracks and detections it starts in.

    Parameters
    ----------
    n, m, pairs : int
        Numbers of tracks, detections, pairs. Pairs are grouped by track, in rising order.
    pair_track, pair_detection : (pairs,) int64
    gain : (pairs,) float64
        ln of (likelihood under the track : under clutter) less that of a miss.
    chosen : (n,) int64
        Out: pair of each track, -1 for none.
    """
    start = np.empty(n + 1, np.int64)
    k = 0
    for i in range(n):
        start[i] = k
        chosen[i] = -1
        while k < pairs and pair_track[k] == i:
            k += 1
    start[n] = k
    # potentials of tracks and detections, distance of each detection from the start of the search
    u, v, distance, reached = np.empty(n), np.empty(m), np.empty(m), np.empty(n)
    owner, via, done = none(m), none(m), np.empty(m, np.bool_)
    rows, touched = np.empty(n, np.int64), np.empty(m, np.int64)
    for j in range(m):
        v[j], distance[j], done[j] = 0.0, math.inf, False
    for i in range(n):
        u[i] = 0.0
        for k in range(start[i], start[i + 1]):
            if gain[k] > 0.0:
                u[i] = min(u[i], -gain[k] - v[pair_detection[k]])
        if u[i] < 0.0:
            _augment(
                i, start, pair_track, pair_detection, gain, chosen, u, v, distance, reached, owner, via, done, rows,
                touched,
            )  # fmt: skip


@leaf
def _augment(
    first, start, pair_track, pair_detection, gain, chosen, u, v, distance, reached, owner, via, done, rows, touched
):
    """Give one more track its place, others moving over where that is better for all."""
    n_rows, n_touched = 0, 0
    row, base, stop = first, 0.0, math.inf
    last_row, last = -1, -1
    while True:
        rows[n_rows], reached[n_rows] = row, base
        n_rows += 1
        # the path may end here: this track goes without
        if base - u[row] < stop:
            stop, last_row = base - u[row], row
        for k in range(start[row], start[row + 1]):
            j = pair_detection[k]
            if gain[k] <= 0.0 or done[j]:
                continue
            d = base - gain[k] - u[row] - v[j]
            if d < distance[j]:
                if distance[j] == math.inf:
                    touched[n_touched] = j
                    n_touched += 1
                distance[j], via[j] = d, k
        best = -1
        for t in range(n_touched):
            j = touched[t]
            if not done[j] and distance[j] < stop and (best < 0 or distance[j] < distance[best]):
                best = j
        if best < 0:
            break
        if n_rows >= MOST_STEPS:
            # too far: the track that asked goes without
            stop, last_row = base, first
            break
        done[best] = True
        if owner[best] < 0:
            stop, last = distance[best], best
            break
        base, row = distance[best], pair_track[owner[best]]
    for t in range(n_rows):
        u[rows[t]] += stop - reached[t]
    for t in range(n_touched):
        j = touched[t]
        if done[j]:
            v[j] -= stop - distance[j]
        distance[j], done[j] = math.inf, False
    if last < 0:
        if last_row == first:
            return
        last = pair_detection[chosen[last_row]]
        chosen[last_row] = -1
    while True:
        k = via[last]
        row = pair_track[k]
        before = chosen[row]
        chosen[row], owner[last] = k, k
        if row == first:
            return
        last = pair_detection[before]
