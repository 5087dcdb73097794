"""The researcher's path: a scene from the command line, tracks, scores."""

import json
import subprocess
import sys

import pytest

from rampart.bench.score_files import score_files
from rampart.errors import InputError


def run(*words, cwd):
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_get_track_score(tmp_path):
    run("-m", "rampart", "bench", "scenes", "--scene", "cross_50", "--seed", "7", "--out", "scenes", cwd=tmp_path)
    table = "scenes/cross_50_s7/detections.csv"
    tracked = json.loads(
        run("-m", "rampart", "track", table, "--p-detect", "0.9", "--out", "t.parquet", "--json", cwd=tmp_path)
    )
    assert tracked["scans"] == 60
    found = json.loads(run("-m", "rampart.bench.score_files", "scenes/cross_50_s7", "t.parquet", cwd=tmp_path))
    assert found["completeness"] > 0.9
    assert found["gospa_m"] < 200.0
    run("-m", "rampart", "track", table, "--p-detect", "0.9", "--out", "t.csv", cwd=tmp_path)
    again = score_files(tmp_path / "scenes" / "cross_50_s7", tmp_path / "t.csv")
    assert again.gospa_m == pytest.approx(found["gospa_m"], rel=1e-6)


def test_what_cannot_be_scored_is_refused(tmp_path):
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "instant,time_s,target,east_m,east_ms,north_m,north_ms,up_m,up_ms\n0,0.0,0,1,0,2,0,3,0\n1,1.0,0,1,0,2,0,3,0\n"
    )
    head = "time_s,track_id,east_m,north_m,up_m,east_ms,north_ms,up_ms\n"
    tracks = tmp_path / "tracks.csv"
    tracks.write_text(head + "0.0,a,1,2,3,0,0,0\n1.0,a,1,2,3,0,0,0\n")
    assert score_files(truth, tracks).longest_track == 1.0
    tracks.write_text(head + "0.5,a,1,2,3,0,0,0\n")
    with pytest.raises(InputError, match="no row at a time of the truth"):
        score_files(truth, tracks)
    tracks.write_text("time_s,track_id\n0.5,a\n")
    with pytest.raises(InputError, match="column east_m is missing"):
        score_files(truth, tracks)
    with pytest.raises(InputError, match="cannot be read"):
        score_files(truth, tmp_path / "none.csv")
    done = subprocess.run(
        [sys.executable, "-m", "rampart.bench.score_files", truth, tmp_path / "none.csv"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
