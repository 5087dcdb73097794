"""Care of recordings: what was cut, merged and verified says of itself what it is."""

import json
import math
import struct

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.ledger import RecordingReader, RecordingWriter
from rampart.ledger.care import redact_recording, survey
from rampart.pipeline import parse_scenario
from rampart.study.care import cut_recording, merge_recordings, verify_recording
from rampart.study.counterfactual.rerun import rerun_recorded
from rampart.study.replay import replay

from .two_radars import SCENE, recorded, scenario_of

pytestmark = pytest.mark.compiled


def copy(source, out, keep=lambda topic, message: message, **header):
    """A recording with some messages changed or left out."""
    reader = RecordingReader(source)
    with RecordingWriter(out, header={**reader.header, **header}) as writer:
        for topic, message in reader.messages():
            if topic != "/rampart/header" and (kept := keep(topic, message)) is not None:
                stamp = message["timestamp"]
                writer.copy(topic, stamp["sec"] * 10**9 + stamp["nsec"], kept)
    return out


def test_info_says_what_is_in_it(recording):
    told = survey(recording)
    assert (told["piece"], told["kind"], told["seed"]) == ("whole", "simulation", 4)
    (site,) = told["sites"]
    assert sum(sensor["detections"] for sensor in site["sensors"]) == site["detections"] > 100
    assert [sensor["id"] for sensor in site["sensors"]] == ["r1", "r2"]
    assert told["output_sha256"] == RecordingReader(recording).summary["output_sha256"]


def test_verify_replays(recording):
    told = verify_recording(recording)
    assert told["ok"]
    assert told["matches_recording"]
    assert verify_recording(recording, replay=False)["matches_recording"] is None


def test_verify_finds_outputs_that_were_made_up(recording, tmp_path):
    """Whole and sound as a file, but not what the chain says."""

    def forge(topic, message):
        return {**message, "output_sha256": "0" * 64} if topic == "/rampart/summary" else message

    told = verify_recording(copy(recording, tmp_path / "forged.mcap", forge))
    assert (told["ok"], told["matches_recording"]) == (False, False)


@given(st.floats(0.02, 0.98))
def test_a_file_cut_off_anywhere_is_refused_in_one_line(recording, tmp_path_factory, share):
    data = recording.read_bytes()
    path = tmp_path_factory.mktemp("off") / "recording.mcap"
    path.write_bytes(data[: int(share * len(data))])
    for command in (survey, verify_recording, lambda p: redact_recording(p, p.with_name("out.mcap"))):
        with pytest.raises(InputError, match="cut off") as told:
            command(path)
        assert "\n" not in str(told.value)
    assert not path.with_name("out.mcap").exists()


def test_a_cut_from_the_beginning_replays(recording, tmp_path):
    out = tmp_path / "first.mcap"
    told = cut_recording(recording, out, from_s=None, to_s=30.0)
    assert told["replayable"]
    assert replay(out)["matches_recording"]
    whole, part = RecordingReader(recording), RecordingReader(out)
    assert part.header["cut"]["of_sha256"] == survey(recording)["sha256"]
    before = [(b.now_ns, b.step) for b in whole.batches() if b.now_ns <= part.sites[0].start_ns + 30 * 10**9]
    assert [(b.now_ns, b.step) for b in part.batches()] == before
    (threat,) = part.summary["threats"]
    assert (threat["outcome"], threat["first_warning_s"]) == ("flying", whole.summary["threats"][0]["first_warning_s"])
    assert part.summary["duration_s"] == 30.0


def test_a_cut_from_later_on_says_that_it_is_a_fragment(recording, tmp_path):
    out, again = tmp_path / "later.mcap", tmp_path / "again.mcap"
    told = cut_recording(recording, out, from_s=20.0, to_s=35.0)
    assert not told["replayable"]
    assert "begins after" in told["fragment"]
    assert survey(out)["piece"] == "fragment"
    assert verify_recording(out)["not_replayed"].startswith("a fragment")
    assert replay(out)["matches_recording"] is None
    first = next(RecordingReader(out).batches())
    assert first.step == 0
    assert (first.now_ns - RecordingReader(out).sites[0].start_ns) * 1e-9 >= 20.0
    assert not cut_recording(out, again, from_s=None, to_s=30.0)["replayable"]  # a part of a fragment is one


@pytest.mark.parametrize(("start", "end"), [(500.0, 600.0), (30.0, 20.0)])
def test_nothing_to_cut_is_said(recording, tmp_path, start, end):
    with pytest.raises(InputError, match="nothing lies between"):
        cut_recording(recording, tmp_path / "no.mcap", from_s=start, to_s=end)
    assert not (tmp_path / "no.mcap").exists()


def test_a_recording_is_not_written_over_itself(recording):
    with pytest.raises(InputError, match="over itself"):
        cut_recording(recording, recording, from_s=None, to_s=30.0)


