"""The explainer against planted causes, and its parts against numbers by hand."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.bench.explain import GATES, explain_one, write_bowl
from rampart.errors import InputError
from rampart.ledger import RunRecord
from rampart.pipeline import load, read_candidates
from rampart.sensor.gates import Gate
from rampart.study.explain import explain_record, explain_recording
from rampart.study.explain.page import explain_page
from rampart.study.explain.rerun import Tried
from rampart.study.explain.segments import segment
from rampart.study.explain.stages import ORDER, WORDS
from rampart.study.explain.words import describe
from rampart.study.files import run_to_folder

pytestmark = pytest.mark.compiled

LIST = """
schema = 1
[[candidate]]
id = "slow"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 20.0]
minimum_radial_speed_ms = 3.0
[[candidate]]
id = "deaf"
kind = "direction_finder"
position_enu_m = [0.0, 0.0, 9.0]
"""


@pytest.fixture(scope="module")
def bowl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bowl")
    write_bowl(folder / "N33E042.hgt")
    return folder


@pytest.mark.parametrize("gate", GATES)
def test_the_gate_that_was_closed_is_named(bowl, gate):
    threats = [explain_one(gate, number, bowl) for number in (1001, 1002)]
    assert [t["gate"] for t in threats] == [gate, gate]
    assert all(t["missed"] for t in threats)
    assert all(t["shares"][gate] > 0.5 for t in threats)
    longest = max(threats[0]["gates"], key=lambda g: (g["to_s"] - g["from_s"]) * g["share"])
    assert longest["gate"] == gate
    assert longest["sensor"] == "r1"


def test_with_all_gates_open_nothing_is_missed(bowl):
    threats = [explain_one("none", number, bowl) for number in (1001, 1002)]
    assert not any(t["missed"] or t["late"] for t in threats)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    scenario = load("asad-drones", overrides=["sensor.r1.minimum_radial_speed_ms=60", "duration_s=165"])
    run_to_folder(scenario, folder, seed=3)
    (folder / "list.toml").write_text(LIST)
    return folder / "recording.mcap"


@pytest.fixture(scope="module")
def answer(recording):
    return explain_recording(recording, read_candidates(recording.parent / "list.toml"))


def test_a_recording_is_explained(answer):
    first = answer["threats"][0]
    assert (first["missed"], first["late"], first["gate"]) == (True, False, "notch")
    assert {"from_s", "to_s", "sensor", "gate", "share"} <= set(first["gates"][0])
    assert first["shares"]["notch"] == pytest.approx(1.0, abs=0.02)


def test_the_sensor_that_would_have_caught_it_did_so_in_a_run(recording, answer, tmp_path):
    """The rerun says what a run of the scenario file with the sensor in it says."""
    for threat in answer["threats"]:
        assert [c["sensor"] for c in threat["would_have_caught"]] == ["slow"]
        assert [t["sensor"] for t in threat["tried"]] == ["slow", "deaf"]
    from rampart.pipeline import parse_scenario
    from rampart.study import run

    plain = load("asad-drones")
    more = LIST.split("[[candidate]]")[1].replace('id = "slow"', 'id = "slow"\nsite = "asad"')
    text = plain.text + "\n[[sensor]]" + more
    overrides = ["sensor.r1.minimum_radial_speed_ms=60", "duration_s=165"]
    again = run(parse_scenario(text, "more", overrides=overrides), seed=3).summary["threats"]
    for threat, entry in zip(answer["threats"], again, strict=True):
        caught = threat["would_have_caught"][0]
        assert caught["first_warning_s"] == entry["first_warning_s"]
        assert caught["confirmed_s"] == entry["confirmed_s"]


def test_it_reads_well(answer):
    text = "\n".join(describe(answer))
    assert "drone-a-1 (fixed wing): MISSED; no warning, arrival at 143.0 s" in text
    assert "it fell through notch: too slow towards or away from the radar" in text
    assert "slow would have caught it: first detection at" in text
    assert "deaf would not have caught it" in text


def test_the_page_stands_alone(answer):
    page = explain_page(answer)
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 2
    assert "notch" in page


def test_every_gate_has_its_words():
    assert {g.label for g in Gate if g.value > 0} <= set(ORDER)
    assert set(ORDER) == set(WORDS)


def test_live_recordings_and_harmless_ones_are_refused():
    empty = RunRecord({}, (), (), {}, {})
    with pytest.raises(InputError, match="holds no truth"):
        explain_record(empty, path="rec.mcap")
    bird = SimpleNamespace(threat=False)
    with pytest.raises(InputError, match="holds no threat"):
        explain_record(RunRecord({}, (), (bird,), {}, {}))
    drone = SimpleNamespace(threat=True)
    with pytest.raises(InputError, match="holds no score"):
        explain_record(RunRecord({}, (), (drone,), {}, {}))


def test_a_candidate_with_the_name_of_a_sensor_is_refused(recording, tmp_path):
    (tmp_path / "list.toml").write_text(LIST.replace('"slow"', '"r1"'))
    with pytest.raises(InputError, match="candidate 'r1': site 'asad' has a sensor of that id already"):
        explain_recording(recording, read_candidates(tmp_path / "list.toml"))


def test_caught_is_warned_everywhere_in_time_and_of_the_right_class():
    pair = {"warned": True, "first_warning_s": 50.0, "latest_s": 60.0}
    entry = {
        "pairs": [pair],
        "confirmed_s": 1.0,
        "first_warning_s": 50.0,
        "warning_lead_s": 20.0,
        "class": "bird",
        "kind": "mortar",
    }
    tried = Tried("s", "site", {"d": entry}, {"d": 0.5})

    def caught(**flags):
        return tried.plain("d", SimpleNamespace(**{"missed": False, "late": False, "misclassified": False, **flags}))[
            "caught"
        ]

    assert caught(missed=True)
    assert caught(late=True)
    assert not caught(misclassified=True)
    pair["first_warning_s"] = 61.0
    assert caught(missed=True)
    assert not caught(late=True)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7), st.sampled_from([0.5, 1.5, 2.5]))
def test_segments_are_the_cheapest_of_all(labels, penalty):
    t = np.arange(len(labels), dtype=float)
    found = segment(t, t + 1.0, labels, penalty)

    def cost(path):
        return sum(a != b for a, b in zip(path, labels, strict=True)) + penalty * sum(
            a != b for a, b in zip(path[1:], path, strict=False)
        )

    path = [s.label for s in found for _ in range(round(s.end_s - s.start_s))]
    assert cost(path) == pytest.approx(min(cost(p) for p in product(sorted(set(labels)), repeat=len(labels))))
    assert found[0].start_s == 0.0
    assert found[-1].end_s == len(labels)
    for part in found:
        inside = labels[round(part.start_s) : round(part.end_s)]
        assert part.share == pytest.approx(inside.count(part.label) / len(inside))
