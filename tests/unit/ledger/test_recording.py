import json
import struct

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.writer import Writer

from rampart.errors import InputError, RunError
from rampart.ledger import OutputDigest, RecordingReader, RecordingWriter
from rampart.records import (
    DecisionKind,
    Detections,
    Engagements,
    Health,
    HealthState,
    Predictions,
    Tracks,
    TrackStatus,
    Warnings,
    ZoneStates,
    decide,
)

from .conftest import START_NS, feed, ns, summary_of


@pytest.fixture
def recording(tmp_path, site, header, flights):
    path = tmp_path / "out" / "recording.mcap"
    with RecordingWriter(path, header=header) as writer:
        feed(writer, site, flights, np.random.Generator(np.random.PCG64(1)))
        writer.summary(summary_of(flights))
    return path


def assert_same(a, b):
    assert type(a) is type(b)
    assert a.canonical_bytes() == b.canonical_bytes()
    for name in a.names():
        assert getattr(a, name).dtype == getattr(b, name).dtype, name


class Spy:
    """A recorder that keeps everything as it came."""

    def __init__(self):
        self.batches, self.said, self.gates, self.flights, self.score = [], [], [], [], None
        self.changes = []

    def batch(self, *args):
        self.batches.append(args)

    def outputs(self, *args):
        self.said.append(args)

    def states(self, *args):
        self.changes.append(args)

    def diagnostics(self, *args):
        self.gates.append(args)

    def truth(self, site_id, flights):
        self.flights += flights

    def summary(self, summary):
        self.score = summary


@pytest.fixture
def told(site, flights):
    spy = Spy()
    feed(spy, site, flights, np.random.Generator(np.random.PCG64(1)))
    return spy


def test_batches_come_back_in_order_and_to_the_bit(recording, told):
    batches = list(RecordingReader(recording).batches())
    assert [b.step for b in batches] == list(range(len(told.batches)))
    for batch, (site_id, now_ns, detections, sensor) in zip(batches, told.batches, strict=True):
        assert (batch.site_id, batch.now_ns, batch.sensor) == (site_id, now_ns, sensor)
        assert_same(batch.detections, detections)
    assert sum(len(b.detections) == 0 for b in batches) > 5  # wake steps are there, with their time


def test_outputs_hold_confirmed_tracks_only(recording, told):
    said = {now_ns: rest for _, now_ns, *rest in told.said}
    seen = 0
    for site_id, step in RecordingReader(recording).outputs():
        tracks, predictions, warnings, engagements = said[step.now_ns]
        confirmed = np.isin(tracks.status, [TrackStatus.CONFIRMED, TrackStatus.COASTED])
        assert site_id == "embassy"
        assert_same(step.tracks, tracks.take(confirmed))
        assert_same(step.predictions, predictions.take(confirmed))
        assert_same(step.warnings, warnings)
        assert_same(step.engagements, engagements)
        seen += len(step.tracks)
    assert seen > 100


def test_tentative_tracks_are_recorded_on_demand(tmp_path, header, site, flights, told):
    with RecordingWriter(tmp_path / "r.mcap", header=header, tentative=True) as writer:
        feed(writer, site, flights, np.random.Generator(np.random.PCG64(1)))
    digest, recorded = OutputDigest(), OutputDigest()
    for _, _, *outputs in told.said:
        digest.update(*outputs)
    for _, step in RecordingReader(tmp_path / "r.mcap").outputs():
        recorded.update(*step[1:])
    assert recorded.hexdigest() == digest.hexdigest()


def test_a_track_stays_in_the_recording_after_it_is_deleted(tmp_path, header):
    empty = Predictions.empty(), Warnings.empty(), Engagements.empty()
    with RecordingWriter(tmp_path / "r.mcap", header=header) as writer:
        for t, status in enumerate((TrackStatus.TENTATIVE, TrackStatus.CONFIRMED, TrackStatus.DELETED)):
            writer.batch("embassy", ns(t), Detections.empty())
            tracks = Tracks.build(number=[4, 5], status=[status, TrackStatus.TENTATIVE])
            writer.outputs("embassy", ns(t), tracks, *empty)
    got = [
        (tracks.number.tolist(), tracks.status.tolist())
        for _, _, tracks in RecordingReader(tmp_path / "r.mcap").tracks()
    ]
    assert got == [([4], [TrackStatus.CONFIRMED]), ([4], [TrackStatus.DELETED])]


