"""A TAK server that keeps what it gets, and steps of a chain with a picture."""

import asyncio
import time
from contextlib import asynccontextmanager

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import (
    DetectionFlag,
    Engagements,
    PredictionKind,
    Predictions,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
)
from rampart.serve.delivery import Dispatcher
from rampart.wire.cot import EventStream, read_event
from rampart.wire.message_error import MessageError

from .listening import listening
from .raid import SECOND, outputs

PONG = (
    b'<event version="2.0" uid="pong" type="t-x-c-t-r" how="h-g-i-g-o" time="2026-01-01T00:00:00Z" '
    b'start="2026-01-01T00:00:00Z" stale="2026-01-01T00:00:20Z">'
    b'<point lat="0" lon="0" hae="0" ce="9999999" le="9999999"/></event>'
)


def picture(*numbers, now_ns, status=TrackStatus.CONFIRMED, east=0.0, warnings=(), flags=DetectionFlag.SIMULATED):
    """A step with rockets, where they come down, and warnings."""
    if not numbers:
        return outputs(*warnings, now_ns=now_ns)
    n = len(numbers)
    classes = np.full((n, len(TargetClass)), 0.02 / (len(TargetClass) - 1))
    classes[:, TargetClass.ROCKET] = 0.98
    tracks = Tracks.build(
        n,
        number=numbers,
        time_ns=[now_ns] * n,
        state=[[1000.0 + east, 2000.0, 500.0, -30.0, -40.0, 50.0]] * n,
        covariance=[np.diag([25.0, 9.0, 16.0, 1.0, 1.0, 1.0])] * n,
        class_probability=classes,
        existence=[0.99] * n,
        status=[int(status)] * n,
        flags=[int(flags)] * n,
        sensors=[1] * n,
    )
    predictions = Predictions.build(
        n,
        track=numbers,
        time_ns=[now_ns] * n,
        kind=[int(PredictionKind.IMPACT)] * n,
        weight=[0.9] * n,
        position_enu=[[1000.0, 2000.0, 500.0]] * n,
        position_covariance=[np.diag([25.0, 9.0])] * n,
        impact_enu=[[10.0, 150.0, 0.0]] * n,
        impact_covariance=[np.diag([400.0, 100.0])] * n,
        impact_ns=[now_ns + 20 * SECOND] * n,
        impact_sigma_s=[0.5] * n,
        launch_enu=[[4000.0, 3000.0, 0.0]] * n,
        launch_covariance=[np.diag([2500.0, 100.0])] * n,
        ellipse_major_m=[42.9] * n,
        ellipse_minor_m=[21.5] * n,
        ellipse_azimuth_rad=[1.0] * n,
        ellipse_probability=[0.9] * n,
    )
    said = Warnings.concat(warnings) if warnings else Warnings.empty()
    return Outputs(now_ns, tracks, predictions, said, Engagements.empty(), {}, None)


class TakServer:
    """Takes events and answers pings; fails as it is told."""

    def __init__(self):
        self.events, self.pings, self.connections, self.errors = [], 0, 0, []
        self.answers, self.greeting = True, b""
        self.port, self.delay_s = 0, 0.0
        self._writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        stream = EventStream()
        writer.write(self.greeting)
        try:
            while piece := await reader.read(65536 if not self.delay_s else 4096):
                await asyncio.sleep(self.delay_s)
                for octets in stream.feed(piece):
                    event = read_event(octets)
                    if event.type != "t-x-c-t":
                        self.events.append(event)
                        continue
                    self.pings += 1
                    if self.answers:
                        writer.write(PONG)
        except (OSError, MessageError) as error:
            self.errors.append(error)
        finally:
            writer.close()

    def reset(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    @property
    def uids(self):
        return [event.uid for event in self.events]


@asynccontextmanager
async def tak_server(port=0, tls=None):
    server = TakServer()
    async with listening(server.serve, port, tls) as server.port:
        yield server


@asynccontextmanager
async def delivering(*outs, clock=time.time_ns):
    """A dispatcher on this loop; its alarms are in `heard`."""
    heard = []
    dispatcher = Dispatcher(outs, clock, heard.append)
    dispatcher.heard = heard
    task = asyncio.create_task(dispatcher.run())
    await until(lambda: dispatcher.health() and all(h.state != "off" for h in dispatcher.health()))
    try:
        yield dispatcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition, seconds=8.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
