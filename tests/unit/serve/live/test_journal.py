"""The journal: on the disk before it counts, read as far as it is whole, replayed to the same output."""

import errno
import os
import random
import resource
import shutil
import socket
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.records import DecisionKind, HealthState, decide
from rampart.serve.core import PacedClock
from rampart.serve.journal import history, read_header, replay_journal
from rampart.serve.journal.codec import decode, encode
from rampart.serve.journal.history import segments
from rampart.serve.journal.keep import prune
from rampart.serve.journal.scan import scan
from rampart.serve.journal.snapshot import read_snapshot, write_snapshot
from rampart.serve.journal.writer import Journal
from rampart.serve.receiver.ring import Packet
from rampart.serve.service import Mode, Service

from .site import FEED, SECOND, TEXT, datagram, live_site, marker, until

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
@settings(max_examples=200, deadline=None)
def test_plain_data_comes_back(value):
    assert decode(encode(value)) == value


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_octets_are_plain_data_or_refused(data):
    with suppress(ValueError):
        decode(data)


def test_arrays_come_back_with_their_kind():
    objects = np.empty(2, object)
    objects[:] = [(1, 2), "x"]
    for array in (np.arange(6.0).reshape(2, 3), np.array(["a", "bc"]), np.zeros((0, 4), np.int8), objects):
        back = decode(encode(array))
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert back.tolist() == array.tolist()
    with pytest.raises(TypeError, match="set is no plain data"):
        encode({"a": {1}})


