"""Raids: threats close in time, so that an operator has one alarm for a salvo and not one per zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rampart.records import Phase, Row, Warnings

from .policy import SECOND


class Raids:
    """Numbers the raids of one site.

    Parameters
    ----------
    gap_s : float
        A warning that opens later than this after the last one ended begins another raid.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_ns = round(gap_s * SECOND)
        self._count = 0
        self._quiet_ns: int | None = 0  # since when no warning is open; None while one is

    def open(self, now_ns: int) -> int:
        """The raid of a warning that opens now."""
        if self._count == 0 or (self._quiet_ns is not None and now_ns - self._quiet_ns > self._gap_ns):
            self._count += 1
        self._quiet_ns = None
        return self._count

    def quiet(self, now_ns: int) -> None:
        """The last open warning has ended."""
        self._quiet_ns = now_ns

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {"count": self._count, "quiet_ns": self._quiet_ns}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._count, self._quiet_ns = snapshot["count"], snapshot["quiet_ns"]


@dataclass(frozen=True, slots=True)
class Raid:
    """One raid as an operator sees it."""

    number: int
    opened_ns: int  #: first message
    latest_ns: int  #: latest message
    phase: Phase  #: highest of the warnings in force; release or cancel once all have ended
    zones: tuple[int, ...]  #: with a warning in force
    ended: tuple[int, ...]  #: zones whose warning has ended
    tracks: tuple[int, ...]  #: all that were ever behind it
    first_impact_s: float  #: of the first arrival to come, as of the latest message of its zone; nan if none
    status: int  #: AlertStatus, the most serious


def group_raids(warnings: Warnings | Iterable[Row]) -> tuple[Raid, ...]:
    """The raids that messages of one site belong to, in the order of their numbers.

    Parameters
    ----------
    warnings : Warnings or iterable of Row
        Messages in their order; of each warning the latest counts.

    Examples
    --------
    >>> rows = Warnings.build(3, number=[1, 2, 1], zone=[0, 1, 0], phase=[1, 0, 2], raid=[1, 1, 1], time_ns=[5, 6, 9])
    >>> [(r.number, r.phase.label, r.zones, r.ended) for r in group_raids(rows)]
    [(1, 'prepare', (1,), (0,))]
    """
    rows: dict[int, list[Row]] = {}
    for row in warnings:
        rows.setdefault(int(row.raid), []).append(row)
    return tuple(_raid(number, rows[number]) for number in sorted(rows))


def _raid(number: int, rows: list[Row]) -> Raid:
    latest = {int(row.number): row for row in rows}
    active = [row for row in latest.values() if row.phase <= Phase.SHELTER]
    over = [row for row in latest.values() if row.phase > Phase.SHELTER]
    counted = active or over
    phase = max(row.phase for row in active) if active else min(row.phase for row in over)
    left = [float(row.time_to_impact_s) for row in active if row.time_to_impact_s == row.time_to_impact_s]
    return Raid(
        number,
        min(int(row.time_ns) for row in rows),
        max(int(row.time_ns) for row in rows),
        Phase(int(phase)),
        tuple(sorted(int(row.zone) for row in active)),
        tuple(sorted({int(row.zone) for row in over} - {int(row.zone) for row in active})),
        tuple(sorted({track for row in rows for track in row.tracks})),
        min(left, default=float("nan")),
        min(int(row.status) for row in counted),
    )
