"""From a recording to an incident, its after-action report, and what may be told to the public."""

import json
import re
import sys
from xml.etree import ElementTree as ET

import pytest

from rampart.cli.main import main
from rampart.errors import RunError
from rampart.ledger import RecordingReader, RecordingWriter
from rampart.ledger.fingerprint import hash_file
from rampart.ledger.incidents import Ledger
from rampart.ledger.inquest.dossier import open_dossier
from rampart.ledger.inquest.page import render_release
from rampart.ledger.inquest.statement import check_release, secrets_of, statement

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    from rampart.pipeline import load
    from rampart.study.files import run_to_folder

    folder = tmp_path_factory.mktemp("run")
    run_to_folder(load("bdsc-rocket"), folder, seed=5)
    return folder / "recording.mcap"


def unscored(topic, message):
    """A message without score, and without the marks of what is simulated: that is never taken for real."""
    if topic == "/rampart/summary":
        return {"timestamp": message["timestamp"], "output_sha256": message["output_sha256"]}
    if topic.endswith("/tracks"):
        return {**message, "columns": {key: value for key, value in message["columns"].items() if key != "flags"}}
    return message


@pytest.fixture(scope="module")
def live(recording, tmp_path_factory):
    """The same night as a live service would have recorded it: nobody knows what flew, and nobody keeps score."""
    path = tmp_path_factory.mktemp("live") / "night.mcap"
    reader = RecordingReader(recording)
    scenario = {**reader.header["scenario"], "threat": [], "effector": []}
    header = {**reader.header, "scenario": scenario, "live": True, "effectors": False, "seed": None, "run": None}
    with RecordingWriter(path, header=header) as writer:
        for topic, message in reader.messages():
            if topic != "/rampart/header" and not topic.endswith(("/truth", "/gates")):
                stamp = message["timestamp"]
                writer.copy(topic, stamp["sec"] * 10**9 + stamp["nsec"], unscored(topic, message))
    return path


