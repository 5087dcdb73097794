"""The way to a TAK server, with a server of our own: acknowledged, read, cut, slow, and never an expired warning."""

import asyncio
import time

import pytest

from rampart.records import Outcome, Phase
from rampart.serve.channels.cot import CotSpec
from rampart.serve.delivery import Dispatcher, PeerState, Setting

from .raid import SECOND, warning
from .tak import delivering, picture, tak_server, until


def make(site, port, folder=None, scheme="tcp", **values):
    values = {"id": "tak", "kind": "cot", "url": f"{scheme}://127.0.0.1:{port}", "timeout_s": 1.0, **values}
    setting = Setting(time.time_ns, folder=folder) if folder else Setting(time.time_ns)
    return CotSpec.model_validate(values, strict=True).build(site, setting)


def step(*numbers, **options):
    now_ns = time.time_ns()
    return picture(*numbers, now_ns=now_ns, warnings=[warning(time_ns=now_ns, **options)])


def outcomes(dispatcher):
    return [Outcome(int(o)) for o in dispatcher.deliveries().outcome]


def test_a_warning_is_acknowledged_once_the_server_has_read_it(site):
    async def work():
        async with tak_server() as server, delivering(make(site, server.port)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            await until(lambda: len(server.events) >= 3)
            await until(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])
            assert server.uids == ["rampart.embassy.W1", "rampart.embassy.T3", "rampart.embassy.T3.impact"]
            row = dispatcher.deliveries()
            assert row.decided_ns[0] <= row.sent_ns[0] <= row.acknowledged_ns[0]
            assert [h.state for h in dispatcher.health()] == [PeerState.UP]

    asyncio.run(work())


def test_what_others_send_is_read_and_does_not_block(site):
    async def work():
        async with tak_server() as server:
            server.greeting = b"<?xml version='1.0'?>" + b"<event version='2.0'><x t='>'/></event>\n" * 20_000
            out = make(site, server.port)
            async with delivering(out) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])
                await until(lambda: out.channel.heard["event"] == 20_000)

    asyncio.run(work())


def test_a_server_that_answers_nothing_is_told_to_the_operator(site):
    async def work():
        async with tak_server() as server, delivering(make(site, server.port)) as dispatcher:
            await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            server.answers = False
            await until(lambda: dispatcher.heard)
            assert "tak (cot)" in dispatcher.heard[0].text

    asyncio.run(work())


def test_without_pings_a_server_that_answers_none_is_up_and_nothing_counts_as_acknowledged(site):
    async def work():
        async with tak_server() as server, delivering(make(site, server.port, ping=False)) as dispatcher:
            server.answers = False
            dispatcher.tell("embassy", step(3))
            await until(lambda: outcomes(dispatcher) == [Outcome.SENT])
            await until(lambda: len(server.events) >= 3)
            assert server.pings == 0
            assert dispatcher.health()[0].state == PeerState.UP

    asyncio.run(work())


def test_after_a_reset_what_holds_is_said_again_and_nothing_else(site):
    async def work():
        async with tak_server() as server, delivering(make(site, server.port)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            dispatcher.tell("embassy", step(number=2, zone=1))
            await until(lambda: len(server.events) >= 4)
            dispatcher.tell("embassy", step(number=2, zone=1, sequence=1, phase=Phase.CANCEL))
            await until(lambda: len(server.events) >= 5)
            server.events.clear()
            server.reset()
            await until(lambda: server.connections == 2 and len(server.events) >= 4)
            await asyncio.sleep(0.1)
            assert sorted(u.removeprefix("rampart.embassy.") for u in server.uids) == ["T3", "T3.impact", "W1", "W2"]
            (second,) = [event for event in server.events if event.uid.endswith("W2")]
            assert "CANCEL" in second.part("contact").attributes["callsign"]

    asyncio.run(work())


def test_an_expired_warning_is_never_said(site):
    async def work():
        async with tak_server() as server:
            port = server.port
        shift = [0]
        out = make(site, port)
        async with delivering(out, clock=lambda: time.time_ns() + shift[0]) as dispatcher:
            dispatcher.tell("embassy", step(3))
            await until(lambda: dispatcher.health()[0].state == PeerState.DOWN)
            shift[0] = 3600 * SECOND
            dispatcher.tell("embassy", picture(now_ns=time.time_ns() + shift[0],
                            warnings=[warning(number=2, time_ns=time.time_ns() + shift[0])]))  # fmt: skip
            async with tak_server(port) as server:
                await until(lambda: server.events)
                await until(lambda: Outcome.ACKNOWLEDGED in outcomes(dispatcher))
                assert server.uids == ["rampart.embassy.W2"]
                assert outcomes(dispatcher) == [Outcome.EXPIRED, Outcome.ACKNOWLEDGED]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no Cursor on Target"),
        (b"\xbf\x01\xbf\x00\x10garbage", "no Cursor on Target"),
        (b"<!DOCTYPE x>", "doctype"),
    ],
)
def test_garbage_is_named_in_health_and_keeps_no_other_channel(site, greeting, says):
    async def work():
        async with tak_server() as bad, tak_server() as good:
            bad.greeting = greeting
            outs = make(site, bad.port, id="bad"), make(site, good.port, id="good")
            async with delivering(*outs) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: len(good.events) >= 3)
                await until(lambda: dispatcher.heard)
                assert {alarm.peer for alarm in dispatcher.heard} == {"bad"}
                assert says in dispatcher.heard[0].text
                assert "\n" not in dispatcher.heard[0].text

    asyncio.run(work())


def test_a_server_that_is_not_there_is_named(site):
    async def work():
        async with tak_server() as server:
            port = server.port
        async with delivering(make(site, port)) as dispatcher:
            await until(lambda: dispatcher.heard)
            assert dispatcher.heard[0].text.startswith(f"tak (cot): tcp://127.0.0.1:{port}: ")
            assert "refused" in dispatcher.heard[0].text.lower()

    asyncio.run(work())


def test_a_wave_of_warnings_arrives_whole_and_in_order(site):
    async def work():
        async with tak_server() as server, delivering(make(site, server.port, queue=100)) as dispatcher:
            for number in range(1, 501):
                dispatcher.tell("embassy", step(number=number))
            await until(lambda: len(server.events) >= 500, 60.0)
            await until(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED] * 500, 60.0)
            assert server.uids == [f"rampart.embassy.W{n}" for n in range(1, 501)]

    asyncio.run(work())


@pytest.mark.parametrize("ping", [True, False])
def test_at_a_stop_what_was_sent_still_arrives(site, ping):
    async def work():
        async with tak_server() as server:
            server.delay_s = 0.05
            dispatcher = Dispatcher([make(site, server.port, ping=ping, timeout_s=30.0)], time.time_ns)
            await asyncio.to_thread(dispatcher.start)
            for number in range(1, 101):
                dispatcher.tell("embassy", step(number=number))
            await asyncio.to_thread(dispatcher.stop, 20.0)
            assert len(dispatcher.deliveries()) == 100
            assert Outcome.WAITING not in outcomes(dispatcher)
            await until(lambda: len(server.events) >= 100)
            assert server.errors == []

    asyncio.run(work())
