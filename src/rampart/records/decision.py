"""Decision: what an operator did - who, what, to which zones, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rampart.errors import InputError

from .columns import Columns, column
from .names import DecisionKind, DetectionFlag, Phase
from .site import Site

#: Longest name of an operator and longest reason, characters.
LONGEST_NAME, LONGEST_REASON = 100, 500


@dataclass(frozen=True, slots=True, eq=False)
class Decisions(Columns):
    """What operators decided: an input of the chain, recorded and replayed like a detection."""

    number: np.ndarray = column("i8", doc="number of the decision, unique within a run and site, counted from 1")
    time_ns: np.ndarray = column("i8", doc="when it was taken, ns UTC")
    what: np.ndarray = column("i1", doc="DecisionKind")
    who: np.ndarray = column("O", missing="", doc="the operator, as logged in; never empty")
    reason: np.ndarray = column("O", missing="", doc="why, in the operator's words; never empty")
    zones: np.ndarray = column("O", missing=(), doc="indices into Site.zones, a tuple; for approve it may be empty")
    phase: np.ndarray = column("i1", missing=Phase.SHELTER, doc="Phase that a warn asks for: prepare or shelter")
    until_ns: np.ndarray = column("i8", doc="when a warn, hold or approve ends by itself, ns UTC; 0: by the policy")
    warning: np.ndarray = column("i8", doc="Warnings.number that an approve lets out or a silence is for; 0 if none")
    channel: np.ndarray = column("O", missing="", doc="id of the channel that an approve is for; '' for every one")
    flags: np.ndarray = column("u1", doc="DetectionFlag: taken in an exercise or a test")


def decide(
    site: Site,
    number: int,
    time_ns: int,
    what: DecisionKind,
    who: str,
    reason: str,
    *,
    zones: Sequence[str] = (),
    phase: Phase = Phase.SHELTER,
    until_ns: int = 0,
    warning: int = 0,
    channel: str = "",
    flags: DetectionFlag = DetectionFlag.NONE,
) -> Decisions:
    """One checked decision.

    Parameters
    ----------
    site : Site
        Whose zones are meant.
    number : int
        Its number, one more than that of the last.
    time_ns : int
        When it was taken, ns UTC.
    what : DecisionKind
        What was decided.
    who, reason : str
        Neither may be empty; spaces and line breaks are joined.
    zones : sequence of str
        Ids of the zones; at least one, except for an approval. Zones that belong to one of them are meant too.
    phase : Phase
        Of a warn: prepare or shelter.
    until_ns : int
        When it ends by itself, ns UTC, after `time_ns`; 0 leaves that to the policy.
    warning, channel : int, str
        Of an approve: which warning may go out, and where; "" means every channel. Of a silence: which warning is no
        longer sounded; 0 means whatever sounds.
    flags : DetectionFlag
        Taken in an exercise or a test.

    Raises
    ------
    InputError
        Naming what is wrong and what was expected.

    Examples
    --------
    >>> from rampart.records import Zone
    >>> site = Site("base", 0.5, 0.7, 30.0, zones=(Zone("north", np.zeros((3, 2))),))
    >>> row = decide(site, 1, 5, DecisionKind.CANCEL, "A. Smith", "own aircraft", zones=["north"])[0]
    >>> row.who, row.zones
    ('A. Smith', (0,))
    """
    who, reason = _text("who", who, LONGEST_NAME), _text("reason", reason, LONGEST_REASON)
    if number < 1:
        raise InputError(f"number = {number}, expected 1 or more")
    if phase not in (Phase.PREPARE, Phase.SHELTER):
        raise InputError(f"phase = {phase.label}, expected prepare or shelter")
    if until_ns and until_ns <= time_ns:
        raise InputError("until lies before the decision, expected a time after it")
    if what == DecisionKind.APPROVE:
        if warning < 1:
            raise InputError(f"warning = {warning}, expected the number of the warning that is approved")
    elif not zones:
        raise InputError(f"zones: none given, expected at least one to {what.label}")
    return Decisions.build(
        1,
        number=[number],
        time_ns=[time_ns],
        what=[int(what)],
        who=[who],
        reason=[reason],
        zones=[_indices(site, zones)],
        phase=[int(phase)],
        until_ns=[until_ns],
        warning=[warning],
        channel=[channel],
        flags=[int(flags)],
    )


def _text(name: str, value: str, longest: int) -> str:
    text = " ".join(value.split())
    if not text:
        raise InputError(f"{name} is empty, expected {'a name' if name == 'who' else 'words that say why'}")
    if len(text) > longest:
        raise InputError(f"{name} has {len(text)} characters, expected at most {longest}")
    return text


def _indices(site: Site, zones: Sequence[str]) -> tuple[int, ...]:
    known = {zone.id: i for i, zone in enumerate(site.zones)}
    for zone in zones:
        if zone not in known:
            some = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
            raise InputError(f"zone {zone!r}: site {site.id!r} has none of that id; expected one of {some}")
    chosen = {known[zone] for zone in zones}
    grown = True
    while grown:  # what is decided of a zone is decided of those that belong to it
        parts = {i for i, zone in enumerate(site.zones) if zone.parent and known.get(zone.parent) in chosen}
        grown, chosen = not parts <= chosen, chosen | parts
    return tuple(sorted(chosen))
