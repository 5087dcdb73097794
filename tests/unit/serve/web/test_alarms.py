"""Alarms: states, and that none is lost."""

import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rampart.errors import InputError
from rampart.serve.web.alarm_store import AlarmStore
from rampart.serve.web.alarms import AlarmBoard, AlarmState, Priority

S = 1_000_000_000


def raised(priority=Priority.HIGH):
    board = AlarmBoard()
    board.set("a", S, site="s", priority=priority, title="T", text="x")
    return board


def state(board, key="a"):
    return next((e["state"] for e in board.entries() if e["id"] == key), None)


def test_an_alarm_lives_and_ends():
    board = raised()
    assert state(board) == "unacknowledged"
    board.acknowledge("a", 2 * S, "A. Smith")
    assert state(board) == "acknowledged"
    board.clear("a", 3 * S)
    assert state(board) is None
    assert [t.what for t in board.log] == ["raised", "acknowledged", "cleared"]
    assert board.log[1].by == "A. Smith"


def test_one_that_is_over_stays_until_somebody_says_that_he_knew():
    board = raised()
    board.clear("a", 2 * S)
    assert state(board) == "returned"
    board.acknowledge("a", 3 * S, "B")
    assert state(board) is None


def test_saying_it_again_raises_nothing():
    board = raised()
    board.changes()
    board.set("a", 2 * S, site="s", priority=Priority.HIGH, title="T", text="x")
    assert board.changes() == []
    assert len(board.log) == 1


def test_worse_or_more_must_be_acknowledged_again():
    board = raised()
    board.acknowledge("a", 2 * S, "A")
    board.set("a", 3 * S, site="s", priority=Priority.CRITICAL, title="T", text="y")
    assert state(board) == "unacknowledged"
    board.acknowledge("a", 4 * S, "A")
    board.set("a", 5 * S, site="s", priority=Priority.CRITICAL, title="T", text="z", grown=True)
    assert state(board) == "unacknowledged"
    board.acknowledge("a", 6 * S, "A")
    board.set("a", 7 * S, site="s", priority=Priority.HIGH, title="T", text="z")
    assert state(board) == "acknowledged"
    assert board.entries()[0]["priority"] == "critical"  # until it ends


def test_what_comes_back_is_raised_again():
    board = raised()
    board.clear("a", 2 * S)
    board.set("a", 3 * S, site="s", priority=Priority.LOW, title="T", text="x")
    assert state(board) == "unacknowledged"


def test_shelved_for_a_while_and_never_a_critical_one():
    board = raised()
    board.shelve("a", 2 * S, "A", "maintenance", 60.0)
    assert state(board) == "shelved"
    board.tick(61 * S)
    assert state(board) == "shelved"
    board.tick(62 * S)
    assert state(board) == "unacknowledged"
    with pytest.raises(InputError, match="critical"):
        raised(Priority.CRITICAL).shelve("a", 2 * S, "A", "maintenance", 60.0)
    for reason, seconds in (("", 60.0), ("x", 0.0), ("x", 1e6), ("x", float("nan"))):
        with pytest.raises(InputError):
            raised().shelve("a", 2 * S, "A", reason, seconds)


def test_unknown_alarms_are_refused():
    with pytest.raises(InputError):
        AlarmBoard().acknowledge("x", S, "A")


def test_figures_count_floods_and_answers():
    board = AlarmBoard()
    for i in range(12):
        board.set(f"k{i}", (i + 1) * S, site="s", priority=Priority.LOW, title="T", text="x")
        board.acknowledge(f"k{i}", (i + 3) * S, "A")
    figures = board.figures(20 * S)
    assert figures["last_10_min"] == 12
    assert figures["flood"]
    assert figures["acknowledge_s_median"] == 2.0
    assert not board.figures(3000 * S)["flood"]


def again(board, now_ns=10 * S):
    """The board after a restart, by way of the file."""
    other = AlarmBoard()
    other.restore(json.loads(json.dumps(board.snapshot())), now_ns)
    return other


