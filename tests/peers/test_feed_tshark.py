"""What ``rampart feed`` puts on the wire, taken off a socket and read by Wireshark's decoder."""

import socket
import threading

import pytest

from rampart.exercise.feed import feed
from rampart.wire.asterix import Datagram
from rampart.wire.pcap import write_pcap

from .test_asterix_tshark import compare_packets, listed, theirs

pytestmark = [pytest.mark.counterparty, pytest.mark.compiled]


def sent(category, **more):
    """The datagrams of three seconds of a raid, as they came."""
    found, over = [], threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(0.2)

        def hear():
            while not over.is_set():
                try:
                    found.append(Datagram(ear.recv(65_536), len(found) * 10**6, ear.getsockname()[1]))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=hear)
        thread.start()
        done = feed("embassy-rockets", ear.getsockname(), speed=5.0, seed=7, category=category,
                    overrides=["duration_s=3.0"], **more)  # fmt: skip
        threading.Event().wait(0.5)
        over.set()
        thread.join()
    assert len(found) == done.datagrams
    return found


@pytest.mark.parametrize(("category", "field", "marked"), [(15, "TTAX", 3), (48, "SIM", 1)])
def test_every_report_says_that_it_is_simulated(require_service, tmp_path, category, field, marked):
    tshark = require_service("tshark")
    for more, expected in (({}, marked), ({"unmarked": True}, 0)):
        datagrams, path = sent(category, **more), tmp_path / f"{expected}.pcap"
        write_pcap(path, datagrams)
        packets = theirs(tshark, str(path))
        assert compare_packets(datagrams, packets) > 200
        prefix = f"asterix.{category:03d}_020"
        marks = [
            value
            for records in packets
            for record in records
            if prefix in record
            for value in _values(record[prefix], f"{prefix}_{field}")
        ]
        assert len(marks) > 50
        assert set(marks) == {expected}
        turns = [record for records in packets for record in records if "asterix.034_000" in record]
        assert turns  # north markers: a sky without targets is no silence


def _values(tree, name):
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name:
                yield from (int(one, 0) for one in listed(value))
            else:
                yield from _values(value, name)
