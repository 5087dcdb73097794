"""Made-up logs of drones and birds, by generators of their own, flown past the radar as recordings; see README.md."""

import math

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.records import Site, TargetClass, TrackStatus
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky
from rampart.threat.recorded import RecordedSpec
from rampart.track import Tracker

pytestmark = pytest.mark.compiled

PLACE = Site("s", math.radians(46.4), math.radians(14.3), 450.0)
HERE = Environment.standard(latitude_rad=PLACE.latitude_rad, height_m=450.0)
SECONDS = 90
DRONES = (TargetClass.MULTIROTOR, TargetClass.FIXED_WING)


def heading(angle):
    return np.array([math.sin(angle), math.cos(angle)])


def received(rng, step_s, path, sigma_m):
    """The path as a navigation receiver tells it: an error that wanders within 20 s."""
    error, keep = np.zeros_like(path), math.exp(-step_s / 20.0)
    for k in range(1, len(path)):
        error[k] = keep * error[k - 1] + math.sqrt(1.0 - keep**2) * sigma_m * rng.normal(size=3)
    return step_s * np.arange(len(path)), path + error


def jinking_multirotor(rng):
    """Velocities ordered anew every 3 to 8 s, followed with no more than 22 degrees of tilt, in gusts."""
    dt, place, velocity, gust, left = 0.2, np.array([400.0, 500.0, 70.0]), np.zeros(3), np.zeros(3), 0.0
    path = []
    for _ in range(int(SECONDS / dt)):
        if left <= 0.0:
            left, angle = rng.uniform(3.0, 8.0), rng.uniform(0.0, 2.0 * math.pi)
            order = np.array([*(rng.uniform(4.0, 16.0) * heading(angle)), rng.normal()])
        left -= dt
        gust += -gust / 3.0 * dt + rng.normal(size=3) * [0.8, 0.8, 0.3] * math.sqrt(dt)
        push = (order + 0.2 * gust - velocity) / 1.2
        most = 9.81 * math.tan(math.radians(22.0)) / max(np.hypot(*push[:2]), 1e-6)
        push[:2] *= min(most, 1.0)
        velocity = velocity + push * dt
        place = place + velocity * dt
        path.append(place)
    return received(rng, dt, np.array(path), 1.2)


def racetrack(rng):
    """A fixed wing that banks towards one point after the other at 28 m/s, in wind."""
    dt, place, angle, bank = 0.2, np.array([-900.0, 800.0, 150.0]), 2.0, 0.0
    wind, goals, path = 3.0 * rng.normal(size=2), [np.array([900.0, 0.0]), np.array([-900.0, -300.0])], []
    for k in range(int(SECONDS / dt)):
        away = goals[k * dt % 80.0 > 40.0] - place[:2]
        turn = (math.atan2(*away) - angle + math.pi) % (2.0 * math.pi) - math.pi
        bank += (np.clip(1.2 * turn, -0.6, 0.6) - bank) * dt
        angle += 9.81 * math.tan(bank) / 28.0 * dt
        place = np.array([*(place[:2] + (28.0 * heading(angle) + wind) * dt), 150.0 + 3.0 * math.sin(0.35 * k * dt)])
        path.append(place)
    return received(rng, dt, np.array(path), 1.2)


def soaring_bird(rng):
    """Circles in a thermal that drifts with the wind, then a glide."""
    place, angle, wind, path = np.array([300.0, 500.0, 150.0]), 1.0, 2.0 * rng.normal(size=2), []
    for k in range(10 * SECONDS):
        rising = k < 600
        angle += 0.1 * 11.0 / 25.0 if rising else 0.015 * rng.normal()
        speed, climb = (11.0, 1.4 + 0.5 * math.sin(angle)) if rising else (15.0, -1.25)
        place = place + 0.1 * np.array([*(speed * heading(angle) + wind), climb])
        path.append(place)
    return received(rng, 1.0, np.array(path[::10]), 2.5)


