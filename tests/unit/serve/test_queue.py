"""PeerQueue: what is promised of warnings, states and pictures, in every order of events."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rampart.serve.delivery import Message, PeerQueue, Urgency

SECOND = 1_000_000_000
LIMIT = 8


def message(urgency, key, text="", expires_ns=0, now_ns=0):
    return Message(key, key, text.encode(), now_ns, expires_ns, urgency)


def drain(queue, now_ns=0):
    taken = []
    while (found := queue.take(now_ns)) is not None:
        taken.append(found)
    return taken


def test_warnings_before_states_before_pictures():
    queue = PeerQueue()
    for urgency in (Urgency.PICTURE, Urgency.STATE, Urgency.WARNING):
        queue.put(message(urgency, "a"), 0)
    assert [m.urgency for m in drain(queue)] == sorted(Urgency)


def test_each_message_of_a_warning_is_handed_out_in_order():
    queue = PeerQueue()
    for i in range(5):
        queue.put(message(Urgency.WARNING, "W1", str(i)), 0)
    assert [m.body for m in drain(queue)] == [b"0", b"1", b"2", b"3", b"4"]


def test_of_a_picture_only_the_newest_is():
    queue = PeerQueue()
    for i in range(5):
        queue.put(message(Urgency.PICTURE, "T1", str(i)), 0)
    assert [m.body for m in drain(queue)] == [b"4"]
    assert queue.counts["replaced"] == 4


def test_pictures_are_shed_and_counted_warnings_never():
    queue = PeerQueue(limit=10)
    for i in range(30):
        queue.put(message(Urgency.PICTURE, f"T{i}"), 0)
        queue.put(message(Urgency.WARNING, f"W{i}"), 0)
    taken = drain(queue)
    assert [m.key for m in taken] == [f"W{i}" for i in range(30)]
    assert queue.counts["shed"] == 30


def test_too_many_warnings_thin_to_the_newest_of_each():
    queue = PeerQueue(limit=10)
    for i in range(40):
        queue.put(message(Urgency.WARNING, f"W{i % 4}", str(i)), 0)
    bodies = [int(m.body) for m in drain(queue)]
    assert len(bodies) <= 10
    assert bodies == sorted(bodies)
    assert {36, 37, 38, 39} <= set(bodies)
    assert queue.counts["superseded"] == 40 - len(bodies)
    assert len(queue.dropped) == 40 - len(bodies)


@pytest.mark.parametrize("urgency", Urgency)
def test_nothing_is_handed_out_from_its_expiry_on(urgency):
    queue = PeerQueue()
    queue.put(message(urgency, "a", expires_ns=10 * SECOND), 0)
    assert queue.take(10 * SECOND) is None
    assert queue.counts["expired"] == 1


def test_a_picture_ages():
    queue = PeerQueue(age_s=5.0)
    queue.put(message(Urgency.PICTURE, "T1"), 0)
    assert queue.take(6 * SECOND) is None


def test_a_new_connection_gets_of_each_warning_the_newest_that_was_not_answered():
    queue = PeerQueue()
    for key, text in (("W1", "a"), ("W1", "b"), ("W2", "c"), ("W3", "d"), ("W3", "e")):
        queue.put(message(Urgency.WARNING, key, text), 0)
    first, *_, last = drain(queue)
    queue.done(first)
    queue.done(last)  # the newest of W3
    queue.restart(0)
    assert [m.body for m in drain(queue)] == [b"b", b"c"]


def test_a_new_connection_gets_every_state_again():
    queue = PeerQueue()
    queue.put(message(Urgency.STATE, "north", "1"), 0)
    queue.put(message(Urgency.STATE, "south", "2", expires_ns=SECOND), 0)
    for found in drain(queue):
        queue.done(found)
    queue.restart(2 * SECOND)
    assert [m.body for m in drain(queue, 2 * SECOND)] == [b"1"]


class QueueMachine(RuleBasedStateMachine):
    """The queue beside a plain model of what was put, handed out and answered."""

    def __init__(self):
        super().__init__()
        self.queue = PeerQueue(limit=LIMIT, age_s=60.0)
        self.now_ns = 0
        self.count = 0
        self.put_order = {}  # id -> (count, message), warnings only
        self.flying = []
        self.answered = {}  # warning key -> highest count answered
        self.handed = []  # counts of warnings handed out since the last restart
        self.ever_dropped = set()
        self.newest_state = {}

    @rule(
        urgency=st.sampled_from(Urgency),
        key=st.sampled_from("abcd"),
        life_s=st.sampled_from([0, 1, 5, 30]),
    )
    def put(self, urgency, key, life_s):
        self.count += 1
        expires_ns = self.now_ns + life_s * SECOND if life_s else 0
        put = message(urgency, key, str(self.count), expires_ns, self.now_ns)
        if urgency == Urgency.WARNING:
            self.put_order[self.count] = put
        elif urgency == Urgency.STATE:
            self.newest_state[key] = put
        self.queue.put(put, self.now_ns)
        self.collect()

    @rule()
    def take(self):
        found = self.queue.take(self.now_ns)
        self.collect()
        if found is None:
            assert len(self.queue) == 0
            return
        assert found.valid(self.now_ns)
        self.flying.append(found)
        if found.urgency == Urgency.WARNING:
            count = int(found.body)
            assert not self.handed or count > self.handed[-1]
            assert count >= self.answered.get(found.key, 0)
            self.handed.append(count)
        else:
            waiting = [m for m in self.put_order if self.waits(m)]
            assert not waiting, "a warning waits, and something else was handed out"
        if found.urgency == Urgency.STATE:
            assert found is self.newest_state[found.key]

    def waits(self, count):
        """Whether a warning must still be there, as the model has it."""
        put = self.put_order[count]
        if not put.valid(self.now_ns) or count in self.ever_dropped or count in self.handed:
            return False
        return self.answered.get(put.key, 0) < count

    @rule(which=st.integers(0, 7))
    def answer(self, which):
        if self.flying:
            found = self.flying.pop(which % len(self.flying))
            self.queue.done(found)
            if found.urgency == Urgency.WARNING:
                self.answered[found.key] = max(int(found.body), self.answered.get(found.key, 0))

    @rule()
    def reconnect(self):
        self.queue.restart(self.now_ns)
        self.collect()
        self.flying.clear()
        self.handed.clear()

    @rule(seconds=st.sampled_from([0.5, 2, 20, 70]))
    def wait(self, seconds):
        self.now_ns += round(seconds * SECOND)

    def collect(self):
        """A warning leaves the queue unsent only when it has expired or a later one of its key is there."""
        for why, dropped in self.queue.dropped:
            count = int(dropped.body)
            self.ever_dropped.add(count)
            if why == "expired":
                assert not dropped.valid(self.now_ns)
            else:
                assert why == "superseded"
                later = [c for c, m in self.put_order.items() if m.key == dropped.key and c > count]
                assert later or self.answered.get(dropped.key, 0) > count
        self.queue.dropped.clear()

    @invariant()
    def bounded(self):
        newest = {m.key for m in self.put_order.values()}
        assert len(self.queue) <= LIMIT + len(newest) + 4  # what can neither be shed nor thinned: one per key

    @invariant()
    def no_valid_newest_warning_is_lost(self):
        for key in "abcd":
            counts = [c for c, m in self.put_order.items() if m.key == key]
            if counts and self.waits(max(counts)):
                inside = [m.body for m in self.snapshot()]
                assert str(max(counts)).encode() in inside

    def snapshot(self):
        return [item.message for item in self.queue._events.values()]


QueueMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestQueueMachine = QueueMachine.TestCase
