"""``rampart bench asterix``: decoded CAT048 records per second of CPU time, beside libasterix.

libasterix 0.36 (BSD-3, generated from asterix-specs) runs in a process of its own: its top-level name ``asterix`` is
shared with other packages. Import and compilation are not counted, on either side.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from rampart.errors import RunError
from rampart.records import Detections
from rampart.wire.asterix import Datagram, Decoder, category, decode_columns, decode_record, encode_block, split_blocks
from rampart.wire.asterix.plots import plots_to_detections
from rampart.wire.pcap import format_pcap, parse_pcap

_RECORDS_PER_BLOCK = 2  # real captures hold one to three
_WANTED = ("140/TOD", "040/RHO", "040/THETA", "090/FL", "161/TRN", "020/SIM")

# Parses blocks, one per line as hex, and reads time, range, azimuth and level of each record; prints records and CPU s.
_PEER = """
import json, sys, time
from asterix.base import Bits
from asterix.generated import Cat_048_1_32 as Cat
blocks = [bytes.fromhex(line)[3:] for line in sys.stdin]
for repeat in range(2):
    started, n, total = time.process_time(), 0, 0.0
    for block in blocks:
        for record in Cat.cv_uap.parse(Bits.from_bytes(block)):
            n += 1
            for item, fields in (("140", ()), ("040", ("RHO", "THETA")), ("090", ("FL",))):
                variation = record.get_item(item).variation
                for part in [variation.get_item(name).variation for name in fields] or [variation]:
                    total += part.content.as_quantity()
    spent = time.process_time() - started
print(json.dumps({"records": n, "cpu_s": spent}))
"""


def run(*, quick: bool = False) -> dict[str, Any]:
    """Decode the same CAT048 blocks with both, in turn.

    Parameters
    ----------
    quick : bool
        Fewer blocks and repeats.

    Returns
    -------
    dict
        ``results``: records per second of CPU time to columns, to plain dicts of all items, and from the octets of a
        capture file to detections; of a peer where it has the like.
    """
    repeats = 3 if quick else 7
    blocks = _blocks(2_000 if quick else 20_000)
    few = blocks[: 250 if quick else 1_000]
    peer = _peer(few, repeats=1 if quick else 3)
    columns = median(_columns_rate(blocks) for _ in range(repeats))
    records = median(_records_rate(few) for _ in range(repeats))
    capture = median(_capture_rate(blocks) for _ in range(repeats))
    rows = [("cat048_columns", columns, peer), ("cat048_all_items", records, peer), ("cat048_capture", capture, None)]
    return {
        "results": [
            {
                "name": name,
                "ours": {"records_per_s": rate},
                "peer": other,
                "ratio": rate / other["records_per_s"] if other else None,
            }
            for name, rate, other in rows
        ]
    }


def _blocks(n: int) -> list[bytes]:
    """Blocks with the items of a real Mode S radar's plots, 45 octets per record; equal on every machine."""
    rng = np.random.Generator(np.random.PCG64(48))
    layout = category(48)
    blocks = []
    for i in range(n):
        records = [_record(rng, i) for _ in range(_RECORDS_PER_BLOCK)]
        blocks.append(encode_block(layout, records))
    return blocks


def _record(rng: np.random.Generator, i: int) -> dict[str, Any]:
    return {
        "010": {"SAC": 25, "SIC": int(rng.integers(1, 5))},
        "140": {"TOD": 36000 + i / 128},
        "020": {"TYP": 7},
        "040": {"RHO": rng.uniform(1, 200), "THETA": rng.uniform(0, 359)},
        "070": {"MODE3A": f"{rng.integers(4096):04o}"},
        "090": {"FL": rng.uniform(0, 400)},
        "130": {"SRL": {"SRL": 1.0}, "SRR": {"SRR": 7}, "SAM": {"SAM": -60.0}},
        "220": {"ADDRESS": int(rng.integers(1 << 24))},
        "240": {"IDENT": "ABC1234"},
        "161": {"TRN": int(rng.integers(4096))},
        "200": {"GSP": rng.uniform(0, 0.15), "HDG": rng.uniform(0, 359)},
        "170": {"CNF": 0, "RAD": 3},
        "230": {"COM": 1},
    }


def _columns_rate(blocks: list[bytes]) -> float:
    data = b"".join(blocks)
    started = process_time()
    framed, _ = split_blocks(data, 0, len(data))
    columns, _ = decode_columns(category(48), data, np.array([(first, end) for _, first, end in framed]))
    for path in _WANTED:
        columns[path]
    return len(columns) / (process_time() - started)


def _records_rate(blocks: list[bytes]) -> float:
    layout, n = category(48), 0
    started = process_time()
    for block in blocks:
        position = 3
        while position < len(block):
            _, position = decode_record(layout, block, position)
            n += 1
    return n / (process_time() - started)


def _capture_rate(blocks: list[bytes]) -> float:
    """Octets of a capture to detections: packets, duplicates, records, units, noise."""
    data = format_pcap([Datagram(block, 10**18 + i * 10**6) for i, block in enumerate(blocks)])
    started = process_time()
    datagrams, _ = parse_pcap(data)
    decoded = Decoder().decode(datagrams)
    found = [plots_to_detections(batch, sensor=lambda name: int(name.partition("/")[2]))[0] for batch in decoded.of(48)]
    return len(Detections.concat(found)) / (process_time() - started)


def _peer(blocks: list[bytes], *, repeats: int) -> dict[str, Any] | None:
    """What libasterix reaches on the same blocks; None where it is not installed."""
    try:
        program = f"libasterix {version('libasterix')}"
    except PackageNotFoundError:
        return None
    text = "\n".join(block.hex() for block in blocks)
    rates = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", _PEER], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RunError(f"{program} failed: {done.stderr.strip()[-200:]}")
        found = json.loads(done.stdout)
        rates.append(found["records"] / found["cpu_s"])
    return {"records_per_s": median(rates), "program": program}
