"""FeedDesk: the feeds of a service - receiver, pump, and what is said of both."""

from __future__ import annotations

import time
from collections.abc import Callable

from rampart.records import HealthState
from rampart.serve.feed import FeedPlan, Receiver
from rampart.serve.feed.file import FileFeedSpec
from rampart.serve.feed.health import SILENT_NS, FeedHealth, feed_counters
from rampart.serve.feed.pump import Pump
from rampart.serve.receiver.ring import Packet

from .parts import Row

Hand = Callable[[str, list[Packet]], None]


class FeedDesk:
    """Packets from the receiver to the sites.

    Parameters
    ----------
    plan : FeedPlan
    receiver : Receiver
        Started by whoever made it, or by `start` if `owned`.
    hand : callable
        Takes the packets of one site.
    now_ns : int
        ns UTC.
    owned : bool
        The receiver begins and ends with this desk.
    after : int
        Packets up to this one have been taken before.
    """

    def __init__(
        self, plan: FeedPlan, receiver: Receiver, hand: Hand, now_ns: int, *, owned: bool, after: int = 0
    ) -> None:
        self.plan, self.receiver, self._owned = plan, receiver, owned
        self.fresh = not after  #: nobody took packets of this receiver before
        self._health = FeedHealth(plan, now_ns)
        self._pump = Pump(receiver.ring, receiver.wake_fd, plan.sites, hand, from_sequence=after)
        files = zip(plan.specs, receiver.ports, strict=True)
        self._players = [spec.player(port) for spec, port in files if isinstance(spec, FileFeedSpec)]

    def start(self) -> None:
        """Begin to take packets."""
        if self._owned:
            self.receiver.start()
        self._pump.start()
        for player in self._players:
            player.start()

    def stop(self) -> None:
        """Take what is there, and end."""
        for player in self._players:
            player.stop()
        if self._owned:
            self.receiver.stop()
        self._pump.stop()

    def close(self) -> None:
        """Let go of sockets and ring, if they are ours."""
        if self._owned:
            self.receiver.close()

    def release(self, sequence: int) -> None:
        """Packets up to this one are kept."""
        self._pump.release(sequence)

    def rows(self, now_ns: int) -> list[Row]:
        """The state of the receiver and of each feed."""
        ring = self.receiver.ring
        silent_ns = time.monotonic_ns() - ring.beat_ns
        if silent_ns > SILENT_NS:
            receiver = HealthState.DOWN, f"has not shown itself for {silent_ns * 1e-9:.0f} s; started again"
        elif ring.filled > 0.5:
            receiver = HealthState.DEGRADED, f"the ring is {ring.filled:.0%} full: the core does not keep up"
        else:
            receiver = HealthState.OK, ""
        return [("receiver", *receiver), *self._health.rows(now_ns, ring.counts())]

    def counters(self) -> dict[str, float]:
        """Running figures by the name they have at ``/metrics``."""
        found = feed_counters(self.plan, self.receiver.ring.counts())
        return found | {"ring_filled_ratio": self.receiver.ring.filled}
