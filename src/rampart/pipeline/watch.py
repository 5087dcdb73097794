"""Watch: which of a site's sensors can be relied on at this moment, from what they send and what the tracker thinks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rampart.records import Detections, Health, HealthState, Site

SECOND = 1_000_000_000
#: A sensor is stale when silent for longer than so many scans ...
SILENT_SCANS = 3.0
#: ... and than so many seconds.
SILENT_S = 3.0

_NOTHING = Health.empty()
#: What the tracker says of a sensor -> its state, where that is not OK.
_STANDING = {
    "disagrees": HealthState.DEGRADED,
    "faulty": HealthState.FAULTY,
    "quarantined": HealthState.QUARANTINED,
}


def silence_limit_ns(scan_period_s: float) -> int:
    """How long a sensor may be silent before it is stale [ns].

    >>> silence_limit_ns(0.5), silence_limit_ns(4.0)
    (3000000000, 12000000000)
    """
    return round(max(SILENT_SCANS * scan_period_s, SILENT_S) * SECOND)


class SensorWatch:
    """Keeps watch over the sensors of one site; part of the chain, so it learns of time and input only by its steps.

    Parameters
    ----------
    site : Site
        Its sensors.

    Notes
    -----
    Silence is judged only where the chain is told which sensors were heard of (`Chain.step`, `heard`): a scan without
    detections is no silence. A sensor that was never heard of is *starting*, and stale once its limit has passed since
    the first step. Quarantine and refusals are the tracker's findings (`Tracker.health`).
    """

    def __init__(self, site: Site) -> None:
        n = len(site.sensors)
        self._parts = [f"sensor/{sensor.id}" for sensor in site.sensors]
        self._limits_ns = [silence_limit_ns(sensor.scan_period_s) for sensor in site.sensors]
        self._all = frozenset(range(n))
        self._judges = False
        self._heard_ns: list[int | None] = [None] * n
        self._begun_ns: int | None = None
        self._said: list[tuple[int, str] | None] = [None] * n
        self._since_ns = [0] * n
        self.works: tuple[bool, ...] = (True,) * n

    def step(
        self,
        now_ns: int,
        detections: Detections,
        heard: Iterable[int] | None,
        standing: Sequence[Mapping[str, Any]],
    ) -> Health:
        """Take note of one step; returns the sensors whose state changed.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        detections : Detections
            Of this step: who sends them is heard of.
        heard : iterable of int or None
            Sensors that reported, with detections or without; None if the caller does not know.
        standing : sequence of mapping
            ``status`` and ``reason`` by sensor, as `Tracker.health` gives them; empty if the tracker has no opinion.
        """
        if heard is not None:
            told = set(heard)
            if not self._all <= told:
                told.update(detections.sensor.tolist())
            self._note(now_ns, told)
        changed = []
        for i, before in enumerate(self._said):
            state, reason = self._state(i, now_ns, standing[i] if i < len(standing) else None)
            if before is None or before[0] != state:
                self._since_ns[i] = now_ns
            if before is None or before[0] != state or (before[1] != reason and not _counts(reason)):
                self._said[i] = (int(state), reason)
                changed.append(i)
        if not changed:
            return _NOTHING
        self.works = tuple(HealthState(said[0]).works for said in self._said if said is not None)
        return self._rows(now_ns, changed)

    def _note(self, now_ns: int, heard: set[int]) -> None:
        self._judges = True
        self._begun_ns = now_ns if self._begun_ns is None else self._begun_ns
        for i in heard:
            if 0 <= i < len(self._heard_ns):
                self._heard_ns[i] = now_ns

    def _state(self, i: int, now_ns: int, standing: Mapping[str, Any] | None) -> tuple[HealthState, str]:
        if self._judges:
            heard = self._heard_ns[i]
            since = self._begun_ns if heard is None else heard
            limit = self._limits_ns[i]
            if since is not None and now_ns - since > limit:
                never = heard is None
                return HealthState.STALE, "never heard of" if never else f"silent for more than {limit / SECOND:g} s"
            if heard is None:
                return HealthState.STARTING, "not heard of yet"
        if standing is None:
            return HealthState.OK, ""
        state = _STANDING.get(standing["status"], HealthState.OK)
        return state, "" if state == HealthState.OK else str(standing["reason"])

    def rows(self, now_ns: int) -> Health:
        """The state of every sensor as of the last step."""
        return self._rows(now_ns, [i for i, said in enumerate(self._said) if said is not None])

    def _rows(self, now_ns: int, which: Sequence[int]) -> Health:
        said = [self._said[i] or (0, "") for i in which]
        return Health.build(
            len(which),
            time_ns=[now_ns] * len(which),
            part=[self._parts[i] for i in which],
            state=[state for state, _ in said],
            since_ns=[self._since_ns[i] for i in which],
            reason=[reason for _, reason in said],
        )

    @property
    def working(self) -> tuple[bool, ...] | None:
        """Which sensors work; None where silence is not judged, so that nobody knows."""
        return self.works if self._judges else None

    def wake_ns(self, now_ns: int) -> int | None:
        """When the next sensor would become stale if nothing more is heard of it."""
        if not self._judges:
            return None
        times = []
        for heard, limit in zip(self._heard_ns, self._limits_ns, strict=True):
            since = self._begun_ns if heard is None else heard
            if since is not None and since + limit + 1 > now_ns:
                times.append(since + limit + 1)
        return min(times, default=None)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 1,
            "judges": self._judges,
            "heard_ns": list(self._heard_ns),
            "begun_ns": self._begun_ns,
            "said": [None if said is None else list(said) for said in self._said],
            "since_ns": list(self._since_ns),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        if snapshot["version"] != 1:
            raise ValueError(f"sensor watch snapshot version {snapshot['version']}, expected 1")
        self._judges, self._begun_ns = snapshot["judges"], snapshot["begun_ns"]
        self._heard_ns, self._since_ns = list(snapshot["heard_ns"]), list(snapshot["since_ns"])
        self._said = [None if said is None else (said[0], said[1]) for said in snapshot["said"]]
        self.works = tuple(True if said is None else HealthState(said[0]).works for said in self._said)


def _counts(reason: str) -> bool:
    """Whether a reason is a running figure: it alone is no news."""
    return any(c.isdigit() for c in reason)
