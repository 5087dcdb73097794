"""Policy: when to say what. A typed state machine per zone and threat.

A zone without a warning is silent. A warning opens as prepare or shelter, may rise from prepare to shelter, and closes
as release (the danger has passed) or cancel (there never was one). Each threat behind it is in one `State`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter

from rampart.records import AlertStatus, Phase

from .danger import Danger
from .exposure import Exposure

SECOND = 1_000_000_000
#: An arrival that is off by no more than this is never said anew.
BEARABLE_NS = 3 * SECOND
_BY_ARRIVAL = attrgetter("arrival_ns", "track")


class State(IntEnum):
    """Where a threat stands, seen from one zone."""

    ACTIVE = 0  #: endangers the zone
    DOWN = 1  #: its time of impact has passed
    AWAY = 2  #: comes down, or flies, somewhere else
    LOST = 3  #: no longer seen, and would have arrived by now
    HARMLESS = 4  #: turned out to be no threat: the hypothesis failed
    UNPROVEN = 5  #: its track did not last: the hypothesis failed

    @property
    def failed(self) -> bool:
        """There never was a danger."""
        return self >= State.HARMLESS


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers behind the decisions; `[warn]` in a scenario sets them.

    Attributes
    ----------
    warn_probability, drone_probability : float
        Expected cost: per person, warning costs the minutes in shelter and silence costs `probability * miss_cost`;
        so a zone is warned from ``minutes / miss_cost`` on (see `threshold`).
    early_probability : float
        A drone is warned of before it is urgent only from this probability on: it can still turn.
    prepare_probability : float
        A ballistic threat is warned of before it is urgent only from this probability on: 0 speaks at once, more spares
        people the first coarse predictions and costs time.
    shelter_probability : float
        From here on shelter is said of a ballistic threat even if there is time to prepare.
    hysteresis : float
        A threat stops endangering a zone below this share of the threshold.
    doubt_share : float
        A track stops looking like a threat below this share of `least_weight`.
    least_weight, sure_weight : float
        Probability that the track exists and is a threat of its kind: below the first nobody is warned, from the
        second on at once, in between after `confirm_s`.
    drone_confirm_s, drone_confirm_hits : float, int
        A drone must be a danger for so long and through so many detections before anybody is warned of it.
    threats_expected : float
        How many threats to expect next to the birds in view, see `rampart.warn.danger.among_birds`.
    wait_share, settled_share : float
        While there is time, zones with less than this share of the track's likeliest zone wait: waiting costs nothing
        until their people must move, and the prediction sharpens. The second share holds once it has.
    settled_hits : int
        Detections that a prediction needs for that: of a rocket that was seen under thrust, two after the burnout.
    wait_unseen_s : float
        Nor does anybody wait for a track that has not been seen for so long: nothing sharpens while it is out of sight.
    unseen_sigmas : float
        So many sigmas early people are told to move then, in place of one.
    debris_hold_s, debris_radius_m : float
        A threat that ends in the air holds every warning so near to the place below it so long.
    blind_hold_s : float
        So long no warning ends of a zone that no sensor watches any more.
    order_s : float
        How long an operator's warning or hold lasts at most, unless it is decided again.
    shown_s : float
        How long a zone shows that its warning has ended.
    raid_gap_s : float
        A warning that opens later than this after the last one ended belongs to another raid.
    """

    warn_probability: float = 0.003
    drone_probability: float = 0.03
    early_probability: float = 0.3
    prepare_probability: float = 0.0
    shelter_probability: float = 0.5
    hysteresis: float = 0.3
    doubt_share: float = 0.6
    least_weight: float = 0.5
    sure_weight: float = 0.8
    wait_share: float = 0.8
    settled_share: float = 0.2
    settled_hits: int = 5
    wait_unseen_s: float = 3.0
    unseen_sigmas: float = 3.0
    margin_s: float = 3.0
    confirm_s: float = 0.9
    drone_confirm_s: float = 3.0
    drone_confirm_hits: int = 3
    threats_expected: float = 1.0
    min_dwell_s: float = 3.0
    clear_s: float = 3.0
    drone_clear_s: float = 10.0
    hold_s: float = 10.0
    lost_hold_s: float = 30.0
    cancel_s: float = 1.5
    reopen_s: float = 30.0
    update_s: float = 2.0
    proven_hits: int = 6
    debris_hold_s: float = 60.0
    debris_radius_m: float = 500.0
    blind_hold_s: float = 120.0
    order_s: float = 600.0
    shown_s: float = 60.0
    raid_gap_s: float = 60.0

    def base(self, drone: bool) -> float:
        """Probability from which the expected cost of silence is the greater one."""
        return self.drone_probability if drone else self.warn_probability

    def slack_s(
        self, arrival_ns: int, sigma_s: float, shelter_time_s: float, now_ns: int, unseen_s: float = 0.0
    ) -> float:
        """Seconds left until people must move; negative if they should be moving already.

        Parameters
        ----------
        arrival_ns, sigma_s : int, float
            When it comes down in their zone, ns UTC, and one sigma of that.
        shelter_time_s : float
            What they need.
        now_ns : int
            Time of the step, ns UTC.
        unseen_s : float
            Since the latest detection. What is seen gets surer in time, so one sigma is enough; of what is out of sight
            the doubt stays.

        Examples
        --------
        >>> arrival_ns = 30 * SECOND
        >>> Policy().slack_s(arrival_ns, 2.0, 10.0, 0), Policy().slack_s(arrival_ns, 2.0, 10.0, 0, unseen_s=5.0)
        (15.0, 11.0)
        """
        sigmas = 1.0 if unseen_s < self.wait_unseen_s else self.unseen_sigmas
        return (arrival_ns - now_ns) / SECOND - sigmas * sigma_s - shelter_time_s - self.margin_s

    def moves_ns(self, threat: Threat, shelter_time_s: float) -> tuple[int, ...]:
        """When people must move if nothing else is seen, ns UTC: `slack_s` is 0 then; seen, and once out of sight."""
        due = threat.arrival_ns - _ns(threat.sigma_s + shelter_time_s + self.margin_s)
        if threat.drone:
            return (due,)
        early = due - _ns((self.unseen_sigmas - 1.0) * threat.sigma_s)
        return due, max(early, threat.updated_ns + _ns(self.wait_unseen_s))

    def wants(self, danger: Danger, probability: float, best: float, slack_s: float, unseen_s: float = 0.0) -> bool:
        """Whether a zone should be warned of a track.

        Parameters
        ----------
        danger : Danger
            The track.
        probability, best : float
            That it hits this zone, and its likeliest zone, given that it is a threat.
        slack_s : float
            Time left to wait.
        unseen_s : float
            Since the latest detection.

        Examples
        --------
        >>> from rampart.warn.danger import Danger
        >>> rocket = Danger(1, False, 0.95, 1.0, 0, 0.5, 9, 0, 0, 0, {})
        >>> Policy().wants(rocket, 0.01, 0.02, 10.0), Policy().wants(rocket, 0.002, 0.002, 10.0)
        (True, False)
        """
        chance = probability * danger.belief
        if danger.belief < self.least_weight or chance < self.base(danger.drone):
            return False
        if danger.drone and danger.hits < self.proven_hits:
            return False  # slow enough to wait for: three false alarms in a row look like one too
        if slack_s <= 0.0:
            return True
        if danger.drone:
            return chance >= self.early_probability
        sharpens = danger.hits < self.settled_hits and unseen_s < self.wait_unseen_s
        share = self.wait_share if sharpens else self.settled_share
        return probability >= share * best and chance >= self.prepare_probability

    def confirmed(self, danger: Danger, wished_ns: int, fresh: int) -> bool:
        """Whether the wish has lasted long enough: no time for a track that is surely a ballistic threat.

        Parameters
        ----------
        danger : Danger
            The track.
        wished_ns : int
            For how long it has been wished.
        fresh : int
            Detections since: of a drone time alone proves nothing, a track that coasts shows nothing new.
        """
        if danger.drone:
            return wished_ns >= self.drone_confirm_s * SECOND and fresh >= self.drone_confirm_hits
        return danger.belief >= self.sure_weight or wished_ns >= self.confirm_s * SECOND

    def phase(self, chance: float, drone: bool, slack_s: float) -> Phase:
        """What to say of a threat that endangers a zone.

        Shelter if people must move now, or if a ballistic impact is so likely that being early costs less than being
        late; prepare while there is time and the danger is uncertain. A drone can turn: shelter waits until it is due.
        """
        likely = not drone and chance >= self.shelter_probability
        return Phase.SHELTER if likely or (slack_s <= 0.0 and chance >= self.base(drone)) else Phase.PREPARE


