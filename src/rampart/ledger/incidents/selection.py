"""Which incidents a question is about, and what is thought of their types and outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import NONE, Cases, Integers, Opinions
from .fields import OUTCOMES, STATUSES, TYPES, Span
from .many import Floats, choices, standing

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents are asked for.

    Parameters
    ----------
    since, until : Span or None
        First and last time, both included.
    site : str or None
        Only of this site, in capitals or not.
    type, outcome : str or None
        Only those of which this is the likeliest; ``unknown`` for those of which none is.
    status : str or None
        Only of this status.
    simulated : bool
        Those entered from simulations, too: they count for nothing, but there they are.
    """

    since: Span | None = None
    until: Span | None = None
    site: str | None = None
    type: str | None = None
    outcome: str | None = None
    status: str | None = None
    simulated: bool = False

    def time_fits(self, span: Span | None) -> bool | None:
        """Whether a time lies within: None if that is not known."""
        if self.since is None and self.until is None:
            return True
        if span is None:
            return None
        if self.since is not None and span.earliest_ns < self.since.earliest_ns:
            return False if span.latest_ns < self.since.earliest_ns else None
        if self.until is not None and span.latest_ns > self.until.latest_ns:
            return False if span.earliest_ns > self.until.latest_ns else None
        return True


@dataclass(frozen=True, slots=True)
class Choice:
    """Types or outcomes of incidents.

    Parameters
    ----------
    words : tuple of str
    index : (m,) int
        Incidents of which somebody says it.
    p : (m, len(words)) float
        Chances of each word.
    likeliest : (n,) int
        Of every incident; ``len(words)`` where nobody says, or two words are equally likely.
    claims, about : (k,) int
        Ids of the claims that it rests on, and the incident that each is about.
    """

    words: tuple[str, ...]
    index: Integers
    p: Floats
    likeliest: Integers
    claims: Integers
    about: Integers


@dataclass(frozen=True, slots=True)
class Selection:
    """Incidents that a question is about, with the claims about them.

    Parameters
    ----------
    cases : Cases
        n incidents in the order of their ids.
    certain : (n,) bool
        Whether the time surely fits; it may fit for the others.
    said : Opinions
    about : (k,) int
        Index of the incident that each claim is about.
    """

    cases: Cases
    certain: NDArray[np.bool_]
    said: Opinions
    about: Integers

    def choice(self, name: str, words: tuple[str, ...]) -> Choice:
        """What is thought of the ``type`` or ``outcome`` of each incident."""
        told = getattr(self.said, name) != NONE
        said, about = self.said.take(told), self.about[told]
        kept = standing(said)
        said, about = said.take(kept), about[kept]
        index, group = np.unique(about, return_inverse=True)
        p = choices(group, getattr(said, name), said.reliability, len(index), len(words))
        likeliest = np.full(len(self.cases.id), len(words))
        if len(index):
            tied = (p == p.max(axis=1, keepdims=True)).sum(axis=1) > 1
            likeliest[index] = np.where(tied, len(words), p.argmax(axis=1))
        return Choice(words, index, p, likeliest, said.id, about)

    def take(self, mask: NDArray[np.bool_]) -> "Selection":
        """Some of the incidents, with the claims about them."""
        if mask.all():
            return self
        cases = take_cases(self.cases, mask)
        place = np.cumsum(mask) - 1
        told = mask[self.about]
        return Selection(cases, self.certain[mask], self.said.take(told), place[self.about[told]])


def take_cases(cases: Cases, mask: NDArray[np.bool_]) -> Cases:
    """Some of the incidents."""
    columns = {each.name: getattr(cases, each.name)[mask] for each in fields(cases) if each.name != "sites"}
    return replace(cases, **columns)


def select(cases: Cases, opinions: Opinions, asked: Filter) -> Selection:
    """The incidents asked for."""
    about = np.searchsorted(cases.id, opinions.incident_id)
    there = (
        cases.id[np.minimum(about, max(len(cases.id) - 1, 0))] == opinions.incident_id if len(cases.id) else about < 0
    )
    if not there.all():  # of incidents that were merged away; damaged files only
        opinions, about = opinions.take(there), about[there]
    possible, certain = _times(cases, asked)
    if not asked.simulated:
        possible &= ~cases.simulated
    if asked.site is not None:
        wanted = asked.site.casefold()
        possible &= np.array([name.casefold() == wanted for name in cases.sites], np.bool_)[cases.site]
    if asked.status is not None:
        possible &= cases.status == STATUSES.index(asked.status)
    found = Selection(cases, certain, opinions, about).take(possible)
    for name, words in (("type", TYPES), ("outcome", OUTCOMES)):
        word = getattr(asked, name)
        if word is not None:
            found = found.take(found.choice(name, words).likeliest == (*words, "unknown").index(word))
    return found


def _times(cases: Cases, asked: Filter) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each incident, whether its time may lie within, and whether it surely does."""
    n = len(cases.id)
    possible, certain = np.ones(n, np.bool_), np.ones(n, np.bool_)
    if asked.since is not None:
        possible &= cases.latest_ns >= asked.since.earliest_ns
        certain &= cases.earliest_ns >= asked.since.earliest_ns
    if asked.until is not None:
        possible &= cases.earliest_ns <= asked.until.latest_ns
        certain &= cases.latest_ns <= asked.until.latest_ns
    if asked.since is not None or asked.until is not None:
        possible |= ~cases.dated
        certain &= cases.dated
    return possible, certain
