"""Track: one object, estimated."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column
from .names import N_CLASSES, N_MODES, TrackStatus


@dataclass(frozen=True, slots=True, eq=False)
class Tracks(Columns):
    """Estimates as known at `time_ns`: no look-ahead."""

    number: np.ndarray = column("i8", doc="number of the track, unique within a run and site, counted from 1")
    time_ns: np.ndarray = column("i8", doc="time of validity, ns UTC")
    state: np.ndarray = column("f8", 6, doc="east, north, up [m] and their rates [m/s], over all modes")
    covariance: np.ndarray = column("f8", 6, 6, doc="of state")
    ballistic_state: np.ndarray = column(
        "f8", 7, doc="state and ln of drag-to-mass [m2/kg] under the ballistic mode; nan where that mode is dead"
    )
    ballistic_covariance: np.ndarray = column("f8", 7, 7, doc="of ballistic_state")
    model_error: np.ndarray = column(
        "f8",
        4,
        doc="what the flight model may have wrong, as far as this track shows it: wind east, north [m/s], bends of the "
        "drag curve towards G7 and the sphere (rampart.physics.model_error); nan where the ballistic mode is dead",
    )
    model_error_covariance: np.ndarray = column(
        "f8", 4, 11, doc="of model_error with ballistic_state (first seven) and with itself (last four)"
    )
    existence: np.ndarray = column("f8", doc="probability that the object is there")
    mode_probability: np.ndarray = column("f8", N_MODES, doc="by Mode")
    class_probability: np.ndarray = column("f8", N_CLASSES, doc="by TargetClass")
    status: np.ndarray = column("i1", doc="TrackStatus")
    hits: np.ndarray = column("i4", doc="detections used so far")
    first_ns: np.ndarray = column("i8", doc="time of its first detection, ns UTC")
    updated_ns: np.ndarray = column("i8", doc="time of its latest detection, ns UTC")
    received_ns: np.ndarray = column("i8", doc="receipt of its latest detection, ns UTC")
    detection: np.ndarray = column("i8", doc="number of its latest detection")
    sensors: np.ndarray = column("u8", doc="bit i set: Site.sensors[i] contributed")
    rcs_dbsm: np.ndarray = column("f8", doc="mean radar cross-section, dB over 1 m2; nan if no sensor gives it")
    identity: np.ndarray = column("U8", doc="what the target says it is; '' if silent")
    flags: np.ndarray = column("u1", doc="DetectionFlag of all detections used, joined")

    @property
    def shown(self) -> np.ndarray:
        """Which rows to show as objects: confirmed or coasted, and there more probably than not.

        Among sets of tracks with independent existences this one has the least expected number of wrong members.

        Examples
        --------
        >>> Tracks.build(3, status=[0, 1, 2], existence=[0.9, 0.9, 0.3]).shown.tolist()
        [False, True, False]
        """
        held = (self.status == TrackStatus.CONFIRMED) | (self.status == TrackStatus.COASTED)
        return np.asarray(held & ~(self.existence < 0.5))
