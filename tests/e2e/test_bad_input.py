"""Bad input through the command line: one clear line with file and place, exit 2, nothing written."""

import re
import struct
import sys
from pathlib import Path

import pytest

from rampart.cli.main import main

GOOD = (Path(__file__).resolve().parents[2] / "examples" / "one_radar.toml").read_text(encoding="utf-8")


@pytest.fixture
def refuse(tmp_path, monkeypatch, capsys):
    """Run a command that must be refused; gives its one line. Whatever was there before is all that is there after."""

    def run(*words):
        before = sorted(tmp_path.rglob("*"))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["rampart", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert stopped.value.code == 2, said.err
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert said.err.startswith("rampart: ")
        assert "Traceback" not in said.err
        assert sorted(tmp_path.rglob("*")) == before
        return said.err.removeprefix("rampart: ").strip()

    return run


def line_of(text: str, what: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(what))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("range_sigma_m = 10.0", "range_sigma = 10.0", "range_sigma"),
        ("spread_m = 120.0", "spread = 120.0", "spread"),
        ("count = 3", 'count = "three"', "count"),
        ("count = 3", "count = 3.5", "count"),
        ("count = 3", "count = true", "count"),
        ("arrival_s = 40.0", "arrival_s = nan", "arrival_s"),
        ("scan_period_s = 0.5", "scan_period_s = inf", "scan_period_s"),
        ("scan_period_s = 0.5", "scan_period_s = 0.0", "scan_period_s"),
        ("azimuth_sigma_deg = 0.2", "azimuth_sigma_deg = -0.2", "azimuth_sigma_deg"),
        ('kind = "rocket"', 'kind = "unicorn"', "kind"),
        ("population = 400", "populaton = 400", "populaton"),
        ("impact_en_m = [0.0, 150.0]", "impact_en_m = [0.0]", "impact_en_m"),
        ("miss_cost = 1000.0", 'miss_cost = "a lot"', "miss_cost"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_key_is_named_with_file_and_line(refuse, tmp_path, command, old, new, key):
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    message = refuse(command, "site.toml")
    assert message.startswith(f"site.toml:{line_of(text, new)}: ")
    assert key in message


def test_latitude_144(refuse, tmp_path):
    text = GOOD.replace("lat_deg = 33.30", "lat_deg = 144.0")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    message = refuse("run", "site.toml")
    assert message.startswith(f"site.toml:{line_of(text, 'origin')}: ")
    assert "lat_deg" in message
    assert "144" in message


@pytest.mark.parametrize("bracket", ["[", "{a="])
def test_five_thousand_nested_brackets(refuse, tmp_path, bracket):
    (tmp_path / "site.toml").write_text(GOOD + "\nx = " + bracket * 5000, encoding="utf-8")
    assert refuse("run", "site.toml").startswith("site.toml:")


@pytest.mark.parametrize(
    ("command", "words"), [("check", ()), ("run", ()), ("track", ("--out", "t.parquet")), ("replay", ())]
)
class TestFilesThatAreNone:
    """An empty file, a folder, nothing, a file that cannot be read, noise: for each command that reads one."""

    def test_empty(self, refuse, tmp_path, command, words):
        (tmp_path / "empty.toml").touch()
        assert "empty.toml" in refuse(command, "empty.toml", *words)

    def test_a_folder(self, refuse, tmp_path, command, words):
        (tmp_path / "folder.d").mkdir()
        assert "folder" in refuse(command, "folder.d", *words)

    def test_absent(self, refuse, command, words):
        assert re.match(r"none\.toml: .*no such file", refuse(command, "none.toml", *words), re.IGNORECASE)

    def test_unreadable(self, refuse, command, words):
        if not Path("/proc/self/mem").exists():
            pytest.skip("no /proc/self/mem, a file that nobody can read from its beginning")
        assert re.match(r"/proc/self/mem: cannot (be )?read", refuse(command, "/proc/self/mem", *words))

    def test_noise(self, refuse, tmp_path, command, words):
        (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 20)
        assert refuse(command, "noise.bin", *words).startswith("noise.bin")


def pcap(*payloads: bytes, cut: int = 0) -> bytes:
    """A capture of Ethernet frames, written by hand so that the reader is not tested by its own writer."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for payload in payloads:
        udp = struct.pack(">HHHH", 8600, 8600, 8 + len(payload), 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
        frame = b"\0" * 12 + b"\x08\0" + ip
        out += struct.pack("<IIII", 1_625_518_800, 0, len(frame), len(frame)) + frame
    return out[: len(out) - cut]


def test_a_truncated_capture_is_refused_with_its_place(refuse, tmp_path):
    (tmp_path / "cut.pcap").write_bytes(pcap(b"\x30\x00\x03" * 8, cut=5))
    message = refuse("track", "cut.pcap", "--out", "tracks.parquet")
    assert re.match(r"cut\.pcap: octet \d+: ", message)


def test_a_capture_of_something_else_is_refused(refuse, tmp_path):
    (tmp_path / "dns.pcap").write_bytes(pcap(b"\x12\x34\x01\x00\x00\x01" + b"\0" * 20))
    assert refuse("track", "dns.pcap", "--out", "tracks.parquet").startswith("dns.pcap: ")


FLIGHT = "time_s,height_m\n0.0,0.0\n1.0,80.0\n2.0,120.0\n3.0,60.0\n"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "flight.csv: "),
        ("time_s,height_m\n0.0,0.0\n", "flight.csv"),
        ("time_s,height_m\n0.0,0.0\n2.0,120.0\n1.0,80.0\n", "flight.csv:4: "),
        ("time_s,height_m\n0.0,0.0\n1.0,high\n2.0,80.0\n", "flight.csv:3: "),
    ],
    ids=["empty", "one row", "time backwards", "no number"],
)
def test_a_bad_recorded_flight_is_refused_with_file_and_line(refuse, tmp_path, content, place):
    (tmp_path / "flight.csv").write_text(content, encoding="utf-8")
    start = GOOD.index("[[threat]]")
    part = '[[threat]]\nid = "log"\nkind = "recorded"\nfile = "flight.csv"\nabove_en_m = [0.0, 500.0]\n\n'
    text = GOOD[:start] + part + GOOD[GOOD.index("[[effector]]") :]
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    for command in ("check", "run"):
        assert refuse(command, "site.toml").startswith(place)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "'scenario'"),
        (("run", "embassy-rockets", "--seed", "x"), "'--seed'"),
        (("run", "embassy-rockets", "--seed", "-1"), "'--seed'"),
        (("run", "embassy-rocket"), "did you mean 'embassy-rockets'"),
        (("run", "embassy-rockets", "--nonsense"), "--nonsense"),
        (("run", "embassy-rockets", "--set", "zone.nort.population=3"), "zone.nort"),
        (("nonsense",), "'nonsense'"),
        (("bench", "nothing"), "'nothing'"),
        (("bench", "chain", "--hours", "3"), "bench chain has no --hours"),
        (("bench", "calm", "--hours", "-1"), "'--hours'"),
        (("bench", "calm", "--keep", "no/such/folder/runs.jsonl"), "no/such/folder/runs.jsonl: cannot be used"),
        (("track", "x.pcap", "--p-detect", "2"), "--p-detect"),
    ],
)
def test_bad_arguments_are_said_in_one_line(refuse, words, said):
    assert said in refuse(*words)


def test_the_version_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rampart", "--version"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", capsys.readouterr().out)
