import numpy as np
import pytest

from rampart.bench.figures import brier, expected_calibration_error, rate, reliability


def test_three_events_bound_what_was_never_seen():
    assert rate(0, 24.0)["at_most_per_24_h"] == pytest.approx(2.9957, abs=1e-3)
    assert rate(1, 24.0)["at_most_per_24_h"] == pytest.approx(4.7439, abs=1e-3)


def test_a_calibrated_forecaster_has_no_calibration_error():
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(4), 60_000)
    truth = np.array([rng.choice(4, p=row) for row in p[:20_000]])
    p = p[:20_000]
    assert expected_calibration_error(p, truth) < 0.01
    sure = np.full_like(p, 0.0)
    sure[np.arange(len(p)), p.argmax(axis=1)] = 1.0
    assert expected_calibration_error(sure, truth) > 0.3
    assert brier(p, truth) < brier(sure, truth)
    assert sum(row["n"] for row in reliability(p, truth)) == len(p)