def threshold(minutes: float, miss_cost: float) -> float:
    """Probability at which warning and silence cost the same: both per person, so the population cancels out.

    Parameters
    ----------
    minutes : float
        In shelter because of one warning.
    miss_cost : float
        Of a person hit without warning, in person-minutes of shelter.

    Examples
    --------
    >>> threshold(3.0, 1000.0)
    0.003
    """
    return min(minutes / miss_cost, 1.0)


@dataclass(slots=True)
class Threat:
    """A track behind a warning, as one zone sees it."""

    track: int
    drone: bool
    target_class: int
    probability: float  #: that it hits the zone, times the belief in it
    arrival_ns: int
    sigma_s: float
    hits: int
    updated_ns: int
    received_ns: int
    flags: int
    state: State = State.ACTIVE
    belief: float = 0.0  #: the highest probability so far that there is such a threat
    away_ns: int | None = None  #: since when it endangers the zone no longer
    doubt_ns: int | None = None  #: since when it looks harmless
    gone_ns: int | None = None  #: since when its track is gone
    debris: bool = False  #: what falls where the threat ended in the air

    @classmethod
    def of(cls, danger: Danger, zone: int) -> Threat:
        """A threat as one step shows it; `danger` endangers the zone."""
        assert danger.zones is not None
        p, arrival_ns, sigma_s = danger.zones[zone]
        return cls(
            danger.track,
            danger.drone,
            danger.target_class,
            p * danger.belief,
            arrival_ns,
            sigma_s,
            danger.hits,
            danger.updated_ns,
            danger.received_ns,
            danger.flags,
            belief=danger.belief,
        )

    def see(self, danger: Danger | None, zone: int, now_ns: int, policy: Policy) -> None:
        """Take up what a step shows of the track; None if the track is gone.

        Only fresh detections speak against a danger: a track that coasts, as it does once its object is down, keeps
        what was known.
        """
        if self.debris:
            return
        if danger is None:
            self.gone_ns = now_ns if self.gone_ns is None else self.gone_ns
            return
        self.gone_ns = None
        if danger.hits <= self.hits:
            return
        self.hits, self.updated_ns, self.received_ns = danger.hits, danger.updated_ns, danger.received_ns
        self.flags |= danger.flags
        belief = danger.belief
        self.belief = max(self.belief, belief)
        self.doubt_ns = _since(self.doubt_ns, danger.weight < policy.least_weight * policy.doubt_share, now_ns)
        if danger.zones is None:
            return
        self.drone, self.target_class = danger.drone, danger.target_class
        p, arrival_ns, sigma_s = danger.zones.get(zone) or Exposure(0.0, self.arrival_ns, self.sigma_s)
        self.probability = p * belief
        away = p < policy.hysteresis * policy.base(danger.drone)
        self.away_ns = _since(self.away_ns, away, now_ns)
        if not away:
            self.arrival_ns, self.sigma_s = arrival_ns, sigma_s

    def settle(self, now_ns: int, policy: Policy) -> tuple[int, State] | None:
        """Move to the state that the time and the evidence ask for; returns `due_ns`."""
        due = self.due_ns(policy)
        self.state = due[1] if due is not None and due[0] <= now_ns else State.ACTIVE
        return due

    def _sure(self, policy: Policy) -> bool:
        """A ballistic threat that was believed in at once: silence does not undo it, it comes down all the same."""
        return not self.drone and self.belief >= policy.sure_weight

    def due_ns(self, policy: Policy) -> tuple[int, State] | None:
        """When the threat ends if nothing else is seen, and how; None if only new evidence can end it."""
        if self.debris:
            return self.arrival_ns + _ns(policy.hold_s), State.DOWN
        if not self.drone and self.doubt_ns is None and self.gone_ns is None and self.away_ns is None:
            return self.arrival_ns + _ns(2.0 * self.sigma_s + policy.hold_s), State.DOWN  # as most of the time
        ends: list[tuple[int, State]] = []
        if self.doubt_ns is not None:
            ends.append((self.doubt_ns + _ns(policy.cancel_s), State.HARMLESS))
        if self.gone_ns is not None and self.hits < policy.proven_hits and not self._sure(policy):
            ends.append((self.gone_ns + _ns(policy.cancel_s), State.UNPROVEN))
        if self.away_ns is not None and self.doubt_ns is None:
            ends.append((self.away_ns + _ns(policy.drone_clear_s if self.drone else policy.clear_s), State.AWAY))
        if not self.drone:
            came_down = self.arrival_ns + _ns(2.0 * self.sigma_s + policy.hold_s)
            lost = self.gone_ns is not None and self.gone_ns < self.arrival_ns - _ns(3.0 * self.sigma_s + 2.0)
            ends.append((came_down, State.LOST if lost else State.DOWN))
        elif self.gone_ns is not None:
            ends.append((max(self.gone_ns, self.arrival_ns) + _ns(policy.lost_hold_s), State.LOST))
        return min(ends) if ends else None


