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


def test_bends_lead_from_one_standard_shape_to_the_others():
    mach = np.linspace(0.01, 4.9, 977)
    for shape, bends in (("g7", (0.3, 0.0)), ("sphere", (0.0, 0.5))):
        there = drag_coefficient(shape, mach) / reference_coefficient(shape)
        assert _cd(bend_drag(drag_table("g1"), *bends), mach) == pytest.approx(there, rel=0.03), shape


def test_half_a_bend_lies_between():
    mach = np.linspace(0.3, 2.0, 171)
    g1, g7 = (np.log(drag_coefficient(s, mach) / reference_coefficient(s)) for s in ("g1", "g7"))
    assert np.log(_cd(bend_drag(drag_table("g1"), 0.15, 0.0), mach)) == pytest.approx(0.5 * (g1 + g7), abs=0.02)


def test_pieces_of_a_bent_curve_join():
    bent = bend_drag(drag_table("g1"), -0.2, 0.3)
    assert bent[:-1].sum(axis=1) == pytest.approx(bent[1:, 0], rel=1e-12)


def test_probes_are_the_model_changed_by_one_error_each():
    air = Environment.standard(latitude_rad=0.6).atmosphere
    winds = probe_winds(air)
    assert np.array_equal(winds[0], shift_wind(air, PROBE[0], 0.0))
    assert np.array_equal(winds[1] - air, shift_wind(np.zeros_like(air), 0.0, PROBE[1]))
    drags = probe_drags("g7")
    assert drags.shape == (2, 200, 4)
    assert not drags.flags.writeable
    assert np.array_equal(drags[0], bend_drag(drag_table("g7"), PROBE[2], 0.0))