def test_a_snapshot_is_whole_or_not_there(tmp_path):
    path = tmp_path / "snapshot.bin"
    write_snapshot(path, {"a": 1})

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_snapshot(path, {"a": 2}, full)
    assert read_snapshot(path) == {"a": 1}
    whole = path.read_bytes()
    for cut in (0, 7, 40, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert read_snapshot(path) is None
    path.write_bytes(whole[:-1] + b"\xff")
    assert read_snapshot(path) is None


class Kept:
    """A journal of packets alone."""

    def __init__(self, folder, **more):
        self.latest = 0
        header = {"schema": 1, "sites": ["camp"], "version": "0"}
        self.journal = Journal(folder, header, ["camp"], time.time_ns, on_kept=self.take, **more)

    def take(self, sequence):
        self.latest = sequence

    def __enter__(self):
        self.journal.start()
        return self

    def __exit__(self, *_):
        self.journal.stop()

    def put(self, first, n, octets=100):
        dice = random.Random(first)
        self.journal.packets([Packet(i, 0, i, dice.randbytes(octets)) for i in range(first, first + n)])


def sequences(folder):
    return [int.from_bytes(e.data[:8], "little") for path in segments(folder) for e in scan(path) if e.channel == 2]


def test_what_is_said_to_be_kept_is_on_the_disk(tmp_path):
    with Kept(tmp_path) as kept:
        for i in range(20):
            kept.put(i * 50 + 1, 50)
            until(lambda i=i: kept.latest >= i * 50 + 1)
            assert max(sequences(tmp_path)) >= kept.latest
    assert sequences(tmp_path) == list(range(1, 1001))


def test_segments_follow_each_other_and_none_is_appended_to(tmp_path):
    with Kept(tmp_path, segment_bytes=20_000) as kept:
        for i in range(10):
            kept.put(i * 50 + 1, 50)
            until(lambda i=i: kept.latest >= i * 50 + 50)
    first = segments(tmp_path)
    assert len(first) >= 3
    before = [path.read_bytes() for path in first]
    with Kept(tmp_path) as kept:
        kept.put(501, 5)
    assert [path.read_bytes() for path in first] == before
    assert sequences(tmp_path) == list(range(1, 506))


def test_a_segment_cut_anywhere_is_read_as_far_as_it_is_whole(tmp_path):
    with Kept(tmp_path / "whole") as kept:
        for i in range(8):
            kept.put(i * 20 + 1, 20)
            until(lambda i=i: kept.latest >= i * 20 + 20)
    (path,) = segments(tmp_path / "whole")
    octets, cut = path.read_bytes(), tmp_path / "cut.mcap"
    dice, longest = random.Random(5), 0
    for at in sorted(dice.randrange(len(octets)) for _ in range(200)):
        cut.write_bytes(octets[:at])
        found = [int.from_bytes(e.data[:8], "little") for e in scan(cut) if e.channel == 2]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= longest
        longest = len(found)
    for _ in range(200):  # an octet that changed: nothing behind it is believed, nothing wrong is given out
        spoiled = bytearray(octets)
        spoiled[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
        cut.write_bytes(bytes(spoiled))
        found = [e.data for e in scan(cut) if e.channel == 2]
        assert found == [e.data for e in scan(path) if e.channel == 2][: len(found)]


class Disk:
    """`os.fdatasync` of a disk that fails when told."""

    def __init__(self):
        self.error = 0
        self.calls = 0

    def __call__(self, fd):
        self.calls += 1
        if self.error:
            raise OSError(self.error, errno.errorcode[self.error])


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_stops_nothing_and_is_told_of(tmp_path, error):
    disk = Disk()
    with Kept(tmp_path, sync=disk) as kept:
        kept.put(1, 10)
        until(lambda: kept.latest == 10)
        disk.error = error
        kept.put(11, 10)
        until(lambda: kept.latest == 20)  # the ring is let go: the chain goes on
        until(lambda: kept.journal.health()[0] == HealthState.DOWN, within_s=1.0)
        assert errno.errorcode[error] in kept.journal.health()[1]
        assert kept.journal.counters()["journal_lost_total"] >= 10
        disk.error = 0
        until(lambda: (kept.put(21, 1), kept.journal.health()[0] == HealthState.OK)[1], within_s=5.0)
        kept.put(31, 10)
        until(lambda: kept.latest == 40)
    assert len(segments(tmp_path)) >= 2  # never the same segment again
    assert {*range(1, 11), *range(31, 41)} <= set(sequences(tmp_path))


def test_a_file_system_that_takes_no_more(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Kept(tmp_path) as kept:
        kept.put(1, 10)
        until(lambda: kept.latest == 10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))  # a real refusal by the kernel: EFBIG
        try:
            for i in range(40):
                kept.put(11 + i * 50, 50, octets=500)
                until(lambda i=i: kept.latest >= 11 + i * 50)
                if kept.journal.health()[0] == HealthState.DOWN:
                    break
            assert kept.journal.health()[0] == HealthState.DOWN
            assert "File too large" in kept.journal.health()[1]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        until(lambda: (kept.put(5001, 1), kept.journal.health()[0] == HealthState.OK)[1], within_s=10.0)
        kept.put(6001, 5)
        until(lambda: kept.latest == 6005)
    found = sequences(tmp_path)
    assert found[:10] == list(range(1, 11))
    assert found[-5:] == list(range(6001, 6006))


def test_old_segments_are_removed_and_the_one_that_is_written_is_not(tmp_path):
    old, now = time.time() - 40 * 86_400, time.time_ns()
    for session, ages in (("a", (old, old)), ("b", (old, time.time())), ("c", (old, old))):
        (tmp_path / session).mkdir()
        for i, stamp in enumerate(ages, 1):
            path = tmp_path / session / f"{i:06d}.mcap"
            path.write_bytes(b"x")
            os.utime(path, (stamp, stamp))
    (tmp_path / "a" / "snapshot.bin").write_bytes(b"x")
    (tmp_path / "shadow-2026-01-01.json").write_bytes(b"{}")
    assert prune(tmp_path, now, 30.0, tmp_path / "c") == 4
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["b/000002.mcap", "c/000002.mcap", "shadow-2026-01-01.json"]
    assert not (tmp_path / "a").exists()


def test_flushes_are_50_ms_apart_at_least(tmp_path):
    disk = Disk()
    with Kept(tmp_path, sync=disk) as kept:
        began = time.monotonic()
        i = 0
        while time.monotonic() - began < 1.0:
            i += 1
            kept.put(i, 1)
            time.sleep(0.002)
    assert disk.calls <= 20 + 5


def test_a_folder_that_is_no_journal(tmp_path):
    with pytest.raises(InputError, match="holds no journal"):
        read_header(tmp_path)


class Radar:
    """Sends to a service as the radar of its site would."""

    def __init__(self, service):
        self._service = service
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._port = service.ports["radar"]

    def turn(self, n=1, range_m=5000.0):
        for i in range(n):
            now_ns = self._service.clock()
            self._out.sendto(datagram(now_ns, range_m=range_m - 20.0 * i), ("127.0.0.1", self._port))
            self._out.sendto(marker(now_ns), ("127.0.0.1", self._port))
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._out.close()


def order(service, what=DecisionKind.WARN):
    return decide(service.sites["camp"], 1, service.clock(), what, "A. Smith", "seen", zones=["north"])


@pytest.mark.compiled
def test_a_live_session_replays_to_the_same_output(tmp_path):
    with Service(live_site(), state=tmp_path) as service, Radar(service) as radar:
        radar.turn(20)
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        radar.turn(20, range_m=4600.0)
        service.decide("camp", order(service, DecisionKind.CANCEL))
        radar.turn(5)
        until(lambda: service.counters()['detections_total{site="camp"}'] == 135)
        until(lambda: not len(service.view("camp").warnings))
        folder = service.journal_folder
    warnings = []
    found = replay_journal(folder, lambda site, now, worked: warnings.extend(worked.outputs.warnings.phase.tolist()))
    assert found.steps >= 3
    assert (found.different, found.gaps, found.failed) == ([], 0, 0)
    assert warnings[0] == 1
    assert len(warnings) >= 2
    assert read_header(folder)["live"] is True
    assert replay_journal(folder).output_sha256 == found.output_sha256


@pytest.mark.compiled
def test_a_replay_of_other_packets_is_noticed(tmp_path, monkeypatch):
    with Service(live_site(), state=tmp_path) as service, Radar(service) as radar:
        radar.turn(10)
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        folder = service.journal_folder
    whole = history.unpack_decisions
    monkeypatch.setattr(history, "unpack_decisions", lambda data: (*whole(data)[:2], whole(data)[2].replace(phase=[0])))
    assert replay_journal(folder).different


@pytest.mark.compiled
def test_a_restart_finds_what_was_open_under_the_same_names(tmp_path):
    out = (
        f'[[out]]\nid = "files"\nkind = "cap_files"\nfolder = "{tmp_path / "cap"}"\nsender = "rampart@camp-north.net"\n'
    )
    site = live_site(TEXT + FEED + out)
    with Service(site, mode=Mode.ACTUAL, state=tmp_path / "one") as service, Radar(service) as radar:
        radar.turn(30)
        service.decide("camp", order(service))
        radar.turn(5)
        until(lambda: list((tmp_path / "cap").glob("*W1.0*.xml")))
        until(lambda: _kept_warning(service))
        shutil.copytree(tmp_path / "one", tmp_path / "crash")  # as it is at this moment: nobody said goodbye
        before, session = service.view("camp"), service.session
    files = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cap").glob("*W1.0*.xml")}
    with Service(site, mode=Mode.ACTUAL, state=tmp_path / "crash") as again:
        assert again.recovered is not None
        assert again.session == session
        after = again.view("camp")
        assert after.warnings.number.tolist() == before.warnings.number.tolist() == [1]
        until(lambda: any(p.stat().st_mtime_ns != files.get(p.name) for p in (tmp_path / "cap").glob("*W1.0*.xml")))
        assert {path.name for path in (tmp_path / "cap").glob("*W1.0*.xml")} == set(files)  # said again, not anew
        again.decide("camp", order(again, DecisionKind.CANCEL))
        until(lambda: list((tmp_path / "cap").glob("*W1.1*.xml")) or list((tmp_path / "cap").glob("*W1.2*.xml")))
        text = sorted((tmp_path / "cap").glob("*W1.*.xml"))[-1].read_text()
        assert "<msgType>Cancel</msgType>" in text
        assert next(iter(files)).removesuffix(".xml") in text  # the end refers to what was said before the crash


def _kept_warning(service):
    found = read_snapshot(service.journal_folder / "snapshot.bin")
    return found is not None and found["memory"]["board"]["sites"]["camp"]["warnings"]["n"] > 0


@pytest.mark.compiled
def test_another_site_file_or_an_old_state_begins_anew(tmp_path):
    with Service(live_site(), state=tmp_path) as service, Radar(service) as radar:
        radar.turn(3)
        until(lambda: service.view("camp").steps)
    assert Service(live_site(), state=tmp_path).recovered is not None
    changed = live_site(TEXT.replace("shelter_time_s = 10.0", "shelter_time_s = 20.0") + FEED)
    assert Service(changed, state=tmp_path).recovered is None
    assert Service(live_site(), state=tmp_path, clock=PacedClock(time.time_ns() + 3_600 * SECOND)).recovered is None
