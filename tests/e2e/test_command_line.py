"""The command line as other programs call it."""

import json
import subprocess
import sys

import pytest

KEYS = {
    "id", "site", "kind", "launch_s", "arrival_s", "observable", "first_detection_s", "confirmed_s", "track_id",
    "class", "class_probability", "needed_zones", "warned_zones", "first_warning_s", "warning_lead_s", "impact_error_m",
    "impact_bound_m", "in_ellipse_90", "launch_error_m", "engagements", "outcome",
}  # fmt: skip


def rampart(*args, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "rampart", *map(str, args)], capture_output=True, text=True, cwd=cwd, check=False
    )


def answer(*args, cwd=None):
    done = rampart(*args, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_run_writes_summary_recording_and_report(tmp_path):
    summary = answer("run", "embassy-rockets", "--seed", 7, "--out", tmp_path / "out")
    assert {"schema", "scenario", "seed", "duration_s", "threats", "warnings", "tracks", "effectors", "timing"} <= set(
        summary
    )
    assert summary["schema"] == 1
    assert all(set(threat) >= KEYS for threat in summary["threats"])
    assert set(summary["warnings"]) >= {"issued", "false", "unneeded", "missed", "missed_all", "duplicate"}
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"summary.json", "recording.mcap", "report.html", "warnings"}
    alerts = [path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "warnings").glob("*.xml")]
    assert len(alerts) == summary["alerts"]["messages"] >= 2
    assert all("<status>Exercise</status>" in alert for alert in alerts)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary
    replayed = answer("replay", tmp_path / "out" / "recording.mcap")
    assert replayed["matches_recording"] is True
    assert replayed["output_sha256"] == summary["output_sha256"]


def test_default_folder_is_named_after_the_scenario(tmp_path):
    done = rampart("run", "bdsc-rocket", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rampart-out" / "bdsc-rocket" / "report.html").is_file()
    assert "rocket" in done.stdout


def test_lists_and_checks():
    names = [row["name"] for row in answer("scenarios")["scenarios"]]
    assert {"embassy-drone", "embassy-rockets", "asad-drones", "bdsc-rocket", "asad-rockets", "iraq-2021"} <= set(names)
    assert answer("check", "iraq-2021")["ok"] is True
    assert {"rocket", "radar3d", "gun"} <= {row["kind"] for row in answer("plugins")["parts"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("schema = 1\nname = 'x'\nnonsense = 3\n", "nonsense"),
        ("schema = 1\nx = " + "[" * 5000, "not TOML"),
    ],
)
def test_bad_scenarios_exit_2_with_one_line_and_write_nothing(tmp_path, content, words):
    file = tmp_path / "bad.toml"
    file.write_text(content)
    for command in (["run", file, "--out", tmp_path / "out"], ["check", file]):
        done = rampart(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert words in done.stderr
        assert "bad.toml" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml"]


def test_bad_arguments_exit_2():
    for args in (["run", "no-such-scenario"], ["bench", "nothing"], ["replay", "none.mcap"], ["nonsense"]):
        done = rampart(*args)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
