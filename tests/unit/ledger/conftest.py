"""A run that never was: three rockets, two of them shot at, recorded in memory."""

import numpy as np
import pytest

from rampart.ledger import Collector, RunRecord, make_header
from rampart.records import (
    Detections,
    Engagements,
    Fate,
    Flight,
    Phase,
    PredictionKind,
    Predictions,
    SensorModel,
    Site,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
    Zone,
)

START_NS = 1_625_518_800_000_000_000
NS = 1_000_000_000
G = 9.80665
ARRIVALS = (40.0, 41.5, 43.0)
HIT_S = 36.5  # rocket-1 is shot down
IMPACTS = ((0.0, 150.0), (60.0, 190.0), (-400.0, 700.0))


def ns(seconds: float) -> int:
    return START_NS + round(seconds * NS)


@pytest.fixture(scope="session")
def site() -> Site:
    square = np.array([[-150.0, 50.0], [150.0, 50.0], [150.0, 250.0], [-150.0, 250.0]])
    return Site(
        "embassy",
        np.radians(33.3),
        np.radians(44.39),
        34.0,
        zones=(
            Zone("north", square, 400.0, 10.0, 100.0, True, "North yard"),
            Zone("south", square - [0.0, 420.0], 80.0, 15.0, 100.0, False),
        ),
        sensors=(
            SensorModel("r1", "radar3d", np.array([0.0, 0.0, 12.0]), 0.5, 0.1, 10.0, 0.0035, 0.0035, 1.0),
            SensorModel("cam", "camera", np.array([200.0, -100.0, 8.0]), 0.2, azimuth_sigma_rad=0.001),
        ),
        name="Embassy",
        start_ns=START_NS,
    )


def vacuum_flight(i: int, impact: tuple[float, float], arrival_s: float, site_id: str = "embassy") -> Flight:
    """A parabola of 25 s from the east-north-east."""
    t = np.arange(arrival_s - 25.0, arrival_s + 1e-9, 0.25)
    speed = np.array([-260.0 * np.sin(np.radians(65.0)), -260.0 * np.cos(np.radians(65.0)), 0.0])
    left = (t - arrival_s)[:, None]
    down = -G * 12.5
    up = down * (t - arrival_s) - 0.5 * G * (t - arrival_s) ** 2
    position = np.array([*impact, 0.0]) + speed * left
    position[:, 2] = up
    velocity = np.tile(speed, (len(t), 1))
    velocity[:, 2] = down - G * (t - arrival_s)
    return Flight(
        f"rocket-{i + 1}", "rocket", site_id, "rocket", True, True, t, position, velocity, -10.0, 1,
        burnout_s=float(t[0]) + 1.5, ln_drag=-7.0, fate=Fate.IMPACT,
    )  # fmt: skip


def feed(recorder, site: Site, flights: list[Flight], rng: np.random.Generator) -> None:
    """Tell a recorder a run: noisy looks at the truth stand in for a chain."""
    recorder.truth(site.id, flights)
    number = 0
    for step, t in enumerate(np.arange(15.0, 60.0, 0.5)):
        live = [(i, f) for i, f in enumerate(flights) if f.start_s + 2.0 <= t <= f.end_s]
        at = [np.array([np.interp(t, f.time_s, f.position_enu[:, k]) for k in range(3)]) for _, f in live]
        n = len(live) + 3
        detections = Detections.build(
            number=np.arange(number, number + n) + 1,
            time_ns=[ns(t - 0.1)] * n,
            received_ns=[ns(t)] * n,
            range_m=rng.uniform(500, 9000, n),
            azimuth_rad=rng.uniform(0, 6.28, n),
            elevation_rad=rng.uniform(0, 1, n),
            flags=[1] * n,
        )
        number += n
        recorder.batch(site.id, ns(t), detections if step % 5 else Detections.empty(), 0)
        there = [f for f in flights if f is not flights[0] or t < HIT_S]
        columns = {
            "target": [f.id for f in there],
            "gate": ["detected" if f.start_s + 2.0 <= t <= f.end_s else "horizon" for f in there],
            "snr_db": [np.nan, 12.5, 3.0][-len(there) :],
        }
        recorder.diagnostics(site.id, ns(t), "r1", columns)
        m = len(live)
        state = np.array([[*(p + rng.normal(0, 8, 3)), -236.0, -110.0, 20.0] for p in at]).reshape(m, 6)
        go = np.array([f.end_s - t for _, f in live])
        classes = np.zeros((m, 9))
        classes[:, TargetClass.ROCKET] = 0.97
        tracks = Tracks.build(
            m,
            number=[i + 1 for i, _ in live],
            time_ns=[ns(t)] * m,
            state=state,
            covariance=np.tile(np.diag([64.0, 64, 64, 4, 4, 4]), (m, 1, 1)),
            existence=[0.99] * m,
            class_probability=classes,
            status=[TrackStatus.CONFIRMED if g < 21.0 else TrackStatus.TENTATIVE for g in go],
            hits=[10] * m,
            first_ns=[ns(f.start_s + 2.0) for _, f in live],
            updated_ns=[ns(t - 0.1)] * m,
        )
        impact = np.array(
            [f.position_enu[-1] + [*rng.normal(0, 4 * g**0.5, 2), 0] for (_, f), g in zip(live, go, strict=True)]
        )
        predictions = Predictions.build(
            m,
            track=[i + 1 for i, _ in live],
            time_ns=[ns(t)] * m,
            kind=[PredictionKind.IMPACT] * m,
            weight=[0.97] * m,
            position_enu=state[:, :3],
            impact_enu=impact.reshape(m, 3),
            impact_covariance=np.array([np.diag([36.0 * g, 16.0 * g]) for g in go]).reshape(m, 2, 2),
            impact_ns=[ns(f.end_s) for _, f in live],
            impact_sigma_s=0.05 * go,
            launch_enu=np.array([f.position_enu[0] + rng.normal(0, 60, 3) for _, f in live]).reshape(m, 3),
            launch_covariance=np.tile(np.diag([3600.0, 900.0]), (m, 1, 1)),
            launch_ns=[ns(f.start_s) for _, f in live],
            ellipse_major_m=2.15 * 6 * go**0.5,
            ellipse_minor_m=2.15 * 4 * go**0.5,
            ellipse_azimuth_rad=[np.pi / 2] * m,
            ellipse_probability=[0.9] * m,
        )
        recorder.outputs(site.id, ns(t), tracks, predictions, _warnings(t), _engagements(t))


