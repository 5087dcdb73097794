"""Warner: the stage that decides what is said to the people of each zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from rampart.physics.environment import Environment
from rampart.records import AlertStatus, DetectionFlag, Phase, Picture, Result, Site, Warnings
from rampart.records.spec import NonNegative, Positive, Share, Spec

from .danger import Danger, assess, zone_areas
from .policy import SECOND, Alert, Policy, State, Threat, threshold
from .words import closing_reason

_NOTHING = Warnings.empty()
_MANY = 1000  # named pairs are swept when there are more


class WarnerSpec(Spec):
    """``[warn]``: what a miss and a minute in shelter cost, and how patient the warner is."""

    kind: Literal["zones"] = "zones"
    status: Literal["actual", "exercise", "test"] = "exercise"  #: actual counts only without simulated or test flags
    miss_cost: Positive = 1000.0  #: of a person hit without warning, in person-minutes of shelter
    shelter_minutes: Positive = 3.0  #: in shelter because of one ballistic threat
    drone_shelter_minutes: Positive = 30.0  #: in shelter because of one drone
    hysteresis: Share = 0.3  #: share of the threshold below which a threat is over
    shelter_probability: Share = 0.5  #: from here on shelter is said of ballistic threats even with time left
    early_probability: Share = 0.3  #: a drone is warned of before it is urgent from here on
    prepare_probability: Share = 0.0  #: the same for a ballistic threat; 0 warns at once
    least_weight: Share = 0.5  #: probability of being a threat below which nobody is warned
    sure_weight: Share = 0.8  #: from here on a ballistic threat is warned of at once
    wait_share: Share = 0.5  #: of the likeliest zone's probability: less likely zones wait while there is time
    margin_s: NonNegative = 3.0  #: added to the shelter time
    #: how long a ballistic threat of which the tracker is not sure must last before its zone is warned
    confirm_s: NonNegative = 0.9
    drone_confirm_s: NonNegative = 3.0  #: the same for a drone
    min_dwell_s: NonNegative = 3.0  #: shortest time between a warning's opening and its end
    clear_s: NonNegative = 3.0  #: how long a prediction must point elsewhere before the zone is released
    drone_clear_s: NonNegative = 10.0  #: as `clear_s`, for a drone
    release_hold_s: NonNegative = 10.0  #: after the time of impact
    lost_hold_s: NonNegative = 30.0  #: after a drone was last seen
    cancel_s: NonNegative = 1.5  #: how long a failed hypothesis must stay failed
    reopen_s: NonNegative = 30.0  #: a danger this soon after the end reopens the warning under its number

    def policy(self) -> Policy:
        """The numbers the state machine works with."""
        same = {name: getattr(self, name) for name in Policy.__dataclass_fields__ if name in type(self).model_fields}
        return Policy(
            warn_probability=threshold(self.shelter_minutes, self.miss_cost),
            drone_probability=threshold(self.drone_shelter_minutes, self.miss_cost),
            hold_s=self.release_hold_s,
            **same,
        )

    def build(self, site: Site, environment: Environment) -> Warner:
        """The stage for a site."""
        del environment  # zones lie in the site's plane
        return Warner(site, self.policy(), AlertStatus[self.status.upper()])


class Warner:
    """Decides warnings: one number per zone and raid, from the first message to release or cancel.

    Parameters
    ----------
    site : Site
        Gives the zones.
    policy : Policy
        Thresholds and times.
    status : AlertStatus
        What the site is set to. `ACTUAL` is said only of tracks without a simulated or test flag.

    Notes
    -----
    A warning is opened by a confirmed track that is likely enough a threat and endangers the zone beyond the expected
    cost; every further such track joins it with an update. Updates are sent on a change of phase, a joining track, or
    an arrival that moved; never on every scan. A closed warning is reopened under its number by a track that it already
    named, or within `reopen_s`; any later raid gets a new one.
    """

    def __init__(self, site: Site, policy: Policy | None = None, status: AlertStatus = AlertStatus.EXERCISE) -> None:
        self.site = site
        self.policy = policy or Policy()
        self.status = status
        self.areas = zone_areas(site)
        self._floor = self.policy.hysteresis * min(self.policy.warn_probability, self.policy.drone_probability)
        self._count = 0
        self._open: dict[int, Alert] = {}  # by zone
        self._closed: dict[int, tuple[int, int, int]] = {}  # zone: number, next sequence, closed at [ns]
        self._named: set[tuple[int, int]] = set()  # (zone, track) of every warning so far
        self._wished: dict[tuple[int, int], int] = {}  # (zone, track): wanted since [ns]

    def step(self, now_ns: int, inputs: Picture) -> Result[Warnings]:
        """Decide what to say at `now_ns`.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        inputs : Picture
            All live tracks and their predictions.

        Returns
        -------
        Result[Warnings]
            The messages of this step; ``wake_ns`` when a hold, a dwell or a confirmation ends.
        """
        dangers = assess(self.areas, inputs, self._floor) if len(inputs.tracks) else []
        if not dangers and not self._open:
            self._wished.clear()
            return Result(_NOTHING)
        seen = {danger.track: danger for danger in dangers}
        for alert in self._open.values():
            for track, threat in alert.threats.items():
                threat.see(seen.get(track), alert.zone, now_ns, self.policy)
        joined = self._join(now_ns, dangers)
        messages = []
        for zone in sorted(self._open):
            message = self._speak(now_ns, self._open[zone], joined.get(zone))
            if message is not None:
                messages.append(message)
        self._forget(seen)
        records = _NOTHING
        if messages:
            columns: dict[str, Any] = {name: [m[name] for m in messages] for name in messages[0]}
            records = Warnings.build(len(messages), **columns)
        return Result(records, wake_ns=self._wake_ns(now_ns))

    def _forget(self, seen: Mapping[int, Danger]) -> None:
        """Drop what was named of tracks that are gone: their numbers never come again."""
        if len(self._named) > _MANY:
            behind = {track for alert in self._open.values() for track in alert.threats}
            self._named = {pair for pair in self._named if pair[1] in seen or pair[1] in behind}

    def _join(self, now_ns: int, dangers: list[Danger]) -> dict[int, Threat]:
        """Open warnings and add tracks to them; returns the deciding new threat by zone."""
        joined: dict[int, Threat] = {}
        wished: dict[tuple[int, int], int] = {}
        for danger in dangers:
            if not danger.zones or danger.belief < self.policy.least_weight:
                continue
            best = max(p for p, _ in danger.zones.values())
            for zone, (p, arrival_ns) in danger.zones.items():
                alert = self._open.get(zone)
                if alert is not None and danger.track in alert.threats:
                    continue
                if now_ns > arrival_ns + 2.0 * danger.sigma_s * SECOND:
                    continue  # down already: an alarm after the impact helps nobody
                shelter_s = self.site.zones[zone].shelter_time_s
                slack_s = self.policy.slack_s(arrival_ns, danger.sigma_s, shelter_s, now_ns)
                if not self.policy.wants(danger, p, best, slack_s):
                    continue
                since_ns = self._wished.get((zone, danger.track), now_ns)
                if now_ns - since_ns < self.policy.confirm_ns(danger):
                    wished[zone, danger.track] = since_ns
                    continue
                threat = Threat.of(danger, zone)
                alert = alert or self._open_alert(now_ns, zone, danger.track)
                alert.threats[danger.track] = threat
                self._named.add((zone, danger.track))
                if zone not in joined or threat.arrival_ns < joined[zone].arrival_ns:
                    joined[zone] = threat
        self._wished = wished
        return joined

    def _open_alert(self, now_ns: int, zone: int, track: int) -> Alert:
        """A new warning, or the zone's last one again."""
        number, sequence, closed_ns = self._closed.pop(zone, (0, 0, 0))
        again = number and (now_ns - closed_ns < self.policy.reopen_s * SECOND or (zone, track) in self._named)
        if not again:
            self._count += 1
            number, sequence = self._count, 0
        alert = Alert(number, zone, now_ns, Phase.PREPARE, sequence, said_ns=0)
        self._open[zone] = alert
        return alert

    def _speak(self, now_ns: int, alert: Alert, joined: Threat | None) -> dict[str, Any] | None:
        """The message that this step asks for, if any."""
        policy = self.policy
        for threat in alert.threats.values():
            threat.settle(now_ns, policy)
        closing = alert.closing_phase()
        if closing is not None:
            if now_ns < alert.opened_ns + policy.min_dwell_s * SECOND:
                return None
            return self._close(now_ns, alert, closing)
        before = alert.phase
        shelter_s = self.site.zones[alert.zone].shelter_time_s
        for threat in alert.threats.values():
            if threat.state == State.ACTIVE and threat.away_ns is None:
                slack_s = policy.slack_s(threat.arrival_ns, threat.sigma_s, shelter_s, now_ns)
                alert.phase = max(alert.phase, policy.phase(threat.probability, threat.drone, slack_s))
        leading = alert.leading()
        if joined is None and alert.phase == before and not self._moved(now_ns, alert, leading):
            return None
        return self._message(now_ns, alert, alert.phase, joined or leading, leading)

    def _moved(self, now_ns: int, alert: Alert, leading: Threat) -> bool:
        """Whether the arrival that people were told is off by more than they should bear."""
        if now_ns - alert.said_ns < self.policy.update_s * SECOND or leading.away_ns is not None:
            return False
        left_ns = max(leading.arrival_ns - now_ns, 0)
        return abs(leading.arrival_ns - alert.said_arrival_ns) > max(3 * SECOND, left_ns // 4)

    def _close(self, now_ns: int, alert: Alert, phase: Phase) -> dict[str, Any]:
        leading = alert.leading()
        message = self._message(now_ns, alert, phase, None, leading)
        message["reason"] = closing_reason(alert, now_ns)
        del self._open[alert.zone]
        self._closed[alert.zone] = alert.number, alert.sequence, now_ns
        return message

    def _message(
        self, now_ns: int, alert: Alert, phase: Phase, deciding: Threat | None, leading: Threat
    ) -> dict[str, Any]:
        message = {
            "number": alert.number,
            "sequence": alert.sequence,
            "zone": alert.zone,
            "phase": int(phase),
            "time_ns": now_ns,
            "target_class": leading.target_class,
            "time_to_impact_s": max(leading.arrival_ns - now_ns, 0) / SECOND if deciding else float("nan"),
            "probability": alert.probability(),
            "status": int(self._status(alert)),
            "sensor_ns": deciding.updated_ns if deciding else 0,
            "received_ns": deciding.received_ns if deciding else 0,
            "tracks": tuple(sorted(alert.threats)),
            "reason": "",
        }
        alert.sequence += 1
        alert.said_ns, alert.said_arrival_ns = now_ns, leading.arrival_ns
        return message

    def _status(self, alert: Alert) -> AlertStatus:
        """Actual needs a site set to it and no flag anywhere behind the warning."""
        flags = 0
        for threat in alert.threats.values():
            flags |= threat.flags
        if flags & DetectionFlag.TEST:
            return AlertStatus.TEST
        return max(self.status, AlertStatus.EXERCISE) if flags else self.status

    def _wake_ns(self, now_ns: int) -> int | None:
        """When the next decision falls due without new evidence."""
        policy, times = self.policy, []
        for alert in self._open.values():
            dwell_ns = alert.opened_ns + round(policy.min_dwell_s * SECOND)
            shelter_s = self.site.zones[alert.zone].shelter_time_s
            for threat in alert.threats.values():
                due = threat.due_ns(policy)
                if due is not None:
                    times.append(max(due[0], dwell_ns))
                if alert.phase == Phase.PREPARE:
                    times.append(threat.arrival_ns - round((threat.sigma_s + shelter_s + policy.margin_s) * SECOND))
        # a wish is weighed again when new evidence comes: waking for it would only confirm old evidence
        return min((t for t in times if t > now_ns), default=None)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 1,
            "count": self._count,
            "open": [asdict(self._open[zone]) | {"threats": self._threats(zone)} for zone in sorted(self._open)],
            "closed": [[zone, *self._closed[zone]] for zone in sorted(self._closed)],
            "named": [list(pair) for pair in sorted(self._named)],
            "wished": [[*pair, self._wished[pair]] for pair in sorted(self._wished)],
        }

    def _threats(self, zone: int) -> list[dict[str, Any]]:
        return [asdict(threat) for threat in self._open[zone].threats.values()]

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        if snapshot["version"] != 1:
            raise ValueError(f"warner snapshot version {snapshot['version']}, expected 1")
        self._count = snapshot["count"]
        self._open = {}
        for entry in snapshot["open"]:
            threats = {t["track"]: Threat(**{**t, "state": State(t["state"])}) for t in entry["threats"]}
            self._open[entry["zone"]] = Alert(**{**entry, "phase": Phase(entry["phase"]), "threats": threats})
        self._closed = {zone: (number, sequence, at) for zone, number, sequence, at in snapshot["closed"]}
        self._named = {(zone, track) for zone, track in snapshot["named"]}
        self._wished = {(zone, track): since for zone, track, since in snapshot["wished"]}
