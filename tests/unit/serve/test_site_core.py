"""The chain of a site in its thread: batches, wakes, faults, order of time."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from rampart.records import DecisionKind, Detections, Site, Zone, decide
from rampart.serve.core import PacedClock, SiteCore, wall_clock
from rampart.serve.feed import Taken
from rampart.serve.receiver.ring import Packet


class FakeChain:
    """Writes down its steps; wakes, blocks or fails when told."""

    def __init__(self):
        self.steps = []
        self.wake_after_ns = None
        self.fails = 0
        self.gate = threading.Event()
        self.gate.set()

    def step(self, now_ns, detections, external=None, *, decisions, heard):
        self.gate.wait(5.0)
        if self.fails:
            self.fails -= 1
            raise ValueError("not today")
        self.steps.append((now_ns, detections, decisions, heard))
        wake_ns = None if self.wake_after_ns is None else now_ns + self.wake_after_ns
        return SimpleNamespace(wake_ns=wake_ns)


def reports(n, sensor=0):
    return Detections.build(range_m=np.full(n, 1000.0), sensor=np.full(n, sensor), received_ns=np.zeros(n, int))


@pytest.fixture
def chain():
    return FakeChain()


@pytest.fixture
def told():
    return []


@pytest.fixture
def core(chain, told):
    with SiteCore("base", chain, wall_clock(), lambda site, outputs: told.append(site)) as running:
        yield running


def until(condition):
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_reports_are_stamped_numbered_and_stepped(core, chain, told):
    core.receive(reports(2))
    until(lambda: told)
    core.receive(reports(3, sensor=1))
    until(lambda: len(told) == 2)
    (first_ns, first, _, heard), (second_ns, second, _, then) = chain.steps
    assert first_ns < second_ns
    assert first.number.tolist() + second.number.tolist() == [1, 2, 3, 4, 5]
    assert (heard, then) == ([0], [1])
    assert abs(int(first.received_ns[0]) - time.time_ns()) < 60 * 10**9
    assert (first.received_ns <= first_ns).all()
    assert core.health().detections == 5


def test_what_comes_in_meanwhile_makes_one_batch(core, chain, told):
    chain.gate.clear()
    core.receive(reports(1))
    until(lambda: core.health().waiting == 0)
    for _ in range(4):
        core.receive(reports(2))
    assert core.health().waiting == 8
    chain.gate.set()
    until(lambda: len(told) == 2)
    assert [len(step[1]) for step in chain.steps] == [1, 8]


def test_a_sensor_that_sees_nothing_is_heard(core, chain, told):
    core.receive(Detections.empty(), heard=[3, 1])
    until(lambda: told)
    assert chain.steps[0][3] == [1, 3]
    assert len(chain.steps[0][1]) == 0


def test_wakes_are_kept(core, chain, told):
    chain.wake_after_ns = 5_000_000
    core.receive(reports(1))
    until(lambda: len(told) >= 4)
    assert all(len(step[1]) == 0 for step in chain.steps[1:])
    gaps = np.diff([step[0] for step in chain.steps])
    assert (gaps >= 5_000_000).all()


def test_silence_is_stepped_too(chain, told):
    clock = PacedClock(time.time_ns(), 100.0)
    with SiteCore("base", chain, clock, lambda site, outputs: told.append(site), speed=100.0):
        until(lambda: len(told) >= 3)
    assert all(len(step[1]) == 0 and step[3] == [] for step in chain.steps)
    assert (np.diff([step[0] for step in chain.steps]) >= 10**9).all()


def test_decisions_are_numbered(core, chain, told):
    site = Site("base", 0.5, 0.7, 30.0, zones=(Zone("north", np.zeros((3, 2))),))
    cancel = decide(site, 1, 5, DecisionKind.CANCEL, "A. Smith", "own aircraft", zones=["north"])
    core.decide(cancel)
    until(lambda: told)
    core.decide(cancel)
    until(lambda: len(told) == 2)
    assert [step[2].number.tolist() for step in chain.steps] == [[1], [2]]


def test_a_fault_does_not_end_the_watch(core, chain, told, caplog):
    chain.fails = 1
    core.receive(reports(1))
    until(lambda: core.health().faults == 1)
    core.receive(reports(1))
    until(lambda: told)
    assert core.health().steps == 1
    assert "the chain failed" in caplog.text


def test_what_waits_is_stepped_before_the_end(chain, told):
    core = SiteCore("base", chain, wall_clock(), lambda site, outputs: told.append(site))
    core.receive(reports(1))
    core.start()
    core.stop()
    assert told == ["base"]


def test_a_clock_of_another_speed():
    clock = PacedClock(1_000, 100.0)
    before, real = clock(), time.monotonic_ns()
    time.sleep(0.01)
    after, passed = clock(), time.monotonic_ns() - real
    assert 0 < after - before <= 100 * (passed + 10_000_000)
    assert after - before >= 100 * 10_000_000 * 0.9
    assert clock.real_s(clock() - 5) == 0.0
    assert clock.real_s(clock() + 10**11) == pytest.approx(1.0, abs=0.1)


def test_a_backlog_is_taken_in_turns(chain, told):
    second, notes = 1_000_000_000, []
    packets = [Packet(i + 1, 0, 10 * second + i * second // 10, b"") for i in range(45)]
    core = SiteCore("base", chain, wall_clock(), lambda *_: None, intake=Nothing(), note=notes.append)
    core.take(packets)
    with core:
        until(lambda: notes and notes[-1].until == 45)
    assert [note.until for note in notes if note.until][:5] == [11, 22, 33, 44, 45]


def test_a_backlog_is_stepped_as_of_its_own_time(chain, told):
    second, notes, now_s = 1_000_000_000, [], [10]
    core = SiteCore("base", chain, lambda: now_s[0] * second, lambda *_: None, intake=Nothing(), note=notes.append)
    with core:
        chain.gate.clear()
        core.take([Packet(1, 0, 10 * second, b"")])
        now_s[0] = 100
        core.take([Packet(i + 2, 0, (20 + i) * second, b"") for i in range(3)])
        chain.gate.set()
        until(lambda: notes and notes[-1].until == 4)
    turns = [note.now_ns // second for note in notes if note.until > 1]
    assert turns == [21, 100]  # the packets of one second make one turn; the last turn is no backlog any more
    assert core.health().stepped_ns == 100 * second


class Nothing:
    """An intake of packets that hold nothing."""

    def take(self, packets):
        return Taken()
