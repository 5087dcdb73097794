"""Draft: a command before it has a time - what a message of a warning asks of sirens, signed only when it leaves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rampart.pipeline import Outputs
from rampart.records import AlertStatus, Phase, Row, Site, TargetClass
from rampart.serve.delivery import Encoder, Message, Urgency
from rampart.serve.delivery.bulletin import read_bulletin
from rampart.wire.siren import Said, command_topic
from rampart.words import Subject, compose

SECOND = 1_000_000_000
#: After the time of arrival a siren that comes late does not begin any more.
GRACE_S, DRONE_GRACE_S = 10.0, 30.0
SHORTEST_S, LONGEST_S, UNKNOWN_S = 15.0, 600.0, 60.0
#: How long a release or cancel may still be told.
CLOSING_S = 120.0
_MOST_OPEN = 1000


@dataclass(frozen=True)
class Draft:
    """What a siren is to sound, without sequence and times."""

    zone: str
    status: AlertStatus
    warning: str
    opened_ns: int  #: when the warning began, ns UTC
    revision: int
    phase: Phase
    target_class: TargetClass
    name: str  #: of the zone, for people
    arrival_ns: int  #: of the threat, by the chain's clock; 0 if there is none
    seconds: float
    reason: str

    def texts(self, left_s: float, languages: Sequence[str]) -> dict[str, Said]:
        """What people are told if `left_s` are left when it leaves."""
        subject = Subject(self.phase, self.target_class, self.name, left_s, self.status)
        said = {tag: compose(subject, tag) for tag in languages}
        return {tag: Said(w.headline, w.instruction, w.spoken) for tag, w in said.items()}


@dataclass
class SirenEncoder(Encoder):
    """Drafts of the warnings of one site's chain.

    Parameters
    ----------
    site : Site
        Whose zones.
    live : bool
        Whether anything may be said as actual; else it is an exercise.
    seconds : mapping of Phase to float
        How long each phase sounds.
    """

    site: Site
    live: bool
    seconds: Mapping[Phase, float]
    _opened: dict[int, int] = field(default_factory=dict)

    def encode(self, outputs: Outputs) -> Iterable[Message]:
        """One message per message of a warning; tracks and pictures are nothing that sounds."""
        return self._messages(outputs)

    def _messages(self, outputs: Outputs) -> Iterator[Message]:
        for row in outputs.warnings:
            bulletin = read_bulletin(self.site, row)
            draft = self._draft(row, bulletin.name, bulletin.arrival_ns)
            expires_ns = bulletin.decided_ns + round(lifetime_s(row) * SECOND)
            yield Message(
                bulletin.name,
                command_topic(self.site.id, draft.zone, draft.status),
                b"",
                bulletin.decided_ns,
                expires_ns,
                Urgency.WARNING,
                retain=True,
                bulletin=bulletin,
                extra={"draft": draft},
            )

    def _draft(self, row: Row, name: str, arrival_ns: int) -> Draft:
        number, phase, zone = int(row.number), Phase(int(row.phase)), self.site.zones[int(row.zone)]
        status = AlertStatus(int(row.status))
        opened_ns = self._opened.setdefault(number, int(row.time_ns))
        while len(self._opened) > _MOST_OPEN:
            del self._opened[next(iter(self._opened))]
        return Draft(
            zone.id,
            AlertStatus.EXERCISE if status is AlertStatus.ACTUAL and not self.live else status,
            name,
            opened_ns,
            int(row.sequence),
            phase,
            TargetClass(int(row.target_class)),
            zone.name or zone.id,
            arrival_ns,
            self.seconds[phase],
            str(row.reason),
        )


def lifetime_s(row: Row) -> float:
    """How long a message of a warning may still be told to a siren, s from its decision."""
    if int(row.phase) >= Phase.RELEASE:
        return CLOSING_S
    left_s = float(row.time_to_impact_s)
    if not math.isfinite(left_s):
        return UNKNOWN_S
    grace_s = DRONE_GRACE_S if TargetClass(int(row.target_class)).drone else GRACE_S
    return min(max(left_s + grace_s, SHORTEST_S), LONGEST_S)
