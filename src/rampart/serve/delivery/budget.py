"""Budget: how long each hop of a warning took, and the seconds left at the ear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rampart.records import Deliveries, Outcome, Phase

HOPS = ("receipt", "decision", "sending", "acknowledgement")
_STAMPS = ("sensor_ns", "received_ns", "decided_ns", "sent_ns", "acknowledged_ns")


@dataclass(frozen=True, slots=True)
class Spread:
    """How figures spread: median, 95th and 99th percentile, the worst; nan where there are none."""

    n: int
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Iterable[float], *, high_is_bad: bool = True) -> Spread:
        """The spread of some figures; where low is bad, percentiles count from above.

        >>> Spread.of([1.0, 2.0, 3.0]).p50
        2.0
        """
        found = np.asarray(list(values), float)
        if not len(found):
            return cls(0, np.nan, np.nan, np.nan, np.nan)
        marks = (50, 95, 99, 100) if high_is_bad else (50, 5, 1, 0)
        return cls(len(found), *np.percentile(found, marks).tolist())


@dataclass(frozen=True, slots=True)
class Budget:
    """What was left of the time of one zone's people.

    Attributes
    ----------
    zone : str
        Zone.id.
    warnings : int
        How many were opened.
    hops : dict
        ``receipt`` (from measurement), ``decision`` (from receipt), ``sending`` (from decision), ``acknowledgement``
        (from sending): seconds.
    left_s : Spread
        Seconds from the first acknowledgement of a warning (its sending, where nobody acknowledges) to the arrival;
        what is bad is low.
    undelivered : int
        Warnings whose opening messages reached no peer.
    """

    zone: str
    warnings: int
    hops: dict[str, Spread]
    left_s: Spread
    undelivered: int


def budgets(deliveries: Deliveries, *, peers: Iterable[str] | None = None) -> list[Budget]:
    """The budget of each zone that was warned.

    Parameters
    ----------
    deliveries : Deliveries
        As `Dispatcher.deliveries` gives them.
    peers : iterable of str or None
        Only these peers count, e.g. the sirens; all of them by default.

    Returns
    -------
    list of Budget
        In the order of the zones' ids.

    Notes
    -----
    Of the messages of a warning and of several peers, the one that is there first counts: a person hears one of them.
    """
    calls = (deliveries.phase == Phase.PREPARE) | (deliveries.phase == Phase.SHELTER)
    rows = deliveries.take(calls)
    if peers is not None:
        rows = rows.take(np.isin(rows.peer, list(peers)))
    return [_budget(zone, rows.take(rows.zone == zone)) for zone in sorted(set(rows.zone.tolist()))]


def _budget(zone: str, rows: Deliveries) -> Budget:
    left: list[float] = []
    numbers = sorted(set(zip(rows.site.tolist(), rows.number.tolist(), strict=True)))
    undelivered = 0
    for site, number in numbers:
        of_warning = rows.take((rows.site == site) & (rows.number == number))
        reached = of_warning.take(np.isin(of_warning.outcome, (Outcome.SENT, Outcome.ACKNOWLEDGED)))
        if not len(reached):
            undelivered += 1
            continue
        heard_ns = np.where(reached.acknowledged_ns > 0, reached.acknowledged_ns, reached.sent_ns)
        first = int(heard_ns.argmin())
        if reached.arrival_ns[first]:
            left.append(int(reached.arrival_ns[first] - heard_ns[first]) * 1e-9)
    return Budget(zone, len(numbers), _hops(rows), Spread.of(left, high_is_bad=False), undelivered)


def _hops(rows: Deliveries) -> dict[str, Spread]:
    hops = {}
    for name, before, after in zip(HOPS, _STAMPS[:-1], _STAMPS[1:], strict=True):
        start, end = getattr(rows, before), getattr(rows, after)
        both = (start > 0) & (end > 0)
        hops[name] = Spread.of(((end - start)[both] * 1e-9).tolist())
    return hops
