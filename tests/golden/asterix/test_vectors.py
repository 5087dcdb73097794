"""Every value that jASTERIX asserts for its vectors, read by both faces of our codec."""

import json

import numpy as np
import pytest

from rampart.wire import read_source
from rampart.wire.asterix import Editions, category, decode_columns, decode_record
from rampart.wire.asterix.columns import WANTED

VECTORS = {
    "cat021ed2.1.bin": (21, "2.2"),  # 2.1 differs in one item that the vector lacks
    "cat034ed1.26.bin": (34, "1.26"),
    "cat048ed1.23.bin": (48, "1.23"),
    "cat062ed1.16.bin": (62, "1.16"),
    "cat065ed1.3.bin": (65, "1.3"),
}

# jASTERIX's names where they are not ours; {} stands for the index of a repetition
NAMES = {
    21: {
        "161/Track Number": "161/TRN", "015/Service Identification": "015/SID", "130/Latitude": "130/LAT",
        "130/Longitude": "130/LON", "080/Target Address": "080/ADDRESS",
        "073/Time of Message Reception for Position": "073/TOD",
        "075/Time of Message Reception of Velocity": "075/TOD", "140/Geometric Height": "140/HEIGHT",
        "090/NUCr or NACv": "090/NUCR", "090/NUCp or NIC": "090/NUCP", "070/Mode-3/A": "070/MODE3A",
        "145/Flight Level": "145/FL", "077/Time Of ASTERIX Report Transmission": "077/TOD",
        "170/Target Identification": "170/IDENT", "016/RP": "016/PERIOD",
    },
    34: {
        "000/Message Type": "000/TYP", "030/Time of Day": "030/TOD", "020/Sector Number": "020/SECTOR",
        "050/COM/OVL RDP": "050/COM/OVLRDP", "050/COM/OVL XMT": "050/COM/OVLXMT", "050/PSR/CH-A/B": "050/PSR/CHAB",
        "050/MDS/CH-A/B": "050/MDS/CHAB", "050/MDS/OVL SUR": "050/MDS/OVLSUR", "050/MDS/OVL SCF": "050/MDS/OVLSCF",
        "050/MDS/OVL DLF": "050/MDS/OVLDLF", "060/COM/RED-RDP": "060/COM/REDRDP", "060/COM/RED-XMT": "060/COM/REDXMT",
        "060/PSR/RED-RAD": "060/PSR/REDRAD", "060/MDS/RED-RAD": "060/MDS/REDRAD",
    },
    48: {
        "070/Mode-3/A reply": "070/MODE3A", "090/Flight Level": "090/FL", "130/SAM/value": "130/SAM/SAM",
        "220/AIRCRAFT ADDRESS": "220/ADDRESS", "240/Aircraft Identification": "240/IDENT",
        "250/Mode S MB Data/0/BDS1": "250/0/BDS1", "250/Mode S MB Data/0/BDS2": "250/0/BDS2",
        "250/Mode S MB Data/0/MB Data": "250/0/MB", "161/TRACK NUMBER": "161/TRN",
        "200/CALCULATED GROUNDSPEED": "200/GSP", "200/CALCULATED HEADING": "200/HDG", "REF/ERR/RHO": "RE/ERR/RHO",
    },
    62: {
        "015/Service Identification": "015/SID", "105/Latitude": "105/LAT", "105/Longitude": "105/LON",
        "185/Vx": "185/VX", "185/Vy": "185/VY", "210/Ax": "210/AX", "210/Ay": "210/AY",
        "060/Mode-3/A reply": "060/MODE3A", "040/Track Number": "040/TRN", "290/PSR/Age": "290/PSR/AGE",
        "290/SSR/Age": "290/SSR/AGE", "290/MDS/Age": "290/MDS/AGE", "136/Measured Flight Level": "136/MFL",
        "130/Altitude": "130/ALT", "135/Calculated Track Barometric Altitude": "135/CTB",
        "220/Rate of Climb/Descent": "220/ROCD",
        "510/Composed Track Number/0/SYSTEM UNIT IDENTIFICATION": "510/0/IDENT",
        "510/Composed Track Number/0/SYSTEM TRACK NUMBER": "510/0/TRACK",
        "340/MDC/Last Measured Mode C Code": "340/MDC/LMC", "340/MDA/Mode-3/A reply": "340/MDA/MODE3A",
    },
    65: {
        "000/Message Type": "000/TYP", "015/Service Identification": "015/SID", "030/Time of Message": "030/TOD",
        "020/Batch Number": "020/BATCH",
    },
}  # fmt: skip