def test_run_record_from_the_file_equals_the_one_collected(recording, run_record):
    read = RecordingReader(recording).run_record()
    assert read.header == run_record.header
    assert read.summary == json.loads(json.dumps(run_record.summary))
    assert read.batches == run_record.batches
    assert read.detections == run_record.detections
    assert len(read.steps["embassy"]) == len(run_record.steps["embassy"])
    for ours, theirs in zip(read.steps["embassy"], run_record.steps["embassy"], strict=True):
        assert ours.now_ns == theirs.now_ns
        for a, b in zip(ours[1:], theirs[1:], strict=True):
            assert_same(a, b)
    for a, b in zip(read.flights, run_record.flights, strict=True):
        assert (a.id, a.fate, a.kind) == (b.id, b.fate, b.kind)
        np.testing.assert_array_equal(a.position_enu, b.position_enu)
    for a, b in zip(read.gates["embassy"], run_record.gates["embassy"], strict=True):
        assert (a.now_ns, a.sensor_id) == (b.now_ns, b.sensor_id)
        assert a.columns["gate"].tolist() == b.columns["gate"].tolist()
        np.testing.assert_array_equal(a.columns["snr_db"], b.columns["snr_db"])
    assert read.effectors("embassy") == run_record.effectors("embassy")
    assert read.sites[0].zones[0].name == "North yard"


def test_opens_in_any_mcap_reader(recording):
    with recording.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        metadata = {m.name: m.metadata for m in reader.iter_metadata()}
        topics = {c.topic for c in summary.channels.values()}
        messages = [(s, c, json.loads(m.data), m) for s, c, m in reader.iter_messages(log_time_order=False)]
    assert metadata["rampart"]["seed"] == "7"
    assert json.loads(metadata["rampart"]["header"])["scenario"]["name"] == "embassy-rockets"
    assert {"/rampart/header", "/rampart/summary", "/embassy/detections", "/embassy/truth", "/embassy/gates"} <= topics
    for schema, channel, message, envelope in messages:
        assert (schema.encoding, channel.message_encoding) == ("jsonschema", "json")
        known = json.loads(schema.data)["properties"]
        stamp = message["timestamp"]
        assert stamp["sec"] * 10**9 + stamp["nsec"] == envelope.log_time
        if "columns" in message:
            assert set(message["columns"]) <= set(known["columns"]["properties"])
            assert "NaN" not in envelope.data.decode()


def flat(schema):
    """As strict as the viewers are: objects with properties, numbers, text, lists of these; nothing else."""
    assert schema["type"] in ("object", "array", "number", "integer", "string", "boolean")
    if schema["type"] == "object":
        for inner in schema["properties"].values():
            flat(inner)
    if schema["type"] == "array":
        assert schema["items"]["type"] != "array"
        flat(schema["items"])


def test_schemas_use_only_what_viewers_understand(recording):
    with recording.open("rb") as stream:
        schemas = make_reader(stream).get_summary().schemas.values()
    assert {"rampart.Detections", "rampart.Tracks", "rampart.Gates", "rampart.Truth"} <= {s.name for s in schemas}
    for schema in schemas:
        flat(json.loads(schema.data))


def test_nothing_is_left_of_a_run_that_failed(tmp_path, header):
    path = tmp_path / "r.mcap"

    def fail():
        with RecordingWriter(path, header=header) as writer:
            writer.batch("embassy", ns(0.0), Detections.empty())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_old_recording_stays_until_the_new_one_is_whole(tmp_path, header):
    path = tmp_path / "r.mcap"
    RecordingWriter(path, header=header).close()
    old = path.read_bytes()
    writer = RecordingWriter(path, header={**header, "seed": 8})
    writer.batch("embassy", ns(0.0), Detections.empty())
    assert path.read_bytes() == old
    writer.close()
    assert RecordingReader(path).header["seed"] == 8


