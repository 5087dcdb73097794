"""The chain of hashes and the store: what is changed, removed, reordered, cut off, locked, read-only or too new."""

import hashlib
import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.ledger.incidents import (
    ClaimDraft,
    Database,
    EventDraft,
    EvidenceDraft,
    IncidentDraft,
    Ledger,
    parse_count,
    parse_span,
)
from rampart.ledger.incidents.chain import Entry, append, canonical, faults


def fill(place):
    ledger = Ledger(place)
    claims = (
        ClaimDraft("press", "Fourteen.", count=parse_count("14"), type="rocket", lat_deg=33.79, lon_deg=42.44),
        ClaimDraft("claiming_group", "Thirty.", count=parse_count("30"), type="rocket"),
    )
    first = IncidentDraft(site="Ain al-Asad", key="a", time=parse_span("2021-07-07T12:30+03:00"), claims=claims)
    ledger.add([first, IncidentDraft(site="unknown", key="b")], now_ns=1)
    ledger.add_claim(2, ClaimDraft("witness", "Größer als sonst."), now_ns=2)
    ledger.set_status(1, "closed", "nothing open", now_ns=3)
    return ledger


@pytest.fixture
def filled(ledger_place):
    """A ledger with some entries, in either database."""
    return fill(ledger_place)


@pytest.fixture
def copy(tmp_path):
    """The same as a SQLite file, for what only files have."""
    path = tmp_path / "copy.sqlite"
    fill(str(path))
    return path


def execute(ledger, *statements):
    """What somebody does who can reach the database."""
    with ledger.database.place.connection("write") as connection, connection.begin():
        return [connection.exec_driver_sql(statement) for statement in statements]


def tamper(ledger, *statements):
    execute(ledger, *statements)
    return ledger.verify()


def test_a_sound_ledger_is_sound(filled):
    found = filled.verify()
    assert (found["ok"], found["entries"], found["faults"]) == (True, 9, [])


def test_the_hash_can_be_computed_from_its_description_alone(filled):
    with filled.database.reading() as connection:
        rows = connection.exec_driver_sql("select * from history order by number").fetchall()
    before = "0" * 64
    for row in rows:
        number, at_ns, action, subject, subject_id, payload, previous, stored = row
        data = {
            "number": number, "at_ns": at_ns, "action": action, "subject": subject, "subject_id": subject_id,
            "payload": json.loads(payload), "previous": previous,
        }  # fmt: skip
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode("ascii")).hexdigest() == stored
        assert previous == before
        before = stored
    assert len(rows) == 9


@pytest.mark.parametrize(
    ("statement", "entry", "words"),
    [
        ("update history set payload = replace(payload, '14', '15') where number = 3", 3, "entry 3 was changed"),
        ("update history set at_ns = 7 where number = 5", 5, "entry 5 was changed"),
        ("update history set hash = 'ff' || substr(hash, 3) where number = 4", 4, "entry 4 was changed"),
        ("delete from history where number = 4", 4, "entry 4 was removed"),
        ("delete from history where number in (2, 3)", 2, "entry 2 to 3 was removed"),
        ("delete from history where number = 1", 1, "entry 1 was removed"),
        ("update claim set count_low = 3 where id = 1", 3, "claim 1 is not what entry 3 says"),
        ("delete from claim where id = 3", 7, "claim 3 of entry 7 is gone"),
        ("update incident set status = 'open' where id = 1", 9, "incident 1 is not what entry 9 says"),
        ("delete from history where number = 9", 1, "incident 1 is not what entry 1 says"),
        (
            "insert into claim (id, incident_id, source, statement) values (9, 1, 'press', 'x')",
            None,
            "claim 9 is in no entry of the history",
        ),
    ],
)
def test_what_was_done_is_said_with_the_entry(filled, statement, entry, words):
    found = tamper(filled, statement)
    assert not found["ok"]
    assert {"entry": entry, "message": words} in found["faults"]


@pytest.mark.parametrize(
    ("statement", "entry", "words"),
    [
        ("update history set at_ns = 'soon' where number = 5", 5, "entry 5 was changed"),
        ("update claim set statement = x'00ff' where id = 1", 3, "claim 1 is not what entry 3 says"),
    ],
)
def test_so_is_what_only_sqlite_lets_through(copy, statement, entry, words):
    assert {"entry": entry, "message": words} in tamper(Ledger(str(copy)), statement)["faults"]


