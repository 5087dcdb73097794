"""CotFeed: what the chain of one site says, as events that expire by themselves."""

from __future__ import annotations

import math

import numpy as np

from rampart.records import (
    AlertStatus,
    DetectionFlag,
    Phase,
    PredictionKind,
    Predictions,
    Row,
    Site,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
    track_name,
    warning_name,
)
from rampart.wire.instant import SECOND_NS
from rampart.wire.xml import Element
from rampart.words import Notice, Subject, compose, compose_notice

from .event import Event
from .frame import Frame, Place
from .shape import COLOURS, ellipse, marker, principal_axes
from .symbol import cot_type

TRACK_STALE_S = 10.0
CLOSING_S = 60.0  #: how long a release or cancel stays on the map
HOLD_S = 30.0  #: how long an impact point stays after the impact
LAUNCH_S = 1800.0  #: how long a launch point stays
NOTICE_S = 600.0  #: how long lost coverage stays if it is not said again
LEAST_WEIGHT = 0.5  #: probability of being a threat below which no impact point is shown
_COLOUR = {Phase.PREPARE: "amber", Phase.SHELTER: "red", Phase.RELEASE: "green", Phase.CANCEL: "grey"}
_TRACK_QOS, _WARNING_QOS = "1-r-c", "9-r-d"


