"""Items of the captures against Wireshark's decoder, through tshark."""

import json
import subprocess

import pytest

from rampart.wire.asterix import category, decode_block, split_blocks
from rampart.wire.pcap import read_pcap

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
    assert compared >= least
