"""Every item against libasterix, in a process of its own: its top-level name is shared with other packages."""

import json
import subprocess
import sys

import numpy as np
import pytest

from rampart.errors import DecodeError
from rampart.wire.asterix import category, decode_block, editions, encode_block, split_blocks
from rampart.wire.pcap import read_pcap

pytestmark = pytest.mark.counterparty

# Reads lines "category edition hex", writes per line the records as nested lists without names, in wire order.
WALKER = r"""
import json, sys
from asterix import base, generated

def value(rule, bits):
    content = rule.cv_default_content if issubclass(rule, base.RuleContentDependent) else rule.cv_content
    found = content(bits)
    if isinstance(found, base.ContentQuantity):
        return found._as_quantity()
    if isinstance(found, base.ContentInteger):
        return found.as_integer()
    if isinstance(found, base.ContentString):
        return found.as_string()
    raw = bits.to_uinteger()
    if isinstance(found, base.ContentBds) and len(bits) == 64:
        return [raw >> 8, raw >> 4 & 15, raw & 15]
    return raw

def items(found):
    out = []
    for item in found:
        if isinstance(item, base.Item):
            inner = walk(item.arg.arg.arg)
            out += inner if isinstance(inner, list) else [inner]
    return out

def walk(found):
    if isinstance(found, base.Element):
        return value(found.cv_rule, found.bs)
    if isinstance(found, base.Group):
        return items(found.arg)
    if isinstance(found, base.Extended):
        return [x for part in found.arg for x in items(part)]
    if isinstance(found, base.Repetitive):
        return [walk(x) for x in found.arg]
    if isinstance(found, base.Explicit):
        return found.get_bytes().hex()
    order = [x.cv_name if x else None for x in found.cv_items_list]
    return {str(order.index(name)): walk(x.arg.arg) for name, x in found.arg.items()}

for line in sys.stdin:
    number, edition, text = line.split()
    spec = getattr(generated, f"Cat_{int(number):03d}_{edition.replace('.', '_')}")
    records = spec.cv_uap.parse(base.Bits.from_bytes(bytes.fromhex(text)))
    if isinstance(records, ValueError):
        print(json.dumps(str(records)))
        continue
    print(json.dumps([{name: walk(x.arg.arg) for name, x in r.items_regular.items()} for r in records]), flush=True)
"""


