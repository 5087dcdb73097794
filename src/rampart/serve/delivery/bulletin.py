"""Bulletin: one message of a warning as it was decided, before it is put into anybody's form."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rampart.records import AlertStatus, Phase, Row, Site, TargetClass, Warnings, warning_name
from rampart.wire.cap.series import VALID_S

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bulletin:
    """Which warning, which of its messages, for whom, and the times on its way so far [ns UTC; 0 where none]."""

    site: str
    number: int
    sequence: int
    zone: str  #: Zone.id
    phase: Phase
    status: AlertStatus
    decided_ns: int
    sensor_ns: int = 0
    received_ns: int = 0
    arrival_ns: int = 0  #: when the leading threat arrives
    expires_ns: int = 0  #: from then on nobody may be told of it

    @property
    def name(self) -> str:
        """The warning's name, the same from its first message to its last.

        >>> Bulletin("embassy", 1, 0, "north", Phase.SHELTER, AlertStatus.EXERCISE, 5).name
        'embassy/W1'
        """
        return warning_name(self.site, self.number)

    @property
    def closing(self) -> bool:
        """Whether it ends the warning."""
        return self.phase in (Phase.RELEASE, Phase.CANCEL)


def read_bulletin(site: Site, warning: Row) -> Bulletin:
    """The bulletin of one row of `Warnings`. It expires when its CAP alert does."""
    left_s, decided_ns, phase = float(warning.time_to_impact_s), int(warning.time_ns), Phase(int(warning.phase))
    arrival_ns = decided_ns + round(left_s * SECOND_NS) if math.isfinite(left_s) else 0
    closing = phase in (Phase.RELEASE, Phase.CANCEL)
    life = "closing" if closing else "drone" if TargetClass(int(warning.target_class)).drone else "ballistic"
    return Bulletin(
        site.id,
        int(warning.number),
        int(warning.sequence),
        site.zones[int(warning.zone)].id,
        phase,
        AlertStatus(int(warning.status)),
        decided_ns,
        int(warning.sensor_ns),
        int(warning.received_ns),
        arrival_ns,
        (arrival_ns or decided_ns) + VALID_S[life] * SECOND_NS,
    )


def read_bulletins(site: Site, warnings: Warnings) -> list[Bulletin]:
    """The bulletins of a step, in order."""
    return [read_bulletin(site, row) for row in warnings]
