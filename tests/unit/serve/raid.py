"""A peer that is a list, a hand-turned clock, and what a chain could have said."""

import asyncio

import numpy as np
import pytest

from rampart.pipeline import Outputs
from rampart.records import Engagements, Phase, Predictions, Site, TargetClass, Tracks, Warnings, Zone
from rampart.serve.delivery import Channel, ChannelError, Encoder, Message, Out, Receipt, RefusalError, Timing, Urgency
from rampart.serve.delivery.bulletin import read_bulletins

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND
QUICK = Timing(timeout_s=1.0, silent_s=0.3, probe_s=0.05, back_off_s=0.2)


@pytest.fixture
def site():
    square = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0], [-100.0, 200.0]])
    zones = (Zone("north", square, 400, 10.0), Zone("south", square - [0.0, 400.0], 100, 15.0))
    return Site("embassy", np.deg2rad(33.3), np.deg2rad(44.39), 34.0, zones=zones)


def warning(number=1, sequence=0, zone=0, phase=Phase.SHELTER, status=1, time_ns=START, left_s=20.0, reason=""):
    """One row of Warnings, as a table of its own."""
    return Warnings.build(
        number=[number],
        sequence=[sequence],
        zone=[zone],
        phase=[int(phase)],
        time_ns=[time_ns],
        target_class=[int(TargetClass.ROCKET)],
        time_to_impact_s=[left_s if phase < Phase.RELEASE else float("nan")],
        probability=[0.4],
        status=[int(status)],
        sensor_ns=[time_ns - SECOND // 5],
        received_ns=[time_ns - SECOND // 10],
        tracks=[(3,)],
        reason=[reason],
    )


def outputs(*warnings, now_ns=START, tracks=None):
    """A step of a chain."""
    return Outputs(
        now_ns,
        tracks if tracks is not None else Tracks.empty(),
        Predictions.empty(),
        Warnings.concat(warnings),
        Engagements.empty(),
        {},
        None,
    )


class PlainEncoder(Encoder):
    """Warnings as events, zones as states, by name."""

    def __init__(self, site, valid_s=600):
        self.site, self.valid_s = site, valid_s

    def encode(self, outputs):
        for bulletin in read_bulletins(self.site, outputs.warnings):
            until = bulletin.decided_ns + self.valid_s * SECOND
            body = f"{bulletin.name}.{bulletin.sequence}.{bulletin.phase.label}".encode()
            yield Message(
                bulletin.name, "warning", body, bulletin.decided_ns, until, Urgency.WARNING, bulletin=bulletin
            )
            yield Message(bulletin.zone, "zone", body, bulletin.decided_ns, until, Urgency.STATE, bulletin=bulletin)
        for track in outputs.tracks:
            yield Message(f"T{track.number}", "track", b"", outputs.now_ns, outputs.now_ns + 10 * SECOND)


class ListChannel(Channel):
    """Keeps what it is sent, and fails as it is told."""

    def __init__(self, clock):
        self.clock, self.got, self.opened = clock, [], 0
        self.refuses = self.stalls = self.drops = False
        self.closing_s = 0.0
        self.unwanted = ()
        self.gone = None

    async def open(self):
        if self.refuses:
            raise ChannelError("refused")
        self.opened += 1
        self.gone = asyncio.Event()

    async def send(self, message):
        if self.drops:
            raise ConnectionResetError("reset by peer")
        while self.stalls:
            await asyncio.sleep(0.01)
        if message.body in self.unwanted:
            raise RefusalError("not wanted")
        self.got.append(message.body.decode())
        return Receipt(self.clock(), True, "list")

    async def probe(self):
        while self.stalls:
            await asyncio.sleep(0.01)

    async def lost(self):
        await self.gone.wait()

    async def close(self):
        await asyncio.sleep(self.closing_s)


@pytest.fixture
def make_out(site):
    def make(name="a", clock=None, approvals=1, encoder=None):
        channel = ListChannel(clock or (lambda: START))
        return Out(name, "list", site.id, encoder or PlainEncoder(site), channel, QUICK, approvals=approvals)

    return make