class CotFeed:
    """Makes events of one site's tracks, predictions and warnings.

    Parameters
    ----------
    site : Site
        Gives frame, zones and sensors.
    undulation_m : float
        Height of the geoid above the ellipsoid at the site. Where it is not given, heights above mean sea level stand
        for heights above the ellipsoid and `le` says so.
    live : bool
        Whether anything may be shown as real. Without it everything is an exercise.
    session : str
        Part of every uid, so that track 1 after a restart is not taken for track 1 before it.
    track_stale_s : float
        How long a track stays without a further event.
    launch_points : bool
        Whether it is shown where things came from.

    Notes
    -----
    Zones, impact and launch points are markers with a shape: ATAK drops a marker that is stale, a drawing
    shape never.
    """

    def __init__(
        self,
        site: Site,
        *,
        undulation_m: float = math.nan,
        live: bool = False,
        session: str = "",
        track_stale_s: float = TRACK_STALE_S,
        launch_points: bool = True,
    ) -> None:
        self.site, self.track_stale_s, self.launch_points = site, track_stale_s, launch_points
        self._frame = Frame(site, undulation_m, live, session)
        self._outlines: dict[int, tuple[Place, float, Element]] = {}
        self._warned: dict[int, frozenset[int]] = {}  # warning -> tracks, while it is open

    def tracks(self, tracks: Tracks) -> list[Event]:
        """Tentative, confirmed and coasted tracks; clutter and deleted tracks are left out."""
        shown = [t for t in tracks if t.status != TrackStatus.DELETED and _kind(t)[0] != TargetClass.CLUTTER]
        if not shown:
            return []
        places = self._frame.places(np.array([track.state[:3] for track in shown]))
        warned = frozenset().union(*self._warned.values())
        return [
            self._track(track, place, int(track.number) in warned) for track, place in zip(shown, places, strict=True)
        ]

    def _track(self, track: Row, place: Place, warned: bool) -> Event:
        kind, probability = _kind(track)
        status = TrackStatus(int(track.status))
        state, covariance = track.state, track.covariance
        name = track_name(self.site.id, int(track.number))
        many = int(track.sensors).bit_count() > 1 and status == TrackStatus.CONFIRMED
        attributes = {
            "track": name,
            "class": kind.label,
            "class_probability": f"{probability:.3f}",
            "existence": f"{float(track.existence):.3f}",
            "status": status.label,
            "sensors": " ".join(s.id for i, s in enumerate(self.site.sensors) if int(track.sensors) >> i & 1),
        }
        said = f"{kind.label.replace('_', ' ')} {100 * probability:.0f} %, {status.label}"
        frame = self._frame.status_of(int(track.flags))
        return self._frame.event(
            f"T{int(track.number)}",
            cot_type(kind, probability, status, warned=warned),
            "m-f" if many else "m-p",
            int(track.time_ns),
            int(track.time_ns) + round(self.track_stale_s * SECOND_NS),
            place,
            math.sqrt(max(principal_axes(covariance[:2, :2])[0], 0.0)),
            math.sqrt(max(float(covariance[2, 2]), 0.0)),
            frame,
            int(track.flags),
            _TRACK_QOS,
            f"{name} {kind.label.replace('_', ' ')}",
            said,
            [_motion(state[3:], covariance[3:, 3:]), Element("__rampart", attributes=attributes)],
        )

    def predictions(self, predictions: Predictions, tracks: Tracks) -> list[Event]:
        """Impact ellipses, reach corridors and launch points of the tracks that are likely threats.

        Parameters
        ----------
        predictions : Predictions
            Of one step.
        tracks : Tracks
            Of the same step; they say what is simulated.
        """
        flags = dict(zip(tracks.number.tolist(), tracks.flags.tolist(), strict=True))
        likely = (predictions.weight >= LEAST_WEIGHT) & np.isfinite(predictions.impact_enu).all(axis=1)
        shown = predictions.take(likely)
        events = []
        for row, place in zip(shown, self._frame.places(shown.impact_enu), strict=True):
            behind = int(flags.get(int(row.track), 0))
            if int(row.kind) == PredictionKind.IMPACT:
                events.append(self._impact(row, place, behind))
                if self.launch_points and np.isfinite(row.launch_enu).all():
                    events.append(self._launch(row, behind))
            else:
                events.append(self._reach(row, place, behind))
        return events

    def _impact(self, row: Row, place: Place, flags: int) -> Event:
        number, now_ns, at_ns = int(row.track), int(row.time_ns), int(row.impact_ns)
        left_s = max(at_ns - now_ns, 0) / SECOND_NS
        shape = ellipse(float(row.ellipse_major_m), float(row.ellipse_minor_m), float(row.ellipse_azimuth_rad))
        content = f"{100 * float(row.ellipse_probability):.0f} %"
        name = track_name(self.site.id, number)
        hold_s = HOLD_S + 2.0 * float(row.impact_sigma_s)
        return self._marked(
            f"T{number}.impact",
            now_ns,
            max(at_ns, now_ns) + round(hold_s * SECOND_NS),
            place,
            row.impact_covariance,
            flags,
            f"{name} comes down in {left_s:.0f} s",
            f"Predicted point of impact of {name}; ellipse {content}, +- {float(row.impact_sigma_s):.1f} s",
            "red",
            shape,
        )

    def _launch(self, row: Row, flags: int) -> Event:
        number, now_ns = int(row.track), int(row.time_ns)
        big, small, azimuth = principal_axes(row.launch_covariance)
        scale = math.sqrt(-2.0 * math.log1p(-0.9))  # of sigma, for nine tenths of a two-dimensional normal
        name = track_name(self.site.id, number)
        return self._marked(
            f"T{number}.launch",
            now_ns,
            now_ns + round(LAUNCH_S * SECOND_NS),
            self._frame.places(row.launch_enu[None])[0],
            row.launch_covariance,
            flags,
            f"{name} launched here",
            f"Estimated launch point of {name}; ellipse 90 %",
            "orange",
            ellipse(scale * math.sqrt(big), scale * math.sqrt(small), azimuth),
        )

    def _reach(self, row: Row, place: Place, flags: int) -> Event:
        number, now_ns = int(row.track), int(row.time_ns)
        name = track_name(self.site.id, number)
        return self._marked(
            f"T{number}.reach",
            now_ns,
            now_ns + round(self.track_stale_s * SECOND_NS),
            place,
            row.impact_covariance,
            flags,
            f"{name} can reach",
            f"What {name} reaches on its course within {(int(row.impact_ns) - now_ns) / SECOND_NS:.0f} s",
            "orange",
            self._frame.outline(_corridor(row)),
        )

    def warnings(self, warnings: Warnings) -> list[Event]:
        """The zones of warnings; release and cancel stay on the map for a minute, then go by themselves."""
        return [self.warning(row) for row in warnings]

    def warning(self, row: Row) -> Event:
        """The zone of one warning."""
        phase, number, now_ns = Phase(int(row.phase)), int(row.number), int(row.time_ns)
        closing = phase in (Phase.RELEASE, Phase.CANCEL)
        if closing:
            self._warned.pop(number, None)
        else:
            self._warned[number] = frozenset(row.tracks)
        zone = self.site.zones[int(row.zone)]
        kind, left_s = TargetClass(int(row.target_class)), float(row.time_to_impact_s)
        status = self._frame.framed(AlertStatus(int(row.status)))
        words = compose(Subject(phase, kind, zone.name or zone.id, left_s, AlertStatus.ACTUAL))  # the frame marks it
        hold_s = (
            CLOSING_S if closing else (left_s if math.isfinite(left_s) else 0.0) + (1800.0 if kind.drone else 600.0)
        )
        attributes = {
            "warning": warning_name(self.site.id, number),
            "sequence": str(int(row.sequence)),
            "zone": zone.id,
            "phase": phase.label,
            "class": kind.label,
            "tracks": " ".join(track_name(self.site.id, n) for n in row.tracks),
        }
        if math.isfinite(row.probability):
            attributes["probability"] = f"{float(row.probability):.4f}"
        if math.isfinite(left_s):
            attributes["seconds_to_impact"] = f"{left_s:.1f}"
        return self._zone(
            f"W{number}",
            int(row.zone),
            now_ns,
            hold_s,
            status,
            f"{phase.label.upper()} {zone.name or zone.id}",
            f"{words.headline}. {words.description}" + (f" ({row.reason})" if row.reason else ""),
            _COLOUR[phase],
            Element("__rampart", attributes=attributes),
        )

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Event:
        """That a zone is no longer, or again, watched: a gap in the cover is itself shown.

        Parameters
        ----------
        notice : Notice
            What is said.
        zone : int
            Index into Site.zones.
        now_ns : int
            Time of the decision, ns UTC. Lost coverage is to be said again within `NOTICE_S`.
        status : AlertStatus
            Whether it is meant.
        """
        place, framed = self.site.zones[zone], self._frame.framed(status)
        words = compose_notice(notice, place.name or place.id, AlertStatus.ACTUAL)  # the frame marks it
        lost = notice == Notice.COVERAGE_LOST
        return self._zone(
            f"cover.{place.id}",
            zone,
            now_ns,
            NOTICE_S if lost else CLOSING_S,
            framed,
            f"{'NO COVER' if lost else 'COVER BACK'} {place.name or place.id}",
            f"{words.headline}. {words.description}",
            "violet" if lost else "green",
            Element("__rampart", attributes={"notice": notice.value, "zone": place.id}),
        )

    def _zone(
        self,
        name: str,
        index: int,
        now_ns: int,
        hold_s: float,
        status: AlertStatus,
        callsign: str,
        remarks: str,
        colour: str,
        more: Element,
    ) -> Event:
        middle, radius_m, outline = self._outline(index)
        return self._frame.event(
            name,
            "b-m-p-s-m",
            "m-p",
            now_ns,
            now_ns + round(hold_s * SECOND_NS),
            middle,
            radius_m,
            math.nan,
            status,
            0 if status == AlertStatus.ACTUAL else int(DetectionFlag.SIMULATED),
            _WARNING_QOS,
            callsign,
            remarks,
            [outline, *marker(COLOURS[colour]), more],
        )

    def _outline(self, index: int) -> tuple[Place, float, Element]:
        """Middle, radius around it and shape of a zone."""
        if index not in self._outlines:
            polygon = self.site.zones[index].polygon_en
            corners = np.column_stack([polygon, np.zeros(len(polygon))])
            middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
            radius_m = float(np.hypot(*(corners - middle)[:, :2].T).max())
            self._outlines[index] = self._frame.places(middle[None])[0], radius_m, self._frame.outline(corners)
        return self._outlines[index]

    def _marked(
        self,
        name: str,
        now_ns: int,
        stale_ns: int,
        place: Place,
        covariance: np.ndarray,
        flags: int,
        callsign: str,
        remarks: str,
        colour: str,
        shape: Element,
    ) -> Event:
        return self._frame.event(
            name,
            "b-m-p-s-m",
            "m-p",
            now_ns,
            stale_ns,
            place,
            math.sqrt(principal_axes(covariance)[0]),
            math.nan,
            self._frame.status_of(flags),
            flags,
            _TRACK_QOS,
            callsign,
            remarks,
            [shape, *marker(COLOURS[colour])],
        )


