"""Items of the captures against Wireshark's decoder, through tshark."""

import json
import subprocess

import numpy as np
import pytest

from rampart.records import Detections
from rampart.wire.asterix import category, decode_block, plot_datagrams, report_datagrams, split_blocks
from rampart.wire.pcap import read_pcap, write_pcap

pytestmark = pytest.mark.counterparty


def theirs(tshark, path):
    """Per packet, the records of all its blocks: items by name, fields by name."""
    command = [tshark, "-n", "-r", path, "-d", "udp.port==1-65535,asterix", "-T", "json", "--no-duplicate-keys"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    packets = []
    for packet in json.loads(done.stdout):
        layers = listed(packet["_source"]["layers"]["asterix"])
        packets.append([record for layer in layers for record in listed(layer["asterix.message"])])
    return packets


def listed(value):
    return value if isinstance(value, list) else [value]


def number(text):
    return float(int(text, 16)) if text.startswith("0x") else float(text)


def compare(prefix, ours, other):
    """Fields that both give as numbers, by name; gives how many were compared."""
    n = 0
    for name, value in ours.items():
        found = other.get(f"{prefix}_{name}", other.get(f"{prefix}_VALUE") if len(ours) == 1 else None)
        if isinstance(value, dict) and isinstance(found, dict):
            n += compare(f"{prefix}_{name}", value, found)
        elif isinstance(found, str):
            if isinstance(value, str):
                try:
                    code = float(int(value, 8))  # tshark shows codes as numbers
                except ValueError:
                    assert found.rstrip() == value.rstrip()
                else:
                    assert number(found) == code
            else:
                assert number(found) == pytest.approx(value, rel=1e-9, abs=1e-9), (prefix, name)
            n += 1
    return n


@pytest.mark.parametrize(("name", "least"), [("cat_034_048.pcap", 3000), ("cat_062_065.pcap", 60)])
def test_captures(require_service, shared_data, name, least):
    path = shared_data(f"asterix/{name}")
    packets = theirs(require_service("tshark"), str(path))
    datagrams, _ = read_pcap(path)
    assert compare_packets(datagrams, packets) >= least


def compare_packets(datagrams, packets):
    """All items of all records; gives how many fields were compared."""
    assert len(packets) == len(datagrams)
    compared = 0
    for datagram, records in zip(datagrams, packets, strict=True):
        mine = []
        for cat, first, end in split_blocks(datagram.payload, 0, len(datagram.payload))[0]:
            layout = category(cat, "1.30" if cat == 48 else None)  # tshark 4.0 reads flight levels without a sign
            mine += [(cat, record) for record in decode_block(layout, datagram.payload[first:end])]
        assert len(mine) == len(records)
        for (cat, record), other in zip(mine, records, strict=True):
            for item, value in record.items():
                if isinstance(value, dict):
                    prefix = f"asterix.{cat:03d}_{item}"
                    assert prefix in other
                    compared += compare(prefix, value, other[prefix])
    return compared


@pytest.mark.parametrize(("send", "least"), [(plot_datagrams, 300), (report_datagrams, 600)])
def test_what_a_feed_sends(require_service, tmp_path, send, least):
    tshark, path, n = require_service("tshark"), tmp_path / "feed.pcap", 60
    rng = np.random.default_rng(2)
    seen = Detections.build(
        number=np.arange(1, n + 1), time_ns=10**9 * np.arange(n), received_ns=10**9 * np.arange(n),
        sensor=np.zeros(n, int), range_m=rng.uniform(100, 40e3, n), azimuth_rad=rng.uniform(0, 2 * np.pi, n),
        elevation_rad=rng.uniform(0, 1.5, n), range_rate_ms=rng.uniform(-500, 500, n), range_sigma_m=np.full(n, 10.0),
        azimuth_sigma_rad=np.full(n, 0.003), elevation_sigma_rad=np.full(n, 0.003), range_rate_sigma_ms=np.ones(n),
        snr_db=rng.uniform(5, 40, n), flags=np.ones(n, int),
    )  # fmt: skip
    datagrams = send(seen, [(25, 201)])
    write_pcap(path, datagrams)
    assert compare_packets(datagrams, theirs(tshark, str(path))) >= least
