"""What the classifier makes of evidence: likelihoods that are densities, verdicts that say why."""

import math

import numpy as np
import pytest

from rampart.records import TargetClass
from rampart.track.classification._kernels import N_FEATURES, N_SOURCES, strength, turning, weigh_width
from rampart.track.classify import LOOKS, SOURCES, change_of, class_table
from rampart.track.constants import N_REAL, WIDTH, WIDTH_N, WIDTH_NONE


def test_the_table_has_a_row_for_each_class_and_a_name_for_each_source():
    assert class_table().shape == (len(TargetClass), N_FEATURES)
    assert len(SOURCES) == N_SOURCES
    assert set(LOOKS) == set(TargetClass)


@pytest.mark.parametrize(("straight", "manoeuvre"), [(0.7, 0.25), (0.3, 0.5), (0.0, 0.0)])
def test_turn_rates_have_a_density(straight, manoeuvre):
    rate = np.linspace(-4.0, 4.0, 16_001)
    density = np.exp([turning(r, 0.03, straight, manoeuvre) for r in rate])
    assert np.sum(density) * (rate[1] - rate[0]) == pytest.approx(1.0, abs=1e-3)


def test_one_look_at_a_fluctuating_target_says_little_and_many_say_much():
    drone, bird = LOOKS[TargetClass.MULTIROTOR].rcs_dbsm, LOOKS[TargetClass.BIRD].rcs_dbsm
    ratio = [strength(-14.0, n, *drone) - strength(-14.0, n, *bird) for n in (1.0, 5.0, 30.0)]
    assert 0.0 < ratio[0] < 4.0
    assert ratio[0] < ratio[1] < ratio[2]
    # a deep fade is no proof of a small target: the exponent of a gamma variate is linear there
    fade = strength(-40.0, 1.0, *drone) - strength(-40.0, 1.0, *bird)
    assert -6.0 < fade < 0.0


def seen(width_ms=math.nan, found=0.0, none=0.0):
    real = np.zeros(N_REAL)
    real[WIDTH], real[WIDTH_N], real[WIDTH_NONE] = math.log(width_ms) if found else 0.0, found, none
    return np.array([weigh_width(real, row) for row in class_table()])


def test_blades_are_not_wings():
    blades, wings = seen(60.0, found=3.0), seen(6.0, found=3.0)
    assert blades[TargetClass.MULTIROTOR] - blades[TargetClass.BIRD] > 5.0
    assert wings[TargetClass.BIRD] - wings[TargetClass.MULTIROTOR] > 5.0


def test_nothing_found_in_strong_echoes_speaks_against_blades():
    still = seen(none=3.0)
    assert still[TargetClass.ROCKET] - still[TargetClass.MULTIROTOR] > 2.0
    assert still[TargetClass.BIRD] > still[TargetClass.MULTIROTOR]  # it may be soaring
    assert not seen().any()


def test_a_change_of_class_says_what_moved_it():
    weights = np.zeros((N_SOURCES, len(TargetClass)))
    weights[SOURCES.index("micro_doppler"), TargetClass.MULTIROTOR] = 4.0
    weights[SOURCES.index("rcs"), TargetClass.MULTIROTOR] = -1.0
    probability = np.zeros(len(TargetClass))
    probability[[TargetClass.MULTIROTOR, TargetClass.BIRD]] = 0.9, 0.1
    change = change_of(7, 5, probability, int(TargetClass.BIRD), weights)
    assert (change.before, change.after, change.against) == ("bird", "multirotor", "bird")
    assert list(change.evidence.items()) == [("micro_doppler", 4.0), ("rcs", -1.0)]
    assert change_of(7, 5, probability, None, weights).against == "bird"
