"""Check: one condition that a service meets before its warnings are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rampart.records import Health, HealthState
from rampart.serve.delivery import PeerHealth

#: Name of a check -> what the parts that it looks at begin with.
_PARTS = {
    "sensors": "sensor/",
    "feeds": "feed/",
    "receiver": "receiver",
    "chain": "chain/",
    "journal": "journal",
    "clock": "clock",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list that is gone through before a service goes Actual."""

    name: str  #: stays the same: sensors, feeds, receiver, chain, journal, clock, peers, marks
    passed: bool
    text: str  #: what was found, in words


def find_faults(health: Health, peers: Sequence[PeerHealth], marks: Sequence[str], *, outs: bool) -> list[Check]:
    """The list, gone through.

    Parameters
    ----------
    health : Health
        Of every part. A clock must be in order; of other parts it is enough that they work.
    peers : sequence of PeerHealth
    marks : sequence of str
        Why nothing would be meant, in words.
    outs : bool
        Whether the file has any ``[[out]]``.
    """
    checks = []
    for name, prefix in _PARTS.items():
        faults = [
            f"{row.part}: {row.reason or HealthState(int(row.state)).label}"
            for row in health
            if str(row.part).startswith(prefix) and not _passes(prefix, HealthState(int(row.state)))
        ]
        checks.append(_check(name, faults))
    dead = [f"{peer.peer}: {peer.reason or peer.state}" for peer in peers if peer.dead]
    checks.append(_check("peers", dead if outs else ["the file has no [[out]]: nobody would be told"]))
    checks.append(_check("marks", list(marks)))
    return checks


def _passes(prefix: str, state: HealthState) -> bool:
    return state is HealthState.OK if prefix == "clock" else state.works


def _check(name: str, faults: list[str]) -> Check:
    return Check(name, not faults, "; ".join(faults) if faults else "in order")