def only(sensor):
    """Leaves one sensor's reports of a recording of two."""

    def keep(topic, message):
        if not topic.endswith("/detections"):
            return None if topic.endswith(("/truth", "/gates")) else message
        rows = message["columns"].get("sensor", [0] * message["n"])
        mine = [i for i, s in enumerate(rows) if s == sensor]
        wide = {"position_enu": 3, "covariance": 9}
        columns = {}
        for name, values in message["columns"].items():
            k = wide.get(name, len(values) // max(message["n"], 1))
            columns[name] = [v for i in mine for v in values[k * i : k * i + k]]
        heard = [i for i in message["heard"] if i == sensor]
        return {**message, "n": len(mine), "columns": columns if mine else {}, "heard": heard}

    return keep


def test_sensors_recorded_apart_are_one_site_again(recording, tmp_path):
    """Each radar's reports in a file of its own, merged: the chain says what it said to both at once."""
    parts = [copy(recording, tmp_path / f"{i}.mcap", only(i)) for i in (0, 1)]
    told = merge_recordings(parts, tmp_path / "both.mcap")
    reader = RecordingReader(recording)
    anew = rerun_recorded(scenario_of(recording), tuple(reader.batches()), (), engage=False, live=False)
    apart = [b.detections.sensor.tolist() for b in RecordingReader(tmp_path / "both.mcap").batches()]
    whole = [sorted(b.detections.sensor.tolist()) for b in reader.batches()]
    assert sorted(map(sorted, apart)) == sorted(whole)
    assert told["output_sha256"] == anew.output_sha256
    assert replay(tmp_path / "both.mcap")["matches_recording"]


def test_sites_recorded_apart_are_one_recording(recording, tmp_path):
    other = SCENE.replace('id = "s"', 'id = "t"').replace("21:00:00Z", "21:05:00Z").replace("33.3", "34.3")
    told = merge_recordings([recording, recorded(tmp_path / "t", other, seed=9)], tmp_path / "m.mcap")
    assert told["sites"] == ["s", "t"]
    reader = RecordingReader(tmp_path / "m.mcap")
    assert [sensor.id for sensor in reader.sites[1].sensors] == ["t-r1", "t-r2"]
    assert replay(tmp_path / "m.mcap")["matches_recording"]
    late = reader.summary["threats"][1]
    assert late["launch_s"] > 300.0
    truth = {flight.site: flight for flight in reader.truth()}
    assert truth["t"].start_s == pytest.approx(late["launch_s"], abs=0.01)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scan_period_s = 1.0", "scan_period_s = 2.0", "sensor 'r1' of site 's' differs"),
        ("[[threat]]", "[track]\nconfirm_hits = 4\n[[threat]]", "track.confirm_hits = 4, but 3"),
        ("2021-07-05", "2021-07-25", "20 days"),
        ("", "", "has too"),
    ],
)
def test_what_does_not_belong_together_is_said(recording, tmp_path, old, new, said):
    other = recorded(tmp_path / "o", SCENE.replace(old, new))
    with pytest.raises(InputError, match=said):
        merge_recordings([recording, other], tmp_path / "m.mcap")
    assert not (tmp_path / "m.mcap").exists()


SECRETS = """
schema = 1
name = "secret-scene"
description = "the guard post behind the Hawthorn gate"
start = 2021-07-05T21:00:00Z
duration_s = 48.0
[[site]]
id = "villa-hawthorn"
name = "Villa Hawthorn"
origin = { lat_deg = 33.312713, lon_deg = 44.401309, height_m = 37.317 }
[[zone]]
id = "barracks-elm"
name = "Elm barracks"
polygon_en_m = [[-151.371, 52.137], [148.713, 51.713], [149.317, 251.731], [-152.713, 250.317]]
population = 413
shelter_time_s = 10.37
[[sensor]]
id = "radar-juniper"
kind = "radar3d"
position_enu_m = [317.1371, -713.3137, 13.7131]
reference_range_m = 12371.0
false_alarms_per_scan = 5.0
[[effector]]
id = "gun-willow"
kind = "gun"
position_enu_m = [31.7317, 13.1377, 10.0]
[[threat]]
id = "rocket-from-orchard"
kind = "rocket"
arrival_s = 40.0
impact_en_m = [0.0, 150.0]
spread_m = 10.0
from_bearing_deg = 65.0
time_of_flight_s = 25.0
"""
WORDS = (
    "hawthorn",
    "elm",
    "juniper",
    "willow",
    "orchard",
    "secret",
    "radar3d",
    "sergeant",
    "cedar",
    "10.0.0.7",
    "/tmp",
)


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A recording that holds all that must not be shared, operators' decisions and channels among it."""
    folder = tmp_path_factory.mktemp("secret")
    reader = RecordingReader(recorded(folder, SECRETS, seed=2))
    site = reader.sites[0].id

    def spoil(topic, message):
        if topic.endswith("/warnings"):
            columns = {**message["columns"], "reason": ["said by Sergeant Cedar"] * message["n"]}
            return {**message, "columns": columns}
        if topic.endswith("/tracks"):
            return {**message, "columns": {**message["columns"], "identity": ["CEDAR"] * message["n"]}}
        if topic.endswith("/health"):
            return {**message, "columns": {**message["columns"], "reason": ["10.0.0.7 key cedar-123"] * message["n"]}}
        return message

    path = copy(
        folder / "recording.mcap", folder / "spoilt.mcap", spoil, operators=["Sergeant Cedar"], token="cedar-123"
    )
    assert any(b"Sergeant" in part for part in unpacked(path))
    assert site == "villa-hawthorn"
    return path


