"""Counterfactual: what a recording would have been with something changed."""

import pytest

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.pipeline import load, parse_scenario
from rampart.study.counterfactual import compare_recording, read_change
from rampart.study.counterfactual.change import split_settings
from rampart.study.counterfactual.episodes import Episode, pair, people_warned
from rampart.study.counterfactual.rerun import rerun_recorded, rerun_simulated

from .two_radars import SCENE, recorded, scenario_of

GUN = """
[[effector]]
id = "gun-1"
kind = "gun"
position_enu_m = [30.0, 0.0, 10.0]
"""


def test_settings_are_parted_by_commas_outside_of_values():
    assert split_settings('a.b=[1, [2, 3]], c="x, y" ,d=1') == ["a.b=[1, [2, 3]]", 'c="x, y"', "d=1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warn", "expected section.key=value"),
        ("sensor.r9.enabled=false", "one of r1, r2"),
        ("sensor.enabled=false", "one of r1, r2"),
        ("sensor.r1.enabled=3", "expected true or false"),
        ("warn.miss_cost=1,warn.miss_cost=2", "stands twice"),
    ],
)
def test_what_is_no_change_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        read_change(text, parse_scenario(SCENE, "scene.toml"))


@pytest.mark.parametrize(
    ("text", "steered", "basis"),
    [
        ("warn.miss_cost=1", True, "recorded"),
        ("track.confirm_hits=4", False, "recorded"),
        ("track.confirm_hits=4", True, "simulated"),
        ("sensor.r1.enabled=false", False, "recorded"),
        ("sensor.r1.enabled=false", True, "simulated"),
        ("sensor.r1.range_sigma_m=5", False, "simulated"),
        ("duration_s=20.5", False, "simulated"),
    ],
)
def test_detections_are_simulated_anew_only_where_they_would_be_others(text, steered, basis):
    change = read_change(text, parse_scenario(SCENE, "scene.toml"))
    assert change.basis(can_simulate=True, steered=steered) == basis
    assert change.basis(can_simulate=False, steered=steered) == "recorded"


@pytest.mark.compiled
def test_without_a_change_the_chain_asks_for_the_very_steps_that_were_recorded(recording):
    reader = RecordingReader(recording)
    told = rerun_recorded(scenario_of(recording), tuple(reader.batches()), (), engage=False, live=False)
    assert told.output_sha256 == reader.summary["output_sha256"]


@pytest.mark.compiled
def test_a_sensor_taken_from_the_recording_is_a_sensor_that_never_was(recording):
    """The same raid simulated without it gives the same bytes: the other sensor keeps its dice."""
    reader = RecordingReader(recording)
    scenario = scenario_of(recording)
    kept = rerun_recorded(scenario, tuple(reader.batches()), ("r2",), engage=False, live=False)
    simulated = rerun_simulated(scenario, reader.header, ("r2",))
    assert kept.output_sha256 == simulated.output_sha256 != reader.summary["output_sha256"]


@pytest.mark.compiled
def test_rows_say_what_a_sensor_and_a_threshold_were_worth(recording):
    answer = compare_recording(
        recording,
        ["sensor.r2.enabled=false", "warn.miss_cost=0.01", "zone.north.population=900", "warn.miss_cost=1000"],
    )
    assert answer["matches_recording"]
    lost, shy, crowded, same = answer["differences"]
    assert lost["set"] == {"sensor.r2.enabled": False}
    assert lost["seconds"]["mean"] < -1.0 or lost["warnings_removed"] == 1
    before = lost["threats"][0]["lead_s"]["before"]
    assert before == pytest.approx(reported_lead(recording))
    assert (shy["warnings_removed"], shy["missed"]) == (1, {"before": 0, "after": 1})
    assert shy["people_warned"] == {"before": 400.0, "after": 0}
    assert shy["threats"][0]["lead_s"]["after"] is None
    assert crowded["people_warned"]["after"] == 900.0
    assert same["same_output"]
    assert same["changes"] == []


def reported_lead(path):
    return RecordingReader(path).summary["threats"][0]["warning_lead_s"]


@pytest.mark.compiled
def test_with_effectors_another_tracker_meets_other_detections(tmp_path):
    path = recorded(tmp_path, SCENE.replace("[[zone]]", "[[zone]]\ndefended = true") + GUN)
    (row,) = compare_recording(path, ["track.confirm_hits=4"])["differences"]
    assert row["basis"] == "simulated"
    assert row["seconds"]["mean"] <= 0.0


def test_alarms_of_two_runs_are_paired_by_zone_and_time():
    a = Episode("s", "north", 400.0, 10.0, 50.0, 30.0)
    later, elsewhere, again = (
        Episode("s", "north", 400.0, 12.5, 55.0, 30.0),
        Episode("s", "south", 100.0, 10.0, 50.0, 30.0),
        Episode("s", "north", 400.0, 300.0, 350.0, 30.0),
    )
    assert pair([a], [elsewhere, again, later]) == [(a, later), (None, elsewhere), (None, again)]
    assert people_warned([a, again, elsewhere]) == 500.0


def test_a_sensor_that_nobody_can_do_without(recording):
    with pytest.raises(InputError, match="no sensor left"):
        compare_recording(recording, ["sensor.r1.enabled=false,sensor.r2.enabled=false"])


def test_a_misspelt_key_is_refused_before_any_work(recording):
    with pytest.raises(InputError, match="did you mean 'miss_cost'"):
        compare_recording(recording, ["warn.mis_cost=1"])


def test_built_in_scenarios_can_be_changed():
    assert read_change("sensor.enabled=false", load("bdsc-rocket")).removed == {"r1"}
