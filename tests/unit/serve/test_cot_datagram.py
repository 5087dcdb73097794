"""Datagrams to one host and to a group, received by a program that shares nothing with us but the standard library."""

import asyncio
import json
import subprocess
import sys

import pytest

from rampart.records import Outcome
from rampart.serve.delivery import Message, RefusalError, Urgency

from .raid import START
from .tak import delivering, until
from .test_cot_stream import make, outcomes, step

RECEIVER = """
import json, socket, struct, sys, xml.etree.ElementTree as ET
group, wanted = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((group or "127.0.0.1", 0))
if group:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton("127.0.0.1")))
s.settimeout(20)
print(s.getsockname()[1], flush=True)
for _ in range(wanted):
    root = ET.fromstring(s.recv(65535))
    point = root.find("point")
    print(json.dumps([root.get("uid"), root.get("type"), root.get("how"), float(point.get("lat")),
                      root.find("detail/remarks").text]), flush=True)
"""


def receive(group, wanted):
    return subprocess.Popen(
        [sys.executable, "-c", RECEIVER, group, str(wanted)], stdout=subprocess.PIPE, text=True, bufsize=1
    )


@pytest.mark.parametrize("group", ["", "239.2.3.1"], ids=["unicast", "multicast"])
def test_events_arrive_and_what_holds_is_said_again(site, group):
    async def work(port):
        values = {"url": f"udp://{group or '127.0.0.1'}:{port}", "repeat_s": 1.0}
        if group:
            values["interface"] = "127.0.0.1"
        async with delivering(make(site, 0, **values)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            lines = [json.loads(await asyncio.to_thread(receiver.stdout.readline)) for _ in range(5)]
            assert outcomes(dispatcher) == [Outcome.SENT], "nobody acknowledges a datagram"
            return lines

    with receive(group, 5) as receiver:
        lines = asyncio.run(work(int(receiver.stdout.readline())))
        assert receiver.wait(10) == 0
    uids = [line[0].removeprefix("rampart.embassy.") for line in lines]
    assert uids.count("W1") >= 3, "as an event, as a state, and again"
    assert {"T3", "T3.impact"} <= set(uids)
    for _, _, how, latitude, remarks in lines:
        assert how == "m-s"
        assert latitude == pytest.approx(33.3, abs=0.05)
        assert remarks.startswith("EXERCISE")


def test_what_does_not_fit_into_a_datagram_is_refused(site):
    async def work():
        channel = make(site, 6969, scheme="udp").channel
        await channel.open()
        with pytest.raises(RefusalError, match="70000 octets"):
            await channel.send(Message("k", "t", b"x" * 70_000, START, urgency=Urgency.PICTURE))
        await channel.close()

    asyncio.run(work())


def test_a_host_without_a_name_is_told_to_the_operator(site):
    async def work():
        async with delivering(make(site, 0, url="udp://nowhere.invalid:6969")) as dispatcher:
            await until(lambda: dispatcher.heard)
            assert "udp://nowhere.invalid:6969" in dispatcher.heard[0].text

    asyncio.run(work())
