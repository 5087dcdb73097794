"""Delivery: what became of a warning on its way to one peer. Outside `output_sha256`: it holds clock readings."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column
from .names import Named


class Outcome(Named):
    """How far a message came."""

    WAITING = 0  #: queued, or held for approval
    SENT = 1  #: its bytes left; nobody has said that they arrived
    ACKNOWLEDGED = 2  #: the peer said that it has them
    EXPIRED = 3  #: ran out before it could be sent
    SUPERSEDED = 4  #: a later message of the same warning went in its place
    REFUSED = 5  #: the peer does not want it


@dataclass(frozen=True, slots=True, eq=False)
class Deliveries(Columns):
    """Messages of warnings, once per peer, with the time of each hop."""

    site: np.ndarray = column("O", missing="", doc="Site.id")
    number: np.ndarray = column("i8", doc="Warnings.number")
    sequence: np.ndarray = column("i4", doc="Warnings.sequence")
    zone: np.ndarray = column("O", missing="", doc="Zone.id")
    phase: np.ndarray = column("i1", doc="Phase")
    status: np.ndarray = column("i1", doc="AlertStatus")
    peer: np.ndarray = column("O", missing="", doc="id of the [[out]], or of a device behind it")
    outcome: np.ndarray = column("i1", doc="Outcome")
    sensor_ns: np.ndarray = column("i8", doc="measurement time of the deciding detection, ns UTC; 0 if none")
    received_ns: np.ndarray = column("i8", doc="receipt of the deciding detection, ns UTC; 0 if none")
    decided_ns: np.ndarray = column("i8", doc="time of the decision, ns UTC")
    sent_ns: np.ndarray = column("i8", doc="when its bytes were handed to the network or disk, ns UTC; 0 if never")
    acknowledged_ns: np.ndarray = column("i8", doc="when the peer said that it has them, ns UTC; 0 if never")
    arrival_ns: np.ndarray = column("i8", doc="when the leading threat arrives, as decided, ns UTC; 0 if none does")
    note: np.ndarray = column("O", missing="", doc="in words: by whom acknowledged, why refused")
