import math

import numpy as np
import pytest
from scipy.stats import binom

from rampart.errors import InputError
from rampart.study.coverage import Rule


@pytest.mark.parametrize(("detections", "within_s", "p"), [(1, 4.0, 0.3), (3, 5.0, 0.45), (2, 8.0, 0.9)])
def test_a_steady_probability_gives_the_binomial(detections, within_s, p):
    rule = Rule(detections, within_s)
    seen = rule.p_of([rule.counts(np.array([[p]]), period_s=1.0)])
    assert seen[0, 0] == pytest.approx(binom.sf(detections - 1, int(within_s), p), rel=1e-12)


def test_a_part_of_a_look_counts_with_that_part():
    rule = Rule(detections=1, within_s=2.5)
    assert rule.p_of([rule.counts(np.array([[0.5]]), period_s=1.0)])[0, 0] == pytest.approx(1 - 0.25 * 0.75)


def test_a_slow_scan_cannot_give_many_detections_in_a_short_time():
    rule = Rule(detections=3, within_s=5.0)
    assert rule.p_of([rule.counts(np.array([[1.0]]), period_s=4.0)])[0, 0] == 0.0


def test_sensors_together_are_one_binomial():
    rule = Rule(detections=3, within_s=4.0)
    parts = [rule.counts(np.array([[0.4]]), period_s=1.0), rule.counts(np.array([[0.4]]), period_s=0.5)]
    assert rule.p_of(parts)[0, 0] == pytest.approx(binom.sf(2, 12, 0.4), rel=1e-12)


def test_what_is_known_is_old_by_a_scan_and_the_delay():
    """A target that enters the cover at 10 s is known of at 10 s plus the delay plus one to two scans."""
    p = np.where(np.arange(41) * 0.5 >= 10.0, 1.0, 0.0)[None]
    rule = Rule(detections=1, within_s=30.0)
    counts = rule.counts(p, period_s=2.0, delay_s=0.5, node_s=0.5, step_s=0.5, steps=41)
    first = rule.first_seen(counts, np.array([40]))[0] * 0.5
    assert first == pytest.approx(12.5)


def test_the_first_moment_is_not_after_the_last():
    rule = Rule(detections=1, within_s=1.0)
    counts = rule.counts(np.array([[0.0, 0.0, 1.0, 1.0, 1.0]]), period_s=1.0, steps=5)
    assert rule.first_seen(counts, np.array([4]))[0] == 3
    assert rule.first_seen(counts, np.array([2]))[0] == -1


@pytest.mark.parametrize("keys", [{"detections": 0}, {"within_s": 0.0}, {"within_s": math.nan}, {"p_seen": 1.0}])
def test_what_cannot_be_is_refused(keys):
    with pytest.raises(InputError):
        Rule(**keys)
