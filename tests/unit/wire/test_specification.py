"""The tables: every edition is whole, and the numbers of the specification come out."""

import pytest

from rampart.errors import InputError
from rampart.wire.asterix.columns import WANTED
from rampart.wire.asterix.specification import CATEGORIES, category, default_edition, editions, walk

ALL = [(number, edition) for number in CATEGORIES for edition in editions(number)]


@pytest.mark.parametrize(("number", "edition"), ALL)
def test_every_edition_is_whole(number, edition):
    layout = category(number, edition)
    ids = [item.id for item in layout.items if item]
    assert len(ids) == len(set(ids))
    assert {"010", "SP"} | ({"RE"} if number != 15 else set()) <= set(ids)  # CAT015 has no expansion field
    for item in walk(layout.items):
        for part in item.parts:
            names = [field.name for field in part if field.name]
            assert len(names) == len(set(names))
            filled = sum(field.bits for field in part)
            chained = item.shape in ("extended", "chained")
            assert filled + chained == 8 * item.size


def test_slots_of_each_category():
    assert [len(category(number).items) for number in CATEGORIES] == [26, 49, 14, 28, 35, 14]


@pytest.mark.parametrize(
    ("number", "item", "field", "bits", "kind", "lsb", "unit"),
    [
        (15, "600/P84", "LAT", 32, "s", 180 / 2**31, "deg"),
        (15, "602/HV", "X", 20, "s", 0.01, "m/s"),
        (15, "625/R", "R", 24, "s", 0.1, "m"),
        (15, "627/SDAZ", "SDAZ", 16, "u", 360 / 2**19, "deg"),
        (15, "628/EL", "EL", 16, "s", 180 / 2**16, "deg"),
        (21, "131", "LON", 32, "s", 180 / 2**30, "deg"),
        (21, "160", "GS", 15, "u", 1 / 2**14, "NM/s"),
        (21, "140", "HEIGHT", 16, "s", 6.25, "ft"),
        (34, "030", "TOD", 24, "u", 1 / 128, "s"),
        (34, "120", "LAT", 24, "s", 180 / 2**23, "deg"),
        (48, "040", "RHO", 16, "u", 1 / 256, "NM"),
        (48, "040", "THETA", 16, "u", 360 / 2**16, "deg"),
        (48, "110", "HEIGHT", 14, "s", 25.0, "ft"),
        (48, "120/CAL", "CAL", 10, "s", 1.0, "m/s"),
        (48, "130/APD", "APD", 8, "s", 360 / 2**14, "deg"),
        (48, "210", "SIGH", 8, "u", 360 / 2**12, "deg"),
        (62, "105", "LON", 32, "s", 180 / 2**25, "deg"),
        (62, "100", "X", 24, "s", 0.5, "m"),
        (62, "130", "ALT", 16, "s", 6.25, "ft"),
        (62, "500/COV", "COV", 16, "s", 0.5, "m"),
        (65, "020", "BATCH", 8, "", 1.0, ""),
    ],
)
def test_fields_as_specified(number, item, field, bits, kind, lsb, unit):
    _, found = category(number).item(item).field(field)
    assert (found.bits, found.kind, found.lsb, found.unit) == (bits, kind, lsb, unit)


@pytest.mark.parametrize("number", CATEGORIES)
def test_fields_of_the_fast_path_exist(number):
    for path in WANTED[number]:
        item, _, name = path.rpartition("/")
        assert category(number).item(item).field(name)[1].bits <= 48


def test_what_editions_change():
    def kind(number, edition, item, field):
        return category(number, edition).item(item).field(field)[1].kind

    assert [kind(48, e, "090", "FL") for e in ("1.21", "1.31", "1.32")] == ["u", "u", "s"]
    assert [kind(62, e, "340/HEIGHT", "HEIGHT") for e in ("1.18", "1.19")] == ["u", "s"]
    assert [len(category(48, e).item("020").parts) for e in ("1.21", "1.30", "1.31", "1.32")] == [2, 2, 3, 6]
    assert [len(category(62, e).item("080").parts) for e in ("1.16", "1.20", "1.21")] == [6, 6, 7]
    with pytest.raises(KeyError):
        category(48, "1.21").item("020").field("ERR")


def test_unknown_category_and_edition():
    with pytest.raises(InputError, match=r"category 19 is not read; expected one of 15, 21, 34, 48, 62, 65"):
        category(19)
    with pytest.raises(InputError, match=r"CAT048 edition '9.9' is not known; expected one of 1.21, .*1.32"):
        category(48, "9.9")
    with pytest.raises(KeyError):
        category(48).item("999")


def test_defaults():
    assert {n: default_edition(n) for n in CATEGORIES} == {
        15: "1.2",
        21: "2.7",
        34: "1.29",
        48: "1.32",
        62: "1.21",
        65: "1.6",
    }
