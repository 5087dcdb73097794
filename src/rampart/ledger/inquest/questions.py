"""Open questions: what the dossier itself shows to be unknown, unconfirmed or in conflict."""

from __future__ import annotations

from collections.abc import Iterator

from rampart.ledger.words import join, kind_name
from rampart.records import HealthState

from .claims import CONTRADICTS, tracked_types, verdict
from .dossier import Dossier
from .statement import type_names


def open_questions(dossier: Dossier) -> list[str]:
    """What is left to find out, each with what it would take."""
    return [
        *_evidence(dossier), *_counts(dossier), *_claims(dossier), *_impacts(dossier), *_threats(dossier),
        *_sensors(dossier),
    ]  # fmt: skip


def _evidence(dossier: Dossier) -> Iterator[str]:
    if dossier.missing:
        yield f"There is no recording to work from: {dossier.missing}."
    if dossier.time is None:
        yield "When did it happen? The ledger has no time for it."


def _counts(dossier: Dossier) -> Iterator[str]:
    for kind, counts in dossier.estimate.get("counts", {}).items():
        if counts["low"] != counts["high"]:
            left = f"{counts['low']} to {counts['high']}"
            yield f"How many {type_names(kind)[1]} were there? The claims leave {left} open (90 %)."


def _claims(dossier: Dossier) -> Iterator[str]:
    tracked = tracked_types(dossier)
    against = [c for c in dossier.claims if verdict(c, tracked) == CONTRADICTS]
    for claim in against:
        who = claim["publisher"] or claim["source"].replace("_", " ")
        yield (
            f"Claim {claim['id']} ({who}) does not fit what was tracked: was something not seen, or is the claim wrong?"
        )
    said = {c["outcome"] for c in dossier.claims if c["outcome"]}
    if {"landed", "intercepted"} <= said:
        yield "Some say that it came down, others that it was intercepted: what is there on the ground?"
    blamed = sorted({c["attribution"] for c in dossier.claims if c["attribution"]})
    if blamed:
        yield (
            f"Sources name {join(blamed)} as responsible. That is what they say; nothing in this report bears on it."
        )


def _impacts(dossier: Dossier) -> Iterator[str]:
    unconfirmed = [
        str(t.entry["id"])
        for _, t in dossier.threats
        if t.ballistic and t.tracks and t.destroyed_s is None and dossier.found_of(t) is None
    ]
    if unconfirmed:
        yield (
            f"Where did {join(unconfirmed)} come down? No impact is confirmed; the predicted ellipses say where to "
            "look (rampart incident event enters what is found)."
        )


def _threats(dossier: Dossier) -> Iterator[str]:
    for _, threat in dossier.threats:
        e = threat.entry
        if not threat.tracks:
            yield f"Why was {e['id']} never tracked?"
        elif (e.get("class_probability") or 1.0) < 0.8:
            kind = kind_name(str(e["class"]))
            yield f"Was {e['id']} a {kind}? Its track says so with {e['class_probability']:.0%} only."
        if len(threat.tracks) > 1:
            yield f"{e['id']} was tracked {len(threat.tracks)} times: why was its track lost in between?"
        missed = [zone for zone in e["needed_zones"] if zone not in e["warned_zones"]]
        if missed:
            yield f"Why was {join(missed)} not warned of {e['id']} before it arrived?"


def _sensors(dossier: Dossier) -> Iterator[str]:
    case = dossier.case
    if case is None:
        return
    for story in case.stories:
        start, end = min(r.start_s for r in story.raids), max(r.end_s for r in story.raids)
        bad = sorted(
            {
                f"{c.part.split('/')[-1]} ({c.state.label})"
                for c in case.health.get(story.site.id, ())
                if start <= c.time_s <= end and c.state not in (HealthState.OK, HealthState.STARTING)
            }
        )
        if bad:
            yield f"At {story.name}, {join(bad)} did not work as they should while it lasted: what did that cost?"
