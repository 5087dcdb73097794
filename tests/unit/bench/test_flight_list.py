"""Lists of real flights: anybody's logs, and what is wrong with them in one line."""

import numpy as np
import pytest

from rampart.bench import flights
from rampart.bench.climbs import make_climb
from rampart.bench.flight_list import load_list
from rampart.errors import InputError

LIST = """
[[climb]]
id = "ours"
file = "log.csv"
time_column = "T (ms)"
time_unit = "ms"
height_column = 3
height_unit = "ft"
above_sea_level = true
elevation_m = 500.0
delimiter = ";"
apogee_m = {apogee}
"""


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Write a list and say where it is."""

    def write(text):
        (tmp_path / "list.toml").write_text(text)
        monkeypatch.setenv("RAMPART_FLIGHTS", str(tmp_path / "list.toml"))
        return tmp_path

    return write


def write_log(folder, time_s, height_m):
    rows = [f"{1000 * t:.0f};x;y;{(h + 500.0) / 0.3048:.3f}" for t, h in zip(time_s, height_m, strict=True)]
    (folder / "log.csv").write_text("\n".join(["T (ms);a;b;b", *rows]) + "\n")


@pytest.mark.compiled
def test_a_log_with_columns_of_its_own_is_predicted(listed):
    made = make_climb(np.random.default_rng(20_001))
    folder = listed(LIST.format(apogee=made.apogee_m))
    write_log(folder, made.time_s, made.height_m)
    found, where = load_list()
    assert where == folder
    row = flights._climb(found.climb[0], where)["ours"]
    assert row["status"] == "predicted"
    assert abs(row["error"]) < 0.05
    assert row["apogee_m"] == made.apogee_m


def test_a_log_that_is_not_there_is_said_so(listed):
    folder = listed(LIST.format(apogee=100.0))
    assert flights._climb(load_list()[0].climb[0], folder)["ours"] == {"skipped": "no file log.csv"}
    assert flights._summary([{"skipped": "no file"}])["not_predicted"] == {"skipped": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[climb]]\nid = 'a'\n", r"list.toml: climb.0.file: Field required"),
        ("[[climb]]\nid = 'a'\nfile = 'b'\nhight_column = 'c'\n", r"climb.0.hight_column: Extra"),
        (
            "[[climb]]\nid = 'a'\nfile = 'b'\nheight_unit = 'yd'\n",
            r"climb.0.height_unit: Input should be 'm', 'ft' or 'km'",
        ),
        ("[[climb]\n", "not TOML"),
        ("climb = 3\n", "climb: Input should be"),
    ],
)
def test_a_bad_list_is_refused_in_one_line(listed, text, message):
    listed(text)
    with pytest.raises(InputError, match=message):
        load_list()


def test_a_list_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("RAMPART_FLIGHTS", str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match=r"none.toml: cannot read the list of flights"):
        load_list()


def test_a_log_of_three_rows_is_refused_in_one_line(listed):
    folder = listed(LIST.format(apogee=100.0))
    write_log(folder, [0.0, 1.0, 2.0], [0.0, 10.0, 20.0])
    with pytest.raises(InputError, match=r"log.csv: climb 'ours': 3 rows of heights; expected at least 5"):
        flights._climb(load_list()[0].climb[0], folder)