def theirs(lines):
    text = "".join(f"{number} {edition} {body.hex()}\n" for number, edition, body in lines)
    done = subprocess.run([sys.executable, "-c", WALKER], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def plain(item, value):
    """One of our items without names, as the walker writes it."""
    if isinstance(value, list):
        chunks = [plain_fields(item.parts[0], entry) for entry in value]
        single = sum(bool(field.name) for field in item.parts[0]) == 1
        return [chunk[0] for chunk in chunks] if single else chunks
    if item.shape == "compound":
        slots = {sub.id: str(i) for i, sub in enumerate(item.items) if sub}
        subs = {sub.id: sub for sub in item.items if sub}
        return {slots[name]: plain(subs[name], entry) for name, entry in value.items()}
    if item.shape == "explicit":
        return value.get("bytes")
    fields = [field for part in item.parts for field in part]
    out = plain_fields(fields, value)
    lone = item.shape == "fixed" and len(fields) == 1
    return out[0] if lone else out


def plain_fields(fields, value):
    kinds = {field.name: field.kind for field in fields}
    return [int(entry, 16) if kinds[name] == "hex" else entry for name, entry in value.items()]


def same(ours, other):
    if isinstance(other, list):
        return len(ours) == len(other) and all(same(a, b) for a, b in zip(ours, other, strict=True))
    if isinstance(other, dict):
        return ours.keys() == other.keys() and all(same(ours[key], other[key]) for key in other)
    if isinstance(other, str):
        return ours.rstrip() == other.rstrip()
    if isinstance(other, float):
        return ours == pytest.approx(other, rel=1e-12, abs=1e-12)
    return ours == other


def compare(layout, ours, other):
    """Item by item; gives how many were compared."""
    assert isinstance(other, list), f"libasterix refuses what we accept: {other}"
    assert len(ours) == len(other)
    n = 0
    for record, expected in zip(ours, other, strict=True):
        assert record.keys() == expected.keys()
        for name, value in record.items():
            if name == "RE" and "bytes" not in value:
                continue  # libasterix keeps the expansion field's octets
            assert same(plain(layout.item(name), value), expected[name]), (name, value, expected[name])
            n += 1
    return n


@pytest.mark.parametrize(("name", "least"), [("cat_034_048.pcap", 1500), ("cat_062_065.pcap", 30)])
def test_captures(require_service, shared_data, name, least):
    require_service("asterix")
    datagrams, _ = read_pcap(shared_data(f"asterix/{name}"))
    lines, ours = [], []
    for datagram in datagrams:
        for number, first, end in split_blocks(datagram.payload, 0, len(datagram.payload))[0]:
            body = datagram.payload[first:end]
            layout = category(number)
            lines.append((number, layout.edition, body))
            ours.append((layout, decode_block(layout, body)))
    compared = sum(compare(*mine, other) for mine, other in zip(ours, theirs(lines), strict=True))
    assert compared >= least


def random_value(rng, field):
    raw = int(rng.integers(0, 1 << field.bits, dtype=np.uint64))
    if field.kind == "s" and raw >> (field.bits - 1):
        raw -= 1 << field.bits
    if field.kind in ("u", "s"):
        return raw * field.lsb
    if field.kind in ("octal", "hex"):
        return f"{raw:o}" if field.kind == "octal" else f"{raw:x}"
    if field.kind in ("icao", "ascii"):
        return "".join(rng.choice(list("ABZ019 "), field.bits // (6 if field.kind == "icao" else 8)))
    return raw


def random_item(rng, item):
    def part(fields):
        return {field.name: random_value(rng, field) for field in fields if field.name}

    if item.shape == "compound":
        subs = [sub for sub in item.items if sub]
        chosen = rng.permutation(len(subs))[: rng.integers(1, len(subs) + 1)]
        return {subs[i].id: random_item(rng, subs[i]) for i in sorted(chosen.tolist())}
    if item.shape == "explicit":
        return {"bytes": rng.bytes(int(rng.integers(1, 9))).hex()}
    if item.shape == "fixed":
        return part(item.parts[0])
    if item.shape == "extended":
        return {
            name: v for fields in item.parts[: rng.integers(1, len(item.parts) + 1)] for name, v in part(fields).items()
        }
    return [part(item.parts[0]) for _ in range(rng.integers(item.shape == "chained", 4))]


THEIR_EDITIONS = [
    (number, edition)
    for number, oldest in ((15, "1.0"), (21, "2.2"), (34, "1.27"), (48, "1.27"), (62, "1.16"), (65, "1.4"))
    for edition in editions(number)[editions(number).index(oldest) :]
]


def test_generated_records_of_all_editions(require_service):
    require_service("asterix")
    rng = np.random.default_rng(3)
    lines, ours = [], []
    for number, edition in THEIR_EDITIONS:
        layout = category(number, edition)
        known = [item for item in layout.items if item]
        for _ in range(25):
            chosen = rng.permutation(len(known))[: rng.integers(1, len(known) + 1)]
            record = {known[i].id: random_item(rng, known[i]) for i in sorted(chosen.tolist())}
            body = encode_block(layout, [record, record])[3:]
            lines.append((number, edition, body))
            ours.append((layout, decode_block(layout, body)))
    answers = theirs(lines)
    compared = sum(compare(*mine, other) for mine, other in zip(ours, answers, strict=True))
    assert compared > 5000


def test_what_they_refuse_we_refuse(require_service):
    """Mutated blocks: the same verdict, but for octets of extended items beyond the edition (we pass over them)."""
    require_service("asterix")
    rng = np.random.default_rng(4)
    layout = category(48)
    record = {
        "010": {"SAC": 1, "SIC": 2},
        "140": {"TOD": 1.0},
        "040": {"RHO": 2.0, "THETA": 3.0},
        "130": {"SRL": {"SRL": 1.0}},
        "250": [{"MB": "0"}],
        "120": {"RDS": [{"DOP": 1}]},
    }
    body = encode_block(layout, [record, record])[3:]
    lines, verdicts = [], []
    for _ in range(400):
        octets = bytearray(body)
        octets[rng.integers(len(octets))] = rng.integers(256)
        try:
            found = decode_block(layout, bytes(octets))
            if any("extra" in value for r in found for value in r.values() if isinstance(value, dict)):
                continue
            verdicts.append(True)
        except DecodeError as error:
            if error.reason == "empty_record":
                continue  # a record without items is one for libasterix
            verdicts.append(False)
        lines.append((48, layout.edition, bytes(octets)))
    accepted = [isinstance(answer, list) for answer in theirs(lines)]
    assert accepted == verdicts
    assert 20 < sum(verdicts) < len(verdicts) - 20
