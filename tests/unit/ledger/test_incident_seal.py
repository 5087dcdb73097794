"""Seals: a cut-off end, a history written anew, a changed seal, another's key; files that are none."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.errors import InputError, RunError
from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger

pytest.importorskip("cryptography", reason="cryptography is not installed")

from rampart.ledger.incidents.seals import Seal, load_private_key, load_public_key, make_key, read_stamp, stamp_request


@pytest.fixture
def sealed(ledger_place, tmp_path):
    """A ledger, its seal and its key."""
    ledger = Ledger(ledger_place)
    ledger.add([IncidentDraft(site="x", claims=(ClaimDraft("press", "Two."),))], now_ns=1)
    make_key(tmp_path / "seal.key")
    key = load_private_key(tmp_path / "seal.key")
    seal = ledger.seal(key, now_ns=2)
    ledger.add_claim(1, ClaimDraft("witness", "Three."), now_ns=3)
    return ledger, seal, tmp_path / "seal.key"


def execute(ledger, *statements):
    with ledger.database.place.connection("write") as connection, connection.begin():
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_what_was_added_since_is_no_fault(sealed):
    ledger, seal, key = sealed
    found = ledger.verify(seal=Seal.parse(seal.text()), public_key=load_public_key(key))
    assert found["ok"]
    assert (found["seal"]["entries"], found["seal"]["entries_since"], found["seal"]["at_ns"]) == (3, 1, 2)
    assert found["seal"]["key_given"]


def test_an_end_cut_off_beyond_the_seal_shows(sealed):
    ledger, seal, _ = sealed
    execute(
        ledger, "delete from claim", "delete from status", "delete from history where number > 1",
    )  # fmt: skip
    assert ledger.verify()["ok"]
    found = ledger.verify(seal=seal)
    assert [fault["message"] for fault in found["faults"]] == [
        "the history ends with entry 1, but entry 3 was sealed: it was cut off"
    ]


def test_a_history_written_anew_shows(sealed, tmp_path):
    _, seal, _ = sealed
    other = Ledger(str(tmp_path / "other.sqlite"))
    other.add([IncidentDraft(site="x", claims=(ClaimDraft("press", "None."),))], now_ns=1)
    assert other.verify()["ok"]
    [fault] = other.verify(seal=seal)["faults"]
    assert fault["message"] == "entry 3 is not the one that was sealed: the history was written anew"


@pytest.mark.parametrize(("key", "value"), [("entries", 2), ("head", "0" * 64), ("at_ns", 1)])
def test_a_changed_seal_shows(sealed, key, value):
    ledger, seal, _ = sealed
    changed = Seal.parse(json.dumps({**json.loads(seal.text()), key: value}))
    messages = [fault["message"] for fault in ledger.verify(seal=changed)["faults"]]
    assert messages[0] == "the seal was changed: its signature does not fit"


def test_a_seal_by_another_key_shows_only_against_the_key(sealed, tmp_path):
    ledger, _, key = sealed
    make_key(tmp_path / "forger.key")
    forged = ledger.seal(load_private_key(tmp_path / "forger.key"), now_ns=2)
    assert ledger.verify(seal=forged)["ok"]
    [fault] = ledger.verify(seal=forged, public_key=load_public_key(key.with_name("seal.key.pub")))["faults"]
    assert fault["message"] == "the seal was signed by another key than the one given"


def test_a_ledger_that_is_not_sound_is_not_sealed(sealed):
    ledger, _, key = sealed
    execute(ledger, "update claim set statement = 'Nine.' where id = 1")
    with pytest.raises(RunError, match="is not sound, so it is not sealed: claim 1 is not what entry 3 says"):
        ledger.seal(load_private_key(key), now_ns=4)


def test_keys_are_made_for_their_owner_and_never_written_over(tmp_path):
    beside = make_key(tmp_path / "a.key")
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    assert load_public_key(beside) == load_public_key(tmp_path / "a.key")
    with pytest.raises(InputError, match="is there already; a key is never written over"):
        make_key(tmp_path / "a.key")
    (tmp_path / "words").write_text("words")
    for load in (load_private_key, load_public_key):
        with pytest.raises(InputError, match="is no key; expected a p"):
            load(tmp_path / "words")
        with pytest.raises(InputError, match="cannot be read"):
            load(tmp_path / "none")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "x"}, {"schema": 2}, {"entries": "3"}, {"entries": -1}, {"head": "short"}, {"extra": 1},
        {"signature": "?"}, {"time_stamps": [1]}, {"time_stamps": None},
    ],
)  # fmt: skip
def test_what_is_no_seal_is_one_line(change):
    data = {
        "schema": 1, "kind": "rampart-ledger-seal", "entries": 1, "head": "0" * 64, "at_ns": 0,
        "public_key": base64.b64encode(bytes(32)).decode(), "signature": "", "time_stamps": [],
    }  # fmt: skip
    assert not Seal.parse(json.dumps(data)).is_signed
    with pytest.raises(InputError, match=r"f\.json: (is no seal|expected schema 1)"):
        Seal.parse(json.dumps({**data, **change}), "f.json")


@given(st.one_of(st.text(max_size=40), st.recursive(st.none() | st.integers(), st.lists).map(json.dumps)))
def test_any_text_is_a_seal_or_refused(text):
    with pytest.raises(InputError):
        Seal.parse(text)


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda rest: stamp_request(bytes(32)) + rest)))
def test_any_octets_are_a_time_stamp_or_refused(octets):
    with pytest.raises(InputError):
        read_stamp(octets)


def test_a_request_is_what_the_standard_says():
    octets = stamp_request(bytes(range(32)))
    assert octets.hex() == ("30390201013031300d060960864801650304020105000420" + bytes(range(32)).hex() + "0101ff")