def _kind(track: Row) -> tuple[TargetClass, float]:
    """The likeliest class and its probability."""
    classes = track.class_probability
    if not np.isfinite(classes).any():
        return TargetClass.UNKNOWN, 0.0
    best = int(np.nanargmax(classes))
    return TargetClass(best), float(classes[best])


def _motion(velocity: np.ndarray, covariance: np.ndarray) -> Element:
    """``track``: course from north, speed in space, slope."""
    east, north, up = (float(v) for v in velocity)
    level, speed = math.hypot(east, north), math.hypot(east, north, up)
    course = math.degrees(math.atan2(east, north)) % 360.0
    return Element(
        "track",
        attributes={
            "course": f"{course if course < 359.95 else 0.0:.1f}",
            "speed": f"{speed:.1f}",
            "slope": f"{math.degrees(math.atan2(up, level)) + 0.0:.1f}",
            "eSpeed": f"{math.sqrt(max(float(np.trace(covariance)) / 3.0, 0.0)):.1f}",
        },
    )


def _corridor(row: Row) -> np.ndarray:
    """Corners of the fan of paths, two sigma wide, as (4, 3) east, north, up."""
    start, end = np.asarray(row.position_enu), np.asarray(row.impact_enu)
    along = (end - start)[:2]
    length = float(np.hypot(*along)) or 1.0
    across = np.array([along[1], -along[0]]) / length
    corners = []
    for point, covariance, sides in ((start, row.position_covariance, (1, -1)), (end, row.impact_covariance, (-1, 1))):
        c = np.asarray(covariance)
        variance = across[0] ** 2 * c[0, 0] + 2.0 * across[0] * across[1] * c[0, 1] + across[1] ** 2 * c[1, 1]
        half_m = 2.0 * math.sqrt(max(float(variance), 0.0))
        corners += [[*(point[:2] + side * half_m * across), 0.0] for side in sides]
    return np.array(corners)
