"""The adapter to Stone Soup: its models of our detections see what we see."""

import datetime

import numpy as np
import pytest

pytest.importorskip("stonesoup")

from rampart.bench import stonesoup_adapter as adapter
from rampart.bench.peer import Algorithm, run_peer
from rampart.bench.raid import make_raid
from rampart.bench.scenes import make_scene
from rampart.bench.trial import Trial

pytestmark = pytest.mark.filterwarnings("ignore")
NAN = float("nan")


def radar(**other):
    figures = {"range_sigma_m": 10.0, "azimuth_sigma_rad": 3e-3, "elevation_sigma_rad": 3e-3, **other}
    return adapter.Sensor("r", (300.0, -200.0, 12.0), 1.0, **figures)


def row(position, velocity, sensor):
    away = np.array(position) - sensor.position_enu_m
    level = np.hypot(away[0], away[1])
    return {
        "time_s": 1.5,
        "sensor": 0,
        "range_m": float(np.linalg.norm(away)),
        "azimuth_rad": float(np.arctan2(away[0], away[1]) % (2 * np.pi)),
        "elevation_rad": float(np.arctan2(away[2], level)),
        "range_rate_ms": float(away @ np.array(velocity) / np.linalg.norm(away)),
    }


@pytest.mark.parametrize("position", [(4000.0, 900.0, 700.0), (-3000.0, -50.0, 100.0), (310.0, -2500.0, 900.0)])
def test_a_model_turns_the_state_into_the_measurement(position):
    from stonesoup.types.array import StateVector
    from stonesoup.types.state import State

    velocity = (60.0, -20.0, 5.0)
    sensor = radar(range_rate_sigma_ms=1.0)
    found = adapter.detection(row(position, velocity, sensor), adapter.Models([sensor]))
    state = State(StateVector(np.column_stack([position, velocity]).ravel()))
    told = np.asarray(found.measurement_model.function(state), float).ravel()
    np.testing.assert_allclose(told, np.asarray(found.state_vector, float).ravel(), atol=1e-9)
    assert found.timestamp == adapter.START + datetime.timedelta(seconds=1.5)
    assert found.metadata["sensor"] == "r"


@pytest.mark.parametrize(
    ("without", "model", "size"),
    [
        ((), "CartesianToElevationBearingRangeRate", 4),
        (("range_rate_ms",), "CartesianToElevationBearingRange", 3),
        (("range_rate_ms", "elevation_rad"), "CartesianToBearingRange", 2),
        (("range_rate_ms", "range_m"), "CartesianToElevationBearing", 2),
        (("range_rate_ms", "range_m", "elevation_rad"), "Cartesian2DToBearing", 1),
    ],
)
def test_what_is_measured_selects_the_model(without, model, size):
    sensor = radar(range_rate_sigma_ms=1.0)
    values = {**row((4000.0, 900.0, 700.0), (60.0, 0.0, 0.0), sensor), **dict.fromkeys(without, NAN)}
    found = adapter.detection(values, adapter.Models([sensor]))
    assert type(found.measurement_model).__name__ == model
    assert found.state_vector.shape == (size, 1)
    assert found.measurement_model.covar().shape == (size, size)


def test_errors_of_a_row_go_before_those_of_the_sensor():
    sensor = radar()
    values = {**row((4000.0, 900.0, 700.0), (0.0, 0.0, 0.0), sensor), "range_rate_ms": NAN, "range_sigma_m": 25.0}
    models = adapter.Models([sensor], inflation=2.0)
    covariance = adapter.detection(values, models).measurement_model.covar()
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [6e-3, 6e-3, 50.0])
    assert adapter.detection(values, models).measurement_model is adapter.detection(values, models).measurement_model


def test_unknown_reports_are_refused():
    with pytest.raises(ValueError, match="measures elevation_rad: Stone Soup has no model of that"):
        adapter.measurement_model(radar(), ["elevation_rad"], [0.01])


def test_frames_hold_every_look_and_every_detection(tmp_path):
    raid = make_raid(1)
    trial = Trial.of(raid)
    adapter.write_scene(tmp_path / "scene.npz", trial.peer())
    scene = adapter.read_scene(tmp_path / "scene.npz")
    looks = adapter.frames(scene.columns, scene.sensors, times_s=scene.times_s)
    assert len(looks) == len(raid.look_ns)
    assert [len(found) for _, found in looks] == [len(batch) for _, batch in raid.batches()]
    assert all(found.timestamp == when for when, batch in looks for found in batch)
    assert {type(found.measurement_model).__name__ for _, batch in looks for found in batch} == {
        "CartesianToElevationBearingRangeRate",
        "Cartesian2DToBearing",
    }


@pytest.mark.slow
def test_their_tracker_gives_its_published_figures():
    # ../shared/bench/tracking/README.md, cross_10, gnn
    trial = Trial.of(make_scene("cross", 10, 0))
    done = run_peer(trial, Algorithm("gnn"), settings={})
    assert done is not None
    assert done.scores is not None
    assert round(done.scores["gospa_m"], 1) == 56.0
    assert round(done.scores["ospa_m"], 2) == 21.09
    assert (done.cpu_ms > 0.0).all()
