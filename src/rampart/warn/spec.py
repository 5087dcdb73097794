"""Spec: what `[warn]` in a scenario or site file says of the warner."""

from __future__ import annotations

from typing import Literal

from rampart.physics.environment import Environment
from rampart.records import AlertStatus, Site
from rampart.records.spec import Count, NonNegative, Positive, Share, Spec

from .policy import Policy, threshold
from .warner import Warner


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
    wait_share: Share = 0.8  #: of the likeliest zone's probability: less likely zones wait while there is time
    settled_share: Share = 0.2  #: the same once the prediction has settled ...
    settled_hits: Count = 5  #: ... which takes so many detections ...
    wait_unseen_s: NonNegative = 3.0  #: ... or once the track has not been seen for so long
    unseen_sigmas: NonNegative = 3.0  #: then shelter is said so many sigmas of the arrival early, else one
    margin_s: NonNegative = 3.0  #: added to the shelter time
    #: how long a ballistic threat of which the tracker is not sure must last before its zone is warned
    confirm_s: NonNegative = 0.9
    drone_confirm_s: NonNegative = 3.0  #: the same for a drone
    drone_confirm_hits: Count = 3  #: and through how many detections
    threats_expected: Positive = 1.0  #: next to the birds in view: less makes a threat harder to believe in
    min_dwell_s: NonNegative = 3.0  #: shortest time between a warning's opening and its end
    clear_s: NonNegative = 3.0  #: how long a prediction must point elsewhere before the zone is released
    drone_clear_s: NonNegative = 10.0  #: as `clear_s`, for a drone
    release_hold_s: NonNegative = 10.0  #: after the time of impact
    lost_hold_s: NonNegative = 30.0  #: after a drone was last seen
    cancel_s: NonNegative = 1.5  #: how long a failed hypothesis must stay failed
    reopen_s: NonNegative = 30.0  #: a danger this soon after the end reopens the warning under its number
    debris_hold_s: NonNegative = 60.0  #: no release so long after a threat ended in the air ...
    debris_radius_m: NonNegative = 500.0  #: ... within this distance of the place below
    blind_hold_s: NonNegative = 120.0  #: no release so long after the last sensor that covers the zone fell out
    order_s: Positive = 600.0  #: how long an operator's warning or hold lasts at most, unless decided again
    shown_s: NonNegative = 60.0  #: how long a zone shows that its warning has ended
    raid_gap_s: NonNegative = 60.0  #: a warning later than this after the last one ended belongs to another raid

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
