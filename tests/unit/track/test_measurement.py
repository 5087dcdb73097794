"""Measurement models: derivatives against finite differences, places against samples, updates against the textbook."""

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.track import constants as k
from rampart.track.filters import _kernels as filters
from rampart.track.measurement import _kernels as measurement
from rampart.track.settings import TrackerSpec, parameters

HERE = Environment.standard(latitude_rad=0.6)
SENSOR = (200.0, -100.0, 15.0)
POLAR = k.HAS_RANGE | k.HAS_AZIMUTH | k.HAS_ELEVATION | k.HAS_RATE | k.HAS_HEIGHT
X = np.array([1500.0, -2500.0, 700.0, -80.0, 40.0, 15.0, 0.0])


@pytest.fixture(scope="module")
def p(field):
    return parameters(TrackerSpec(), field.site(), HERE)


def row(x=X, noise=None):
    """A packed detection that fits a state."""
    z = np.full(k.N_Z, np.nan)
    d = x[:3] - SENSOR
    r, level = np.linalg.norm(d), np.hypot(d[0], d[1])
    height = x[2] + 0.5 * HERE.site[0] * (x[0] ** 2 + x[1] ** 2)
    z[:6] = 0.0, r, np.arctan2(d[0], d[1]), np.arctan2(d[2], level), d @ x[3:6] / r, height
    z[6:11] = 10.0, 0.003, 0.004, 1.5, 30.0
    if noise is not None:
        z[1:6] += noise * z[6:11]
    return z


def measure(x, z, mask, p):
    H, nu, r = np.zeros((8, 8)), np.zeros(8), np.zeros(8)
    n = measurement.measure(x, z, mask, *SENSOR, p, H, nu, r)
    return H[:n, :6], nu[:n], r[:n]


def test_innovation_of_what_fits_is_zero(p):
    assert measure(X, row(), POLAR, p)[1] == pytest.approx(0.0, abs=1e-9)


def test_derivatives(p):
    H = measure(X, row(), POLAR, p)[0]
    for i in range(6):
        step = np.zeros(7)
        step[i] = 1e-2
        slope = (measure(X - step, row(), POLAR, p)[1] - measure(X + step, row(), POLAR, p)[1]) / 2e-2
        assert H[:, i] == pytest.approx(slope, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    ("bits", "count"), [(k.HAS_AZIMUTH, 1), (k.HAS_AZIMUTH | k.HAS_ELEVATION, 2), (POLAR, 5), (k.HAS_POSITION, 3)]
)
def test_only_what_is_measured_counts(bits, count, p):
    z = row()
    z[k.Z_EAST : k.Z_EAST + 3] = X[:3]
    z[k.Z_ROOT : k.Z_ROOT + 9] = np.eye(3).ravel()
    assert len(measure(X, z, bits, p)[1]) == count


def test_angles_wrap(p):
    x = np.array([SENSOR[0] - 1.0, SENSOR[1] - 3000.0, 100.0, 0.0, 0.0, 0.0, 0.0])
    z = row(x)
    z[k.Z_AZIMUTH] += 2.0 * np.pi
    assert measure(x, z, k.HAS_AZIMUTH, p)[1][0] == pytest.approx(0.0, abs=1e-12)


def test_place_has_the_spread_of_samples(p):
    rng, base = np.random.default_rng(1), row()
    mask = k.HAS_RANGE | k.HAS_AZIMUTH | k.HAS_ELEVATION
    C, spots = np.empty((3, 3)), []
    for _ in range(4000):
        z = row(noise=rng.standard_normal(5))
        measurement.place(z, mask, *SENSOR, 0.0, 1.0, C)
        spots.append(z[k.Z_EAST : k.Z_EAST + 3])
    measurement.place(base, mask, *SENSOR, 0.0, 1.0, C)
    assert np.mean(spots, axis=0) == pytest.approx(X[:3], abs=1.0)
    assert np.cov(np.array(spots).T) == pytest.approx(C, rel=0.1, abs=12.0)


def test_update_is_the_joseph_form(p):
    rng = np.random.default_rng(2)
    A = rng.standard_normal((7, 7)) * np.array([40.0, 40.0, 30.0, 20.0, 20.0, 10.0, 0.3])[:, None]
    P = A @ A.T + 1e-3 * np.eye(7)
    z = row(noise=rng.standard_normal(5))
    x = X + np.array([20.0, -30.0, 10.0, 5.0, -3.0, 2.0, 0.1])
    H6, nu, r = measure(x, z, POLAR, p)
    H = np.column_stack([H6, np.zeros(5)])
    S = H @ P @ H.T + np.diag(r)
    K = P @ H.T @ np.linalg.inv(S)
    joseph = (np.eye(7) - K @ H) @ P @ (np.eye(7) - K @ H).T + K @ np.diag(r) @ K.T
    got_x, got_P = x.copy(), P.copy()
    ln, d2 = filters.update_mode(got_x, got_P, z, POLAR, *SENSOR, p, 1, np.zeros((24, 8)))
    assert got_x == pytest.approx(x + K @ nu, rel=1e-7, abs=1e-7)
    assert got_P == pytest.approx(joseph, rel=1e-6, abs=1e-7)
    assert d2 == pytest.approx(nu @ np.linalg.solve(S, nu), rel=1e-9)
    want = -0.5 * (d2 + np.linalg.slogdet(2.0 * np.pi * S)[1])
    assert ln == pytest.approx(want, rel=1e-9)
    B = np.zeros((24, 8))
    assert filters.innovate(x, P, z, POLAR, *SENSOR, p, B[0:8], B[16], B[17], B[8:16]) == pytest.approx((want, d2))


def test_a_measured_position_with_its_covariance(p, field):
    from rampart.records import Detections
    from rampart.track.intake.detections import pack_rows
    from rampart.track.settings import sensor_table

    C = np.array([[400.0, 50.0, -30.0], [50.0, 300.0, 20.0], [-30.0, 20.0, 900.0]])
    batch = Detections.build(1, number=[1], position_enu=[X[:3]], position_covariance=[C])
    rows, refused, blame = pack_rows(batch, 0, 0, sensor_table(field.site()), p)
    assert refused == blame == {}
    back = np.empty((3, 3))
    measurement.place(rows.z[0], k.HAS_POSITION, *SENSOR, 0.0, 1.0, back)
    assert back == pytest.approx(C, rel=1e-9, abs=1e-9)
