"""Orders: what operators decided about zones, as long as it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from rampart.records import DecisionKind, Decisions, Phase, Row

from .policy import SECOND, Policy

_MANY = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """One decision about one zone."""

    number: int
    what: int  #: DecisionKind
    reason: str
    phase: int  #: Phase that a warn asks for
    until_ns: int  #: when it ends by itself
    flags: int  #: DetectionFlag


class Ended(NamedTuple):
    """How what operators warned of a zone or held has ended."""

    number: int  #: of the decision that ended it; 0 if it ran out
    reason: str


class Orders:
    """Standing orders of one site, by zone.

    Parameters
    ----------
    policy : Policy
        How long a warn or hold lasts at most; what shall last longer is decided again.
    zones : int
        How many the site has.

    Notes
    -----
    warn
        The zone is warned until a release or cancel, or until the order runs out.
    hold
        No warning of the zone ends, neither one that is open nor one that opens, until a release or cancel, or until
        the order runs out; one that is open says so in an update. A hold keeps nothing from being warned of.
    release
        Ends warn and hold. What tracks say goes on: the zone closes once none endangers it.
    cancel
        Ends warn and hold and closes the zone at once. The tracks behind the warning, and all that endanger the zone at
        that moment, never warn it again; another track does.
    approve, silence
        Are none of the warner's business: see `Approvals`, and the sirens of `rampart.serve`.
    """

    def __init__(self, policy: Policy, zones: int) -> None:
        self._policy, self._zones = policy, zones
        self._last = 0
        self.warns: dict[int, Order] = {}
        self.holds: dict[int, Order] = {}
        self._dismissed: set[tuple[int, int]] = set()

    def take(self, decisions: Decisions) -> tuple[list[tuple[int, Order]], list[tuple[int, str]]]:
        """Sort out new decisions: zone and order of each, in their order; and numbers refused, with the reason."""
        taken: list[tuple[int, Order]] = []
        refused: list[tuple[int, str]] = []
        for row in decisions:
            fault = self._fault(row)
            if fault:
                refused.append((int(row.number), fault))
                continue
            self._last = int(row.number)
            if row.what not in (DecisionKind.APPROVE, DecisionKind.SILENCE):
                taken += [(zone, self._order(row)) for zone in row.zones]
        return taken, refused

    def _fault(self, row: Row) -> str:
        """Why a decision counts for nothing; '' if it counts."""
        if row.number <= self._last:
            return "taken before"
        if not row.who or not row.reason:
            return "nobody or no reason given"
        if not all(0 <= zone < self._zones for zone in row.zones):
            return "no such zone"
        if row.what not in tuple(DecisionKind) or row.phase not in (Phase.PREPARE, Phase.SHELTER):
            return "no such decision"
        return ""

    def _order(self, row: Row) -> Order:
        limit = int(row.time_ns) + round(self._policy.order_s * SECOND)
        until = min(int(row.until_ns) or limit, limit)
        return Order(int(row.number), int(row.what), str(row.reason), int(row.phase), until, int(row.flags))

    @property
    def rests(self) -> bool:
        """No order stands."""
        return not (self.warns or self.holds)

    def run_out(self, now_ns: int) -> dict[int, Ended]:
        """Drop what has run out; returns the zones whose warn did."""
        if self.rests:
            return {}
        ended = {
            zone: Ended(0, f"the operator's warning ({order.reason}) was not renewed")
            for zone, order in self.warns.items()
            if order.until_ns <= now_ns
        }
        self.warns = {zone: order for zone, order in self.warns.items() if zone not in ended}
        self.holds = {zone: order for zone, order in self.holds.items() if order.until_ns > now_ns}
        return ended

    def end(self, zone: int) -> None:
        """Neither warn nor hold any longer."""
        self.warns.pop(zone, None)
        self.holds.pop(zone, None)

    def dismiss(self, zone: int, tracks: Iterable[int]) -> None:
        """These tracks never warn the zone again."""
        self._dismissed |= {(zone, track) for track in tracks}

    def admit(self, zone: int) -> None:
        """All tracks may warn the zone again."""
        self._dismissed = {pair for pair in self._dismissed if pair[0] != zone}

    def dismissed(self, zone: int, track: int) -> bool:
        """Whether an operator has said that the track is no danger to the zone."""
        return (zone, track) in self._dismissed

    def forget(self, seen: Mapping[int, Any]) -> None:
        """Drop what was said of tracks that are gone: their numbers never come again."""
        if len(self._dismissed) > _MANY:
            self._dismissed = {pair for pair in self._dismissed if pair[1] in seen}

    def due_ns(self) -> list[int]:
        """When orders run out."""
        return [order.until_ns for orders in (self.warns, self.holds) for order in orders.values()]

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "last": self._last,
            "warns": [[zone, asdict(self.warns[zone])] for zone in sorted(self.warns)],
            "holds": [[zone, asdict(self.holds[zone])] for zone in sorted(self.holds)],
            "dismissed": [list(pair) for pair in sorted(self._dismissed)],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._last = snapshot["last"]
        self.warns = {zone: Order(**order) for zone, order in snapshot["warns"]}
        self.holds = {zone: Order(**order) for zone, order in snapshot["holds"]}
        self._dismissed = {(zone, track) for zone, track in snapshot["dismissed"]}