def test_the_same_run_gives_the_same_bytes(tmp_path, header, site, flights):
    files = []
    for name in ("a", "b"):
        with RecordingWriter(tmp_path / name, header=header) as writer:
            feed(writer, site, flights, np.random.Generator(np.random.PCG64(1)))
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_a_full_disk_is_said_in_one_line(tmp_path, header):
    writer = RecordingWriter(tmp_path / "r.mcap", header=header)
    with open("/dev/full", "wb") as full:  # takes no byte
        writer._writer._Writer__stream = full
        noise = np.random.Generator(np.random.PCG64(1)).normal(size=200_000)
        with pytest.raises(RunError, match="cannot write: No space left"):
            writer.batch("embassy", ns(0.0), Detections.build(range_m=noise))
    writer.abort()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello world, this is no recording", "is no MCAP recording"),
        (b"\x89MCAP0\r\n", "cut off"),
        (b"\x89MC", "cut off"),
    ],
)
def test_other_files_are_refused(tmp_path, content, words):
    path = tmp_path / "x.mcap"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        RecordingReader(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_folders_and_missing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="Is a directory"):
        RecordingReader(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        RecordingReader(tmp_path / "none.mcap")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        RecordingWriter(tmp_path / "file" / "r.mcap", header={"sites": []})


def test_a_recording_of_another_program_is_refused(tmp_path):
    path = tmp_path / "other.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream)
        writer.start()
        channel = writer.register_channel("/chatter", "json", writer.register_schema("x", "jsonschema", b"{}"))
        writer.add_message(channel, 0, b"{}", 0)
        writer.finish()
    with pytest.raises(InputError, match="does not begin with /rampart/header"):
        RecordingReader(path)


def test_a_newer_recording_is_refused(tmp_path, header):
    with RecordingWriter(tmp_path / "r.mcap", header={**header, "schema": 2}):
        pass
    with pytest.raises(InputError, match="schema = 2, expected 1"):
        RecordingReader(tmp_path / "r.mcap")


def read_all(path):
    reader = RecordingReader(path)
    reader.verify()
    reader.run_record()


def test_a_cut_recording_is_refused_wherever_it_was_cut(recording):
    whole = recording.read_bytes()
    read_all(recording)
    for length in np.linspace(0, len(whole) - 1, 60).astype(int):
        recording.write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_all(recording)


def test_a_flipped_bit_is_never_taken_for_data(recording):
    """Either the recording is refused, or what it says is what was written."""
    whole = recording.read_bytes()
    before = [b.detections.canonical_bytes() for b in RecordingReader(recording).batches()]
    rng = np.random.Generator(np.random.PCG64(3))
    refused = 0
    for bit in rng.integers(0, 8 * len(whole), 60):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << (bit % 8)
        recording.write_bytes(broken)
        try:
            assert [b.detections.canonical_bytes() for b in RecordingReader(recording).batches()] == before
        except InputError:
            refused += 1
    assert refused > 30


def test_a_chunk_that_swells_is_refused(tmp_path, recording):
    """A foreign file must not make the reader allocate what it likes."""
    whole = bytearray(recording.read_bytes())
    at = whole.index(b"\x04\x00\x00\x00zstd") - 12  # uncompressed size, CRC, name of the compression
    struct.pack_into("<Q", whole, at, 2**40)
    recording.write_bytes(whole)
    with pytest.raises(InputError, match="too large"):
        read_all(recording)


def test_foreign_columns_are_refused(tmp_path, header):
    for columns in ({"range_m": [1.0]}, {"no_such": [1.0, 2.0]}, {"number": [1, "x"]}, {"range_m": [[1], 2]}):
        path = tmp_path / "r.mcap"
        with RecordingWriter(path, header=header) as writer:
            message = {"timestamp": {"sec": 0, "nsec": 0}, "step": 0, "sensor": 0, "n": 2, "columns": columns}
            writer._message("/embassy/detections", {}, 0, message)
        with pytest.raises(InputError, match="not readable"):
            read_all(path)


def test_verify_counts(recording, told):
    contents = RecordingReader(recording).verify()
    assert contents.batches == len(told.batches)
    assert contents.detections == sum(len(d) for _, _, d, _ in told.batches)
    assert contents.messages["/embassy/truth"] == 3
    assert (contents.first_ns, contents.last_ns) == (told.batches[0][1], told.batches[-1][1])


def test_decisions_and_states_come_back_with_their_step(tmp_path, site, header):
    path = tmp_path / "r.mcap"
    decision = decide(site, 1, 7, DecisionKind.HOLD, "A. Smith", "second salvo", zones=["south"])
    health = Health.build(
        1, time_ns=[7], part=["sensor/r1"], state=[HealthState.STALE], since_ns=[7], reason=["silent"]
    )
    zones = ZoneStates.build(2, time_ns=[7, 7], zone=[0, 1], watched=[True, False], held=[False, True])
    with RecordingWriter(path, header=header) as writer:
        writer.batch(site.id, START_NS, Detections.empty(), heard=[0, 1])
        writer.batch(site.id, START_NS + 7, Detections.empty(), decisions=decision, heard=[])
        writer.states(site.id, START_NS + 7, health, zones)
        writer.batch(site.id, START_NS + 9, Detections.empty())
    reader = RecordingReader(path)
    batches = list(reader.batches())
    assert [b.heard for b in batches] == [(0, 1), (), None]
    assert [len(b.decisions) for b in batches] == [0, 1, 0]
    assert_same(batches[1].decisions, decision)
    [(_, _, again)] = reader.decisions()
    assert_same(again, decision)
    [(_, now, states)] = reader.health()
    assert now == START_NS + 7
    assert_same(states, health)
    [(_, _, shown)] = reader.zone_states()
    assert_same(shown, zones)
    assert reader.verify().batches == 3
