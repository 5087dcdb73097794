"""Warning: what is said to whom. Engagement: a simulated shot."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column
from .names import AlertStatus


@dataclass(frozen=True, slots=True, eq=False)
class Warnings(Columns):
    """Messages to the people of one zone each. A warning keeps its number through its phases."""

    number: np.ndarray = column("i8", doc="number of the warning, unique within a run and site, counted from 1")
    sequence: np.ndarray = column("i4", doc="0 for the first message of a warning, then 1, 2, ...")
    zone: np.ndarray = column("i4", doc="index into Site.zones")
    phase: np.ndarray = column("i1", doc="Phase")
    time_ns: np.ndarray = column("i8", doc="time of the decision, ns UTC")
    target_class: np.ndarray = column("i1", doc="TargetClass of the leading threat")
    time_to_impact_s: np.ndarray = column("f8", doc="of the leading threat, from time_ns; nan for release and cancel")
    probability: np.ndarray = column(
        "f8", doc="that the zone, grown by its danger radius, is hit; nan if no track is behind an operator's warning"
    )
    status: np.ndarray = column("i1", missing=AlertStatus.EXERCISE, doc="AlertStatus")
    sensor_ns: np.ndarray = column("i8", doc="measurement time of the deciding detection, ns UTC; 0 if none")
    received_ns: np.ndarray = column("i8", doc="receipt of the deciding detection, ns UTC; 0 if none")
    tracks: np.ndarray = column("O", missing=(), doc="numbers of the tracks behind it, a tuple")
    reason: np.ndarray = column(
        "O", missing="", doc="in words, for a release or cancel and for what an operator decided"
    )
    raid: np.ndarray = column("i8", doc="number of the raid it belongs to, unique within a run and site, from 1")
    decision: np.ndarray = column("i8", doc="Decisions.number that this message follows; 0 if none")


@dataclass(frozen=True, slots=True, eq=False)
class Engagements(Columns):
    """Simulated shots, as decided. The referee, outside the chain, draws what came of them."""

    number: np.ndarray = column("i8", doc="number of the engagement, unique within a run and site, counted from 1")
    effector: np.ndarray = column("i4", doc="index into the site's effectors")
    track: np.ndarray = column("i8", doc="Tracks.number")
    time_ns: np.ndarray = column("i8", doc="time of the decision, ns UTC")
    fire_ns: np.ndarray = column("i8", doc="start of fire, ns UTC")
    intercept_ns: np.ndarray = column("i8", doc="planned intercept, ns UTC")
    intercept_enu: np.ndarray = column("f8", 3, doc="planned intercept point, m")
    rounds: np.ndarray = column("i4", doc="rounds spent")
    probability: np.ndarray = column("f8", doc="kill probability as the fire control sees it")