# jASTERIX's units where they are not the table's
FACTORS = {
    (48, "200/GSP"): 3600.0,  # NM/s -> kt
    (62, "135/CTB"): 100.0,  # FL -> ft
}


@pytest.fixture(params=VECTORS, ids=lambda name: name[:6])
def vector(request, shared_data):
    """Category, edition, octets and what they must say."""
    folder = shared_data("asterix/jasterix/expected.json").parent
    data = shared_data(f"asterix/jasterix/{request.param}").read_bytes()
    expected = json.loads((folder / "expected.json").read_text())[request.param]
    return *VECTORS[request.param], data, expected


def presence(layout_items, named):
    """Presence bits of the items named, in wire order, without FX."""
    return "".join("1" if item is not None and item.id in named else "0" for item in layout_items)


def without_fx(bits):
    return "".join(bits[i : i + 7] for i in range(0, len(bits), 8))


def value_at(record, path):
    for name in path.split("/"):
        record = record[int(name)] if isinstance(record, list) else record[name]
    return record


def test_every_value(vector):
    number, edition, data, expected = vector
    layout = category(number, edition)
    record, end = decode_record(layout, data, 3)
    assert end == len(data)
    assert expected["edition"] == ("2.1" if number == 21 else edition)
    assert expected["records"] == 1
    checked = 0
    for field in expected["fields"]:
        path, wanted = "/".join(map(str, field["path"])), field["value"]
        if path == "FSPEC":
            bits = without_fx(wanted)
            assert presence(layout.items, record).ljust(len(bits), "0")[: len(bits)] == bits
        elif path.endswith("/available"):
            item = path.split("/")[0]
            bits = wanted[:-1]  # the last is FX
            assert presence(layout.item(item).items, record[item]).ljust(len(bits), "0")[: len(bits)] == bits
        elif "FX" in path or path.endswith("/extend"):
            continue  # not a value: that the octets behind it are read, or not, shows in the values there
        elif path == "135/QNH":
            assert record["135"]["QNH"] == wanted
        else:
            ours = NAMES[number].get(path, path)
            found = value_at(record, ours)
            if isinstance(wanted, str):
                assert found.rstrip() == wanted.rstrip()
            elif isinstance(found, str):  # a code: its digits, read as a decimal number
                assert int(found) == wanted
            else:
                factor = FACTORS.get((number, ours), 1.0)
                assert found * factor == pytest.approx(wanted, abs=field.get("tolerance", 0.0), rel=0.0)
        checked += 1
    assert checked >= len(expected["fields"]) - 6


def test_columns_say_the_same(vector):
    number, edition, data, _ = vector
    layout = category(number, edition)
    record, _ = decode_record(layout, data, 3)
    columns, rejected = decode_columns(layout, data, np.array([[3, len(data)]]))
    assert rejected == {}
    given = 0
    for path in WANTED[number]:
        try:
            wanted = value_at(record, path)
        except KeyError:
            assert np.isnan(columns[path][0])
            continue
        if isinstance(wanted, str):
            if path.endswith("MODE3A"):
                assert columns[path][0] == int(wanted, 8)
            continue
        assert columns[path][0] == wanted
        given += 1
    assert given >= 6


def test_as_files(shared_data):
    path = shared_data("asterix/jasterix/cat048ed1.23.bin")
    source = read_source(path, editions=Editions.parse(["048=1.23"]))
    (plot,) = source.detections
    assert plot.range_m == 257.0 * 1852.0  # from the expansion field, beyond item 040
    assert np.degrees(plot.azimuth_rad) == pytest.approx(89.67041015625, abs=1e-12)
    assert plot.height_m == pytest.approx(37000 * 0.3048)
    assert plot.identity == f"{11226301:06X}"
    (track,) = read_source(shared_data("asterix/jasterix/cat062ed1.16.bin")).external
    assert np.degrees(track.latitude_rad) == pytest.approx(35.138643980026245, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "skipped"),
    [
        ("cat004ed1.4.bin", {"4": 3}),
        ("cat010ed0.31.bin", {"10": 1}),
        ("cat019ed1.3.bin", {"19": 1}),
    ],
)
def test_other_categories_are_skipped_and_counted(shared_data, name, skipped):
    source = read_source(shared_data(f"asterix/jasterix/{name}"))
    assert (source.records, source.skipped, source.rejected) == ({}, skipped, {})
    assert len(source.detections) == len(source.external) == 0
