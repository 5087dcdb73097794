"""Health of a peer, and the alarm an operator sees when it is not well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rampart.records import Health, HealthState


class PeerState(StrEnum):
    """How the connection to a peer stands."""

    CONNECTING = "connecting"  #: for the first time
    UP = "up"
    SILENT = "silent"  #: connected, but it does not answer
    DOWN = "down"  #: no connection; tried again
    OFF = "off"  #: not started, or stopped


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """How one peer stands.

    Attributes
    ----------
    peer, kind : str
        Id and kind of the ``[[out]]``.
    state : PeerState
        Of the connection.
    since_ns : int
        How long it has been so, ns UTC.
    reason : str
        Why it is not up, in words; empty while it is.
    queued, in_flight : int
        Messages that wait, and that are sent but not answered.
    oldest_s : float
        How long the oldest of those that wait has waited.
    connections : int
        How often the connection was made.
    counts : mapping
        ``sent``, ``acknowledged``, ``refused``, ``failed``, ``expired``, ``superseded``, ``replaced``, ``shed``.
    """

    peer: str
    kind: str
    state: PeerState
    since_ns: int
    reason: str = ""
    queued: int = 0
    in_flight: int = 0
    oldest_s: float = 0.0
    connections: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def dead(self) -> bool:
        """Whether warnings may not arrive there now."""
        return self.state in (PeerState.SILENT, PeerState.DOWN)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator must know of a peer. Raised once, and ended once.

    Attributes
    ----------
    peer : str
        Id of the ``[[out]]``.
    what : str
        ``connection``, ``encoder``, ``refused``, ``approval``.
    text : str
        One line for people.
    since_ns, ended_ns : int
        ns UTC; `ended_ns` is 0 while it stands.
    """

    peer: str
    what: str
    text: str
    since_ns: int
    ended_ns: int = 0


OnAlarm = Callable[[Alarm], None]  #: called in the thread of delivery: must return at once


_RECORDED = {
    PeerState.CONNECTING: HealthState.STARTING,
    PeerState.UP: HealthState.OK,
    PeerState.SILENT: HealthState.STALE,
    PeerState.DOWN: HealthState.DOWN,
    PeerState.OFF: HealthState.DOWN,
}


def records_of(peers: Sequence[PeerHealth], now_ns: int) -> Health:
    """The health of peers as `Health` records, one row each."""
    return Health.build(
        len(peers),
        time_ns=[now_ns] * len(peers),
        part=[f"channel/{peer.peer}" for peer in peers],
        state=[int(_RECORDED[peer.state]) for peer in peers],
        since_ns=[peer.since_ns for peer in peers],
        reason=[peer.reason for peer in peers],
    )