@pytest.fixture
def rampart(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAMPART_DB", str(tmp_path / "ledger.sqlite"))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["rampart", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return run


def answer(said):
    code, out, err = said
    assert (code, err) == (0, "")
    return json.loads(out)


def dossier_of(tmp_path, number=1):
    return open_dossier(Ledger(str(tmp_path / "ledger.sqlite")).incident(number))


def test_a_recording_becomes_an_incident_in_one_command(rampart, recording, tmp_path):
    made = answer(rampart("incident", "add", "--from", recording, "--json"))
    assert made["incidents"] == [1]
    assert made["simulated"]
    row = Ledger(str(tmp_path / "ledger.sqlite")).incident(1)
    kinds = [event["kind"] for event in row["events"]]
    assert {"detection", "launch", "impact", "warning"} <= set(kinds)
    launch = next(e for e in row["events"] if e["kind"] == "launch")
    truth = next(iter(RecordingReader(recording).truth()))
    site = RecordingReader(recording).sites[0]
    from rampart.ledger.inquest.case import point_of

    off = point_of(site, launch["lat_deg"], launch["lon_deg"]) - truth.position_enu[0, :2]
    assert (off**2).sum() ** 0.5 < 60.0
    assert launch["semi_major_m"] >= launch["semi_minor_m"] > 0.0
    (evidence,) = row["evidence"]
    assert (evidence["sha256"], evidence["size_bytes"]) == hash_file(recording)
    assert evidence["note"].startswith("simulation")
    warned = [e for e in row["events"] if e["kind"] == "warning"]
    assert any("Farms" in e["place"] and "before the arrival" in e["note"] for e in warned)


def test_the_same_recording_is_no_second_incident(rampart, recording):
    assert rampart("incident", "add", "--from", recording)[0] == 0
    code, _, err = rampart("incident", "add", "--from", recording)
    assert code == 2
    assert "evidence of incident 1 already" in err


def test_raids_far_apart_are_incidents_of_their_own(rampart, tmp_path):
    from rampart.pipeline import load
    from rampart.study.files import run_to_folder

    later = load("bdsc-rocket", overrides=["duration_s=480"])
    text = later.text.replace("duration_s = 60.0", "duration_s = 480.0")
    block = text[text.index("[[threat]]") :].split("[[effector]]")[0]
    second = block.replace('id = "rocket"', 'id = "late"')
    second = re.sub(r"arrival_s = [\d.]+", "arrival_s = 450.0", second)
    from rampart.pipeline import parse_scenario

    run_to_folder(parse_scenario(text + "\n" + second, "two.toml"), tmp_path / "two", seed=1)
    made = answer(rampart("incident", "add", "--from", tmp_path / "two" / "recording.mcap", "--json"))
    assert made["incidents"] == [1, 2]
    code, _, err = rampart("incident", "add", "--from", tmp_path / "two" / "recording.mcap", "--key", "k")
    assert (code, "one --key" in err) == (2, True)


@pytest.mark.parametrize(
    ("more", "said"),
    [(("--site", "x"), "only --key and --title"), (("--count", "3"), "only --key and --title")],
)
def test_a_recording_says_the_rest_itself(rampart, recording, more, said):
    code, _, err = rampart("incident", "add", "--from", recording, *more)
    assert (code, said in err) == (2, True)


def test_by_hand_time_and_site_are_needed(rampart):
    code, _, err = rampart("incident", "add", "--site", "x")
    assert (code, "--time" in err) == (2, True)


def test_a_live_recording_without_truth(rampart, live, recording, tmp_path):
    made = answer(rampart("incident", "add", "--from", live, "--json"))
    assert not made["simulated"]
    dossier = dossier_of(tmp_path)
    ((_, threat),) = dossier.threats
    told = RecordingReader(recording).summary["threats"][0]
    assert threat.kind == "rocket"
    assert threat.entry["arrival_s"] == pytest.approx(told["arrival_s"], abs=0.2)
    assert threat.entry["warning_lead_s"] == pytest.approx(told["warning_lead_s"], abs=0.2)
    assert threat.entry["needed_zones"] == told["needed_zones"]
    assert threat.entry["outcome"] == "unknown"
    assert answer(rampart("incident", "report", 1, "--out", "r.html", "--json"))["open_questions"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "EXERCISE" not in page
    assert "INTERNAL" in page
    assert "not confirmed" in page


def test_without_a_threat_there_is_no_incident(rampart, tmp_path):
    from rampart.pipeline import load
    from rampart.study.files import run_to_folder

    quiet = load("bdsc-rocket", overrides=["duration_s=10"])
    run_to_folder(quiet, tmp_path / "q", seed=1, effectors=False)
    reader = RecordingReader(tmp_path / "q" / "recording.mcap")
    assert reader.summary["threats"][0]["confirmed_s"] is None
    with RecordingWriter(tmp_path / "empty.mcap", header=reader.header) as writer:
        for topic, message in reader.messages():
            if topic.endswith("/detections"):
                stamp = message["timestamp"]
                writer.copy(topic, stamp["sec"] * 10**9 + stamp["nsec"], message)
    code, _, err = rampart("incident", "add", "--from", tmp_path / "empty.mcap")
    assert (code, "no threat" in err) == (2, True)
    assert not (tmp_path / "ledger.sqlite").exists()


@pytest.fixture
def told(rampart, recording):
    """An incident with claims that contradict each other, and people hurt."""
    rampart("incident", "add", "--from", recording)
    rampart("incident", "claim", 1, "--source", "press", "--publisher", "AFP", "--count", ">=2", "--type", "rocket",
            "--outcome", "intercepted", "--statement", "Shot down by the radar-guided gun.", "--attribution",
            "Grey Brigades")  # fmt: skip
    rampart("incident", "event", 1, "--kind", "casualty", "--note", "2 hurt, says the Grey Brigades' channel")
    return rampart


SECTIONS = ["What happened", "Map and timeline", "Where it came from", "Impacts, found against predicted",
            "Who was warned, and how long before", "Sensors while it lasted", "What was missed, and why",
            "Claims against evidence", "Open questions", "Public statement", "Evidence"]  # fmt: skip


def test_the_report_says_all_there_is(told, tmp_path, recording):
    done = answer(told("incident", "report", 1, "--out", "r.html", "--json"))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    tree = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))  # every tag is closed
    assert [h.text for h in tree.iter("h2")][: len(SECTIONS)] == SECTIONS
    assert "src=" not in page.replace("default-src", "")
    assert "EXERCISE · SIMULATION" in page
    assert hash_file(recording)[0] in page
    assert "Grey Brigades" in page
    assert ">contradicts<" in page
    assert any("claim 2" in question.lower() for question in done["open_questions"])
    assert "came down" in page
    assert re.search(r"33\.2878\d° N, 44\.181", page)


def test_a_release_holds_nothing_that_must_not_be_told(told, tmp_path):
    answer(told("incident", "report", 1, "--out", "p.html", "--release", "--json"))
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<style.*?</style>", "", page, flags=re.S))
    dossier = dossier_of(tmp_path)
    assert "Reported casualties: 2." in text
    assert "5 June 2021" in text
    assert "rocket" in text
    ((_, threat),) = dossier.threats
    lead = f"{threat.entry['warning_lead_s']:.1f}"
    for word in ("Grey", "Brigades", "r1", "radar", "sensor", "launch", "gun", "track", "T4", "33.28", "44.18", lead,
                 "22 s", "AFP", "compound"):  # fmt: skip
        assert not re.search(rf"(?<![\w.]){re.escape(word)}", text, flags=re.I), word
    assert len(secrets_of(dossier)) > 10