@dataclass(slots=True)
class Alert:
    """A zone's open warning."""

    number: int
    zone: int
    opened_ns: int
    phase: Phase
    sequence: int = 0
    said_ns: int = 0  #: of the latest message
    said_arrival_ns: int = 0  #: as that message gave it
    threats: dict[int, Threat] = field(default_factory=dict)
    raid: int = 0
    said_status: int = AlertStatus.EXERCISE  #: as the latest message gave it
    flags: int = 0  #: DetectionFlag of operators' decisions behind it
    ordered: bool = False  #: an operator has warned of it

    def leading(self) -> Threat | None:
        """The threat that arrives first among those still active, or among all; None if only operators warn."""
        active = [t for t in self.threats.values() if t.state == State.ACTIVE] or list(self.threats.values())
        return min(active, key=_BY_ARRIVAL, default=None)

    def probability(self) -> float:
        """That at least one active threat hits the zone; nan if no track is behind the warning."""
        if not self.threats:
            return math.nan
        safe = 1.0
        for threat in self.threats.values():
            if threat.state == State.ACTIVE:
                safe *= 1.0 - threat.probability
        return 1.0 - safe

    @property
    def settled(self) -> bool:
        """As long as its threats stay as they are, time alone asks for no other message than the closing one."""
        if self.phase != Phase.SHELTER:
            return False
        leading = self.leading()
        if leading is None or leading.state != State.ACTIVE:
            return True
        return abs(leading.arrival_ns - self.said_arrival_ns) <= BEARABLE_NS

    def closing_phase(self) -> Phase | None:
        """Release or cancel once no threat is active; None as long as one is. What people decided is no false alarm."""
        for threat in self.threats.values():
            if threat.state == State.ACTIVE:
                return None
        failed = all(threat.state.failed for threat in self.threats.values()) and not self.ordered
        return Phase.CANCEL if failed else Phase.RELEASE


def _since(before: int | None, holds: bool, now_ns: int) -> int | None:
    """Since when something holds; None if it does not."""
    return None if not holds else now_ns if before is None else before


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)
