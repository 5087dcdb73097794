"""``rampart bench oracles``: closed forms of interception beside what the run loop gives.

Ours must lie within three standard errors. Engager, run loop and referee are those of every run; only the tracks are
perfect (`perfect`). The forms stand in textbooks (Washburn and Kress, Combat Modeling, 2009; Erlang's loss formula;
Hughes' salvo model); the queue with a window (M/M/c, lost if the wait would exceed it) is derived by level crossing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from rampart.pipeline import Purpose, parse_scenario, stream
from rampart.study import run as run_scenario
from rampart.study.site_run import SiteRun

from . import say
from .perfect import battle, fight, ring, still

Floats = np.ndarray
SEED = 700
RAIDS, QUICK_RAIDS = 400, 60
ARRIVALS, QUICK_ARRIVALS = 6000, 1500
MOST_Z = 3.0


class Sample(NamedTuple):
    """Independent values whose mean should be exact."""

    name: str
    exact: float
    values: Floats


class Oracle(NamedTuple):
    """One closed form."""

    number: int
    name: str
    formula: str
    sample: Callable[[int, int], Iterator[Sample]]  #: of raids and of arrivals


def run(*, quick: bool = False, runs: int | None = None) -> dict[str, Any]:
    """Every oracle.

    Parameters
    ----------
    quick : bool
        60 raids and 1,500 arrivals in place of 400 and 6,000.
    runs : int or None
        That many raids instead, and fifteen times as many arrivals.
    """
    raids = runs or (QUICK_RAIDS if quick else RAIDS)
    arrivals = 15 * runs if runs else (QUICK_ARRIVALS if quick else ARRIVALS)
    results = []
    for oracle in ORACLES:
        say(f"oracles: {oracle.number} {oracle.name}")
        results += check(oracle, raids, arrivals)
    return {"results": results}


def check(oracle: Oracle, raids: int, arrivals: int) -> list[dict[str, Any]]:
    """The rows of one oracle."""
    return [_row(oracle, sample) for sample in oracle.sample(raids, arrivals)]


def _row(oracle: Oracle, sample: Sample) -> dict[str, Any]:
    values = np.asarray(sample.values, float)
    mean, n = float(values.mean()), len(values)
    if sample.values.dtype == bool:  # so that none of none in a few is no error of zero
        error = math.sqrt(sample.exact * (1.0 - sample.exact) / n)
    else:
        error = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    off = mean - sample.exact
    z = (
        off / error
        if error > 0.0
        else (0.0 if abs(off) <= 1e-6 * max(abs(sample.exact), 1.0) else math.copysign(99, off))
    )
    ours = {"value": mean, "n": n, "standard_error": error, "z": round(z, 3), "within": abs(z) <= MOST_Z}
    return {
        "name": f"{oracle.number} {oracle.name}: {sample.name}",
        "formula": oracle.formula,
        "exact": sample.exact,
        "seed": SEED + oracle.number,
        "ours": ours,
        "peer": {"exact": sample.exact},
        "ratio": mean / sample.exact if sample.exact else None,
    }


def _leakers(site: SiteRun) -> int:
    return int(np.isinf(site.ended_s).sum())


def _salvo(number: int, raids: int, count: int, where: Any, **more: Any) -> list[SiteRun]:
    """Raids of so many threats at once."""
    flights = [still(k + 1, 1.0, 60.0, place) for k, place in enumerate(ring(count, 1000.0))]
    return [fight(where, flights, seed=SEED + number, run=k, **more) for k in range(raids)]


def _binomial(raids: int, arrivals: int) -> Iterator[Sample]:
    where = battle([{"p": 0.7, "channels": 50}], shots_per_look=2, max_engagements=2)
    left = np.array([_leakers(site) for site in _salvo(1, raids, 12, where)])
    yield Sample("leakers of 12, two shots each, p 0.7", 12 * 0.3**2, left)
    yield Sample("none leaks", (1 - 0.3**2) ** 12, left == 0)


def _shoot_look_shoot(raids: int, arrivals: int) -> Iterator[Sample]:
    for shots, looks in ((1, 3), (2, 2)):
        rules = {"shots_per_look": shots, "max_engagements": shots * looks}
        done = _salvo(2, raids, 10, battle([{"p": 0.7, "channels": 50}], **rules))
        f = 0.3**shots
        leaked = np.concatenate([np.isinf(site.ended_s) for site in done])
        fired = np.concatenate([_shots_at(site) for site in done])
        case = f"{looks} looks of {shots}"
        yield Sample(f"{case}: leak, p 0.7", f**looks, leaked)
        yield Sample(f"{case}: rounds per threat", shots * (1 - f**looks) / (1 - f), fired)


def _shots_at(site: SiteRun) -> Floats:
    """Engagements of each flight; the track's number is the flight's."""
    return np.bincount([shot.track - 1 for shot in site.shots], minlength=len(site.ended_s))


def _uncoordinated(raids: int, arrivals: int) -> Iterator[Sample]:
    count, rounds, p = 8, 16, 0.6
    where = battle([{"p": p, "rounds": 1}] * rounds, max_engagements=1)
    flights = [still(k + 1, 1.0, 60.0, place) for k, place in enumerate(ring(count, 1000.0))]
    left = []
    for k in range(2 * raids):
        rng = stream(SEED + 3, k, Purpose.THREAT, 0)
        orders = [rng.permutation(count) for _ in range(rounds)]
        left.append(_leakers(fight(where, flights, seed=SEED + 3, run=k, orders=orders)))
    values = np.array(left)
    none = sum((-1) ** k * math.comb(count, k) * (1 - k * p / count) ** rounds for k in range(count + 1))
    yield Sample(
        "survivors of 8 under 16 rounds that do not know of each other, p 0.6",
        count * (1 - p / count) ** rounds,
        values,
    )
    yield Sample("none survives", none, values == 0)


def _even(raids: int, arrivals: int) -> Iterator[Sample]:
    where = battle([{"p": 0.6, "channels": 15, "rounds": 15}], shots_per_look=15, max_engagements=15)
    left = np.array([_leakers(site) for site in _salvo(4, raids, 6, where)])
    yield Sample("leakers of 6, 15 rounds in one salvo, p 0.6", 3 * 0.4**2 + 3 * 0.4**3, left)
    yield Sample("none leaks", (1 - 0.4**2) ** 3 * (1 - 0.4**3) ** 3, left == 0)


def _rounds_in_all(raids: int, arrivals: int) -> Iterator[Sample]:
    count, rounds, p = 6, 8, 0.7
    left = np.array(
        [_leakers(site) for site in _salvo(5, raids, count, battle([{"p": p, "channels": 50, "rounds": rounds}]))]
    )
    chance = [math.comb(rounds, k) * p**k * (1 - p) ** (rounds - k) for k in range(rounds + 1)]
    yield Sample("none of 6 leaks, 8 rounds in all, p 0.7", sum(chance[count:]), left == 0)
    yield Sample("leakers", sum((count - k) * chance[k] for k in range(count)), left)


def _layers(raids: int, arrivals: int) -> Iterator[Sample]:
    """From 3 km inwards: a far layer with a round for each, then a near one."""
    far = {"p": 0.5, "min_range_m": 2000.0, "channels": 20, "rounds": 20}
    near = {"p": 0.6, "max_range_m": 1500.0, "channels": 20, "rounds": 20}
    where, left = battle([far, near], max_engagements=2), []
    out, in_ = ring(20, 3000.0), ring(20, 300.0)
    flights = [still(k + 1, 1.0, 60.0, out[k], in_[k]) for k in range(20)]
    for k in range(raids):
        left.append(_leakers(fight(where, flights, seed=SEED + 8, run=k)))
    values = np.array(left)
    yield Sample("leakers of 20, p 0.5 and 0.6", 20 * 0.5 * 0.4, values)
    yield Sample("none leaks", (1 - 0.5 * 0.4) ** 20, values == 0)


def _poisson(raids: int, arrivals: int) -> Iterator[Sample]:
    where = battle([{"p": 0.7, "channels": 100}], shots_per_look=2, max_engagements=2)
    left = []
    for k in range(2 * raids):
        count = int(stream(SEED + 9, k, Purpose.THREAT, 0).poisson(10.0))
        flights = [still(i + 1, 1.0, 60.0, place) for i, place in enumerate(ring(count, 1000.0))]
        left.append(_leakers(fight(where, flights, seed=SEED + 9, run=k)) if count else 0)
    values = np.array(left)
    yield Sample("leakers, ten expected, two shots each, p 0.7", 10 * 0.09, values)
    yield Sample("none leaks", math.exp(-10 * 0.09), values == 0)


def _hughes(raids: int, arrivals: int) -> Iterator[Sample]:
    """Two attackers of four well-aimed rounds each, three defenders that stop one each, two hits to be put out."""
    alpha, attackers, stopped, defenders, staying = 4, 2, 1, 3, 2
    where = battle([{"p": 1.0, "rounds": stopped}] * defenders, max_engagements=1)
    left = [_leakers(site) / staying for site in _salvo(10, 3, alpha * attackers, where)]
    yield Sample(
        "units put out by one salvo", max(0.0, alpha * attackers - stopped * defenders) / staying, np.array(left)
    )


def erlang_b(channels: int, load: float) -> float:
    """Share lost by a system without waiting room (Erlang).

    >>> round(erlang_b(2, 1.0), 6)
    0.2
    """
    blocked = 1.0
    for c in range(1, channels + 1):
        blocked = load * blocked / (c + load * blocked)
    return blocked


def queue_loss(channels: int, rate: float, window_s: float) -> float:
    """Share lost by a queue M/M/c, mean service 1 s, first come first served, whose wait would exceed a window.

    >>> round(queue_loss(2, 3.0, 0.5), 6)
    0.429908
    """
    drift = channels - rate
    kept = math.exp(-drift * window_s)
    waiting = window_s if drift == 0.0 else (1.0 - kept) / drift
    shares = [rate**n / math.factorial(n) for n in range(channels)]
    total = sum(shares) + rate * shares[-1] * (waiting + kept / channels)
    return rate * shares[-1] * kept / (channels * total)


def _stream(
    number: int, case: int, arrivals: int, p: float, channels: int, rate: float, window_s: float, *, fixed: bool
) -> SiteRun:
    """Threats by a Poisson process, each open to fire for a window after its arrival; mean service 1 s."""
    rng = stream(SEED + number, case, Purpose.THREAT, 0)
    at = 1.0 + np.cumsum(rng.exponential(1.0 / rate, arrivals))
    service = np.ones(arrivals) if fixed else rng.exponential(1.0, arrivals)
    bearing = ring(arrivals, 1000.0)
    # a launcher's channel is bound until the intercept: the flight time is the service
    flights = [
        still(k + 1, at[k], at[k] + window_s + service[k] + 5e-6, bearing[k] * service[k]) for k in range(arrivals)
    ]
    return fight(battle([{"p": p, "channels": channels}], max_engagements=1), flights, seed=SEED + number, run=case)


def _batches(values: Floats, size: int = 100, first: int = 100) -> Floats:
    """Means of consecutive batches, nearly independent though neighbours in a queue are not; not of the first ones."""
    return np.asarray(values, float)[first:].reshape(-1, size).mean(1)


def _saturation(raids: int, arrivals: int) -> Iterator[Sample]:
    p = 0.8
    for case, (channels, load) in enumerate(((2, 1.0), (4, 3.0), (3, 6.0))):
        site = _stream(6, case, arrivals, p, channels, load, 0.0, fixed=True)
        blocked = erlang_b(channels, load)
        yield Sample(f"{channels} channels, load {load:g}: not engaged", blocked, _batches(_shots_at(site) == 0))
        leak = blocked + (1 - blocked) * (1 - p)
        yield Sample(f"{channels} channels, load {load:g}: leak, p 0.8", leak, _batches(np.isinf(site.ended_s)))


def _window(raids: int, arrivals: int) -> Iterator[Sample]:
    cases = ((1, 0.8, 1.0), (1, 1.0, 2.0), (2, 3.0, 0.5), (4, 5.0, 1.0))
    for case, (channels, rate, window_s) in enumerate(cases):
        site = _stream(7, case, arrivals, 1.0, channels, rate, window_s, fixed=False)
        name = f"{channels} channels, load {rate:g}, window {window_s:g} s: lost"
        yield Sample(name, queue_loss(channels, rate, window_s), _batches(_shots_at(site) == 0))


_SHELLING = """
schema = 1
name = "circle"
start = 2021-07-05T21:00:00Z
duration_s = 60.0
[[site]]
id = "base"
origin = {{ lat_deg = 33.30, lon_deg = 44.39, height_m = 34.0 }}
[[zone]]
id = "circle"
polygon_en_m = {polygon}
warn_radius_m = 0.0
defended = true
[[threat]]
id = "m"
kind = "mortar"
count = 20
arrival_s = 30.0
impact_en_m = [0.0, 0.0]
spread_m = {sigma}
from_bearing_deg = 65.0
time_of_flight_s = 20.0
"""


def _circle(raids: int, arrivals: int) -> Iterator[Sample]:
    """Shells of the scenario's own making about the middle of a round zone; the referee says where they came down."""
    cep = 100.0
    sigma = cep / math.sqrt(2.0 * math.log(2.0))
    for factor in (1.0, 2.0):
        # a polygon of the circle's area
        corners = 180
        step = 2.0 * math.pi / corners
        radius = factor * cep * math.sqrt(step / math.sin(step))
        polygon = [[radius * math.cos(k * step), radius * math.sin(k * step)] for k in range(corners)]
        scenario = parse_scenario(_SHELLING.format(polygon=polygon, sigma=sigma), "circle")
        inside = [
            threat["outcome"] == "leaked"
            for k in range(max(raids // 8, 5))
            for threat in run_scenario(scenario, seed=SEED + 11, run=k).summary["threats"]
        ]
        yield Sample(f"inside {factor:g} CEP", 1 - 2.0 ** -(factor**2), np.array(inside))


def _static(raids: int, arrivals: int) -> Iterator[Sample]:
    from rampart.engage.optimum import optimise

    from .assign import PUBLISHED, folder, generated, read_instance

    for w, n, optimum in ((10, 10, 74.409584), (20, 10, 9.484216), (40, 20, 21.975497), (80, 40, 31.259196)):
        yield Sample(f"generated {w}x{n}", optimum, np.array([optimise(*generated(w, n)).survivors]))
    for name in ("50x100x1", "50x100x2", "50x100x3"):
        path = folder() / f"wta_{name}.txt"
        if path.exists():
            found = optimise(*read_instance(path)).survivors
            yield Sample(f"published {name}", PUBLISHED[name].survivors, np.array([found]))


ORACLES = (
    Oracle(1, "binomial leakage", "E L = N q^n; P0 = (1 - q^n)^N", _binomial),
    Oracle(2, "shoot-look-shoot", "f = q^m; leak = f^k; E rounds = m (1 - f^k) / (1 - f)", _shoot_look_shoot),
    Oracle(3, "uncoordinated fire", "E = N (1 - p/N)^M; P0 = sum_k (-1)^k C(N,k) (1 - k p/N)^M", _uncoordinated),
    Oracle(4, "even allocation", "E L = (N - b) q^a + b q^(a+1), M = a N + b", _even),
    Oracle(5, "rounds in all", "P0 = P[Bin(K, p) >= N]", _rounds_in_all),
    Oracle(6, "saturation without waiting", "B_c = a B_(c-1) / (c + a B_(c-1)); leak = B + (1 - B) q", _saturation),
    Oracle(7, "saturation with a window", "M/M/c, lost if the wait exceeds the window", _window),
    Oracle(8, "layers", "leak = prod q_l; P0 = (1 - prod q_l)^N", _layers),
    Oracle(9, "Poisson raid", "L ~ Poisson(lambda q)", _poisson),
    Oracle(10, "salvo step", "dB = max(0, alpha A - y B) / b", _hughes),
    Oracle(11, "impact in a circle", "1 - 2^(-(R/CEP)^2)", _circle),
    Oracle(12, "static assignment", "optima, published and by other solvers", _static),
)