def gull(rng):
    """Flies at 11 m/s with sudden turns, up and down by gusts, about 40 m high."""
    place, angle, wind, turn, climb, path = np.array([300.0, 400.0, 40.0]), 2.0, 2.0 * rng.normal(size=2), 0.0, 0.0, []
    for _ in range(10 * SECONDS):
        if rng.random() < 0.02:
            turn = rng.choice([0.0, 0.0, 0.5 * rng.normal(), 0.8, -0.8])
        angle += 0.1 * turn + 0.05 * rng.normal()
        climb += -0.1 * (climb / 2.0 + (place[2] - 40.0) / 60.0) + 0.28 * rng.normal()
        place = place + 0.1 * np.array([*(11.0 * heading(angle) + wind), climb])
        path.append(place)
    return received(rng, 1.0, np.array(path[::10]), 2.5)


def crane(rng):
    """On migration: straight, level but for air that rises and sinks, 16 m/s and the wind."""
    place, angle, wind, climb, path = np.array([-700.0, 200.0, 250.0]), 1.4, 2.0 * rng.normal(size=2), 0.0, []
    for _ in range(10 * SECONDS):
        angle += 0.01 * rng.normal()
        climb += -0.025 * climb + 0.08 * rng.normal()
        place = place + 0.1 * np.array([*(16.0 * heading(angle) + wind), climb])
        path.append(place)
    return received(rng, 1.0, np.array(path[::10]), 2.5)


def verdicts(folder, log, as_kind, seed, *, micro_doppler):
    """What it is called, from 5 s after its track was confirmed on."""
    time_s, place = log(np.random.Generator(np.random.Philox(seed)))
    rows = np.column_stack([time_s, place])
    np.savetxt(folder / "log.csv", rows, fmt="%.2f", delimiter=",", header="time_s,east,north,height_m", comments="")
    dice = np.random.Generator(np.random.Philox(seed + 1))
    flown = RecordedSpec(
        id="log", kind="recorded", file=str(folder / "log.csv"), latitude_column=None, longitude_column=None,
        east_column="east", north_column="north", as_kind=as_kind, threat=False,
    ).build(PLACE, HERE, dice)  # fmt: skip
    spec = Radar3DSpec(
        id="r", kind="radar3d", position_enu_m=[0.0, 0.0, 15.0], scan_period_s=1.0, max_elevation_deg=89,
        minimum_radial_speed_ms=2.0, false_alarms_per_scan=2.0, micro_doppler=micro_doppler, interrogates=False,
    )  # fmt: skip
    site = Site("s", PLACE.latitude_rad, PLACE.longitude_rad, 450.0, sensors=(spec.model(PLACE),))
    radar, tracker, sky = spec.build(site, HERE, 0, dice), Tracker(site, HERE), Sky.build(flown)
    said, since, count = [], {}, 1
    for scan in range(SECONDS):
        now = radar.schedule.delivery_ns(scan)
        plots = radar.step(now, sky).records
        plots = plots.replace(number=np.arange(count, count + len(plots)))
        count += len(plots)
        tracks = tracker.step(now, plots).records
        for i in np.flatnonzero((tracks.status == TrackStatus.CONFIRMED) & (tracks.hits > 8)):
            if now - since.setdefault(int(tracks.number[i]), now) >= 5e9:
                said.append(TargetClass(int(tracks.class_probability[i].argmax())))
    return said


@pytest.mark.parametrize("micro_doppler", [True, False], ids=["micro-Doppler", "without"])
@pytest.mark.parametrize(
    ("log", "as_kind", "right"),
    [
        (jinking_multirotor, "multirotor", DRONES),
        (racetrack, "fixed_wing", DRONES),
        (soaring_bird, "bird", (TargetClass.BIRD,)),
        (gull, "bird", (TargetClass.BIRD,)),
        (crane, "bird", (TargetClass.BIRD,)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_made_up_logs_are_what_they_are(tmp_path, log, as_kind, right, micro_doppler):
    said = [k for seed in (1, 2) for k in verdicts(tmp_path, log, as_kind, seed, micro_doppler=micro_doppler)]
    assert len(said) > 60
    # without micro-Doppler a jinking drone of weak echo can pass for a bird for a while
    least = 0.97 if micro_doppler or as_kind == "bird" else 0.7
    assert np.mean([kind in right for kind in said]) >= least
