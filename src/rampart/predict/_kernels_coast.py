# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled coasts: many hypotheses of one climb, each with a drag curve of its own, through a log and to the top."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import PIECES_PER_MACH, rk4_step_state

# Below this Mach number the power law of the drag coefficient is not followed: it has no limit at rest.
_LEAST_MACH = 0.05


@leaf
def blend(blunt, slender, share, power, mach, drag):
    """Fill `drag` (n, 4) with share * blunt + (1 - share) * slender, times (M / mach)^-power."""
    for i in range(drag.shape[0]):
        middle = max((i + 0.5) / PIECES_PER_MACH, _LEAST_MACH)
        factor = math.exp(-power * math.log(middle / mach))
        for j in range(4):
            drag[i, j] = factor * (share * blunt[i, j] + (1.0 - share) * slender[i, j])


@kernel
def climb(rows, curve, mach, change_s, after, step, limit, site, atmosphere, blunt, slender, height, speed, top):
    """Fly n coasting states (n, 7) through the rising times `after` (m,) from each state, then on to the apogee.

    `curve` (n, 3) is the share of the blunt drag curve, the power of the Mach number it falls with beyond that, and
    what ln k changes by after `change_s` seconds.

    Fills `height` and `speed` (n, m), and `top` (n, 2): height and time of the apogee, nan for one that is not reached
    within `limit` seconds.
    """
    drag = np.empty_like(blunt)
    state, ahead = np.empty(7), np.empty(7)
    for i in range(rows.shape[0]):
        blend(blunt, slender, curve[i, 0], curve[i, 1], mach, drag)
        state[:] = rows[i]
        now, changed = 0.0, False
        top[i, 0], top[i, 1] = math.nan, math.nan
        for m in range(after.shape[0]):
            if after[m] > change_s and not changed:
                state[6] += curve[i, 2]
                changed = True
            pieces = math.ceil((after[m] - now) / step)
            for _ in range(pieces):
                h = (after[m] - now) / pieces
                rk4_step_state(state, h, 0.0, site, atmosphere, drag, ahead)
                _note_top(state, ahead, h, now, site, atmosphere, drag, top[i])
                state[:] = ahead
            now = after[m]
            height[i, m] = state[2]
            speed[i, m] = math.sqrt(state[3] ** 2 + state[4] ** 2 + state[5] ** 2)
        while top[i, 0] != top[i, 0] and state[5] > 0.0 and now < limit:
            rk4_step_state(state, step, 0.0, site, atmosphere, drag, ahead)
            _note_top(state, ahead, step, now, site, atmosphere, drag, top[i])
            state[:] = ahead
            now += step


@kernel
def _note_top(state, ahead, step, now, site, atmosphere, drag, top):
    """If the climb ends within this step, write height and time of the end: two secant steps on the vertical speed."""
    if not (state[5] > 0.0 and ahead[5] <= 0.0):
        return
    near = np.empty(7)
    h = step * state[5] / (state[5] - ahead[5])
    rk4_step_state(state, h, 0.0, site, atmosphere, drag, near)
    rate = (ahead[5] - state[5]) / step
    top[0] = near[2] - 0.5 * near[5] ** 2 / rate
    top[1] = now + h - near[5] / rate