def test_a_release_that_would_tell_too_much_is_not_written(told, tmp_path, monkeypatch):
    dossier = dossier_of(tmp_path)
    with pytest.raises(RunError, match="Grey Brigades"):
        check_release("<p>claimed: the grey brigades</p>", dossier)
    leaky = lambda d: [*statement(d), "It came from 33.288 north."]  # noqa: E731
    monkeypatch.setattr("rampart.ledger.inquest.page.statement", leaky)
    with pytest.raises(RunError, match=r"33\.288"):
        render_release(dossier)


def test_a_recording_that_was_moved_or_changed(rampart, live, tmp_path):
    moved = tmp_path / "moved.mcap"
    moved.write_bytes(live.read_bytes())
    rampart("incident", "add", "--from", moved)
    moved.rename(tmp_path / "elsewhere.mcap")
    code, out, _ = rampart("incident", "report", 1, "--out", "r.html")
    assert code == 0
    assert "is not where it was" in out
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "launch point as estimated" in page  # the ledger's own events are told
    assert rampart("incident", "report", 1, "--out", "r.html", "--recording", tmp_path / "elsewhere.mcap")[0] == 0
    assert "Where it came from" in (tmp_path / "r.html").read_text(encoding="utf-8")
    other = tmp_path / "other.mcap"
    with RecordingWriter(other, header=RecordingReader(live).header):
        pass
    code, _, err = rampart("incident", "report", 1, "--out", "r2.html", "--recording", other)
    assert (code, "hash differs" in err) == (2, True)
    assert not (tmp_path / "r2.html").exists()


def test_incidents_without_a_recording_have_reports_too(rampart, tmp_path):
    rampart("incident", "import", "--example", "iraq-2021")
    for number in (1, 9, 11):
        assert rampart("incident", "report", number, "--out", f"{number}.html")[0] == 0
        assert rampart("incident", "report", number, "--out", f"{number}-public.html", "--release")[0] == 0
        assert "Claims against evidence" in (tmp_path / f"{number}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", 1, "--out", "r.docx"), "ends in .html or .pdf"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(told, words, said):
    code, _, err = told("incident", *words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_a_live_night_is_explained_from_what_was_found(rampart, live):
    """The crater of what was tracked and warned of, and one that nobody saw coming."""
    rampart("incident", "add", "--from", live)
    code, out, _ = rampart("explain", "--incident", 1)
    assert (code, "no impact is confirmed" in out) == (0, True)
    crater = ("--kind", "impact", "--time", "2021-06-05T18:00:38Z", "--radius-m", 5)
    rampart("incident", "event", 1, *crater, "--lat-deg", 33.27166, "--lon-deg", 44.21740)
    rampart("incident", "event", 1, *crater, "--lat-deg", 33.2700, "--lon-deg", 44.2330, "--note", "behind the hall")
    rampart("incident", "claim", 1, "--source", "press", "--statement", "Four.", "--count", 4, "--type", "rocket")
    said = answer(rampart("explain", "--incident", 1, "--json"))
    seen, unseen = said["threats"]
    assert seen["track"].startswith("bdsc/T")
    assert (seen["missed"], seen["late"], seen["gate"]) == (False, False, None)
    assert seen["zones"] == [
        {"zone": "farmland-west", "warned": True, "lead_s": pytest.approx(22.0, abs=1.0), "needs_s": 15.0}
    ]
    assert (unseen["track"], unseen["missed"], unseen["gate"]) == (None, True, "unseen")
    assert unseen["sensors"][0]["sensor"] == "r1"
    assert said["claims"][0]["unaccounted"] == 2
    assert "NEVER TRACKED" in rampart("explain", "--incident", 1)[1]


def test_explaining_an_incident_needs_its_recording(rampart):
    rampart("incident", "import", "--example", "iraq-2021")
    code, _, err = rampart("explain", "--incident", 1)
    assert (code, "no recording was entered" in err) == (2, True)
    assert rampart("explain")[0] == 2
    assert rampart("explain", "--incident", 1, "--out", "x.html")[0] == 2


def test_what_was_simulated_is_no_attack(rampart, recording, live):
    rampart("incident", "add", "--from", recording)
    rampart("incident", "import", "--example", "iraq-2021")
    recorded = answer(rampart("incident", "stats", "--until", "2021-07-06", "--json"))["recorded"]
    rampart("incident", "add", "--from", live)
    more = answer(rampart("incident", "stats", "--until", "2021-07-06", "--json"))["recorded"]
    assert (recorded["total"], more["total"]) == (11, 12)
    assert more["by_type"]["rocket"] == recorded["by_type"]["rocket"] + 1
