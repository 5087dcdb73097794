"""Effector: a simulated gun, interceptor launcher, jammer or beam as a table of generic numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from rampart.records import Site
from rampart.records.spec import Count, Degrees, Identifier, NonNegative, Path2, Positive, Share, Spec, Vector3

from . import _kernels


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Floats = NDArray[np.float64]
Threatening = Literal["rocket", "shell", "mortar", "multirotor", "fixed_wing"]
Against = Annotated[tuple[Threatening, ...], BeforeValidator(_tuple), Field(min_length=1)]
#: Kinds of flight that effectors meet as another kind.
SAME_KIND = {"civil_drone": "multirotor"}
_ALL: tuple[Threatening, ...] = ("rocket", "shell", "mortar", "multirotor", "fixed_wing")
_DRONES: tuple[Threatening, ...] = ("multirotor", "fixed_wing")
Sectors = Annotated[tuple[Annotated[tuple[Degrees, Degrees], BeforeValidator(_tuple)], ...], BeforeValidator(_tuple)]


@dataclass(frozen=True, slots=True, eq=False)
class Effector:
    """A simulated effector, in SI and radians.

    Attributes
    ----------
    table : ndarray, shape (k, 2)
        Range [m], kill probability of one engagement against a threat exactly where it was expected.
    closed_rad : ndarray, shape (m, 2)
        Azimuths closed for friendly aircraft: from, to, clockwise.
    guided : bool
        A channel is bound until the intercept; else only while rounds leave.
    dwell_s : float
        How long it stays on a threat before that is stopped; in range from beginning to end.
    against : tuple of str
        Kinds of threat that it can stop; all if empty.
    needs_link : bool
        It stops only what is flown over a radio link.
    link_share : float
        Belief that a drone has one.
    """

    id: str
    index: int
    kind: str
    position_enu: Floats
    min_range_m: float
    max_range_m: float
    table: Floats
    speed_ms: float
    response_s: float
    burst_s: float
    reload_s: float
    slew_rad_s: float
    channels: int
    rounds: int
    rounds_per_engagement: int
    lethal_radius_m: float
    closed_rad: Floats
    guided: bool
    dwell_s: float = 0.0
    against: tuple[str, ...] = ()
    needs_link: bool = False
    link_share: float = 0.5

    def believed_link(self, doubt: float) -> float:
        """Belief that a threat has a link when shots that need one all failed, each with probability `doubt` in all.

        Examples
        --------
        >>> from rampart.records import Site
        >>> jammer = JammerSpec(id="j", kind="jammer", position_enu_m=[0, 0, 0]).build(Site("base", 0.5, 0.5, 0.0), 0)
        >>> jammer.believed_link(1.0), round(jammer.believed_link(0.1), 3)
        (0.5, 0.091)
        """
        if not self.needs_link:
            return 1.0
        with_link = self.link_share * doubt
        return with_link / (with_link + 1.0 - self.link_share) if with_link > 0.0 else 0.0

    def affects(self, kind: str, *, emits: bool) -> bool:
        """Whether it can stop a flight of a kind. What was recorded is taken for what it is used against.

        Examples
        --------
        >>> from rampart.records import Site
        >>> place = Site("base", 0.5, 0.5, 0.0)
        >>> jammer = JammerSpec(id="j", kind="jammer", position_enu_m=[0, 0, 0]).build(place, 0)
        >>> jammer.affects("multirotor", emits=True), jammer.affects("multirotor", emits=False)
        (True, False)
        """
        same = not self.against or kind == "recorded" or SAME_KIND.get(kind, kind) in self.against
        return same and (emits or not self.needs_link)

    def chance_at(self, range_m: float) -> float:
        """Kill probability of one engagement at a range; 0 outside the effector's ranges.

        Examples
        --------
        >>> from rampart.records import Site
        >>> gun = GunSpec(id="g", kind="gun", position_enu_m=[0, 0, 0]).build(Site("base", 0.5, 0.5, 0.0), 0)
        >>> gun.chance_at(1000.0), gun.chance_at(5000.0)
        (0.5, 0.0)
        """
        if not self.min_range_m <= range_m <= self.max_range_m:
            return 0.0
        return float(_kernels.by_range(range_m, self.table[:, 0], self.table[:, 1]))

    def bound_s(self, flight_s: float) -> float:
        """How long one engagement binds a channel [s], from its first round; `flight_s` later is the intercept."""
        return max(flight_s if self.guided else 0.0, self.burst_s) + self.reload_s


class EffectorSpec(Spec):
    """What the kinds of effector share."""

    id: Identifier
    site: Identifier | None = None
    position_enu_m: Vector3  #: in the site's frame
    min_range_m: NonNegative  #: no shot at what is nearer
    max_range_m: Positive  #: no shot at what is farther
    kill_probability_at_m: Annotated[Path2, Field(min_length=1)]  #: [[range, probability], ...], ranges rising
    speed_ms: Positive  #: mean speed of what flies out
    response_s: NonNegative  #: from the order to the first round, beside the slew
    burst_s: NonNegative  #: how long one engagement fires
    reload_s: NonNegative  #: between two engagements of one channel
    slew_rate_deg_s: NonNegative  #: 0: need not turn
    channels: Count  #: engagements at a time
    rounds: Count  #: at hand; none are brought up
    rounds_per_engagement: Count  #: spent by one engagement
    lethal_radius_m: Positive  #: the kill probability falls by exp(-miss^2 / (2 radius^2))
    dwell_s: NonNegative = 0.0  #: on the threat, in range all the while, before it is stopped
    against: Against = _ALL  #: kinds of threat that it is used against, and can stop
    needs_link: bool = False  #: stops only what is flown over a radio link; nobody tells it which those are
    link_share: Share = 0.5  #: with `needs_link`: belief that a drone has such a link before anything is tried
    kill_factor: NonNegative = 1.0  #: times the table, at most 1: for sweeps of what nobody knows well
    closed_sectors_deg: Sectors = ()  #: [[from, to], ...], azimuths clockwise into which it never fires
    cost: NonNegative = 0.0  #: what it costs, in a unit of the file's choice; studies draw it against leakers
    cost_per_round: NonNegative = 0.0  #: what one round costs, in the same unit

    @model_validator(mode="after")
    def _check(self) -> Self:
        ranges = [r for r, _ in self.kill_probability_at_m]
        if any(a >= b for a, b in pairwise(ranges)):
            raise ValueError("kill_probability_at_m: expected rising ranges")
        if any(not 0.0 <= p <= 1.0 for _, p in self.kill_probability_at_m):
            raise ValueError("kill_probability_at_m: expected probabilities from 0 to 1")
        if self.min_range_m >= self.max_range_m:
            raise ValueError("expected min_range_m below max_range_m")
        if self.rounds_per_engagement > self.rounds:
            raise ValueError("expected rounds_per_engagement of at most rounds")
        return self

    def _build(self, kind: str, index: int, *, guided: bool) -> Effector:
        return Effector(
            id=self.id,
            index=index,
            kind=kind,
            position_enu=np.array(self.position_enu_m, dtype=float),
            min_range_m=self.min_range_m,
            max_range_m=self.max_range_m,
            table=self._table(),
            speed_ms=self.speed_ms,
            response_s=self.response_s,
            burst_s=self.burst_s,
            reload_s=self.reload_s,
            slew_rad_s=float(np.deg2rad(self.slew_rate_deg_s)),
            channels=self.channels,
            rounds=self.rounds,
            rounds_per_engagement=self.rounds_per_engagement,
            lethal_radius_m=self.lethal_radius_m,
            closed_rad=np.deg2rad(np.array(self.closed_sectors_deg, dtype=float).reshape(-1, 2)),
            guided=guided,
            dwell_s=self.dwell_s,
            against=() if set(self.against) == set(_ALL) else self.against,
            needs_link=self.needs_link,
            link_share=self.link_share,
        )

    def _table(self) -> Floats:
        table = np.array(self.kill_probability_at_m, dtype=float)
        table[:, 1] = np.minimum(table[:, 1] * self.kill_factor, 1.0)
        return table


class GunSpec(EffectorSpec):
    """``kind = "gun"``: bursts at short range; a channel is bound while it fires and reloads."""

    kind: Literal["gun"]
    min_range_m: NonNegative = 150.0
    max_range_m: Positive = 1800.0
    kill_probability_at_m: Annotated[Path2, Field(min_length=1)] = ((200.0, 0.7), (1000.0, 0.5), (1800.0, 0.2))
    speed_ms: Positive = 900.0
    response_s: NonNegative = 0.3
    burst_s: NonNegative = 1.0
    reload_s: NonNegative = 0.5
    slew_rate_deg_s: NonNegative = 90.0
    channels: Count = 1
    rounds: Count = 1500
    rounds_per_engagement: Count = 100
    lethal_radius_m: Positive = 30.0

    def build(self, site: Site, index: int) -> Effector:
        """The effector at `index` of the site."""
        del site  # positions are in its frame already
        return self._build("gun", index, guided=False)


class InterceptorSpec(EffectorSpec):
    """``kind = "interceptor"``: guided rounds; a channel is bound until the intercept."""

    kind: Literal["interceptor"]
    min_range_m: NonNegative = 400.0
    max_range_m: Positive = 5000.0
    kill_probability_at_m: Annotated[Path2, Field(min_length=1)] = ((400.0, 0.6), (1500.0, 0.8), (5000.0, 0.6))
    speed_ms: Positive = 450.0
    response_s: NonNegative = 1.0
    burst_s: NonNegative = 0.0
    reload_s: NonNegative = 1.0
    slew_rate_deg_s: NonNegative = 0.0
    channels: Count = 4
    rounds: Count = 20
    rounds_per_engagement: Count = 1
    lethal_radius_m: Positive = 60.0

    def build(self, site: Site, index: int) -> Effector:
        """The effector at `index` of the site."""
        del site
        return self._build("interceptor", index, guided=True)


class JammerSpec(EffectorSpec):
    """``kind = "jammer"``: several radio links at a time; stops only what is flown over one, after a while."""

    kind: Literal["jammer"]
    min_range_m: NonNegative = 50.0
    max_range_m: Positive = 3000.0
    kill_probability_at_m: Annotated[Path2, Field(min_length=1)] = ((50.0, 0.9), (1500.0, 0.8), (3000.0, 0.4))
    speed_ms: Positive = 299_792_458.0
    response_s: NonNegative = 1.0
    burst_s: NonNegative = 0.0
    dwell_s: NonNegative = 4.0
    reload_s: NonNegative = 0.5
    slew_rate_deg_s: NonNegative = 0.0
    channels: Count = 4
    rounds: Count = 10_000
    rounds_per_engagement: Count = 1
    lethal_radius_m: Positive = 300.0
    against: Against = _DRONES
    needs_link: bool = True

    def build(self, site: Site, index: int) -> Effector:
        """The effector at `index` of the site."""
        del site
        return self._build("jammer", index, guided=True)


class DirectedEnergySpec(EffectorSpec):
    """``kind = "directed_energy"``: one beam that stays on one drone until it is stopped; no rounds to run out of."""

    kind: Literal["directed_energy"]
    min_range_m: NonNegative = 50.0
    max_range_m: Positive = 2000.0
    kill_probability_at_m: Annotated[Path2, Field(min_length=1)] = ((50.0, 0.9), (1000.0, 0.8), (2000.0, 0.4))
    speed_ms: Positive = 299_792_458.0
    response_s: NonNegative = 0.5
    burst_s: NonNegative = 0.0
    dwell_s: NonNegative = 5.0
    reload_s: NonNegative = 1.0
    slew_rate_deg_s: NonNegative = 60.0
    channels: Count = 1
    rounds: Count = 10_000
    rounds_per_engagement: Count = 1
    lethal_radius_m: Positive = 50.0
    against: Against = _DRONES

    def build(self, site: Site, index: int) -> Effector:
        """The effector at `index` of the site."""
        del site
        return self._build("directed_energy", index, guided=True)