def unpacked(path):
    """Every byte of a file, and of every chunk in it once unpacked."""
    data = path.read_bytes()
    yield data
    at = 8
    while at < len(data) - 8:
        code, length = data[at], struct.unpack_from("<Q", data, at + 1)[0]
        body = data[at + 9 : at + 9 + length]
        if code == 0x06:  # Chunk: start, end, size, crc, compression, records
            name = struct.unpack_from("<I", body, 28)[0]
            records = body[32 + name + 8 :]
            yield zstandard.ZstdDecompressor().decompress(records) if body[32 : 32 + name] == b"zstd" else records
        at += 9 + length


def numbers_in(path):
    """Every number of every message."""

    def walk(value):
        if isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)

    reader = RecordingReader(path)
    return np.array([*walk(dict(reader.header)), *(n for _, m in reader.messages() for n in walk(m))])


def own_numbers():
    """Places of own people and sensors as they stand in files, in SI and in radians."""
    scenario = parse_scenario(SECRETS, "scene.toml")
    spec = scenario.parts["site"][0].origin
    yield from (spec.lat_deg, spec.lon_deg, spec.height_m, math.radians(spec.lat_deg), math.radians(spec.lon_deg))
    yield from (value for corner in scenario.parts["zone"][0].polygon_en_m for value in corner)
    yield from (*scenario.parts["sensor"][0].position_enu_m, scenario.parts["sensor"][0].reference_range_m)
    yield from scenario.parts["effector"][0].position_enu_m[:2]
    yield from (413.0, 10.37)


def test_nothing_of_sensors_people_and_operators_is_left(secret, tmp_path):
    out = tmp_path / "shared.mcap"
    told = redact_recording(secret, out)
    assert "detections" in told["left_out"]
    parts = list(unpacked(out))
    assert len(parts) > 1
    for part in parts:
        low = part.lower()
        assert [word for word in WORDS if word.encode() in low] == []
    numbers = numbers_in(out)
    for own in own_numbers():
        assert np.abs(numbers - own).min() > 1e-6, own
    assert json.loads(RecordingReader(out).metadata["header"])["redacted"]


def test_the_search_would_find_what_was_left(secret):
    """The same search on the recording itself finds every word and number."""
    parts = [part.lower() for part in unpacked(secret)]
    missing = [word for word in WORDS if not any(word.encode() in part for part in parts)]
    assert missing in ([], ["/tmp"])
    numbers = numbers_in(secret)
    for own in own_numbers():
        assert np.abs(numbers - own).min() < 1e-9, own


def test_a_redacted_recording_tells_what_the_threat_did(secret, tmp_path):
    out = tmp_path / "shared.mcap"
    redact_recording(secret, out)
    before, after = RecordingReader(secret), RecordingReader(out)
    old, new = before.run_record(), after.run_record()
    assert [b for b in after.batches() if len(b.detections)] == []
    (threat,) = new.summary["threats"]
    assert threat["id"] == "object-1"
    assert threat["needed_zones"] == ["zone-1"]
    assert threat["warning_lead_s"] == old.summary["threats"][0]["warning_lead_s"]
    ours, theirs = (run.steps[run.sites[0].id] for run in (old, new))
    shift = ours[0].tracks.state[0, :2]
    for a, b in zip(ours, theirs, strict=True):
        assert np.allclose(a.tracks.state[:, :2] - shift, b.tracks.state[:, :2])
        assert np.allclose(a.tracks.state[:, 2:], b.tracks.state[:, 2:])
        assert np.allclose(np.linalg.det(a.tracks.covariance[:, :3, :3]), np.linalg.det(b.tracks.covariance[:, :3, :3]))
    assert survey(out)["piece"] == "redacted"
    with pytest.raises(InputError, match="was redacted"):
        replay(out)
    with pytest.raises(InputError, match="was redacted"):
        merge_recordings([out, secret], tmp_path / "m.mcap")


def test_unknown_spreads_stay_unknown():
    from rampart.ledger.care.redact import _round

    covariance = np.array([np.diag([4.0, 9.0]), np.full((2, 2), np.nan)])
    made = _round(covariance)
    assert np.allclose(made[0], 6.0 * np.eye(2))
    assert np.isnan(np.diag(made[1])).all()
    assert _round(np.zeros((0, 2, 2))).shape == (0, 2, 2)
