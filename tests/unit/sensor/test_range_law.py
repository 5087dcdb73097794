import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ncx2

from rampart.sensor.range_law import p_detect, range_factor, reference_snr, snr_at


@pytest.mark.parametrize("pfa", [1e-4, 1e-6, 1e-8])
def test_reference_range_means_p_detect_0_9_on_0_dbsm(pfa):
    snr = snr_at(12_000.0, 0.0, 12_000.0, pfa)
    assert p_detect(snr, 1, pfa) == pytest.approx(0.9, abs=1e-12)
    assert snr == pytest.approx(reference_snr(pfa))


@pytest.mark.parametrize("rcs", [-30.0, -10.0, 0.0, 13.0])
def test_range_grows_with_the_fourth_root_of_the_cross_section(rcs):
    here = 12_000.0 * range_factor(rcs)
    assert snr_at(here, rcs, 12_000.0, 1e-6) == pytest.approx(reference_snr(1e-6))


@pytest.mark.parametrize("snr", [0.5, 5.0, 20.0, 100.0])
@pytest.mark.parametrize("swerling", [1, 3])
def test_fluctuating_cases_are_the_steady_case_averaged_over_their_distribution(snr, swerling):
    shape = 1.0 if swerling == 1 else 2.0

    def integrand(s):
        density = (shape / snr) ** shape * s ** (shape - 1.0) * math.exp(-shape * s / snr)
        return density * ncx2.sf(-2.0 * math.log(1e-6), 2, 2.0 * s)

    averaged = quad(integrand, 0.0, 40.0 * snr, limit=400, epsabs=1e-12)[0]
    assert p_detect(snr, swerling, 1e-6) == pytest.approx(averaged, rel=1e-6)


@pytest.mark.parametrize("swerling", range(5))
def test_without_signal_every_case_is_the_false_alarm_probability(swerling):
    assert p_detect(0.0, swerling, 1e-5) == pytest.approx(1e-5, rel=1e-9)


def test_p_detect_rises_with_the_signal():
    snr = np.logspace(-1, 4, 60)
    for swerling in range(5):
        assert (np.diff(p_detect(snr, swerling, 1e-6)) > -1e-12).all()