def _warnings(t: float) -> Warnings:
    said = {19.5: (0, Phase.PREPARE, ""), 21.0: (1, Phase.SHELTER, ""), 50.0: (2, Phase.RELEASE, "came down")}
    if t not in said:
        return Warnings.empty()
    sequence, phase, reason = said[t]
    return Warnings.build(
        number=[1], sequence=[sequence], zone=[0], phase=[phase], time_ns=[ns(t)], target_class=[TargetClass.ROCKET],
        time_to_impact_s=[40.0 - t if phase < Phase.RELEASE else np.nan], probability=[0.8],
        tracks=[(1, 2)], reason=[reason],
    )  # fmt: skip


def _engagements(t: float) -> Engagements:
    if t not in (34.0, 36.0):
        return Engagements.empty()
    i = 1 if t == 34.0 else 2
    return Engagements.build(
        number=[i], effector=[0], track=[i], time_ns=[ns(t)], fire_ns=[ns(t + 0.5)], intercept_ns=[ns(t + 2.5)],
        intercept_enu=[[700.0, 480.0, 300.0]], rounds=[100], probability=[0.55],
    )  # fmt: skip


def summary_of(flights: list[Flight]) -> dict:
    threats = []
    for i, f in enumerate(flights):
        warned = i < 2
        threats.append(
            {
                "id": f.id, "site": f.site, "kind": f.kind, "launch_s": f.start_s, "arrival_s": f.end_s,
                "observable": True, "first_detection_s": f.start_s + 2.0, "confirmed_s": f.start_s + 4.2,
                "track_id": f"{f.site}/T{i + 1}", "class": "rocket", "class_probability": 0.97,
                "needed_zones": ["north"] if warned else [], "warned_zones": ["north"] if warned else [],
                "first_warning_s": 19.5 if warned else None, "warning_lead_s": f.end_s - 19.5 if warned else None,
                "impact_error_m": {"0.5": 24.0, "0.8": 9.5}, "impact_bound_m": {"0.5": 20.0, "0.8": 8.0},
                "in_ellipse_90": True, "launch_error_m": 61.0, "engagements": 1 if warned else 0,
                "outcome": ("destroyed", "leaked", "outside")[i],
            }
        )  # fmt: skip
    return {
        "schema": 1,
        "scenario": "embassy-rockets",
        "seed": 7,
        "duration_s": 60.0,
        "threats": threats,
        "warnings": {"issued": 1, "false": 0, "unneeded": 0, "missed": 0, "missed_all": 0, "duplicate": 0},
        "tracks": {"confirmed": 3, "false": 0, "id_switches": 0},
        "effectors": [{"id": "gun-1", "rounds_used": 200, "engagements": 2}],
        "timing": {"simulated_s": 60.0, "wall_s": 0.4},
        "output_sha256": "ab" * 32,
    }


@pytest.fixture(scope="session")
def header(site) -> dict:
    gun = {"id": "gun-1", "site": None, "kind": "gun", "position_enu_m": [30.0, 0.0, 10.0]}
    scenario = {
        "schema": 1, "name": "embassy-rockets", "description": "one radar, one zone, three rockets",
        "start": "2021-07-05T21:00:00Z", "duration_s": 60.0, "effector": [gun],
    }  # fmt: skip
    return make_header(
        scenario=scenario, scenario_toml="schema = 1\n", seed=7, run=0, version="0.1.0", sites=[site]
    )  # fmt: skip


@pytest.fixture(scope="session")
def flights() -> list[Flight]:
    return [
        vacuum_flight(i, impact, arrival) for i, (impact, arrival) in enumerate(zip(IMPACTS, ARRIVALS, strict=True))
    ]


@pytest.fixture(scope="session")
def run_record(site, header, flights) -> RunRecord:
    collector = Collector(header)
    feed(collector, site, flights, np.random.Generator(np.random.PCG64(1)))
    collector.summary(summary_of(flights))
    return collector.record()