def test_what_was_acknowledged_stays_so_over_a_restart():
    board = raised()
    board.acknowledge("a", 2 * S, "A. Smith")
    after = again(board)
    after.set("a", 11 * S, site="s", priority=Priority.HIGH, title="T", text="x")
    assert state(after) == "acknowledged"
    assert (after.entries()[0]["by"], [t.what for t in after.log]) == ("A. Smith", ["kept"])
    assert after.entries()[0]["raised_ms"] == 1000.0
    after.clear("a", 12 * S)
    assert state(after) is None


@pytest.mark.parametrize("change", ["worse", "more", "late", "never answered"])
def test_after_a_restart_it_sounds_if_there_is_more_to_it(change):
    board = AlarmBoard()
    board.set("a", S, site="s", priority=Priority.HIGH, title="T", text="x", detail={"zones": ["north"]})
    if change != "never answered":
        board.acknowledge("a", 2 * S, "A")
    after = again(board)
    at = 11 * S
    if change == "late":
        at = 80 * S
        after.tick(at)
    priority = Priority.CRITICAL if change == "worse" else Priority.HIGH
    zones = ["north", "south"] if change == "more" else ["north"]
    after.set("a", at, site="s", priority=priority, title="T", text="x", detail={"zones": zones})
    assert state(after) == "unacknowledged"


def test_what_was_over_and_shelved_is_kept_and_nonsense_is_not():
    board = raised()
    board.clear("a", 2 * S)
    assert state(again(board)) == "returned"
    shelved = raised()
    shelved.shelve("a", 2 * S, "A", "maintenance", 60.0)
    after = again(shelved)
    after.set("a", 11 * S, site="s", priority=Priority.HIGH, title="T", text="x")
    assert state(after) == "shelved"
    after.tick(62 * S)
    assert state(after) == "unacknowledged"
    after.restore([{"id": "b"}, {"id": "c", "priority": 9, "state": "odd"}], S)
    assert state(after, "b") is None


def test_the_file_of_alarms_is_of_one_session(tmp_path):
    board = raised()
    store = AlarmStore(tmp_path / "alarms.json", "abc")
    assert store.read() == []
    store.write(board.snapshot())
    assert [row["id"] for row in store.read()] == ["a"]
    assert AlarmStore(store.path, "other").read() == []
    store.path.write_text("{", "utf-8")
    assert store.read() == []
    AlarmStore(tmp_path / "no" / "folder", "abc").write(board.snapshot())


class Life(RuleBasedStateMachine):
    """Whatever happens, an active alarm is on the list, and changes() tells a page all that it must know."""

    def __init__(self):
        super().__init__()
        self.board, self.now, self.active, self.page = AlarmBoard(), S, {}, {}

    @rule(key=st.sampled_from("abc"), priority=st.sampled_from(list(Priority)), grown=st.booleans())
    def set(self, key, priority, grown):
        self.now += S
        self.board.set(key, self.now, site="s", priority=priority, title="T", text=str(priority), grown=grown)
        self.active[key] = max(priority, self.active.get(key, priority))

    @rule(key=st.sampled_from("abc"))
    def clear(self, key):
        self.now += S
        self.board.clear(key, self.now)
        self.active.pop(key, None)

    @rule(key=st.sampled_from("abc"), shelve=st.booleans())
    def answer(self, key, shelve):
        self.now += S
        try:
            if shelve:
                self.board.shelve(key, self.now, "A", "because", 30.0)
            else:
                self.board.acknowledge(key, self.now, "A")
        except InputError:
            pass

    @rule(seconds=st.integers(1, 100))
    def wait(self, seconds):
        self.now += seconds * S
        self.board.tick(self.now)

    @invariant()
    def all_active_ones_are_told_of(self):
        entries = {e["id"]: e for e in self.board.entries()}
        assert set(self.active) <= set(entries)
        for key, priority in self.active.items():
            assert entries[key]["priority"] == priority.label
            assert entries[key]["state"] != AlarmState.RETURNED
            assert priority != Priority.CRITICAL or entries[key]["state"] != AlarmState.SHELVED
        for change in self.board.changes():
            self.page.pop(change["id"], None)
            if change["state"] != "normal":
                self.page[change["id"]] = change
        assert self.page == entries


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
