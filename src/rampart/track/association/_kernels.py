"""Compiled association: clusters of tracks that share detections, optimal assignment inside each."""

import math

import numpy as np

from rampart.physics._jit import kernel

_BIG = 1e12


@kernel
def none(n):
    """Indices that point nowhere: n times -1."""
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = -1
    return out


@kernel
def find_root(parent, i):
    """Root of a node, with path halving."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def solve(cost, rows, columns, choice, u, v, way, minimum, used, taken):
    """Cheapest assignment of every row to a column of its own, rows <= columns.

    Shortest augmenting paths with potentials (Jonker and Volgenant 1987, Computing 38:325, without their start-up).
    `choice` (rows,) receives the column of each row; the others are scratch of columns + 1 or more.
    """
    for j in range(columns + 1):
        v[j] = 0.0
        taken[j] = -1
    for i in range(rows):
        u[i] = 0.0
    for i in range(rows):
        taken[columns] = i
        j0 = columns
        for j in range(columns + 1):
            minimum[j] = math.inf
            used[j] = False
        while True:
            used[j0] = True
            i0 = taken[j0]
            delta, j1 = math.inf, -1
            for j in range(columns):
                if not used[j]:
                    now = cost[i0, j] - u[i0] - v[j]
                    if now < minimum[j]:
                        minimum[j] = now
                        way[j] = j0
                    if minimum[j] < delta:
                        delta, j1 = minimum[j], j
            for j in range(columns + 1):
                if used[j]:
                    u[taken[j]] += delta
                    v[j] -= delta
                else:
                    minimum[j] -= delta
            j0 = j1
            if taken[j0] < 0:
                break
        while j0 != columns:
            j1 = way[j0]
            taken[j0] = taken[j1]
            j0 = j1
    for j in range(columns):
        if taken[j] >= 0:
            choice[taken[j]] = j


@kernel
def associate(n, m, pairs, pair_track, pair_detection, gain, chosen):
    """Best one-to-one choice of pairs: the greatest sum of gains, pairs of gain <= 0 left out.

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
    parent = np.empty(n + m, np.int64)
    for i in range(n + m):
        parent[i] = i
    for i in range(n):
        chosen[i] = -1
    live = 0
    for k in range(pairs):
        if gain[k] > 0.0:
            live += 1
            a, b = find_root(parent, pair_track[k]), find_root(parent, n + pair_detection[k])
            if a != b:
                parent[max(a, b)] = min(a, b)
    if live == 0:
        return
    # pairs of each cluster, chained; a cluster's root is always a track
    head, link = none(n), none(pairs)
    for k in range(pairs - 1, -1, -1):
        if gain[k] > 0.0:
            root = find_root(parent, pair_track[k])
            link[k] = head[root]
            head[root] = k
    row_of, column_of = none(n), none(m)
    for root in range(n):
        k = head[root]
        if k < 0:
            continue
        if link[k] < 0:
            chosen[pair_track[k]] = k
            continue
        _solve_cluster(k, link, pair_track, pair_detection, gain, row_of, column_of, chosen)


@kernel
def _solve_cluster(first, link, pair_track, pair_detection, gain, row_of, column_of, chosen):
    rows, columns = 0, 0
    k = first
    while k >= 0:
        if row_of[pair_track[k]] < 0:
            row_of[pair_track[k]] = rows
            rows += 1
        if column_of[pair_detection[k]] < 0:
            column_of[pair_detection[k]] = columns
            columns += 1
        k = link[k]
    # one more column per row stands for "no detection"
    width = columns + rows
    cost, pair = np.empty((rows, width)), np.empty((rows, columns), np.int64)
    for i in range(rows):
        for j in range(width):
            cost[i, j] = _BIG
        for j in range(columns):
            pair[i, j] = -1
        cost[i, columns + i] = 0.0
    tracks = np.empty(rows, np.int64)
    k = first
    while k >= 0:
        i, j = row_of[pair_track[k]], column_of[pair_detection[k]]
        tracks[i] = pair_track[k]
        cost[i, j] = -gain[k]
        pair[i, j] = k
        k = link[k]
    choice = np.empty(rows, np.int64)
    scratch = np.empty((3, width + 1))
    way, taken = np.empty(width + 1, np.int64), np.empty(width + 1, np.int64)
    used = np.empty(width + 1, np.bool_)
    solve(cost, rows, width, choice, scratch[0], scratch[1], way, scratch[2], used, taken)
    for i in range(rows):
        if choice[i] < columns:
            chosen[tracks[i]] = pair[i, choice[i]]
    k = first
    while k >= 0:
        row_of[pair_track[k]] = -1
        column_of[pair_detection[k]] = -1
        k = link[k]
