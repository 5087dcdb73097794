"""Health: the state of a part. ZoneState: what a zone is to show, from unknown to release."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column


@dataclass(frozen=True, slots=True, eq=False)
class Health(Columns):
    """States of parts. The chain emits a row whenever one changes, and all of them in its first step."""

    time_ns: np.ndarray = column("i8", doc="time of the step that says so, ns UTC")
    part: np.ndarray = column("O", missing="", doc="the part: sensor/ID, channel/ID, recording, clock, ...")
    state: np.ndarray = column("i1", doc="HealthState")
    since_ns: np.ndarray = column("i8", doc="since when it is in that state, ns UTC")
    reason: np.ndarray = column("O", missing="", doc="in words; '' where all is well")


@dataclass(frozen=True, slots=True, eq=False)
class ZoneStates(Columns):
    """What zones are to show. The chain emits a row whenever one changes, and all of them in its first step."""

    time_ns: np.ndarray = column("i8", doc="time of the step that says so, ns UTC")
    zone: np.ndarray = column("i4", doc="index into Site.zones")
    state: np.ndarray = column("i1", doc="ZoneState")
    watched: np.ndarray = column("b1", doc="a sensor that works covers the zone")
    since_ns: np.ndarray = column("i8", doc="since when it is in that state, ns UTC")
    warning: np.ndarray = column("i8", doc="Warnings.number behind the state; 0 if none")
    status: np.ndarray = column("i1", missing=1, doc="AlertStatus of that warning, or what the site is set to")
    held: np.ndarray = column("b1", doc="an operator holds the zone: its warning does not end")
    reason: np.ndarray = column("O", missing="", doc="in words; '' where there is nothing to say")
