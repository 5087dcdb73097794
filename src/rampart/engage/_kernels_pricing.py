"""Compiled core of the exact assignment: the cheapest sets of rounds at one threat, given what each round costs.

A column is how many rounds of each weapon go to one threat. Its cost is ``value * exp(-sum a x) + sum u x`` with
``a = -ln(1 - p)`` and u the price of a round. Weapons come ordered by u / a; then the relaxation to fractions of
rounds is solved by taking weapons in their order, and bounds every branch of a depth-first search.
"""

import math

import numpy as np

from rampart.physics._jit import kernel


@kernel
def relaxed(value, cost, a, u, most, k):
    """Least cost from weapon `k` on if rounds could be split, from a branch with `cost` and `value` left."""
    for i in range(k, a.shape[0]):
        if value * a[i] <= u[i]:
            return cost + value
        full = math.exp(-a[i] * most[i])
        if value * full * a[i] >= u[i]:
            value *= full
            cost += u[i] * most[i]
        else:
            rest = u[i] / a[i]
            return cost + u[i] * math.log(value / rest) / a[i] + rest
    return cost + value


@kernel
def search(value, a, u, most, limit, bar, every, node_cap, out):
    """Find columns that cost less than `bar`.

    Parameters
    ----------
    value : float
        Of the threat.
    a, u, most : (k,)
        Weapons that can be worth their price, ordered by u / a: strength, price, rounds at hand.
    limit : int
        Most rounds at the threat.
    bar : float
        Only cheaper columns count.
    every : bool
        All columns below `bar`; else each one found must be cheaper than the last.
    node_cap : int
        Branches after which the search gives up.
    out : (m, k)
        Takes the columns, one after the other; when it is full, the latest takes the last row.

    Returns
    -------
    found : int
        Columns below `bar`; more than rows of `out` if it was too small.
    best : float
        The cheapest of them; `bar` if there is none.
    nodes : int
        Branches looked at; at least `node_cap` if it gave up.
    """
    n = a.shape[0]
    taken = np.zeros(n + 1, np.int64)
    left, cost = np.empty(n + 1), np.empty(n + 1)
    left[0], cost[0] = value, 0.0
    strike = np.empty(n)
    for i in range(n):
        strike[i] = math.exp(-a[i])
    found, nodes, depth, count = 0, 0, 0, 0
    best, edge = bar, bar
    if value < edge:
        out[0] = 0
        found, best = 1, value
        if not every:
            edge = value
    down = True
    while True:
        if down:
            nodes += 1
            if nodes >= node_cap:
                return found, best, nodes
            if depth < n and relaxed(left[depth], cost[depth], a, u, most, depth) < edge:
                # as many rounds of this weapon as there are; fewer when the search comes back
                room = min(most[depth], limit - count)
                taken[depth] = room
                count += room
                price, rest = cost[depth], left[depth]
                for _ in range(room):
                    price += u[depth]
                    rest *= strike[depth]
                depth += 1
                left[depth], cost[depth] = rest, price
                if room > 0 and rest + price < edge:
                    row = min(found, out.shape[0] - 1)
                    for i in range(n):
                        out[row, i] = taken[i] if i < depth else 0
                    found += 1
                    best = min(best, rest + price)
                    if not every:
                        edge = best
                continue
            down = False
        # back to the last weapon that can give up a round
        depth -= 1
        while depth >= 0 and taken[depth] == 0:
            depth -= 1
        if depth < 0:
            return found, best, nodes
        taken[depth] -= 1
        count -= 1
        price, rest = cost[depth], left[depth]
        for _ in range(taken[depth]):
            price += u[depth]
            rest *= strike[depth]
        depth += 1
        left[depth], cost[depth] = rest, price
        if taken[depth - 1] > 0 and rest + price < edge:
            row = min(found, out.shape[0] - 1)
            for i in range(n):
                out[row, i] = taken[i] if i < depth else 0
            found += 1
            best = min(best, rest + price)
            if not every:
                edge = best
        down = True


@kernel
def price_all(value, strength, price, rounds, limit, bar, slack, every, node_cap, scratch, threats, columns):
    """Columns of every threat that cost less than its bar.

    Parameters
    ----------
    value, limit, bar : (n,)
        Per threat.
    strength : (w, n)
        -ln(1 - p), 0 where a weapon cannot reach.
    price, rounds : (w,)
        Per weapon.
    slack : float
        By how much a column may exceed the cheapest one of its threat.
    every, node_cap
        See `search`.
    scratch : (k, w)
        Room for the columns of one threat.
    threats, columns : (m,), (m, w)
        Take the columns and whose they are.

    Returns
    -------
    found : int
        Columns written; -1 if there was no room for all.
    least : (n,)
        The cheapest column of each threat, or its bar.
    exact : bool
        No search gave up.
    nodes : int
        Branches looked at.
    """
    w, n = strength.shape
    found, nodes, exact = 0, 0, True
    least = np.empty(n)
    for j in range(n):
        chosen = np.empty(w, np.int64)
        k = 0
        for i in range(w):
            # a first round that is not worth its price never is: returns diminish
            worth = value[j] * (1.0 - math.exp(-strength[i, j]))
            if strength[i, j] > 0.0 and rounds[i] > 0 and worth + slack > price[i]:
                chosen[k] = i
                k += 1
        a, u, most = np.empty(k), np.empty(k), np.empty(k, np.int64)
        for i in range(k):
            a[i] = price[chosen[i]] / strength[chosen[i], j]
        order = np.argsort(a, kind="mergesort")
        for i in range(k):
            weapon = chosen[order[i]]
            a[i], u[i], most[i] = strength[weapon, j], price[weapon], rounds[weapon]
        out = scratch[:, :k]
        more, least[j], looked = search(value[j], a, u, most, limit[j], bar[j], every, node_cap, out)
        nodes += looked
        exact = exact and looked < node_cap
        if every and more > out.shape[0]:
            return -1, least, False, nodes
        more = min(more, out.shape[0])
        if found + more > columns.shape[0]:
            return -1, least, False, nodes
        for row in range(more):
            threats[found] = j
            for i in range(k):
                columns[found, chosen[order[i]]] = out[row, i]
            found += 1
    return found, least, exact, nodes