@pytest.mark.parametrize(
    "statement",
    [
        "update claim set count_low = -7 where id = 1",
        "update claim set count_low = 2000000 where id = 1",
        "update claim set count_high = 3 where id = 1",
        "update claim set confidence = 5 where id = 1",
    ],
)
def test_figures_are_refused_where_rows_cannot_have_been_entered(filled, statement):
    execute(filled, statement)
    with pytest.raises(InputError, match="is no sound ledger: rampart incident verify says what was changed"):
        filled.columns()
    assert not filled.verify()["ok"]


@pytest.mark.parametrize(
    "statement",
    [
        "update incident set time_earliest_ns = 'soon' where id = 1",
        "update incident set time_earliest_ns = 1.5 where id = 1",
        "update claim set confidence = 'high' where id = 1",
        "update incident set site = 'a' || char(31) || 'b' where id = 1",
    ],
)
def test_so_are_those_that_only_sqlite_lets_through(copy, statement):
    ledger = Ledger(str(copy))
    execute(ledger, statement)
    with pytest.raises(InputError, match="is no sound ledger: rampart incident verify says what was changed"):
        ledger.columns()


def test_entries_that_changed_places_are_found(filled):
    found = tamper(
        filled,
        "update history set number = 100 where number = 3",
        "update history set number = 3 where number = 4",
        "update history set number = 4 where number = 100",
    )
    assert [fault["entry"] for fault in found["faults"]][:2] == [3, 3]


def test_a_history_cut_off_with_its_rows_shows_against_a_head_kept_elsewhere(filled):
    head = filled.verify()["head"]
    statements = ("delete from history where number > 7", "delete from status where id = 3")
    assert tamper(filled, *statements, "update incident set status = 'open'")["ok"]
    assert not filled.verify(head)["ok"]


def chain(payloads):
    entries: list[Entry] = []
    for k, payload in enumerate(payloads):
        text = canonical({"what": payload})
        entries.append(append(entries[-1] if entries else None, k, "add", "claim", k, text))
    return entries


@given(st.lists(st.text(max_size=8), min_size=2, max_size=12), st.data())
def test_any_change_removal_or_swap_is_found(payloads, data):
    entries = chain(payloads)
    assert faults(entries) == []
    k = data.draw(st.integers(0, len(entries) - 1))
    e = entries[k]
    changed = data.draw(
        st.sampled_from(
            [
                replace(e, payload=canonical({"what": payloads[k] + "!"})), replace(e, at_ns=e.at_ns + 1),
                replace(e, subject="incident"), replace(e, subject_id=e.subject_id + 1), replace(e, action="change"),
                replace(e, number=e.number + 1), replace(e, previous="1" * 64), replace(e, hash="1" * 64),
            ]
        )
    )  # fmt: skip
    assert faults([*entries[:k], changed, *entries[k + 1 :]])
    if k < len(entries) - 1:
        assert faults(entries[:k] + entries[k + 1 :])
    other = data.draw(st.integers(0, len(entries) - 1).filter(lambda n: n != k))
    swapped = list(entries)
    swapped[k], swapped[other] = entries[other], entries[k]
    assert faults(swapped)
    renumbered = [replace(each, number=n) for n, each in enumerate(swapped, 1)]
    assert faults(renumbered)


def test_an_entry_changed_and_hashed_anew_shows_in_the_next():
    entries = chain("abcd")
    forged = append(entries[0], 1, "add", "claim", 1, canonical({"what": "z"}))
    assert faults([entries[0], forged, *entries[2:]]) == [(3, "entry 3 does not follow the one before")]


def test_nothing_is_added_if_one_cannot_be(filled):
    ledger = filled
    before = ledger.verify()
    with pytest.raises(InputError, match="'a' is in the ledger already"):
        ledger.add([IncidentDraft(site="x", key="new"), IncidentDraft(site="x", key="a")], now_ns=9)
    with pytest.raises(InputError, match="'new' is in the ledger already, or given twice"):
        ledger.add([IncidentDraft(site="x", key="new"), IncidentDraft(site="x", key="new")], now_ns=9)
    with pytest.raises(InputError, match="no incident 77"):
        ledger.add_claim(77, ClaimDraft("press", "x"), now_ns=9)
    assert ledger.verify() == before


