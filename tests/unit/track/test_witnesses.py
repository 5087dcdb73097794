"""What one sensor does not report keeps others from starting a track only where it would have reported it."""

import math

import numpy as np
import pytest

from rampart.records import Detections, Site, TrackStatus
from rampart.sensor.acoustic import AcousticSpec
from rampart.sensor.bearing import CameraSpec, DirectionFinderSpec
from rampart.sensor.eo_ir import EoIrSpec
from rampart.sensor.id_receiver import IdReceiverSpec
from rampart.track import Tracker

NS = 1_000_000_000
BARE = Site("ears", 0.6, 0.1, 0.0)
FINDERS = [
    DirectionFinderSpec(id="rf-1", kind="direction_finder", position_enu_m=[-700.0, 0.0, 8.0]),
    DirectionFinderSpec(id="rf-2", kind="direction_finder", position_enu_m=[700.0, 0.0, 8.0]),
]
CAMERA = EoIrSpec(id="camera", kind="eo_ir", position_enu_m=[0.0, 250.0, 14.0])
MICROPHONES = [
    AcousticSpec(id=f"mic-{i}", kind="acoustic", position_enu_m=[east, 0.0, 3.0], wind_ms=2.0)
    for i, east in enumerate((-150.0, 150.0))
]
HELD = (TrackStatus.CONFIRMED, TrackStatus.COASTED)
LINKED, SILENT, BIRD = (
    (np.array([100.0, 1800.0, 60.0]), np.array([0.0, -12.0, 0.0])),
    (np.array([20.0, 230.0, 60.0]), np.array([0.0, -8.0, 0.0])),
    (np.array([-300.0, -900.0, 80.0]), np.array([5.0, 0.0, 0.0])),
)


def found(specs, flights, target, seconds=15):
    """When the target, heard and seen by what `flights` (a list per sensor) say, first had a confirmed track [s]."""
    models = tuple(spec.model(BARE) for spec in specs)
    tracker, rng, number = Tracker(Site("ears", 0.6, 0.1, 0.0, sensors=models)), np.random.default_rng(7), 0
    for half in range(2 * seconds):
        now = half * NS // 2
        for s, (model, seen) in enumerate(zip(models, flights, strict=True)):
            if not seen or round(half * 0.5 / model.scan_period_s, 6) % 1.0:
                continue
            d = np.array([start + velocity * half * 0.5 - model.position_enu for start, velocity in seen])
            n, number = len(d), number + len(d)
            noise = rng.standard_normal((2, n))
            batch = Detections.build(
                n, number=np.arange(number - n, number) + 1, time_ns=np.full(n, now), received_ns=np.full(n, now),
                sensor=np.full(n, s), azimuth_rad=np.arctan2(d[:, 0], d[:, 1]) + model.azimuth_sigma_rad * noise[0],
                elevation_rad=np.arctan2(d[:, 2], np.hypot(d[:, 0], d[:, 1])) + model.elevation_sigma_rad * noise[1],
            )  # fmt: skip
            tracks = tracker.step(now, batch).records
            tracks = tracks.take(np.isin(tracks.status, HELD))
            at = target[0][:2] + target[1][:2] * half * 0.5
            if len(tracks) and np.hypot(*(tracks.state[:, :2] - at).T).min() < 300.0:
                return half * 0.5
    return math.inf


def test_a_camera_that_looks_elsewhere_keeps_no_finders_from_a_drone():
    alone = found(FINDERS, [[LINKED], [LINKED]], LINKED)
    assert alone < 8.0
    assert found([*FINDERS, CAMERA], [[LINKED], [LINKED], [BIRD]], LINKED) == pytest.approx(alone, abs=3.0)


def test_finders_that_hear_another_drone_keep_no_microphones_from_a_silent_one():
    alone = found(MICROPHONES, [[SILENT], [SILENT]], SILENT)
    assert alone < 8.0
    beside = found([*MICROPHONES, *FINDERS], [[SILENT], [SILENT], [LINKED], [LINKED]], SILENT)
    assert beside == pytest.approx(alone, abs=3.0)


def test_microphones_that_hear_something_near_keep_no_finders_from_a_drone_out_of_their_hearing():
    microphones = AcousticSpec(id="mic", kind="acoustic", position_enu_m=[-100.0, 600.0, 3.0], wind_ms=8.0)
    near, drone = (np.array([-130.0, 600.0, 20.0]), np.zeros(3)), (np.array([100.0, 620.0, 60.0]), LINKED[1])
    assert np.linalg.norm(drone[0] - microphones.position_enu_m) < 0.5 * microphones.model(BARE).max_range_m
    assert found([*FINDERS, microphones], [[drone], [drone], [near]], drone) < 8.0


def test_what_watches_the_place_and_shows_nothing_there_still_speaks():
    third = DirectionFinderSpec(id="rf-3", kind="direction_finder", position_enu_m=[0.0, 900.0, 8.0])
    assert found([*FINDERS, third], [[LINKED], [LINKED], [BIRD]], LINKED) == math.inf


def test_data_sheets_say_what_silence_is_worth():
    wide = CameraSpec(id="c", kind="camera", position_enu_m=[0.0, 0.0, 5.0])
    part = wide.model_copy(update={"sector_width_deg": 90.0})
    receiver = IdReceiverSpec(id="r", kind="id_receiver", position_enu_m=[0.0, 0.0, 5.0])
    assert FINDERS[0].model(BARE).hears_links
    assert not wide.model(BARE).hears_links
    assert wide.model(BARE).witness_range_m == math.inf
    assert [s.model(BARE).witness_range_m for s in (part, CAMERA, receiver)] == [0.0, 0.0, 0.0]
    assert MICROPHONES[0].model(BARE).witness_range_m == pytest.approx(300.0, abs=0.1)
