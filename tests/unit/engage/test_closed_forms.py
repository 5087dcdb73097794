"""Simulated interception against closed forms: the real engager, driven event by event with perfect tracks."""

import numpy as np
import pytest

from .raids import Raid, Threat, engager, launcher

pytestmark = pytest.mark.compiled


def generator(seed):
    return np.random.Generator(np.random.Philox(seed))


def standard_score(values, expected):
    """How many standard errors the mean of independent values is from what it should be."""
    values = np.asarray(values, float)
    return (values.mean() - expected) / (values.std(ddof=1) / np.sqrt(len(values)))


def raids(n, runs, p, seed, channels=50, spacing_s=0.0, time_s=60.0, rounds=10_000, **rules):
    rng = generator(seed)
    for _ in range(runs):
        threats = [
            Threat(k + 1, 1.0 + spacing_s * k, time_s)
            for k in range(int(rng.poisson(n[0])) if isinstance(n, tuple) else n)
        ]
        yield Raid(engager(launcher(p, channels=channels, rounds=rounds), **rules), threats, rng).run()


def test_binomial_leakage():
    """Two shots each at twelve: E L = N q^n, P(none) = (1 - q^n)^N."""
    done = list(raids(12, 400, 0.7, 11, shots_per_look=2, max_engagements=2))
    assert {t.shots for r in done for t in r.threats} == {2}
    assert abs(standard_score([r.leakers for r in done], 1.08)) <= 3
    assert abs(standard_score([r.leakers == 0 for r in done], 0.322475)) <= 3


@pytest.mark.parametrize(("m", "k", "leak", "rounds"), [(1, 3, 0.027, 1.390), (2, 2, 0.0081, 2.180)])
def test_shoot_look_shoot(m, k, leak, rounds):
    """f = q^m: leak f^k, E rounds m (1 - f^k) / (1 - f)."""
    done = list(raids(10, 400, 0.7, 12 + m, shots_per_look=m, max_engagements=m * k))
    alive = [t.alive for r in done for t in r.threats]
    shots = [t.shots for r in done for t in r.threats]
    assert abs(standard_score(alive, leak)) <= 3
    assert abs(standard_score(shots, rounds)) <= 3


def test_even_allocation_in_one_salvo():
    """Fifteen rounds at six: E L = (N - b) q^a + b q^(a+1), a = 2, b = 3."""
    done = list(raids(6, 400, 0.6, 15, channels=15, rounds=15, shots_per_look=15, max_engagements=15))
    assert {tuple(sorted(t.shots for t in r.threats)) for r in done} == {(2, 2, 2, 3, 3, 3)}
    assert abs(standard_score([r.leakers for r in done], 0.672)) <= 3
    assert abs(standard_score([r.leakers == 0 for r in done], 0.486033)) <= 3


def test_rounds_in_all_with_a_look_after_each():
    """K = 8 rounds for six: P(none) = P[Bin(K, p) >= N]."""
    done = list(raids(6, 500, 0.7, 16, rounds=8))
    assert max(len(r.fired) for r in done) == 8
    assert abs(standard_score([r.leakers == 0 for r in done], 0.551774)) <= 3
    assert abs(standard_score([r.leakers for r in done], 0.712946)) <= 3


def test_poisson_raid():
    """L ~ Poisson(lambda q): P(none) = exp(-lambda q)."""
    done = list(raids((10,), 400, 0.7, 17, shots_per_look=2, max_engagements=2))
    assert abs(standard_score([r.leakers == 0 for r in done], np.exp(-10 * 0.09))) <= 3


def test_layers():
    """A far layer, then a near one: leak = product of q_l."""
    far = launcher(0.5, min_range_m=2000.0, channels=20, rounds=20)
    near = launcher(0.6, max_range_m=1500.0, channels=20, rounds=20)
    rng, left = generator(18), []
    for _ in range(150):
        first = Raid(engager(far, max_engagements=1), [Threat(k + 1, 1.0, 60.0, 3000.0) for k in range(20)], rng).run()
        through = [Threat(t.track, 1.0, 60.0, 1000.0) for t in first.threats if t.alive]
        left.append(Raid(engager(near, max_engagements=1), through, rng).run().leakers)
    assert abs(standard_score(left, 20 * 0.5 * 0.4)) <= 3


def stream(p, channels, rate, window_s, service, arrivals, rng):
    """Threats by a Poisson process, each open to fire for a window after its arrival; mean service 1 s."""
    at, threats = 1.0, []
    for k in range(arrivals):
        at += rng.exponential(1.0 / rate)
        distance = 1000.0 * service(rng)
        threats.append(Threat(k + 1, at, at + window_s + distance / 1000.0 + 1e-6, distance))
    return Raid(engager(launcher(p, channels=channels), max_engagements=1), threats, rng).run()


def batches(values, size):
    """Means of consecutive batches: nearly independent, though neighbours in the queue are not."""
    return np.asarray(values, float).reshape(-1, size).mean(1)


@pytest.mark.parametrize(
    ("channels", "load", "blocked"),
    [(2, 1.0, 0.200000), (4, 3.0, 0.206107), (3, 6.0, 0.590164)],
)
def test_saturation_without_waiting_follows_erlang_b(channels, load, blocked):
    """Constant service: the law does not depend on its distribution. Leak = B + (1 - B) q."""
    p = 0.8
    raid = stream(p, channels, load, 0.0, lambda rng: 1.0, 3000, generator(20 + channels))
    never = batches([t.shots == 0 for t in raid.threats], 60)
    leaked = batches([t.alive for t in raid.threats], 60)
    assert abs(standard_score(never, blocked)) <= 3
    assert abs(standard_score(leaked, blocked + (1 - blocked) * (1 - p))) <= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "rate", "window_s", "lost"),
    [(1, 0.8, 1.0, 0.275196), (1, 1.0, 2.0, 0.250000), (2, 3.0, 0.5, 0.429908), (4, 5.0, 1.0, 0.244850)],
)
def test_saturation_with_a_window_follows_the_queue(channels, rate, window_s, lost):
    """M/M/c, first come first served, lost if the wait would exceed the window. Service: an exponential distance."""
    raid = stream(1.0, channels, rate, window_s, lambda rng: rng.exponential(), 6000, generator(30 + channels))
    never = batches([t.shots == 0 for t in raid.threats], 100)
    assert abs(standard_score(never, lost)) <= 3
