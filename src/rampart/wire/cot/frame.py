"""Frame: a site's place on the Earth, its names, and whether what it says is meant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import AlertStatus, DetectionFlag, Site
from rampart.wire.xml import Element

from .event import Event
from .shape import polyline

#: Sigma of the height above the ellipsoid where the geoid's undulation is not given: it lies between -107 m and 86 m.
UNDULATION_SIGMA_M = 193.0 / math.sqrt(12.0)

Place = tuple[float, float, float]  #: latitude, longitude [deg] and height [m]


@dataclass(frozen=True)
class Frame:
    """What all events of a site have in common.

    Attributes
    ----------
    site : Site
        Its origin is the frame's.
    undulation_m : float
        Height of the geoid above the ellipsoid at the site; nan where not known.
    live : bool
        Whether anything may be shown as real.
    session : str
        Part of every uid.
    """

    site: Site
    undulation_m: float = math.nan
    live: bool = False
    session: str = ""

    def uid(self, name: str) -> str:
        """The uid of something of this site.

        >>> import numpy as np
        >>> Frame(Site("embassy", 0.5, 0.7, 30.0), session="a1").uid("T3")
        'rampart.embassy.a1.T3'
        """
        return ".".join(["rampart", self.site.id, *([self.session] if self.session else []), name])

    def event(
        self,
        name: str,
        kind: str,
        how: str,
        now_ns: int,
        stale_ns: int,
        place: Place,
        ce_m: float,
        le_m: float,
        status: AlertStatus,
        flags: int,
        qos: str,
        callsign: str,
        remarks: str,
        detail: Iterable[Element],
    ) -> Event:
        """An event at a place; outside live use it is marked in type of source, callsign and remarks."""
        latitude, longitude, height = place
        geoid_m = UNDULATION_SIGMA_M if math.isnan(self.undulation_m) else 0.0
        frame = "" if status == AlertStatus.ACTUAL else f"{status.name} "
        real = status == AlertStatus.ACTUAL
        contact = Element("contact", attributes={"callsign": " ".join(f"{frame}{callsign}".split())})
        words = remarks if real else f"{status.name}, not real. {remarks}"
        return Event(
            self.uid(name),
            kind,
            how if real else "m-s",
            now_ns,
            now_ns,
            max(stale_ns, now_ns),
            latitude,
            longitude,
            height,
            ce_m,
            math.hypot(le_m, geoid_m),
            qos=qos,
            opex="o" if real else "s" if flags & DetectionFlag.SIMULATED else "e",
            detail=Element("detail", children=[contact, Element("remarks", text=words), *detail]),
        )

    def places(self, positions_enu: np.ndarray) -> list[Place]:
        """The places of positions (n, 3), all at once: one by one takes longer than all else that makes an event."""
        return list(zip(*(values.tolist() for values in self.geodetic(positions_enu)), strict=True))

    def outline(self, corners_enu: np.ndarray) -> Element:
        """A closed outline of corners (n, 3) in the site's plane."""
        latitude, longitude, _ = self.geodetic(corners_enu)
        return polyline(list(zip(latitude.tolist(), longitude.tolist(), strict=True)))

    def geodetic(self, position_enu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Latitude, longitude [deg] and height above the ellipsoid [m] of positions (..., 3)."""
        place = self.site
        lat, lon, height = enu_to_geodetic(position_enu, place.latitude_rad, place.longitude_rad, place.height_m)
        known = 0.0 if math.isnan(self.undulation_m) else self.undulation_m
        return np.rad2deg(lat), np.rad2deg(lon), height + known

    def status_of(self, flags: int) -> AlertStatus:
        """Whether something with these DetectionFlags behind it is meant."""
        if flags & DetectionFlag.TEST:
            return AlertStatus.TEST
        return self.framed(AlertStatus.EXERCISE if flags else AlertStatus.ACTUAL)

    def framed(self, status: AlertStatus) -> AlertStatus:
        """A status, never actual outside live use."""
        return status if self.live else max(status, AlertStatus.EXERCISE)
