"""Rerun: the recorded run once more with a sensor added, or with one sensor alone; what it says is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rampart.errors import InputError
from rampart.ledger import RunRecord
from rampart.pipeline import (
    Candidate,
    Place,
    Purpose,
    Scenario,
    build_chain,
    build_places,
    build_world,
    restore_scenario,
    stream,
)
from rampart.study.referee import Referee
from rampart.study.score import Scorer
from rampart.study.site_run import run_site

SITE, LIST = "site", "candidates"


@dataclass(frozen=True)
class Tried:
    """One rerun of a site."""

    sensor: str
    of: str  #: ``candidates``: added to the site's sensors; ``site``: the only sensor
    threats: dict[str, dict[str, Any]]  #: as in a summary, by id
    detections: dict[str, float | None]  #: first detection by this very sensor [s]

    def plain(self, threat_id: str, outcome: Any) -> dict[str, Any]:
        """What it made of a threat that had failed with an `Outcome`."""
        t = self.threats[threat_id]
        caught = True
        if outcome.missed or outcome.late:
            caught = all(p["warned"] for p in t["pairs"]) if t["pairs"] else t["confirmed_s"] is not None
            if outcome.late:
                caught = caught and not self._late(t)
        if outcome.misclassified:
            caught = caught and t["class"] == t["kind"]
        return {
            "sensor": self.sensor,
            "of": self.of,
            "caught": bool(caught),
            "first_detection_s": self.detections.get(threat_id),
            "confirmed_s": t["confirmed_s"],
            "first_warning_s": t["first_warning_s"],
            "warning_lead_s": t["warning_lead_s"],
            "in_time": bool(caught) and not self._late(t),
            "class": t["class"],
        }

    @staticmethod
    def _late(t: dict[str, Any]) -> bool:
        return any(p["first_warning_s"] is None or p["first_warning_s"] > p["latest_s"] for p in t["pairs"])


def try_sensors(
    record: RunRecord, candidates: Sequence[Candidate], sites: set[str], path: str
) -> dict[str, tuple[Tried, ...]]:
    """Rerun every site that a threat slipped through with each sensor; flights and other sensors keep their dice.

    Parameters
    ----------
    record : RunRecord
        Gives scenario, seed and run.
    candidates : sequence of Candidate
        Each is added to the site's own sensors, one at a time.
    sites : set of str
        Ids of the sites. One with several sensors is also run with each of them alone.
    path : str
        The recording, for errors.
    """
    scenario = restore_scenario(record.header["scenario"], path)
    places = [(e, p) for e, p in enumerate(build_places(scenario)) if p.site.id in sites]
    found = {}
    for entity, place in places:
        runs = [_run(record, scenario, entity, v, name, of) for name, of, v in _variants(scenario, place, candidates)]
        found[place.site.id] = tuple(runs)
    return found


def _variants(scenario: Scenario, place: Place, candidates: Sequence[Candidate]) -> Iterator[tuple[str, str, Place]]:
    if len(place.sensors) > 1:
        for part, model in zip(place.sensors, place.site.sensors, strict=True):
            alone = replace(place, sensors=(part,), site=replace(place.site, sensors=(model,)))
            yield part[1].id, SITE, alone
    first = len(scenario.parts["sensor"])
    taken = {spec.id for _, spec in place.sensors}
    for j, candidate in enumerate(candidates):
        spec = candidate.spec
        if spec.site not in (None, place.site.id):
            continue
        if spec.id in taken:
            raise InputError(f"candidate {spec.id!r}: site {place.site.id!r} has a sensor of that id already")
        models = (*place.site.sensors, spec.model(place.site))
        more = replace(place, sensors=(*place.sensors, (first + j, spec)), site=replace(place.site, sensors=models))
        yield spec.id, LIST, more


def _run(record: RunRecord, scenario: Scenario, entity: int, place: Place, name: str, of: str) -> Tried:
    seed, run = int(record.header["seed"]), int(record.header["run"])
    world = build_world(place, seed=seed, run=run)
    chain = build_chain(scenario, place, engage=bool(record.header.get("effectors", True)), seed=seed, run=run)
    referee = Referee(place, world, scenario.stages["referee"], stream(seed, run, Purpose.OUTCOME, entity))
    done = run_site(place, world, chain, referee, duration_s=scenario.head.duration_s)
    radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
    scorer = Scorer(done, radius_m, scenario.head.duration_s)
    threats = {t["id"]: t for t in scorer.threats()}
    shelter = {z.id: z.shelter_time_s for z in place.site.zones}
    for threat in threats.values():
        for pair in threat["pairs"]:
            pair["latest_s"] = pair["arrival_s"] - shelter[pair["zone"]]
    return Tried(name, of, threats, _first_detections(scorer, place, name))


def _first_detections(scorer: Scorer, place: Place, name: str) -> dict[str, float | None]:
    number = [s.id for s in place.site.sensors].index(name)
    detections, flight = scorer.looks
    found: dict[str, float | None] = {}
    for i, body in enumerate(scorer.run.world.flights):
        mine = (flight == i) & (detections.sensor == number)
        found[body.id] = round(float(scorer.seconds(detections.time_ns[mine].min())), 3) if mine.any() else None
    return found
