"""Replay: a session's journal through the same intake and chain, compared step by step with what was said then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.pipeline import LIVE_ROOMS, Place, Scenario, build_chain, build_places, restore_scenario
from rampart.serve.core import SiteCore, Worked
from rampart.serve.feed import FeedPlan, plan_feeds

from .codec import decode
from .entries import NO_DIGEST, chained
from .history import Gap, History, PastState, PastStep, read_header

OnStep = Callable[[str, int, Worked | None], None]  #: site id, time of the step [ns UTC], what came of it


def journal_header(
    scenario: Scenario, places: Sequence[Place], *, version: str, session: str, fresh: bool
) -> dict[str, Any]:
    """What decides a live run, as plain data: the head of each segment.

    Parameters
    ----------
    scenario, places
        As they run: started, and with the status that the mode gives to warnings.
    version : str
        Of Rampart.
    session : str
        In the ids that peers see.
    fresh : bool
        Its chains begin with nothing; else with a state that the journal holds.
    """
    return {
        "schema": 1,
        "live": True,
        "version": version,
        "session": session,
        "fresh": fresh,
        "folder": str(scenario.folder.absolute()),
        "scenario": scenario.resolved(),
        "feed": [spec.model_dump(mode="json") for spec in scenario.parts["feed"]],
        "sites": [place.site.id for place in places],
    }


@dataclass(frozen=True)
class Setup:
    """What a journal's header describes, built again."""

    scenario: Scenario
    places: tuple[Place, ...]
    plan: FeedPlan


def set_up(header: Mapping[str, Any], path: Path) -> Setup:
    """Build what a header describes; no socket is opened.

    Raises
    ------
    InputError
        If it describes nothing that this version can build.
    """
    try:
        resolved = {**header["scenario"], "feed": header["feed"], "folder": header["folder"]}
        names = list(header["sites"])
    except (KeyError, TypeError):
        raise InputError("the journal's header is not readable", path=path) from None
    scenario = restore_scenario(resolved, str(path), rooms=LIVE_ROOMS)
    places = build_places(scenario)
    if [place.site.id for place in places] != names:
        raise InputError("the journal's header names other sites than it describes", path=path)
    return Setup(scenario, places, plan_feeds(scenario, places))


@dataclass
class Replayed:
    """What a replay found.

    Attributes
    ----------
    steps : int
        Compared with the journal.
    failed : int
        Of them, those in which the chain failed, as it did then.
    different : list of (str, int)
        Site and step at which the output was another; the first few.
    digests : mapping
        Site -> digest of all outputs, see `chained`.
    gaps : int
        Places at which the disk had not taken everything; the replay went on from the next state.
    """

    steps: int = 0
    failed: int = 0
    different: list[tuple[str, int]] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)
    gaps: int = 0

    @property
    def output_sha256(self) -> str:
        """One digest for all sites."""
        sha = hashlib.sha256()
        for site in sorted(self.digests):
            sha.update(site.encode() + b"\0" + self.digests[site])
        return sha.hexdigest()

    def answer(self) -> dict[str, Any]:
        """What ``rampart replay --json`` prints of it."""
        return {
            "output_sha256": self.output_sha256,
            "matches_recording": not self.different,
            "steps": self.steps,
            "failed": self.failed,
            "gaps": self.gaps,
            "different": [{"site": site, "step": step} for site, step in self.different],
        }


class _Side:
    """One site while it is replayed."""

    def __init__(self, setup: Setup, place: Place, fresh: bool) -> None:
        self.site = place.site.id
        chain = build_chain(setup.scenario, place, engage=False, live=True)
        self.core = SiteCore(self.site, chain, lambda: 0, lambda *_: None, intake=setup.plan.intakes[self.site])
        self.going, self.digest = fresh, NO_DIGEST

    def begin(self, state: PastState) -> None:
        self.core.restore(decode(state.state))
        self.going, self.digest = True, state.digest


def replay_journal(folder: Path, on_step: OnStep | None = None) -> Replayed:
    """Make every step of a session again.

    Parameters
    ----------
    folder : pathlib.Path
        Of the session.
    on_step : callable or None
        Told of each step.

    Raises
    ------
    InputError
        If it holds no journal, or was made with settings that this version does not know.
    """
    header = read_header(folder)
    setup = set_up(header, folder)
    sides = [_Side(setup, place, bool(header.get("fresh"))) for place in setup.places]
    names = [side.site for side in sides]
    history = History(folder, [names.index(site) for site in setup.plan.sites])
    found = Replayed()
    for past in history.read():
        if isinstance(past, PastStep):
            _again(sides[past.entry.site], past, found, on_step)
        elif isinstance(past, Gap):
            found.gaps += 1
            for side in sides:
                side.going = False
        elif not sides[past.site].going:
            sides[past.site].begin(past)
    found.digests = {side.site: side.digest for side in sides}
    return found


def _again(side: _Side, past: PastStep, found: Replayed, on_step: OnStep | None) -> None:
    if not side.going:
        return
    worked = side.core.again(past.entry.now_ns, past.packets, past.decisions)
    side.digest = chained(side.digest, None if worked is None else worked.outputs)
    found.steps += 1
    found.failed += worked is None
    if side.digest != past.entry.digest and len(found.different) < 16:
        found.different.append((side.site, past.entry.step))
    if on_step is not None:
        on_step(side.site, past.entry.now_ns, worked)