def test_writers_at_once_keep_the_chain_whole(ledger_place):
    ledgers = [Ledger(ledger_place) for _ in range(4)]
    ledgers[0].add([IncidentDraft(site="x")], now_ns=0)
    for each in ledgers:
        each.database = Database(ledger_place, wait_s=60.0)

    def write(k):
        for n in range(5):
            ledgers[k].add_claim(1, ClaimDraft("press", f"Claim {n} of writer {k}."), now_ns=10 * k + n)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found = ledgers[0].verify()
    assert (found["ok"], found["entries"]) == (True, 22)
    assert len({claim["statement"] for claim in ledgers[0].claims()}) == 20


def test_a_ledger_that_is_locked_or_too_new_says_so(filled, ledger_place):
    second = Database(ledger_place, wait_s=0.05)
    with filled.database.writing(), pytest.raises(InputError, match="is locked by another program"), second.writing():
        pass
    execute(filled, "update alembic_version set version_num = '0999'")
    for act in (filled.verify, filled.columns, lambda: filled.add([], now_ns=9)):
        with pytest.raises(InputError, match="newer Rampart: tables of version 0999, this one knows up to 0002"):
            act()
    execute(filled, "drop table alembic_version")
    for act in (filled.verify, lambda: filled.add([], now_ns=9)):
        with pytest.raises(InputError, match="is a database, but no ledger"):
            act()


def test_postgresql_that_cannot_be_reached_or_written_is_one_line(postgres):
    place = postgres()
    ledger = fill(place)
    schema = place.rsplit("%3D", 1)[-1]
    execute(
        ledger,
        f"create role guest_{schema} login",
        f"grant usage on schema {schema} to guest_{schema}",
        f"grant select on all tables in schema {schema} to guest_{schema}",
    )
    guest = Ledger(place.replace("rampart@", f"guest_{schema}:secret@"))
    assert len(guest.incidents()) == 2
    for act in (
        lambda: guest.set_status(1, "open", "again", now_ns=9),
        lambda: guest.add([IncidentDraft(site="x")], now_ns=9),
    ):
        with pytest.raises(InputError, match="is read-only for this user: nothing was written") as refused:
            act()
        assert "secret" not in str(refused.value)
    assert ledger.verify()["entries"] == 9
    for wrong in ("postgresql://x:secret@127.0.0.1:1/none", place.replace("/postgres?", "/none?")):
        with pytest.raises(InputError, match="cannot be reached") as refused:
            Ledger(wrong).incidents()
        assert "\n" not in str(refused.value)
        assert "secret" not in str(refused.value)
    with pytest.raises(InputError, match="there is no ledger yet"):
        Ledger(postgres()).set_status(1, "open", "x", now_ns=0)
    with pytest.raises(InputError, match="is no URL"):
        Ledger("postgresql://host:port/x")


def test_a_first_write_that_fails_leaves_no_file(tmp_path):
    place = tmp_path / "new" / "deep" / "ledger.sqlite"
    twice = [IncidentDraft(site="x", key="k"), IncidentDraft(site="x", key="k")]
    with pytest.raises(InputError, match="there is no ledger yet"):
        Ledger(str(place)).add_claim(1, ClaimDraft("press", "x"), now_ns=0)
    with pytest.raises(InputError, match="given twice"):
        Ledger(str(place)).add(twice, now_ns=0)
    with pytest.raises(ZeroDivisionError), Database(str(place)).writing():
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_another_program_is_making_is_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    ledger = Ledger(str(path))
    ledger.database = Database(str(path), wait_s=0.05)
    path.unlink()  # so that ours finds none ...

    def connect(*given, real=ledger.database.place.connection):
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("begin immediate")  # ... and the other is first
        holders.append(holder)
        return real(*given)

    holders = [other]
    ledger.database.place.connection = connect
    with pytest.raises(InputError, match="is locked by another program"):
        ledger.add([IncidentDraft(site="x")], now_ns=0)
    assert path.exists()
    for holder in holders:
        holder.close()


