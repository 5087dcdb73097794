"""Rerun: recorded batches through another chain, or the recorded raid simulated anew with something changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from rampart.errors import InputError
from rampart.ledger import Batch, OutputDigest
from rampart.pipeline import (
    Chain,
    Outputs,
    Place,
    Purpose,
    Scenario,
    World,
    build_chain,
    build_places,
    build_world,
    stream,
)
from rampart.records import Detections, Flight, Site
from rampart.study.referee import Referee
from rampart.study.site_run import SiteRun, run_site


@dataclass(frozen=True)
class Telling:
    """What the chains said, site by site.

    Attributes
    ----------
    sites : dict
        By site id: what is left of the run; ``world`` holds truth where the recording has it.
    output_sha256 : str
        Over all outputs, in emission order.
    """

    sites: Mapping[str, SiteRun]
    output_sha256: str


def without(place: Place, removed: Collection[str]) -> tuple[Place, np.ndarray]:
    """A place without some of its sensors, and the new index of each old sensor, -1 where it is gone.

    The parts keep their position in the scenario, and with it their dice.
    """
    stays = [i for i, (_, spec) in enumerate(place.sensors) if spec.id not in removed]
    index = np.full(len(place.sensors) + 1, -1)  # the last one answers to -1: a report of no sensor stays one
    index[stays] = np.arange(len(stays))
    if len(stays) == len(place.sensors):
        return place, index
    if not stays:
        raise InputError(f"--set: site {place.site.id!r} would have no sensor left")
    site = replace(place.site, sensors=tuple(place.site.sensors[i] for i in stays))
    return replace(place, site=site, sensors=tuple(place.sensors[i] for i in stays)), index


def places_of(scenario: Scenario, removed: Collection[str]) -> list[tuple[Place, np.ndarray]]:
    """The sites of a scenario without some sensors."""
    return [without(place, removed) for place in build_places(scenario)]


def rerun_recorded(
    scenario: Scenario,
    batches: Sequence[Batch],
    removed: Collection[str],
    *,
    engage: bool,
    live: bool,
    seed: int = 0,
    run: int = 0,
    flights: Sequence[Flight] = (),
) -> Telling:
    """Recorded batches through a chain that may ask for steps of its own.

    Parameters
    ----------
    scenario : Scenario
        With the change in it.
    batches : sequence of Batch
        As recorded. A step that nothing came in for is left out: the chain says itself when it wants one.
    removed : collection of str
        Sensors whose reports are left out.
    engage, live, seed, run
        As in `build_chain`.
    flights : sequence of Flight
        What really flew, for the score.
    """
    sites: dict[str, SiteRun] = {}
    digest = OutputDigest()
    for place, index in places_of(scenario, removed):
        mine = [batch for batch in batches if batch.site_id == place.site.id]
        if not mine:
            continue
        chain = build_chain(scenario, place, engage=engage, live=live, seed=seed, run=run)
        end_ns = max(mine[-1].now_ns, scenario.start_ns + round(scenario.head.duration_s * 1e9) if not live else 0)
        outputs = [out for _, out in run_steps(chain, _left(mine, index), end_ns)]
        for out in outputs:
            digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
        sites[place.site.id] = told(place.site, outputs, flights)
    return Telling(sites, digest.hexdigest())


def told(site: Site, outputs: Iterable[Outputs], flights: Sequence[Flight]) -> SiteRun:
    """What is left of a site's run of which only the outputs, and perhaps truth, are known."""
    mine = tuple(flight for flight in flights if flight.site == site.id)
    said = [out for out in outputs if len(out.tracks) or len(out.warnings) or len(out.engagements)]
    place = cast(Place, SimpleNamespace(site=site))
    return SiteRun(place, World(mine, ()), said, ended_s=np.full(len(mine), np.inf))


def _left(batches: Sequence[Batch], index: np.ndarray) -> list[Batch]:
    """Batches without the reports of removed sensors, numbered anew; steps for which nothing came in are left out."""
    left, count = [], 1
    gone = bool((index[:-1] < 0).any())
    for batch in batches:
        now = index[batch.detections.sensor]
        stays = (now >= 0) | (batch.detections.sensor < 0)
        heard = None if batch.heard is None else tuple(int(index[i]) for i in batch.heard if index[i] >= 0)
        n = int(stays.sum())
        if heard is not None and not (heard or n or len(batch.decisions) or len(batch.external)):
            continue
        if not gone:
            left.append(batch)
            continue
        detections = batch.detections.take(stays).replace(sensor=now[stays], number=np.arange(count, count + n))
        left.append(batch._replace(detections=detections, heard=heard))
        count += n
    return left


def run_steps(chain: Chain, batches: Sequence[Batch], end_ns: int) -> Iterator[tuple[Batch, Outputs]]:
    """The run loop on recorded inputs: a step for each, and whenever a stage asks for one.

    Parameters
    ----------
    chain : Chain
        A fresh one.
    batches : sequence of Batch
        Of one site, in order of time.
    end_ns : int
        The last moment at which a stage is woken, ns UTC.
    """
    wake_ns: int | None = None
    watched = any(batch.heard is not None for batch in batches)
    site_id = chain.site.id
    for batch in [*batches, None]:
        until_ns = end_ns + 1 if batch is None else batch.now_ns
        while wake_ns is not None and wake_ns < until_ns:
            own = Batch(site_id, wake_ns, Detections.empty(), None, -1, heard=() if watched else None)
            out = chain.step(wake_ns, own.detections, heard=own.heard)
            wake_ns = _next(out)
            yield own, out
        if batch is not None:
            out = chain.step(
                batch.now_ns, batch.detections, batch.external, decisions=batch.decisions, heard=batch.heard
            )
            wake_ns = _next(out)
            yield batch, out


def _next(out: Outputs) -> int | None:
    return None if out.wake_ns is None else max(out.wake_ns, out.now_ns + 1)


def rerun_simulated(scenario: Scenario, header: Mapping[str, Any], removed: Collection[str]) -> Telling:
    """The recorded raid once more from its seed; what the change does not touch keeps its dice.

    Parameters
    ----------
    scenario : Scenario
        With the change in it.
    header : mapping
        Of the recording: seed, run, whether there are effectors.
    removed : collection of str
        Sensors that are not there.
    """
    seed, run = int(header["seed"]), int(header["run"])
    sites: dict[str, SiteRun] = {}
    digest = OutputDigest()
    for entity, (place, _) in enumerate(places_of(scenario, removed)):
        world = build_world(place, seed=seed, run=run)
        chain = build_chain(scenario, place, engage=bool(header.get("effectors", True)), seed=seed, run=run)
        judge = Referee(place, world, scenario.stages["referee"], stream(seed, run, Purpose.OUTCOME, entity))
        done = run_site(place, world, chain, judge, duration_s=scenario.head.duration_s)
        for out in done.outputs:
            digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
        sites[place.site.id] = done
    return Telling(sites, digest.hexdigest())
