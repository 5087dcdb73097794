"""A raid through the dispatcher: what each peer gets, whatever happens to the others."""

import asyncio
import threading
import time

import numpy as np
import pytest

from rampart.records import AlertStatus, DecisionKind, DetectionFlag, Outcome, Phase, Site, Tracks, decide
from rampart.serve.delivery import Dispatcher, Encoder, PeerState

from .raid import SECOND, START, PlainEncoder, outputs, warning


def approval(warning, who, channel="", flags=DetectionFlag.NONE):
    site = Site("embassy", 0.0, 0.0, 0.0)
    what = DecisionKind.APPROVE
    return decide(site, 1, START, what, who, "seen on camera", warning=warning, channel=channel, flags=flags)


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def run(work):
    asyncio.run(work())


class Running:
    """A dispatcher on this loop."""

    def __init__(self, *outs, clock=lambda: START):
        self.alarms = []
        self.dispatcher = Dispatcher(outs, clock, self.alarms.append)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.dispatcher.run())
        await until(lambda: self.dispatcher.health() and all(h.state != "off" for h in self.dispatcher.health()))
        return self.dispatcher

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def test_everybody_gets_it_and_its_delivery_is_known(make_out):
    async def work():
        a, b = make_out("a"), make_out("b")
        async with Running(a, b) as dispatcher:
            dispatcher.tell("embassy", outputs(warning()))
            await until(lambda: len(a.channel.got) == len(b.channel.got) == 2)
            assert a.channel.got == ["embassy/W1.0.shelter"] * 2
            rows = dispatcher.deliveries()
            assert rows.peer.tolist() == ["a", "b"]
            assert set(rows.outcome.tolist()) == {Outcome.ACKNOWLEDGED}
            assert (rows.decided_ns - rows.sensor_ns).tolist() == [SECOND // 5] * 2
            assert (rows.sent_ns > 0).all()
            assert rows.arrival_ns.tolist() == [START + 20 * SECOND] * 2

    run(work)


def test_another_sites_warnings_are_not_ours(make_out):
    async def work():
        a = make_out()
        async with Running(a) as dispatcher:
            dispatcher.tell("elsewhere", outputs(warning()))
            dispatcher.tell("embassy", outputs(warning(number=2)))
            await until(lambda: len(a.channel.got) == 2)
            assert a.channel.got[0] == "embassy/W2.0.shelter"

    run(work)


@pytest.mark.parametrize("fault", ["refuses", "stalls", "drops"])
def test_a_peer_with_a_fault_keeps_nobody_waiting(make_out, fault):
    async def work():
        good, bad = make_out("good"), make_out("bad")
        setattr(bad.channel, fault, True)
        running = Running(bad, good)
        async with running as dispatcher:
            dispatcher.tell("embassy", outputs(warning()))
            await until(lambda: len(good.channel.got) == 2, 1.0)
            await until(lambda: any(a.peer == "bad" for a in running.alarms), 2.0)
            assert dispatcher.health()[0].dead
            assert dispatcher.health()[1].state == PeerState.UP
            setattr(bad.channel, fault, False)
            await until(lambda: len(bad.channel.got) >= 2)
            await until(lambda: running.alarms[-1].ended_ns)

    run(work)


def test_a_peer_that_is_silent_until_it_is_given_up_is_one_alarm(make_out):
    async def work():
        a = make_out()
        a.channel.closing_s = 0.6
        running = Running(a)
        async with running as dispatcher:
            await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            a.channel.stalls = True
            await until(lambda: dispatcher.health()[0].state == PeerState.DOWN)
            a.channel.stalls = False
            await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            assert [bool(alarm.ended_ns) for alarm in running.alarms] == [False, True]

    run(work)


def test_a_peer_that_answers_late_is_up_again_without_a_new_connection(make_out):
    async def work():
        a = make_out()
        running = Running(a)
        async with running as dispatcher:
            await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            a.channel.stalls = True
            await until(lambda: dispatcher.health()[0].state == PeerState.SILENT)
            a.channel.stalls = False
            await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            assert a.channel.opened == 1
            assert not dispatcher.alarms()

    run(work)


def test_after_a_break_only_what_holds_now(make_out):
    async def work():
        now = [START]
        a = make_out(clock=lambda: now[0])
        a.channel.refuses = True
        async with Running(a, clock=lambda: now[0]) as dispatcher:
            dispatcher.tell("embassy", outputs(warning(1, 0, 0, Phase.PREPARE), warning(2, 0, 1)))
            dispatcher.tell("embassy", outputs(warning(1, 1, 0, Phase.SHELTER, time_ns=START + 300 * SECOND)))
            await until(lambda: dispatcher.health()[0].queued == 5)
            now[0] = START + 700 * SECOND  # W2 and the first of W1 have expired
            a.channel.refuses = False
            await until(lambda: a.channel.got)
            await asyncio.sleep(0.2)
            assert a.channel.got == ["embassy/W1.1.shelter"] * 2
            rows = dispatcher.deliveries()
            assert [Outcome(o).label for o in rows.outcome] == ["expired", "expired", "acknowledged"]

    run(work)


def test_what_was_acknowledged_does_not_come_again(make_out):
    async def work():
        a = make_out()
        async with Running(a) as dispatcher:
            dispatcher.tell("embassy", outputs(warning()))
            await until(lambda: len(a.channel.got) == 2)
            a.channel.gone.set()
            await until(lambda: a.channel.opened == 2 and len(a.channel.got) == 3)
            await asyncio.sleep(0.1)
            assert len(a.channel.got) == 3  # the zone's state, once; not the event

    run(work)


def test_a_message_that_is_not_wanted_stops_nothing(make_out):
    async def work():
        a = make_out()
        a.channel.unwanted = (b"embassy/W1.0.shelter",)
        running = Running(a)
        async with running as dispatcher:
            dispatcher.tell("embassy", outputs(warning(1), warning(2)))
            await until(lambda: len(a.channel.got) == 2)
            assert dispatcher.deliveries().outcome.tolist() == [Outcome.REFUSED, Outcome.ACKNOWLEDGED]
            assert running.alarms[0].what == "refused"
            assert a.channel.opened == 1

    run(work)


def test_an_encoder_that_fails_is_an_alarm_of_its_own(make_out):
    class Broken(Encoder):
        def encode(self, outputs):
            raise ValueError("no such zone")

    async def work():
        good, bad = make_out("good"), make_out("bad", encoder=Broken())
        running = Running(bad, good)
        async with running as dispatcher:
            dispatcher.tell("embassy", outputs(warning()))
            await until(lambda: len(good.channel.got) == 2)
            await until(lambda: running.alarms)
            assert (running.alarms[0].peer, running.alarms[0].what) == ("bad", "encoder")
            assert "no such zone" in running.alarms[0].text

    run(work)


def test_two_people_must_approve(make_out):
    async def work():
        free, held = make_out("free"), make_out("held", approvals=2)
        async with Running(free, held) as dispatcher:
            dispatcher.tell("embassy", outputs(warning(1, status=AlertStatus.ACTUAL), warning(2, zone=1)))
            await until(lambda: len(free.channel.got) == 4)
            await until(lambda: len(held.channel.got) == 2)
            assert held.channel.got == ["embassy/W2.0.shelter"] * 2  # an exercise needs nobody
            dispatcher.decide("embassy", approval(1, "anna"))
            dispatcher.decide("embassy", approval(1, "Anna "))
            dispatcher.decide("embassy", approval(1, "carla", channel="free"))
            dispatcher.decide("embassy", approval(1, "dora", flags=DetectionFlag.TEST))
            dispatcher.decide("elsewhere", approval(1, "emil"))
            await asyncio.sleep(0.1)
            assert len(held.channel.got) == 2
            dispatcher.decide("embassy", approval(1, "boris"))
            await until(lambda: len(held.channel.got) == 4)
            dispatcher.tell("embassy", outputs(warning(1, 1, 0, Phase.RELEASE, AlertStatus.ACTUAL)))
            await until(lambda: len(held.channel.got) == 6)

    run(work)


def test_what_ends_unapproved_was_never_said(make_out):
    async def work():
        held = make_out("held", approvals=2)
        async with Running(held) as dispatcher:
            dispatcher.tell("embassy", outputs(warning(1, status=AlertStatus.ACTUAL)))
            dispatcher.tell("embassy", outputs(warning(1, 1, 0, Phase.CANCEL, AlertStatus.ACTUAL)))
            dispatcher.decide("embassy", approval(1, "anna"))
            dispatcher.decide("embassy", approval(1, "boris"))
            dispatcher.tell("embassy", outputs(warning(2)))
            await until(lambda: len(held.channel.got) == 2)
            assert held.channel.got == ["embassy/W2.0.shelter"] * 2
            assert [Outcome(o).label for o in dispatcher.deliveries().outcome[:2]] == ["superseded"] * 2

    run(work)


def test_in_a_thread_of_its_own_it_sends_what_waits_before_it_stops(make_out):
    a = make_out()
    with Dispatcher([a], lambda: START) as dispatcher:
        dispatcher.tell("embassy", outputs(warning()))
    assert len(a.channel.got) == 2
    assert threading.active_count() < 20


def test_telling_takes_no_time_however_slow_the_peers(make_out):
    a = make_out()
    a.channel.stalls = True
    dispatcher = Dispatcher([a], lambda: START)
    dispatcher.start()
    try:
        for i in range(2000):
            dispatcher.tell("embassy", outputs(warning(1 + i)))
        deadline = time.monotonic() + 5
        while dispatcher.health()[0].queued < 1900 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert dispatcher.health()[0].queued >= 1900  # warnings of different numbers: none is shed
    finally:
        a.channel.stalls = False
        dispatcher.stop(0.0)


def test_a_warning_overtakes_the_pictures_of_the_step_before(make_out, site):
    class Interrupted(PlainEncoder):
        """While it writes the 20th picture, the next step comes."""

        dispatcher = None

        def encode(self, outputs_):
            for i, message in enumerate(super().encode(outputs_)):
                if i == 20 and self.dispatcher is not None:
                    self.dispatcher.tell("embassy", outputs(warning()))
                yield message

    async def work():
        encoder = Interrupted(site)
        a = make_out(encoder=encoder)
        async with Running(a) as encoder.dispatcher:
            encoder.dispatcher.tell("embassy", outputs(tracks=Tracks.build(number=np.arange(1, 201))))
            await until(lambda: len(a.channel.got) == 202)
            assert a.channel.got.index("embassy/W1.0.shelter") < 40

    run(work)
