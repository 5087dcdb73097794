"""SiteRun: the run loop of one site - sensors look at truth, the chain steps, the referee decides outcomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rampart.ledger import Recorder
from rampart.pipeline import Chain, Outputs, Place, World
from rampart.records import Detections
from rampart.records.slots import swift
from rampart.sensor.gates import Gate, Looks
from rampart.sensor.rounds import Rounds
from rampart.sensor.sky import Sky

from .debris import Debris
from .referee import Referee, Shot

Progress = Callable[[str, float, Outputs], None]  #: site id, seconds since run start, what the chain said


@swift
@dataclass(frozen=True, slots=True)
class Look:
    """What a step received, and which of it shows a flight. Only the referee reads it."""

    now_ns: int
    received: Detections
    rows: np.ndarray  #: (n,) of `received` that show a flight
    flight: np.ndarray  #: (n,) which: index into World.flights

    @property
    def detections(self) -> Detections:
        """Those that show a flight."""
        return self.received.take(self.rows)


@dataclass
class SiteRun:
    """What one site's run left behind.

    Attributes
    ----------
    place, world
        What ran.
    outputs : list of Outputs
        In emission order; steps in which the chain said nothing are left out.
    looks : list of Look
        Detections of real flights, in order.
    shots : list of Shot
        Simulated engagements and their outcomes, in order of intercept.
    ended_s : numpy.ndarray
        (flights,) seconds since run start at which a flight was destroyed; inf if it was not.
    debris : list of Debris
        What came down of destroyed flights.
    sensors : list of dict
        Standing of each sensor at the end, as the tracker has it.
    """

    place: Place
    world: World
    outputs: list[Outputs] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    ended_s: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sensors: list[dict[str, Any]] = field(default_factory=list)
    debris: list[Debris] = field(default_factory=list)


def run_site(
    place: Place,
    world: World,
    chain: Chain,
    referee: Referee | None,
    *,
    duration_s: float,
    recorders: Sequence[Recorder] = (),
    progress: Progress | None = None,
) -> SiteRun:
    """Run one site from second 0 to `duration_s`.

    Parameters
    ----------
    place : Place
        The site.
    world : World
        Flights and simulated sensors.
    chain : Chain
        Stepped at every batch and whenever a stage asks for it.
    referee : Referee or None
        Decides what simulated engagements come to; None lets every flight go on.
    duration_s : float
        Length of the run, s.
    recorders : sequence of Recorder
        Told every batch and every output.
    progress : callable or None
        Told every step that said something.
    """
    run = SiteRun(place, world)
    sky = Sky.build(world.flights)
    end_ns = place.site.start_ns + round(duration_s * 1e9)
    deliveries = Rounds(world.sensors)
    count, wake_ns = 1, None
    cued = [sensor for sensor in world.sensors if hasattr(sensor, "cue")]  # turned by what the chain sees, as in life
    while True:
        now_ns = deliveries.next_ns if wake_ns is None else min(deliveries.next_ns, wake_ns)
        if now_ns > end_ns:
            break
        if referee is not None:
            shots = len(referee.shots)
            ended_s = referee.resolve(now_ns)
            if len(referee.shots) > shots and any(shot.destroyed for shot in referee.shots[shots:]):
                sky = sky.with_ended(ended_s.copy())
        parts, links = [], []
        due = deliveries.due(now_ns)
        for index in due:
            result = world.sensors[index].step(now_ns, sky)
            parts.append(result.records)
            links.append(result.info["flight"])
            if recorders:
                _explain(recorders, run, now_ns, index, result.info["gates"])
        detections = parts[0] if len(parts) == 1 else Detections.concat(parts)
        if len(detections):
            detections = detections.numbered(count)
            count += len(detections)
            _remember(run, now_ns, detections, links[0] if len(links) == 1 else np.concatenate(links))
        outputs = chain.step(now_ns, detections, heard=due)
        run.sensors = outputs.info["track"].get("sensors", [])
        for sensor in cued:
            sensor.cue(now_ns, outputs.tracks)
        wake_ns = None if outputs.wake_ns is None else max(outputs.wake_ns, now_ns + 1)
        _tell(run, outputs, detections, due, referee, recorders, progress)
    if referee is not None:
        run.ended_s = referee.resolve(end_ns).copy()
        run.shots, run.debris = referee.shots, referee.debris
    else:
        run.ended_s = np.full(len(world.flights), np.inf)
    return run


def _remember(run: SiteRun, now_ns: int, detections: Detections, flight: np.ndarray) -> None:
    if max(flight.tolist()) >= 0:  # most scans show false alarms only
        real = (flight >= 0).nonzero()[0]
        run.looks.append(Look(now_ns, detections, real, flight[real]))


def _explain(recorders: Sequence[Recorder], run: SiteRun, now_ns: int, index: int, looks: Looks) -> None:
    """Tell recorders what the scan made of every flight that was there."""
    there = np.flatnonzero(looks.gate != Gate.ABSENT)
    columns = {
        "target": [run.world.flights[i].id for i in there],
        "gate": [Gate(g).label for g in looks.gate[there].tolist()],
        "time_s": looks.time_s[there],
        "range_m": looks.range_m[there],
        "snr_db": looks.snr_db[there],
    }
    site = run.place.site
    for recorder in recorders:
        recorder.diagnostics(site.id, now_ns, site.sensors[index].id, columns)


def _tell(
    run: SiteRun,
    outputs: Outputs,
    detections: Detections,
    heard: Sequence[int],
    referee: Referee | None,
    recorders: Sequence[Recorder],
    progress: Progress | None,
) -> None:
    site = run.place.site
    said = bool(len(outputs.tracks) or len(outputs.warnings) or len(outputs.engagements))
    for recorder in recorders:
        recorder.batch(site.id, outputs.now_ns, detections, heard=heard)
        recorder.outputs(
            site.id, outputs.now_ns, outputs.tracks, outputs.predictions, outputs.warnings, outputs.engagements
        )
        recorder.states(site.id, outputs.now_ns, outputs.health, outputs.zones)
    if said:
        run.outputs.append(outputs)
        if referee is not None and len(outputs.engagements):
            referee.engage(outputs.engagements, outputs.tracks)
    if progress is not None and said:
        progress(site.id, (outputs.now_ns - site.start_ns) * 1e-9, outputs)
