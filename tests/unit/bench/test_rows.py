"""The rows of the tracking benchmark that are no scenes, and how figures are put together."""

import json
import subprocess
import sys

import numpy as np
import pytest

from rampart.bench import alarms, memory
from rampart.bench.figures import rate
from rampart.bench.peer import TUNED, PeerRun
from rampart.bench.scenes import make_scene
from rampart.bench.track import CASES, GNN, _best, _figures
from rampart.bench.trial import Trial, cpu, follow, scores
from rampart.cli.bench_table import track_tables


def test_poisson_interval_is_exact():
    # Garwood (1936), "Fiducial limits for the Poisson distribution", Biometrika 28: for 10 events 4.795 to 18.390
    row = rate(10, 1.0)
    assert (row["low"], row["high"]) == pytest.approx((4.795, 18.390), abs=1e-3)


@pytest.mark.compiled
def test_delays_count_scans_from_the_second_detection():
    site, looks = alarms._rockets(1, doppler=True)
    seen = alarms._delays(site, looks)
    assert len(seen) == alarms.ROCKETS
    assert all(delay is None or delay >= 0 for delay in seen)
    assert sum(delay is not None for delay in seen) >= 8


@pytest.mark.compiled
def test_a_tracker_that_confirms_nothing_has_no_delay(monkeypatch):
    monkeypatch.setattr(alarms, "_confirmed", lambda tracks: tracks.take(np.zeros(len(tracks), bool)))
    site, looks = alarms._rockets(1, doppler=True)
    assert set(alarms._delays(site, looks)) == {None}


def test_every_kind_of_scene_has_settings_for_the_peer():
    assert {case.kind for case in CASES} <= set(TUNED)


def test_ratios_are_over_the_same_looks():
    mine = {0: {"gospa_m": 50.0, "id_switches": 2.0, "missed": 0.0, "false": 0.0}}
    theirs = {"gospa_m": 100.0, "id_switches": 8.0, "missed": 1.0, "false": 1.0}
    times = {0: np.array([1.0, 1.0, 50.0])}
    cut = _figures({0: PeerRun(np.array([200.0, 100.0]), None, 0, {})}, mine, times)
    assert cut["cpu_ratio"] == 150.0
    assert "gospa_m" not in cut
    whole = _figures({0: PeerRun(np.array([200.0, 100.0, 300.0]), theirs, 5, {})}, mine, times)
    assert whole["ours_over_it"] == {"gospa_m": 0.5, "id_switches": 0.25}
    assert _best({"a": whole, "b": {**whole, "gospa_m": 90.0, "scenes": 2}}, 1) == "a"


@pytest.mark.compiled
def test_a_case_gives_what_the_table_shows():
    case = next(case for case in CASES if case.name == "cross_10")
    trial = case.trial(0)
    assert trial.name == "cross_10_s0"
    outcome = follow(trial)
    ours = {"scenes": 1, "cpu_ms_per_scan": cpu(outcome.cpu_ms), **scores(trial, outcome.rows)}
    peer = {"best": GNN.name, GNN.name: {"gospa_m": 60.0, "id_switches": 1.0, "cpu_ms_per_scan": {"mean": 100.0}}}
    table, _ = track_tables([{"name": "cross_10", "ours": ours, "peer": peer, "ratio": 200.0}])
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells[0] == "cross_10"
    assert cells[4] == "200"
    assert cells[5].endswith("(60.0)")


def test_truth_scores_perfectly():
    trial = Trial.of(make_scene("dense", 50, 4))
    found = scores(trial, trial.truth)
    assert found["gospa_m"] == 0.0
    assert found["id_switches"] == 0.0
    assert found["longest_track"] == 1.0


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own():
    if not sys.platform.startswith("linux"):
        pytest.skip("no /proc")
    row = memory.row()
    assert row["ours"]["tracks"] > 900
    assert 0.0 < row["ours"]["resident_mb"] <= row["ours"]["peak_mb"]


def test_options_of_scenes_are_for_scenes(tmp_path):
    command = [sys.executable, "-m", "rampart", "bench"]
    done = subprocess.run([*command, "track", "--seed", "3"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--out, --seed and --scene are for bench scenes" in done.stderr
    made = [*command, "scenes", "--scene", "cross_10", "--seed", "3", "--out", str(tmp_path), "--json"]
    done = subprocess.run(made, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["scenes"] == ["cross_10_s3"]
