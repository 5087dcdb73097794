"""Episodes: warnings as the people of a zone lived through them, and which of two runs belong to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rampart.records import Phase, Warnings
from rampart.study.site_run import SiteRun

#: Two alarms of one zone in two runs are the same one if they overlap, or begin within so many seconds.
SAME_S = 30.0
_ALARM = (Phase.PREPARE, Phase.SHELTER)


@dataclass(frozen=True, slots=True)
class Episode:
    """One warning from its first message to its end."""

    site: str
    zone: str
    people: float
    first_s: float  #: first told to prepare or shelter, seconds since run start
    end_s: float  #: released or cancelled; the last moment of the run if neither
    shelter_s: float  #: seconds that people were asked to stay in shelter

    def same(self, other: Episode) -> bool:
        """Whether two runs mean the same alarm."""
        overlap = min(self.end_s, other.end_s) - max(self.first_s, other.first_s)
        return overlap >= 0.0 or abs(self.first_s - other.first_s) <= SAME_S


def episodes(run: SiteRun, end_s: float) -> list[Episode]:
    """The alarms of one site in the order in which they began.

    Parameters
    ----------
    run : SiteRun
        Its outputs.
    end_s : float
        When what is still open is cut, seconds since run start.
    """
    site = run.place.site
    rows = Warnings.concat(out.warnings for out in run.outputs)
    by_number: dict[int, list[tuple[float, int, int]]] = {}
    for number, zone, phase, time_ns in zip(
        rows.number.tolist(), rows.zone.tolist(), rows.phase.tolist(), rows.time_ns.tolist(), strict=True
    ):
        by_number.setdefault(number, []).append(((time_ns - site.start_ns) * 1e-9, phase, zone))
    found = []
    for messages in by_number.values():
        alarms = [t for t, phase, _ in messages if phase in _ALARM]
        if not alarms:
            continue
        zone_ = site.zones[messages[0][2]]
        over = [t for t, phase, _ in messages if phase not in _ALARM]
        end = over[0] if over else max(end_s, alarms[-1])
        shelter = [t for t, phase, _ in messages if phase == Phase.SHELTER]
        found.append(
            Episode(site.id, zone_.id, zone_.population, alarms[0], end, max(end - shelter[0], 0.0) if shelter else 0.0)
        )
    return sorted(found, key=lambda e: (e.first_s, e.zone))


def pair(before: Sequence[Episode], after: Sequence[Episode]) -> list[tuple[Episode | None, Episode | None]]:
    """Alarms of two runs side by side; None where the other has none like it.

    >>> a, b = Episode("s", "z", 10.0, 5.0, 20.0, 9.0), Episode("s", "z", 10.0, 400.0, 420.0, 9.0)
    >>> [(old is None, new is None) for old, new in pair([a], [a, b])]
    [(False, False), (True, False)]
    """
    rest = list(after)
    pairs: list[tuple[Episode | None, Episode | None]] = []
    for old in before:
        fits = [new for new in rest if (new.site, new.zone) == (old.site, old.zone) and old.same(new)]
        best = min(fits, key=lambda new: abs(new.first_s - old.first_s), default=None)
        if best is not None:
            rest.remove(best)
        pairs.append((old, best))
    return [*pairs, *((None, new) for new in rest)]


def people_warned(alarms: Iterable[Episode]) -> float:
    """People in zones that were warned at least once."""
    return sum({(e.site, e.zone): e.people for e in alarms}.values())
