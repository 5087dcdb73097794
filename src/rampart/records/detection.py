"""Detection: one sensor report at one time. ExternalTrack: another system's track."""

from dataclasses import dataclass

import numpy as np

from .columns import Columns, column
from .names import N_CLASSES, TargetClass


@dataclass(frozen=True, slots=True, eq=False)
class Detections(Columns):
    """Sensor reports, in any order within a batch.

    A report holds range and azimuth with optional elevation, range rate and height; or bearings only (`range_m` is
    nan); or a position (`position_enu`). Polar values are seen from the sensor, heights say their datum in the name.
    """

    number: np.ndarray = column("i8", doc="number of the report, unique within a run and site, counted from 1")
    time_ns: np.ndarray = column("i8", doc="time of measurement, ns UTC")
    received_ns: np.ndarray = column("i8", doc="time of receipt, ns UTC")
    sensor: np.ndarray = column("i4", doc="index into Site.sensors")
    range_m: np.ndarray = column("f8", doc="slant range, m")
    azimuth_rad: np.ndarray = column("f8", doc="clockwise from north, rad")
    elevation_rad: np.ndarray = column("f8", doc="above the sensor's horizontal, rad")
    range_rate_ms: np.ndarray = column("f8", doc="positive away from the sensor, m/s")
    height_m: np.ndarray = column("f8", doc="height above mean sea level, barometric where the sensor says so, m")
    range_sigma_m: np.ndarray = column("f8", doc="one sigma, m")
    azimuth_sigma_rad: np.ndarray = column("f8", doc="one sigma, rad")
    elevation_sigma_rad: np.ndarray = column("f8", doc="one sigma, rad")
    range_rate_sigma_ms: np.ndarray = column("f8", doc="one sigma, m/s")
    height_sigma_m: np.ndarray = column("f8", doc="one sigma, m")
    position_enu: np.ndarray = column("f8", 3, doc="east, north, up in the site's frame, m; nan for polar reports")
    position_covariance: np.ndarray = column("f8", 3, 3, doc="of position_enu, m2")
    snr_db: np.ndarray = column("f8", doc="signal to noise ratio, dB")
    rcs_dbsm: np.ndarray = column("f8", doc="radar cross-section as the sensor estimates it, dB over 1 m2")
    identity: np.ndarray = column("U8", doc="what the target says it is: Mode S address or Mode 3/A code; '' if silent")
    class_hint: np.ndarray = column("i1", missing=TargetClass.UNKNOWN, doc="TargetClass as the sensor reports it")
    flags: np.ndarray = column("u1", doc="DetectionFlag")
    doppler_spread_ms: np.ndarray = column(
        "f8", doc="one-sided width of the micro-Doppler about the body's line, m/s; nan if not measured"
    )
    emission: np.ndarray = column("i1", doc="Emission: what the target was heard to send")
    class_score: np.ndarray = column(
        "f8",
        N_CLASSES,
        doc="relative likelihood by TargetClass of what the sensor saw; nan if it does not classify",
    )

    def numbered(self, first: int) -> "Detections":
        """The same reports, numbered from `first` on in their order.

        Examples
        --------
        >>> Detections.build(range_m=[900.0, 700.0]).numbered(5).number.tolist()
        [5, 6]
        """
        return Detections(np.arange(first, first + len(self)), *self._all(self)[1:])


@dataclass(frozen=True, slots=True, eq=False)
class ExternalTracks(Columns):
    """Tracks of other systems. Never filtered as detections: their errors are correlated in time."""

    source: np.ndarray = column("U16", doc="the system, e.g. SAC/SIC")
    source_track: np.ndarray = column("i8", doc="the system's track number")
    time_ns: np.ndarray = column("i8", doc="time of track information, ns UTC")
    received_ns: np.ndarray = column("i8", doc="time of receipt, ns UTC")
    latitude_rad: np.ndarray = column("f8", doc="WGS-84, rad; nan if only system coordinates are given")
    longitude_rad: np.ndarray = column("f8", doc="WGS-84, rad")
    height_m: np.ndarray = column("f8", doc="geometric height above the ellipsoid, m")
    position_xy_m: np.ndarray = column("f8", 2, doc="system plane, m")
    velocity_xyz_ms: np.ndarray = column("f8", 3, doc="system plane and vertical rate, m/s")
    position_sigma_m: np.ndarray = column("f8", 2, doc="one sigma, m")
    identity: np.ndarray = column("U8", doc="Mode S address or Mode 3/A code; '' if silent")
    class_probability: np.ndarray = column("f8", N_CLASSES, doc="by TargetClass, nan if not reported")
    coasted: np.ndarray = column("b1", doc="the system has no fresh report")
    flags: np.ndarray = column("u1", doc="DetectionFlag")
