"""Prediction: where and when a track comes down, or what it can reach; where it came from."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column


@dataclass(frozen=True, slots=True, eq=False)
class Predictions(Columns):
    """One row per track and step.

    Kind `IMPACT` (rockets, shells, mortar bombs): impact and launch point with covariance.
    Kind `REACH` (drones): the straight corridor from the track's position to `impact_enu`, the furthest point it
    reaches within the horizon on its present course; `impact_covariance` is across and along that end point.
    """

    track: np.ndarray = column("i8", doc="Tracks.number")
    time_ns: np.ndarray = column("i8", doc="time of validity, ns UTC")
    kind: np.ndarray = column("i1", doc="PredictionKind")
    weight: np.ndarray = column("f8", doc="probability that the track is of this kind of threat, 0 to 1")
    position_enu: np.ndarray = column("f8", 3, doc="where the track is now, m")
    position_covariance: np.ndarray = column("f8", 2, 2, doc="east-north, m2")
    velocity_enu: np.ndarray = column("f8", 3, doc="m/s")
    impact_enu: np.ndarray = column("f8", 3, doc="mean point where it comes down (IMPACT) or the corridor ends, m")
    impact_covariance: np.ndarray = column("f8", 2, 2, doc="east-north, m2")
    impact_ns: np.ndarray = column("i8", doc="time it comes down or reaches the corridor's end, ns UTC")
    impact_sigma_s: np.ndarray = column("f8", doc="one sigma of that time, s")
    impact_time_covariance: np.ndarray = column(
        "f8", 2, missing=0.0, doc="IMPACT: of that point's east and north with that time, m s; 0: not known to depend"
    )
    impact_velocity_enu: np.ndarray = column("f8", 3, doc="at the impact point, m/s")
    launch_enu: np.ndarray = column("f8", 3, doc="where it came from, m; nan where unknown")
    launch_covariance: np.ndarray = column("f8", 2, 2, doc="east-north, m2; nan where unknown")
    launch_ns: np.ndarray = column("i8", doc="time of launch, ns UTC; 0 where launch_enu is nan")
    asset: np.ndarray = column("i4", missing=-1, doc="REACH: index of the zone it is closest to in time; -1 if none")
    time_to_asset_s: np.ndarray = column("f8", doc="REACH: seconds until it can be within that zone's radius")
    ellipse_major_m: np.ndarray = column("f8", doc="semi-axis of the impact ellipse, m")
    ellipse_minor_m: np.ndarray = column("f8", doc="semi-axis of the impact ellipse, m")
    ellipse_azimuth_rad: np.ndarray = column("f8", doc="of the major axis, clockwise from north, rad")
    ellipse_probability: np.ndarray = column("f8", doc="content of the ellipse, e.g. 0.9")