@pytest.mark.parametrize("place", ["{}/" + "x" * 300, "{}/file/ledger.sqlite", "{}"])
def test_a_place_that_cannot_be(tmp_path, place):
    (tmp_path / "file").write_text("")
    ledger = Ledger(place.format(tmp_path))
    for act in (ledger.incidents, lambda: ledger.add([], now_ns=0)):
        with pytest.raises(InputError, match=r"cannot be (read|made|opened)|there is no ledger|is a folder"):
            act()


def test_the_database_is_refused_in_one_line(copy, tmp_path):
    ledger = Ledger(str(copy))
    ledger.database = Database(str(copy), wait_s=0.05)
    holder = sqlite3.connect(copy, isolation_level=None)
    holder.execute("begin exclusive")
    for act in (ledger.incidents, lambda: ledger.set_status(1, "open", "again", now_ns=9)):
        with pytest.raises(InputError, match=r"copy\.sqlite: is locked by another program"):
            act()
    holder.execute("rollback")
    holder.execute("update alembic_version set version_num = '0999'")
    holder.close()
    for act in (ledger.verify, lambda: ledger.add([], now_ns=9)):
        with pytest.raises(InputError, match="newer Rampart: tables of version 0999, this one knows up to 0002"):
            act()
    with pytest.raises(InputError, match="there is no ledger yet"):
        Ledger(str(tmp_path / "none.sqlite")).incidents()
    (tmp_path / "words.sqlite").write_text("not a database, only words" * 100)
    with pytest.raises(InputError, match="no sound SQLite database"):
        Ledger(str(tmp_path / "words.sqlite")).incidents()
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("create table shopping (what text)")
    other.close()
    for act in (Ledger(str(tmp_path / "other.sqlite")).incidents, Ledger(str(tmp_path / "other.sqlite")).verify):
        with pytest.raises(InputError, match="is a database, but no ledger"):
            act()
    with pytest.raises(InputError, match="expected a file, sqlite:///FILE or postgresql"):
        Ledger("mysql://somewhere/x")


def test_a_file_that_may_not_be_written_is_read_and_a_write_says_so(copy, monkeypatch):
    ledger = Ledger(str(copy))
    real = sqlite3.connect

    def read_only(database, **given):
        return real(re.sub(r"mode=rwc?", "mode=ro", database), **given)

    monkeypatch.setattr(sqlite3, "connect", read_only)  # tests may run as root, who may write any file
    monkeypatch.setattr(sqlite3.dbapi2, "connect", read_only)
    assert len(ledger.incidents()) == 2
    with pytest.raises(InputError, match="is read-only: nothing was written"):
        ledger.set_status(1, "open", "again", now_ns=9)


def test_migrations_go_up_and_down_and_give_the_tables_that_the_code_uses(ledger_place):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import inspect

    from rampart.ledger.incidents.database import HEAD, VERSIONS, migrate
    from rampart.ledger.incidents.tables import metadata

    place = Database(ledger_place).place
    with place.room(make=True), place.connection("make") as connection, connection.begin():
        migrate(connection)
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == HEAD == VERSIONS[-1]
        assert compare_metadata(context, metadata) == []
        migrate(connection, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        migrate(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_ledger_of_the_first_version_is_brought_up_and_stays_sound(ledger_place):
    from rampart.ledger.incidents.database import migrate

    ledger = Ledger(ledger_place)
    ledger.add([IncidentDraft(site="x", claims=(ClaimDraft("press", "One."),))], now_ns=0)
    with ledger.database.place.connection("write") as connection, connection.begin():
        migrate(connection, "0001")
    with pytest.raises(InputError, match="tables of version 0001; a first write brings it to 0002"):
        ledger.incidents()
    ledger.add_findings(1, [EventDraft("siren")], [EvidenceDraft("photo", "a.jpg", "0" * 64, 3)], now_ns=1)
    with pytest.raises(InputError, match=r"a\.jpg is evidence 1 of incident 1 already"):
        ledger.add_findings(1, [], [EvidenceDraft("photo", "a.jpg", "0" * 64, 3)], now_ns=1)
    assert ledger.verify()["ok"]


def test_a_column_that_came_after_an_entry_must_be_empty():
    from rampart.ledger.incidents.check import says

    payload = canonical({"id": 1, "note": None})
    assert says(payload, {"id": 1, "note": None, "track": None})
    assert not says(payload, {"id": 1, "note": None, "track": "T1"})
    assert not says(payload, {"id": 1, "track": None})
    assert not says("{", {"id": 1})
