import numpy as np
import pytest

import rampart
from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.pipeline import build_places, build_world, load
from rampart.sensor.sky import Sky
from rampart.study.files import run_to_folder
from rampart.study.montecarlo.background import read_background
from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.study import run_plan

SET = ["duration_s=45.0"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet")
    # something must fly: a rocket that comes down after the end
    quiet = load("embassy-rockets", overrides=["duration_s=12.0", "threat.rocket.arrival_s=60.0"])
    run_to_folder(quiet, folder, seed=4)
    return folder / "recording.mcap"


def test_a_scan_holds_the_recorded_detections_as_if_measured_now(recording):
    scenario = load("embassy-rockets", overrides=SET)
    background = read_background(recording, scenario)
    (place,) = build_places(scenario)
    world = background.mix(place, build_world(background.quiet(place), seed=1, run=0), seed=1, run=0)
    sensor, sky = world.sensors[0], Sky.build(world.flights)
    batches = [b.detections for b in RecordingReader(recording).batches() if len(b.detections)]
    known = {tuple(np.sort(b.range_m)) for b in batches}
    seen = set()
    for scan in range(6):
        now_ns = sensor.schedule.delivery_ns(scan)
        result = sensor.step(now_ns, sky)
        records = result.records
        assert (records.received_ns == now_ns).all()
        assert (np.diff(records.time_ns) >= 0).all()
        assert (np.abs(records.time_ns - now_ns) <= 0.7e9).all()
        assert (result.info["flight"] == -1).all()  # nothing has been launched yet
        seen.add(tuple(np.sort(records.range_m)))
    assert len(seen) == 6
    assert seen <= known


def test_runs_begin_at_different_places_of_the_recording_and_can_be_repeated_alone(recording):
    scenario = load("embassy-rockets", overrides=SET)
    plan = make_plan(scenario, runs=2, seed=1, background=recording)
    study = run_plan(plan)
    background = read_background(recording, scenario)
    alone = [rampart.run(scenario, seed=1, run=i, background=background) for i in range(2)]
    for run, done in enumerate(alone):
        assert study.run_rows[0]["rounds"][run] == sum(e["rounds_used"] for e in done.summary["effectors"])
    assert alone[0].summary["output_sha256"] != rampart.run(scenario, seed=1, run=0).summary["output_sha256"]
    assert "--background" in plan.command(0, 0)


def test_a_recording_of_other_sensors_is_refused(recording):
    other = load("embassy-rockets")
    text = other.text.replace('id = "r1"', 'id = "r9"')
    from rampart.pipeline import parse_scenario

    with pytest.raises(InputError, match="scans of no sensor of the scenario; it has r1 of embassy"):
        read_background(recording, parse_scenario(text, "x.toml"))
    slow = load("embassy-rockets", overrides=["sensor.r1.scan_period_s=1.0"])
    with pytest.raises(InputError, match=r"scanned every 0\.5 s"):
        read_background(recording, slow)
    with pytest.raises(InputError, match=r"cannot be read"):
        read_background("no-such-file.mcap", other)
