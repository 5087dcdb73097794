"""From datagrams to a chain's input: heard, doubled, marked, late, from another clock, from another place."""

from pathlib import Path

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.pipeline import build_places
from rampart.records import DetectionFlag
from rampart.serve.feed import plan_feeds
from rampart.serve.feed.clock_watch import ClockWatch
from rampart.serve.receiver.ring import Packet
from rampart.wire.asterix import category, encode_block
from rampart.wire.pcap import read_pcap

from .site import FEED, SECOND, SOURCE, TEXT, datagram, live_site, marker

CAPTURE = Path(__file__).parents[5] / "shared" / "data" / "asterix" / "cat_034_048.pcap"
NOON = 1_750_000_000 * SECOND // (86_400 * SECOND) * (86_400 * SECOND) + 43_200 * SECOND


def plan(text=TEXT + FEED):
    scenario = live_site(text)
    return plan_feeds(scenario, build_places(scenario))


def packets(*payloads, at=NOON, step=SECOND // 10, first=1):
    return [Packet(first + i, 0, at + i * step, payload) for i, payload in enumerate(payloads)]


def test_reports_and_who_spoke():
    taken = plan().intakes["camp"].take(packets(datagram(NOON)))
    assert len(taken.detections) == 3
    assert taken.heard == {0}
    np.testing.assert_allclose(taken.detections.time_ns, NOON - SECOND // 10, atol=SECOND // 128)
    assert taken.detections.received_ns.tolist() == [NOON] * 3


def test_an_empty_sky_is_no_silence():
    taken = plan().intakes["camp"].take(packets(marker(NOON)))
    assert (len(taken.detections), taken.heard) == (0, {0})


def test_what_comes_twice_counts_once():
    feeds = plan()
    octets = datagram(NOON)
    assert len(feeds.intakes["camp"].take(packets(octets, octets)).detections) == 3
    assert len(feeds.intakes["camp"].take(packets(octets, at=NOON + SECOND)).detections) == 0
    assert feeds.intakes["camp"].readers[0].counts["duplicates"] == 2


def test_marks_stay_with_the_reports():
    for flag in (DetectionFlag.SIMULATED, DetectionFlag.TEST):
        taken = plan().intakes["camp"].take(packets(datagram(NOON, flags=flag)))
        assert set(taken.detections.flags.tolist()) == {int(flag)}


def test_reports_over_midnight():
    midnight = NOON + 43_200 * SECOND
    intake = plan().intakes["camp"]
    found = [
        intake.take(packets(datagram(at), at=at, first=i)).detections.time_ns[0]
        for i, at in enumerate(range(midnight - SECOND, midnight + SECOND, SECOND // 4), 1)
    ]
    np.testing.assert_allclose(np.diff(found), SECOND // 4, atol=SECOND // 64)


def test_categories_without_an_edition_are_skipped_and_counted():
    feeds = plan(TEXT + FEED.replace('"034" = "1.29", ', ""))
    other = bytes.fromhex("04000501aa")  # CAT004
    taken = feeds.intakes["camp"].take(packets(marker(NOON), other, b"\xff\xff"))
    assert taken.heard == frozenset()
    counts = feeds.intakes["camp"].readers[0].counts
    assert counts["skipped/34"] == 1
    assert counts["skipped/4"] == 1
    assert counts["rejected/block_length"] == 1


def test_a_radar_that_says_it_is_out_of_order_is_not_heard():
    intake = plan().intakes["camp"]
    status = {"010": {"SAC": 25, "SIC": 201}, "000": {"TYP": 1}, "030": {"TOD": 43_200.0}}
    fault = encode_block(category(34), [status | {"050": {"COM": {"NOGO": 1}}}])
    good = encode_block(category(34), [status | {"050": {"COM": {"NOGO": 0}}}])
    assert intake.take(packets(fault)).heard == frozenset()
    taken = intake.take(packets(datagram(NOON + SECOND), at=NOON + SECOND))
    assert (len(taken.detections), taken.heard) == (0, frozenset())
    assert "25/201 says: not operational" in intake.readers[0].troubles.values()
    assert intake.take(packets(good, at=NOON + 2 * SECOND)).heard == {0}
    assert len(intake.take(packets(datagram(NOON + 3 * SECOND), at=NOON + 3 * SECOND)).detections) == 3
    assert not intake.readers[0].troubles


def test_a_radar_that_says_it_stands_elsewhere_is_not_heard():
    intake = plan().intakes["camp"]
    here = {"010": {"SAC": 25, "SIC": 201}, "000": {"TYP": 1}, "030": {"TOD": 43_200.0}}
    there = here | {"120": {"HGT": 10, "LAT": -33.9, "LON": 151.2}}
    assert intake.take(packets(encode_block(category(34), [there]))).heard == frozenset()
    (text,) = intake.readers[0].troubles.values()
    assert text.startswith("25/201 says it stands ")
    assert text.endswith(" km from where the file has it; not heard")
    right = here | {"120": {"HGT": 46, "LAT": 33.30, "LON": 44.39}}
    assert intake.take(packets(encode_block(category(34), [right]), at=NOON + SECOND)).heard == {0}


@pytest.mark.parametrize("off_s", [-3600.0, -2.0, 2.0, 3600.0])
def test_a_clock_that_is_off_is_corrected_and_told_of(off_s):
    intake, off_ns = plan().intakes["camp"], round(off_s * SECOND)
    times = []
    for i in range(40):
        at = NOON + i * SECOND // 2
        taken = intake.take(packets(datagram(at + off_ns), at=at, first=i + 1))
        times.append(int(taken.detections.time_ns[0]) - at)
    settled = np.array(times[25:]) / SECOND
    np.testing.assert_allclose(settled, -0.1, atol=0.03)
    way = "ahead of" if off_s > 0 else "behind"
    assert f"{abs(off_s):.1f} s {way} ours" in " ".join(intake.readers[0].troubles.values())


def test_reports_that_a_network_held_back_are_no_wrong_clock():
    watch = ClockWatch()
    shifts = [
        watch.shift_ns("1/1", NOON + i * SECOND, NOON + i * SECOND + SECOND // 10, SECOND // 10) for i in range(20)
    ]
    shifts += [watch.shift_ns("1/1", NOON + i * SECOND, NOON + 25 * SECOND, SECOND // 10) for i in range(20, 25)]
    assert set(shifts) == {0}


def test_a_restored_intake_goes_on_alike():
    one, other = plan().intakes["camp"], plan().intakes["camp"]
    for i in range(5):
        one.take(packets(datagram(NOON + i * SECOND + 2 * SECOND), at=NOON + i * SECOND, first=i + 1))
    other.restore(one.snapshot())
    for i in range(5, 10):
        again = packets(*[datagram(NOON + i * SECOND + 2 * SECOND)] * 2, at=NOON + i * SECOND, first=i + 1)
        a, b = one.take(again), other.take(again)
        assert a.detections.canonical_bytes() == b.detections.canonical_bytes()
        assert a.heard == b.heard
    assert one.snapshot() == other.snapshot()


def test_the_same_packets_in_one_turn_or_many_give_the_same_reports():
    octets = [datagram(NOON + i * SECOND // 10, range_m=4000.0 + i) for i in range(20)]
    whole = plan().intakes["camp"].take(packets(*octets)).detections
    intake = plan().intakes["camp"]
    parts = [intake.take([one]).detections for one in packets(*octets)]
    assert sorted(whole.range_m.tolist()) == sorted(np.concatenate([p.range_m for p in parts]).tolist())


def test_a_capture_in_which_each_datagram_comes_twice():
    if not CAPTURE.is_file():
        pytest.skip(f"{CAPTURE} is not there: plots of a real radar")
    captured, _ = read_pcap(CAPTURE)
    text = TEXT + FEED.replace("25/201", "25/201").replace('"048" = "1.32"', '"048" = "1.23"')
    feeds = plan(text)
    taken = feeds.intakes["camp"].take([Packet(i, 0, d.received_ns, d.payload) for i, d in enumerate(captured, 1)])
    counts = feeds.intakes["camp"].readers[0].counts
    assert counts["duplicates"] > 0
    assert len(taken.detections) > 0
    assert SOURCE == (25, 201)


NONE = FEED.replace('{ r1 = "25/201" }', "{}")
TWICE = FEED.replace(":0", ":8600") + NONE.replace('"radar"', '"other"').replace(":0", ":8600")
BAD = {
    "two feeds on one port": (TWICE, "feed 'other': listens at 127.0.0.1:8600, and so does feed 'radar'"),
    "no feed carries the sensor": (NONE, "sensor 'r1' of site 'camp': no .*feed.* carries"),
    "a sensor that is not there": (FEED.replace("r1 =", "r9 ="), "sensor 'r1' of site 'camp': no|has no sensor 'r9'"),
    "wrong edition": (FEED.replace('"1.32"', '"9.9"'), "editions = .*expected an edition that is known"),
    "a category that is not read": (FEED.replace('"048"', '"001"'), "expected categories among 015"),
    "no feed": ("", "no .*feed.*: a live site needs at least one"),
    "bad sender": (FEED + 'allow = ["nobody"]\n', "expected addresses or networks"),
    "no address": (FEED.replace("udp://127.0.0.1:0", "tcp://127.0.0.1"), "expected udp://ADDRESS"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_feeds_are_named(what):
    text, message = BAD[what]
    with pytest.raises(InputError, match=message):
        plan(TEXT + text)


def test_a_radar_on_another_continent_and_a_site_without_any():
    with pytest.raises(InputError, match=r"sensor 'r1': stands 9,000 km from the origin of site 'camp'"):
        plan(TEXT.replace("[0.0, 0.0, 12.0]", "[9e6, 0.0, 12.0]") + FEED)
    blind = TEXT[: TEXT.index("[[sensor]]")] + FEED.replace('{ r1 = "25/201" }', "{}")
    with pytest.raises(InputError, match=r"site 'camp': no .*sensor"):
        plan(blind)
