"""Warner: the stage that decides what is said to the people of each zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from rampart.records import (
    AlertStatus,
    DecisionKind,
    Decisions,
    DetectionFlag,
    Phase,
    Picture,
    Result,
    Site,
    TargetClass,
    Warnings,
    ZoneStates,
)

from .board import Board
from .danger import Danger, assess, zone_areas
from .debris import Debris, DebrisWatch, Fallout
from .orders import Ended, Order, Orders
from .policy import BEARABLE_NS, SECOND, Alert, Policy, State, Threat
from .raids import Raids
from .sight import Sight
from .words import closing_reason

_NOTHING = Warnings.empty()
_NO_INFO: Mapping[str, Any] = {}
_SILENCE: Result[Warnings] = Result(_NOTHING, _NO_INFO)
_FOREVER = 2**63 - 1
_MANY = 1000  # named pairs are swept when there are more
_Dues = Mapping[int, list[tuple[int, State] | None]]  # ends of each open zone's threats


class _Past(NamedTuple):
    """A zone's last warning."""

    number: int
    sequence: int  #: of its next message, should it open again
    closed_ns: int
    raid: int


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
        self._dwell_ns, self._blind_hold_ns, self._update_ns = (
            round(s * SECOND) for s in (self.policy.min_dwell_s, self.policy.blind_hold_s, self.policy.update_s)
        )
        self._count = 0
        self._open: dict[int, Alert] = {}  # by zone
        self._closed: dict[int, _Past] = {}  # by zone
        self._named: set[tuple[int, int]] = set()  # (zone, track) of every warning so far
        self._wished: dict[tuple[int, int], tuple[int, int]] = {}  # (zone, track): wanted since [ns], with hits
        self._raids = Raids(self.policy.raid_gap_s)
        self._orders = Orders(self.policy, len(site.zones))
        self._fallout = Fallout(site, self.policy.debris_radius_m)
        self._debris = DebrisWatch(self.policy, self._fallout, Sight(site))
        self._board = Board(site, self.policy.shown_s, status)
        self._calm_ns = 0  # with neither tracks nor decisions, nothing changes before this time
        self._woken: Result[Warnings] = _SILENCE  # what is said until then

    def step(self, now_ns: int, inputs: Picture) -> Result[Warnings]:
        """Decide what to say at `now_ns`.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        inputs : Picture
            All live tracks and their predictions, what operators decided since the last step, which sensors work.

        Returns
        -------
        Result[Warnings]
            The messages of this step; ``wake_ns`` when a hold, a dwell, a confirmation or an order ends;
            ``info["zones"]``: `ZoneStates` of the zones whose state changed; ``info["refused"]``: decisions that count
            for nothing, by number.
        """
        self._board.watch(now_ns, inputs.working)
        if not (len(inputs.tracks) or len(inputs.decisions)) and self._board.settled:
            if now_ns < self._calm_ns:
                return self._woken
            if self._rests():
                return _SILENCE
        self._calm_ns = 0
        dangers = assess(self.areas, inputs, self._floor, self.policy.threats_expected) if len(inputs.tracks) else []
        messages, refused = self._obey(now_ns, inputs.decisions, dangers)
        begun = self._debris.step(now_ns, dangers, inputs.working)
        if not dangers:
            self._wished.clear()
        seen = {danger.track: danger for danger in dangers}
        for alert in self._open.values():
            for track, threat in alert.threats.items():
                threat.see(seen.get(track), alert.zone, now_ns, self.policy)
        joined = self._join(now_ns, dangers) if dangers else {}
        if begun:
            joined |= self._fall(begun, joined)
        dues: dict[int, list[tuple[int, State] | None]] = {}
        for zone in sorted(self._open):
            alert = self._open[zone]
            dues[zone] = [threat.settle(now_ns, self.policy) for threat in alert.threats.values()]
            message = self._speak(now_ns, alert, joined.get(zone))
            if message is not None:
                messages.append(message)
        if dangers:
            self._forget(seen)
        zones = self._board.step(now_ns, self._open, self._orders.holds)
        info = {"zones": zones, "refused": refused} if len(zones) or refused else _NO_INFO
        wake_ns = self._wake_ns(now_ns, dues)
        if not (dangers or messages or len(inputs.tracks)):
            self._calm_down(now_ns, wake_ns, dues)
        return Result(Warnings.of_rows(messages) if messages else _NOTHING, info, wake_ns)

    def _rests(self) -> bool:
        """Whether there is nothing to decide, as most of the time: no warning, order, debris or change."""
        if self._open or self._wished:
            return False
        return self._orders.rests and self._debris.rests and self._board.rests

    def _calm_down(self, now_ns: int, wake_ns: int | None, dues: _Dues) -> None:
        """Note until when steps without tracks change nothing: threats are gone, and only what falls due moves.

        A warning of which more might be said as time goes on - shelter, or another arrival - is looked at in each step.
        """
        if not all(alert.settled for alert in self._open.values()):
            return
        ends = [debris.until_ns for debris in self._debris.falling]
        ends += [due[0] for zone in self._open for due in dues[zone] if due is not None and due[0] > now_ns]
        self._calm_ns = min(_FOREVER if wake_ns is None else wake_ns, *ends, _FOREVER)
        self._woken = _SILENCE if wake_ns is None else Result(_NOTHING, _NO_INFO, wake_ns)

    def zone_states(self, now_ns: int) -> ZoneStates:
        """The state of every zone as of the last step."""
        return self._board.rows(now_ns)

    def _forget(self, seen: Mapping[int, Danger]) -> None:
        """Drop what was named of tracks that are gone: their numbers never come again."""
        if len(self._named) > _MANY:
            behind = {track for alert in self._open.values() for track in alert.threats}
            self._named = {pair for pair in self._named if pair[1] in seen or pair[1] in behind}
        self._orders.forget(seen)

    def _obey(
        self, now_ns: int, decisions: Decisions, dangers: list[Danger]
    ) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
        """Do what operators decided; returns the messages that follow at once, and what was refused."""
        messages: list[dict[str, Any]] = []
        if not len(decisions) and self._orders.rests:
            return messages, []
        for zone, ended in self._orders.run_out(now_ns).items():
            messages += self._end_order(now_ns, zone, ended)
        if not len(decisions):
            return messages, []
        taken, refused = self._orders.take(decisions)
        for zone, order in taken:
            if order.flags and zone in self._open and self._open[zone].said_status == AlertStatus.ACTUAL:
                refused.append((order.number, "an exercise decides nothing about a warning that is meant"))
                continue
            self._board.touch(zone)
            if order.what == DecisionKind.WARN:
                messages.append(self._order_warning(now_ns, zone, order))
            elif order.what == DecisionKind.HOLD:
                self._orders.holds[zone] = order
                messages += self._hold(now_ns, zone, order)
            else:
                self._orders.end(zone)
                if order.what == DecisionKind.CANCEL:
                    messages += self._cancel(now_ns, zone, order, dangers)
                else:
                    messages += self._end_order(now_ns, zone, Ended(order.number, order.reason))
        return messages, refused

    def _order_warning(self, now_ns: int, zone: int, order: Order) -> dict[str, Any]:
        """Warn a zone because an operator says so."""
        self._orders.warns[zone] = order
        self._orders.admit(zone)
        alert = self._open.get(zone) or self._open_alert(now_ns, zone, 0)
        alert.ordered, alert.flags = True, alert.flags | order.flags
        alert.phase = max(alert.phase, Phase(order.phase))
        leading = alert.leading()
        message = self._message(now_ns, alert, alert.phase, leading, leading)
        message["reason"], message["decision"] = order.reason, order.number
        return message

    def _hold(self, now_ns: int, zone: int, order: Order) -> list[dict[str, Any]]:
        """Tell people of an open warning that it goes on."""
        alert = self._open.get(zone)
        if alert is None:
            return []
        leading = alert.leading()
        alert.flags |= order.flags
        message = self._message(now_ns, alert, alert.phase, leading, leading)
        message["reason"], message["decision"] = order.reason, order.number
        return [message]

    def _cancel(self, now_ns: int, zone: int, order: Order, dangers: list[Danger]) -> list[dict[str, Any]]:
        """End a zone's warning at once: an operator knows that there is no danger."""
        here = (d for d in dangers if d.zones and zone in d.zones)
        self._orders.dismiss(zone, (d.track for d in here if d.flags or not order.flags))
        alert = self._open.get(zone)
        if alert is None:
            return []
        self._orders.dismiss(zone, alert.threats)
        return [self._close(now_ns, alert, Phase.CANCEL, Ended(order.number, order.reason))]

    def _end_order(self, now_ns: int, zone: int, ended: Ended) -> list[dict[str, Any]]:
        """An operator's warning is over: the zone closes unless a track endangers it."""
        alert = self._open.get(zone)
        if alert is None or not alert.ordered:
            return []
        for threat in alert.threats.values():
            threat.settle(now_ns, self.policy)
        self._board.touch(zone)
        if any(threat.state == State.ACTIVE for threat in alert.threats.values()):
            return []
        return [self._close(now_ns, alert, Phase.RELEASE, ended)]

    def _join(self, now_ns: int, dangers: list[Danger]) -> dict[int, Threat]:
        """Open warnings and add tracks to them; returns the deciding new threat by zone."""
        joined: dict[int, Threat] = {}
        wished: dict[tuple[int, int], tuple[int, int]] = {}
        for danger in dangers:
            if not danger.zones or danger.belief < self.policy.least_weight:
                continue
            new = [zone for zone in danger.zones if not self._knows(zone, danger.track)]
            if not new:
                continue
            unseen_s = _unseen_s(now_ns, danger)
            best = max(p for p, _, _ in danger.zones.values())
            for zone in new:
                p, arrival_ns, sigma_s = danger.zones[zone]
                if now_ns > arrival_ns + 2.0 * sigma_s * SECOND:
                    continue  # down already: an alarm after the impact helps nobody
                shelter_s = self.site.zones[zone].shelter_time_s
                slack_s = self.policy.slack_s(arrival_ns, sigma_s, shelter_s, now_ns, unseen_s)
                if not self.policy.wants(danger, p, best, slack_s, unseen_s):
                    continue
                since_ns, hits = self._wished.get((zone, danger.track), (now_ns, danger.hits))
                if not self.policy.confirmed(danger, now_ns - since_ns, danger.hits - hits):
                    wished[zone, danger.track] = since_ns, hits
                    continue
                threat = Threat.of(danger, zone)
                alert = self._open.get(zone) or self._open_alert(now_ns, zone, danger.track)
                alert.threats[danger.track] = threat
                self._named.add((zone, danger.track))
                if zone not in joined or threat.arrival_ns < joined[zone].arrival_ns:
                    joined[zone] = threat
        self._wished = wished
        return joined

    def _knows(self, zone: int, track: int) -> bool:
        """Whether a track is behind a zone's open warning, or dismissed for it."""
        alert = self._open.get(zone)
        return (alert is not None and track in alert.threats) or self._orders.dismissed(zone, track)

    def _fall(self, begun: list[Debris], joined: dict[int, Threat]) -> dict[int, Threat]:
        """Debris of simulated threats is a danger of its own: zones under it are warned."""
        fallen: dict[int, Threat] = {}
        for debris in begun:
            if not debris.flags & DetectionFlag.SIMULATED:
                continue
            for zone, p in self._fallout.probabilities(debris):
                if p * debris.belief < self.policy.warn_probability or self._orders.dismissed(zone, debris.track):
                    continue
                alert = self._open.get(zone) or self._open_alert(debris.since_ns, zone, debris.track)
                if debris.track in alert.threats:
                    continue  # it is held as it is
                alert.threats[debris.track] = debris.threat(p)
                self._named.add((zone, debris.track))
                if zone not in joined:
                    fallen[zone] = alert.threats[debris.track]
        return fallen

    def _open_alert(self, now_ns: int, zone: int, track: int) -> Alert:
        """A new warning, or the zone's last one again."""
        raid = self._raids.open(now_ns)
        past = self._closed.pop(zone, None)
        if past and (now_ns - past.closed_ns < self.policy.reopen_s * SECOND or (zone, track) in self._named):
            number, sequence, raid = past.number, past.sequence, past.raid
        else:
            self._count += 1
            number, sequence = self._count, 0
        alert = Alert(number, zone, now_ns, Phase.PREPARE, sequence, raid=raid)
        self._open[zone] = alert
        return alert

    def _speak(self, now_ns: int, alert: Alert, joined: Threat | None) -> dict[str, Any] | None:
        """The message that this step asks for, if any, its threats being settled."""
        closing = alert.closing_phase()
        if closing is not None and alert.zone not in self._orders.warns:
            held_ns = self._held_ns(alert, failed=closing == Phase.CANCEL)
            return None if now_ns < held_ns else self._close(now_ns, alert, closing, None)
        if not alert.threats:
            return None
        before = alert.phase
        if before < Phase.SHELTER:
            self._raise(now_ns, alert)
        if joined is None and alert.phase == before and not self._moved(now_ns, alert):
            return None
        leading = alert.leading()
        return self._message(now_ns, alert, alert.phase, joined or leading, leading)

    def _raise(self, now_ns: int, alert: Alert) -> None:
        """From prepare to shelter, if one of its active threats asks for it."""
        policy, shelter_s = self.policy, self.site.zones[alert.zone].shelter_time_s
        for threat in alert.threats.values():
            if threat.state == State.ACTIVE and threat.away_ns is None:
                unseen_s = _unseen_s(now_ns, threat)
                slack_s = policy.slack_s(threat.arrival_ns, threat.sigma_s, shelter_s, now_ns, unseen_s)
                asked = policy.phase(threat.probability, threat.drone, slack_s)
                alert.phase = max(alert.phase, Phase.SHELTER if threat.debris else asked)

    def _held_ns(self, alert: Alert, *, failed: bool) -> int:
        """Until when the warning may not end, though no threat is behind it; a false alarm is not let dwell."""
        until = alert.opened_ns + (0 if failed else self._dwell_ns)
        hold = self._orders.holds.get(alert.zone)
        if hold is not None:
            until = max(until, hold.until_ns)
        blind_ns = self._board.blind_ns(alert.zone)
        if blind_ns is not None:
            until = max(until, blind_ns + self._blind_hold_ns)
        for debris in self._debris.falling:
            if debris.until_ns > until and alert.zone in debris.zones:
                until = debris.until_ns
        return until

    def _moved(self, now_ns: int, alert: Alert) -> bool:
        """Whether the arrival that people were told is off by more than they should bear."""
        if now_ns - alert.said_ns < self._update_ns:
            return False
        leading = alert.leading()
        if leading is None or leading.away_ns is not None or leading.state != State.ACTIVE:
            return False
        left_ns = max(leading.arrival_ns - now_ns, 0)
        return abs(leading.arrival_ns - alert.said_arrival_ns) > max(BEARABLE_NS, left_ns // 4)

    def _close(self, now_ns: int, alert: Alert, phase: Phase, ended: Ended | None) -> dict[str, Any]:
        leading = alert.leading()
        message = self._message(now_ns, alert, phase, None, leading)
        message["reason"] = ended.reason if ended else closing_reason(alert, now_ns)
        message["decision"] = ended.number if ended else 0
        if self._board.blind_ns(alert.zone) is not None and phase == Phase.RELEASE:
            message["reason"] += "; no sensor watches this zone now"
        del self._open[alert.zone]
        self._closed[alert.zone] = _Past(alert.number, alert.sequence, now_ns, alert.raid)
        self._orders.end(alert.zone)
        self._board.closed(now_ns, alert.zone, message)
        if not self._open:
            self._raids.quiet(now_ns)
        return message

    def _message(
        self, now_ns: int, alert: Alert, phase: Phase, deciding: Threat | None, leading: Threat | None
    ) -> dict[str, Any]:
        told = deciding is not None and leading is not None and leading.state == State.ACTIVE
        message: dict[str, Any] = {
            "number": alert.number,
            "sequence": alert.sequence,
            "zone": alert.zone,
            "phase": int(phase),
            "time_ns": now_ns,
            "target_class": leading.target_class if leading else int(TargetClass.UNKNOWN),
            "time_to_impact_s": max(leading.arrival_ns - now_ns, 0) / SECOND if told and leading else float("nan"),
            "probability": alert.probability(),
            "status": int(self._status(alert)),
            "sensor_ns": deciding.updated_ns if deciding else 0,
            "received_ns": deciding.received_ns if deciding else 0,
            "tracks": tuple(sorted(alert.threats)),
            "reason": "",
            "raid": alert.raid,
            "decision": 0,
        }
        alert.sequence += 1
        alert.said_ns, alert.said_status = now_ns, message["status"]
        alert.said_arrival_ns = leading.arrival_ns if leading else 0
        self._board.touch(alert.zone)
        return message

    def _status(self, alert: Alert) -> AlertStatus:
        """Actual needs a site set to it and no flag anywhere behind the warning."""
        flags = alert.flags
        for threat in alert.threats.values():
            flags |= threat.flags
        if flags & DetectionFlag.TEST:
            return AlertStatus.TEST
        return max(self.status, AlertStatus.EXERCISE) if flags else self.status

    def _wake_ns(self, now_ns: int, dues: _Dues) -> int | None:
        """When the next decision falls due without new evidence; `dues` has the ends of each open zone's threats."""
        times = self._board.due_ns() + ([] if self._orders.rests else self._orders.due_ns())
        for zone, alert in self._open.items():
            held_ns = self._held_ns(alert, failed=False)
            times.append(held_ns)
            for due in dues[zone]:
                if due is not None:
                    times.append(max(due[0], self._held_ns(alert, failed=True) if due[1].failed else held_ns))
            if alert.phase == Phase.PREPARE:
                shelter_s = self.site.zones[zone].shelter_time_s
                for threat in alert.threats.values():
                    times += self.policy.moves_ns(threat, shelter_s)
        # a wish is weighed again when new evidence comes: waking for it would only confirm old evidence
        return min([t for t in times if t > now_ns], default=None)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 3,
            "count": self._count,
            "open": [asdict(self._open[zone]) | {"threats": self._threats(zone)} for zone in sorted(self._open)],
            "closed": [[zone, *self._closed[zone]] for zone in sorted(self._closed)],
            "named": [list(pair) for pair in sorted(self._named)],
            "wished": [[*pair, *self._wished[pair]] for pair in sorted(self._wished)],
            "raids": self._raids.snapshot(),
            "orders": self._orders.snapshot(),
            "debris": self._debris.snapshot(),
            "board": self._board.snapshot(),
        }

    def _threats(self, zone: int) -> list[dict[str, Any]]:
        return [asdict(threat) for threat in self._open[zone].threats.values()]

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        if snapshot["version"] != 3:
            raise ValueError(f"warner snapshot version {snapshot['version']}, expected 3")
        self._count = snapshot["count"]
        self._open = {}
        for entry in snapshot["open"]:
            threats = {t["track"]: Threat(**{**t, "state": State(t["state"])}) for t in entry["threats"]}
            self._open[entry["zone"]] = Alert(**{**entry, "phase": Phase(entry["phase"]), "threats": threats})
        self._closed = {zone: _Past(*past) for zone, *past in snapshot["closed"]}
        self._named = {(zone, track) for zone, track in snapshot["named"]}
        self._wished = {(zone, track): (since, hits) for zone, track, since, hits in snapshot["wished"]}
        self._raids.restore(snapshot["raids"])
        self._orders.restore(snapshot["orders"])
        self._debris.restore(snapshot["debris"])
        self._board.restore(snapshot["board"])
        self._calm_ns = 0


def _unseen_s(now_ns: int, seen: Danger | Threat) -> float:
    """Seconds since it was last seen; 0 for drones, which can turn unseen and are weighed when they are seen again."""
    return 0.0 if seen.drone else (now_ns - seen.updated_ns) / SECOND
