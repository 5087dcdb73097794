"""What the flight model may have wrong."""

import numpy as np
import pytest

from rampart.physics.drag import drag_coefficient, drag_table, reference_coefficient
from rampart.physics.environment import Environment
from rampart.physics.model_error import PROBE, bend_drag, probe_drags, probe_winds, shift_wind


def _cd(table, mach):
    piece = np.minimum((mach * 40.0).astype(int), len(table) - 1)
    t = mach * 40.0 - piece
    c = table[piece]
    return c[:, 0] + t * (c[:, 1] + t * (c[:, 2] + t * c[:, 3]))


def test_a_bent_curve_is_the_curve_times_the_bend():
    mach = np.linspace(0.01, 4.9, 977)
    bent = _cd(bend_drag(drag_table("g1"), 0.3, -0.2), mach)
    factor = np.exp(0.3 * np.interp(mach, [0.6, 0.9, 1.05], [0, 1, 0]) - 0.2 * np.interp(mach, [0.9, 1.05], [0, 1]))
    plain = drag_coefficient("g1", mach) / reference_coefficient("g1")
    assert bent == pytest.approx(plain * factor, rel=1e-3)


def test_two_bends_take_one_standard_shape_to_another():
    mach = np.linspace(0.3, 2.0, 171)
    g1, g7 = (drag_coefficient(s, mach) / reference_coefficient(s) for s in ("g1", "g7"))
    best = min(
        (np.abs(np.log(_cd(bend_drag(drag_table("g1"), a, b), mach) / g7)).mean(), a, b)
        for a in np.arange(-0.6, 0.61, 0.1)
        for b in np.arange(-0.6, 0.61, 0.1)
    )
    assert best[0] < 0.55 * np.abs(np.log(g1 / g7)).mean()
    assert abs(best[1]) < 0.5 and abs(best[2]) < 0.5


def test_probes_are_the_model_changed_by_one_error_each():
    air = Environment.standard(latitude_rad=0.6).atmosphere
    winds = probe_winds(air)
    assert np.array_equal(winds[0], shift_wind(air, PROBE[0], 0.0))
    assert np.array_equal(winds[1] - air, shift_wind(np.zeros_like(air), 0.0, PROBE[1]))
    drags = probe_drags("g7")
    assert drags.shape == (2, 200, 4) and not drags.flags.writeable
    assert np.array_equal(drags[:, :20], np.array([drag_table("g7")[:20]] * 2))
