"""Optimum: the same raid, with a trainee who knows what will come down where and answers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rampart.pipeline import Scenario, build_chain, build_places
from rampart.study import run as run_scenario

from .fire import FireDesk
from .raid import Raid


@dataclass(frozen=True)
class Yardstick:
    """What a trainee's decisions are compared with; every run of it flies the same raid.

    Attributes
    ----------
    undisturbed : dict
        Summary of the run without effectors: where each threat comes down, and whom it endangers.
    policy : dict
        Summary of the run with the scenario's own rules and its delay for a person's consent.
    optimum : dict of list of FireDesk
        Desks of a trainee who releases at once exactly what endangers a defended zone.
    """

    undisturbed: dict[str, Any]
    policy: dict[str, Any]
    optimum: dict[str, FireDesk]
    wanted: set[str]  #: threats that endanger a defended zone


def measure(scenario: Scenario, *, seed: int = 0, run: int = 0) -> Yardstick:
    """Fly the raid without a clock: untouched, by policy, and at best."""
    undisturbed = run_scenario(scenario, seed=seed, run=run, effectors=False).summary
    policy = run_scenario(scenario, seed=seed, run=run).summary
    wanted = endangering(scenario, undisturbed["threats"])
    return Yardstick(undisturbed, policy, best(scenario, wanted, seed=seed, run=run), wanted)


def endangering(scenario: Scenario, threats: Iterable[Mapping[str, Any]]) -> set[str]:
    """Threats that come down in a defended zone, grown by its danger radius, or pass that near."""
    defended = {(place.site.id, z.id) for place in build_places(scenario) for z in place.site.zones if z.defended}
    return {t["id"] for t in threats if any((t["site"], zone) in defended for zone in t["needed_zones"])}


def best(scenario: Scenario, wanted: set[str], *, seed: int, run: int) -> dict[str, FireDesk]:
    """The raid with a trainee who releases at once what is wanted, and nothing else."""

    def answer(desk: FireDesk, now_ns: int) -> None:
        flights = desk.world.flights
        for proposal in list(desk.proposals.values()):
            if proposal.state == "waiting":
                known = proposal.flight >= 0 and flights[proposal.flight].id in wanted
                desk.act(proposal.track, "release" if known else "withhold", "optimum", now_ns)

    return play(scenario, answer, seed=seed, run=run)


def play(scenario: Scenario, answer: Callable[[FireDesk, int], None], *, seed: int, run: int) -> dict[str, FireDesk]:
    """Fly the raid without a clock, with somebody who answers after each step; his desks at the end.

    Parameters
    ----------
    answer : callable
        Given a desk and the time of the step.
    """
    raid = Raid(scenario, scenario.start_ns, seed=seed, run=run)
    chains = {place.site.id: build_chain(raid.scenario, place, engage=False) for place in raid.places}
    desks = desks_of(raid, seed=seed, run=run)
    for scan in raid.scans():
        outputs = chains[scan.site].step(scan.now_ns, scan.detections, heard=scan.heard)
        raid.see(scan.site, outputs.now_ns, outputs.tracks)
        desk = desks[scan.site]
        raid.lose(scan.site, desk.step(outputs))
        answer(desk, scan.now_ns)
    for desk in desks.values():
        desk.referee.resolve(raid.end_ns)
    return desks


def desks_of(raid: Raid, *, seed: int, run: int) -> dict[str, FireDesk]:
    """A desk for each site of a raid."""
    return {
        place.site.id: FireDesk(raid.scenario, place, world, entity, seed, run)
        for entity, (place, world) in enumerate(zip(raid.places, raid.worlds(), strict=True))
    }
