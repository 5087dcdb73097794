"""What the classifier makes of evidence: likelihoods that are densities, verdicts that say why."""

import math

import numpy as np
import pytest

from rampart.records import Emission, TargetClass
from rampart.track.classification._kernels import (
    N_FEATURES,
    N_SOURCES,
    box,
    judge_class,
    see_launch,
    see_name,
    strength,
    turning,
    weigh_width,
)
from rampart.track.classify import LOOKS, SOURCES, change_of, class_table
from rampart.track.constants import (
    BALLISTIC,
    BOOST,
    CLASS,
    FAMILY,
    LAUNCH,
    N_MODES,
    N_REAL,
    N_STATE,
    N_ZI,
    ODDS,
    SAID,
    WIDTH,
    WIDTH_N,
    WIDTH_NONE,
    ZI_EMISSION,
    ZI_HINT,
    ZI_IDENTITY,
)


def test_the_table_has_a_row_for_each_class_and_a_name_for_each_source():
    assert class_table().shape == (len(TargetClass), N_FEATURES)
    assert len(SOURCES) == N_SOURCES
    assert set(LOOKS) == set(TargetClass)


@pytest.mark.parametrize(("straight", "manoeuvre"), [(0.7, 0.25), (0.3, 0.5), (0.0, 0.0)])
def test_turn_rates_have_a_density(straight, manoeuvre):
    rate = np.linspace(-4.0, 4.0, 16_001)
    density = np.exp([turning(r, 0.03, straight, manoeuvre) for r in rate])
    assert np.sum(density) * (rate[1] - rate[0]) == pytest.approx(1.0, abs=1e-3)


def test_exceptions_beyond_a_band_count_for_less_and_less():
    speed = LOOKS[TargetClass.BIRD].speed_ms
    inside, near, far, farther = (box(v, 0.5, *speed) for v in (13.0, 19.0, 28.0, 31.0))
    assert inside - near == pytest.approx(0.5 * 9.0 / (2.5**2 + 0.25))  # as a normal shoulder falls
    assert 5.0 < inside - far < 8.0  # 4.7 sigma would be 11
    assert 0.0 < far - farther < 2.0


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


def heard(identity=7, emission=Emission.NONE, hint=TargetClass.UNKNOWN, real=None):
    real, zi = np.zeros(N_REAL) if real is None else real, np.zeros(N_ZI, np.int64)
    zi[[ZI_IDENTITY, ZI_EMISSION, ZI_HINT]] = identity, emission, hint
    see_name(real, zi)
    return real


def judged(real, *, named=True, ln_drag=-9.5, sigma=0.1):
    x, P = np.zeros((N_MODES, N_STATE)), np.zeros((N_MODES, N_STATE, N_STATE))
    x[BALLISTIC, 6], P[BALLISTIC, 6, 6], real[ODDS] = ln_drag, sigma**2, 20.0
    judge_class(P, x, real, class_table(), named)
    return real[CLASS : CLASS + len(TargetClass)]


@pytest.mark.parametrize(
    ("emission", "hint", "said"),
    [
        (Emission.REMOTE_ID, TargetClass.MULTIROTOR, TargetClass.MULTIROTOR),
        (Emission.REMOTE_ID, TargetClass.FIXED_WING, TargetClass.FIXED_WING),
        (Emission.ADS_B, TargetClass.AIRCRAFT, TargetClass.AIRCRAFT),
        (Emission.NONE, TargetClass.UNKNOWN, TargetClass.AIRCRAFT),  # a transponder that a radar asked
    ],
)
def test_a_target_is_what_it_says_it_is(emission, hint, said):
    real = heard(emission=emission, hint=hint)
    real[FAMILY] = -25.0
    p = judged(real)
    assert p.argmax() == said
    assert p[said] > 0.8


def test_a_link_with_a_name_is_a_drones_whatever_its_kind():
    real = heard(emission=Emission.LINK)
    real[FAMILY] = -25.0
    p = judged(real)
    assert p[[TargetClass.MULTIROTOR, TargetClass.FIXED_WING]].sum() > 0.98
    # a message that gives the kind is not undone by a link that does not
    again = heard(emission=Emission.LINK, real=heard(emission=Emission.REMOTE_ID, hint=TargetClass.FIXED_WING))
    assert again[SAID] == 1 + TargetClass.FIXED_WING


def test_silence_says_nothing():
    assert heard(identity=0, emission=Emission.LINK)[SAID] == 0.0


def test_the_launch_angle_is_that_of_a_parabola():
    rng = np.random.Generator(np.random.Philox(3))
    for angle in (30.0, 50.0, 80.0):
        t, speed = 8.0, 200.0
        up, along = speed * math.sin(math.radians(angle)), speed * math.cos(math.radians(angle))
        x = np.array([0.0, 0.0, 40.0 + up * t - 0.5 * 9.81 * t * t, 0.6 * along, 0.8 * along, up - 9.81 * t, -9.0])
        P = np.diag([100.0, 100.0, 400.0, 9.0, 9.0, 16.0, 0.1])
        real = np.zeros(N_REAL)
        see_launch(x, P, 40.0, real)
        assert real[LAUNCH] == pytest.approx(angle, abs=0.01)
        drawn = np.zeros((500, N_REAL))
        for row, error in zip(drawn, rng.multivariate_normal(np.zeros(7), P, 500), strict=True):
            see_launch(x + error, P, 40.0, row)
        assert drawn[:, LAUNCH].std() == pytest.approx(real[LAUNCH + 1], rel=0.15)


def falling(launch_deg, *, ln_drag, sigma=0.15, boost=0.0):
    real = np.zeros(N_REAL)
    real[FAMILY], real[LAUNCH], real[LAUNCH + 1], real[BOOST] = 25.0, launch_deg, 0.5, boost
    return judged(real, named=False, ln_drag=ln_drag, sigma=sigma)


def test_drag_and_launch_tell_a_shell_from_a_mortar_bomb():
    assert falling(40.0, ln_drag=-10.4)[TargetClass.SHELL] > 0.6
    bomb = falling(70.0, ln_drag=-9.3)
    assert bomb.argmax() == TargetClass.MORTAR
    # between the two, or where the drag is hardly known, it does not pretend to know
    unsure = falling(55.0, ln_drag=-9.85, sigma=0.6)
    assert 0.1 < unsure[TargetClass.SHELL] < 0.6
    assert 0.1 < unsure[TargetClass.MORTAR] < 0.6
    assert falling(45.0, ln_drag=-9.5, boost=1.0)[TargetClass.ROCKET] > 0.97
