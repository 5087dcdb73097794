"""Site: the place that is protected, its zones and what is known of its sensors."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """People who are warned together."""

    id: str
    polygon_en: np.ndarray  #: (n, 2) corners east, north [m], not closed, n >= 3
    population: float = 0.0
    shelter_time_s: float = 15.0  #: what people need to reach shelter, wherever they are
    warn_radius_m: float = 100.0  #: danger radius added around the zone
    defended: bool = False  #: simulated effectors protect it
    name: str = ""  #: for people; the id where empty
    parent: str = ""  #: id of the larger zone it belongs to
    indoor_shelter_time_s: float = float("nan")  #: what people indoors need; nan where not told apart
    outdoor_shelter_time_s: float = float("nan")  #: what people outdoors need; nan where not told apart


#: The keys that say how long people of a zone need, as files have them.
SHELTER_TIMES = ("shelter_time_s", "indoor_shelter_time_s", "outdoor_shelter_time_s")


def shelter_times(
    shelter_time_s: float | None = None,
    indoor_shelter_time_s: float | None = None,
    outdoor_shelter_time_s: float | None = None,
) -> dict[str, float]:
    """A zone's times to shelter from what a file gives of them: who is slower decides.

    Parameters
    ----------
    shelter_time_s : float or None
        For everybody.
    indoor_shelter_time_s, outdoor_shelter_time_s : float or None
        For those indoors and outdoors; both, or none if `shelter_time_s` is given.

    Raises
    ------
    ValueError
        If nobody could be warned in time by what is given.

    Examples
    --------
    >>> shelter_times(indoor_shelter_time_s=15.0, outdoor_shelter_time_s=40.0)["shelter_time_s"]
    40.0
    """
    apart = [t for t in (indoor_shelter_time_s, outdoor_shelter_time_s) if t is not None]
    if shelter_time_s is None:
        if len(apart) < 2:
            raise ValueError(
                "'shelter_time_s' is missing: expected a number >= 0, or one each for indoors and outdoors"
            )
        shelter_time_s = max(apart)
    if any(t > shelter_time_s for t in apart):
        raise ValueError(f"'shelter_time_s' = {shelter_time_s:g}, expected {max(apart):g} or more: some need so long")
    nan = float("nan")
    return {
        "shelter_time_s": shelter_time_s,
        "indoor_shelter_time_s": nan if indoor_shelter_time_s is None else indoor_shelter_time_s,
        "outdoor_shelter_time_s": nan if outdoor_shelter_time_s is None else outdoor_shelter_time_s,
    }


@dataclass(frozen=True, slots=True, eq=False)
class SensorModel:
    """What the chain may know of a sensor: its place and its data sheet, never its dice."""

    id: str
    kind: str
    position_enu: np.ndarray  #: (3,) [m]
    scan_period_s: float
    delay_s: float = 0.0  #: from measurement to receipt
    range_sigma_m: float = float("nan")  #: nan: does not measure it
    azimuth_sigma_rad: float = float("nan")
    elevation_sigma_rad: float = float("nan")
    range_rate_sigma_ms: float = float("nan")
    height_sigma_m: float = float("nan")
    range_bias_sigma_m: float = 0.0  #: one sigma of an offset that all its reports share, known to nobody
    azimuth_bias_sigma_rad: float = 0.0  #: the same
    elevation_bias_sigma_rad: float = 0.0  #: the same
    p_detect: float = 0.9  #: inside its cover, on what it is made for
    false_alarms_per_scan: float = 0.0
    reference_range_m: float = float("nan")  #: p_detect 0.9 on 0 dBsm
    min_range_m: float = 0.0
    max_range_m: float = float("inf")
    min_elevation_rad: float = -np.pi / 2
    max_elevation_rad: float = np.pi / 2
    minimum_radial_speed_ms: float = 0.0  #: half width of the Doppler notch
    rotating: bool = False
    #: what a look that reports other things, but nothing at a place, says against a target there holds this far [m];
    #: 0 of what turns, sees a part only, or hears only what cooperates
    witness_range_m: float = float("inf")
    hears_links: bool = False  #: reports radio links only: deaf to what flies silently


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One site: one frame and one chain."""

    id: str
    latitude_rad: float
    longitude_rad: float
    height_m: float  #: of the origin, above mean sea level
    zones: tuple[Zone, ...] = ()
    sensors: tuple[SensorModel, ...] = ()
    name: str = ""
    terrain_path: str | None = None
    wind_path: str | None = None
    start_ns: int = 0  #: start of the run, ns UTC: second 0 of kernels
    extra: dict[str, object] = field(default_factory=dict)
