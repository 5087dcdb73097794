"""Feed health: whether each feed is heard, and what was lost of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rampart.records import HealthState
from rampart.serve.receiver.ring import FeedCounts

from .plan import FeedPlan

SECOND = 1_000_000_000
#: A loss is shown for so long after it happened.
SHOWN_NS = 60 * SECOND
#: The receiver shows that it is there five times per second.
SILENT_NS = SECOND


class FeedHealth:
    """Judges the feeds by what the receiver counted and what readers found.

    Parameters
    ----------
    plan : FeedPlan
    began_ns : int
        ns UTC: before anything was counted.
    """

    def __init__(self, plan: FeedPlan, began_ns: int) -> None:
        self._plan, self._began_ns = plan, began_ns
        self._lost = [0] * len(plan.specs)
        self._lost_ns = [0] * len(plan.specs)

    def rows(self, now_ns: int, counts: Sequence[FeedCounts]) -> Iterator[tuple[str, HealthState, str]]:
        """Part, state and reason of each feed; asked at least once per second."""
        for i, (spec, counted) in enumerate(zip(self._plan.specs, counts, strict=True)):
            lost = counted.ring_dropped + counted.kernel_dropped
            if lost > self._lost[i]:
                self._lost[i], self._lost_ns[i] = lost, now_ns
            yield f"feed/{spec.id}", *self._judge(i, now_ns, counted)

    def _judge(self, i: int, now_ns: int, counted: FeedCounts) -> tuple[HealthState, str]:
        spec = self._plan.specs[i]
        quiet_s = (now_ns - (counted.latest_ns or self._began_ns)) / SECOND
        if not counted.connected:
            return HealthState.DOWN, "not connected; tried again each second"
        if not counted.latest_ns:
            if quiet_s <= spec.silent_s:
                return HealthState.STARTING, "not heard of yet"
            refused = f"; {counted.refused} datagrams of senders that are not allowed" if counted.refused else ""
            return HealthState.STALE, f"never heard of{refused}"
        if quiet_s > spec.silent_s:
            return HealthState.STALE, f"silent for more than {spec.silent_s:g} s"
        words = list(self._plan.intakes[self._plan.sites[i]].readers[i].troubles.values())
        if self._lost_ns[i] and now_ns - self._lost_ns[i] <= SHOWN_NS:
            where = f"{counted.kernel_dropped} in the socket, {counted.ring_dropped} in the ring"
            words.insert(0, f"{self._lost[i]} datagrams lost since the start: {where}")
        return (HealthState.DEGRADED, "; ".join(words)) if words else (HealthState.OK, "")


def feed_counters(plan: FeedPlan, counts: Sequence[FeedCounts]) -> dict[str, float]:
    """Running figures of the feeds by the name they have at ``/metrics``."""
    found: dict[str, float] = {}
    for i, (spec, counted) in enumerate(zip(plan.specs, counts, strict=True)):
        label = f'feed="{spec.id}"'
        found |= {
            f"feed_packets_total{{{label}}}": counted.accepted,
            f"feed_octets_total{{{label}}}": counted.octets,
            f"feed_refused_total{{{label}}}": counted.refused,
            f'feed_dropped_total{{{label},where="ring"}}': counted.ring_dropped,
            f'feed_dropped_total{{{label},where="kernel"}}': counted.kernel_dropped,
            f"feed_faults_total{{{label}}}": counted.faults,
        }
        for name, n in plan.intakes[plan.sites[i]].readers[i].counts.items():
            what, _, which = name.partition("/")
            extra = f',what="{which}"' if which else ""
            found[f"feed_{what}_total{{{label}{extra}}}"] = n
    return found
