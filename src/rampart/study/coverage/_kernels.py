"""Compiled core of the coverage planner: how many of the looks in a window detect."""

import math

from rampart.physics._jit import kernel


@kernel
def count_detections(p, node_s, step_s, looks, period_s, delay_s, counts):
    """Distribution of the number of detections within a sliding window, into `counts` (a, t, m).

    `p` (a, n) is the probability of one look, at nodes `node_s` apart; moment t is t `step_s` after the first node.
    counts[a, t, k] is the probability of exactly k detections among the `looks` before it (a whole number and a part of
    one more, which happens with that part as probability), the freshest a period and the delay old. Before its first
    node a path goes on as it began.
    """
    last = p.shape[1] - 1
    rows = counts.shape[2]
    n = int(math.ceil(looks))
    for a in range(counts.shape[0]):
        for t in range(counts.shape[1]):
            c = counts[a, t]
            for k in range(rows):
                c[k] = 1.0 if k == 0 else 0.0
            for j in range(n):
                x = min(max((t * step_s - delay_s - (j + 1) * period_s) / node_s, 0.0), float(last))
                i = min(int(x), last - 1) if last > 0 else 0
                q = p[a, i] + (x - i) * (p[a, i + 1] - p[a, i]) if last > 0 else p[a, 0]
                q *= min(looks - j, 1.0)
                for k in range(rows - 1, 0, -1):
                    c[k] = c[k] * (1.0 - q) + c[k - 1] * q
                c[0] *= 1.0 - q


@kernel
def join(left, right, out):
    """Distribution of the sum of two independent counts, both cut off at the same number: (n, m) each."""
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            total = 0.0
            for j in range(k + 1):
                total += left[i, j] * right[i, k - j]
            out[i, k] = total


@kernel
def first_seen(counts, need, last, first):
    """The first moment, not after `last` (a,), with at least `need` probability of enough detections; -1: never.

    counts (a, t, m) holds the probabilities of too few.
    """
    for a in range(counts.shape[0]):
        first[a] = -1
        for t in range(min(last[a] + 1, counts.shape[1])):
            few = 0.0
            for k in range(counts.shape[2]):
                few += counts[a, t, k]
            if 1.0 - few >= need:
                first[a] = t
                break
