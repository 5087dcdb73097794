"""SapientFeed: what the chain of one site says, as SAPIENT messages of one fusion node."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.records import (
    AlertStatus,
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
from rampart.wire.cot.frame import Frame
from rampart.wire.instant import SECOND_NS
from rampart.words import Notice, Subject, compose, compose_notice

from .identity import make_ulid, make_uuid
from .place import location, sigmas
from .registration import MODE, registration
from .schema import require_schema
from .taxonomy import classification

_UPPER = np.triu_indices(6)
LEAST_WEIGHT = 0.5  #: probability of being a threat below which no impact point is sent
_ALERT = {  # type, status and priority
    Phase.PREPARE: ("WARNING", "ACTIVE", "MEDIUM"),
    Phase.SHELTER: ("CRITICAL", "ACTIVE", "HIGH"),
    Phase.RELEASE: ("WARNING", "CLEAR", "LOW"),
    Phase.CANCEL: ("WARNING", "CLEAR", "LOW"),
}


class SapientFeed:
    """Makes messages of one site's tracks, predictions and warnings. It never makes a task.

    Parameters
    ----------
    site : Site
        Gives frame, zones and sensors.
    undulation_m : float
        Height of the geoid above the ellipsoid at the site; where it is given, heights are above the ellipsoid.
    live : bool
        Whether anything may be said as real. Without it everything is an exercise and says so.
    session : str
        Part of the identifiers of tracks and warnings, so that track 1 after a restart is not track 1 before it.
    node_id : str
        UUID of this node; made of the site's id where empty.
    launch_points : bool
        Whether detections say where the object came from.
    version : str
        Of Rampart, for the registration.
    status_interval_s : float
        How often the registration promises a status report.
    """

    def __init__(
        self,
        site: Site,
        *,
        undulation_m: float = math.nan,
        live: bool = False,
        session: str = "",
        node_id: str = "",
        launch_points: bool = False,
        version: str = "",
        status_interval_s: float = 5.0,
    ) -> None:
        self.site, self.live, self.session = site, live, session
        self.node_id = node_id or make_uuid("rampart", site.id)
        self.launch_points, self.version, self.status_interval_s = launch_points, version, status_interval_s
        self._frame = Frame(site, undulation_m, live, session)
        self._reported: set[int] = set()  # tracks that were sent and have not ended
        self._uncovered: dict[int, None] = {}  # zones that nobody watches

    def object_id(self, number: int) -> str:
        """ULID of a track."""
        return self._own(f"T{number}")

    def alert_id(self, number: int) -> str:
        """ULID of a warning: the same through its phases."""
        return self._own(f"W{number}")

    def region_id(self, zone: int) -> str:
        """ULID of a zone: the same in every session."""
        return make_ulid(0, self.site.id, self.site.zones[zone].id)

    def _own(self, name: str) -> str:
        return make_ulid(self.site.start_ns, self.site.id, self.session, name)

    def registration(self, now_ns: int) -> Any:
        """That we are here, and what our reports hold."""
        name = f"Rampart {self.site.name or self.site.id}"
        datum = f"LOCATION_DATUM_WGS84_{'G' if math.isnan(self._frame.undulation_m) else 'E'}"
        shown = name if self.live else f"EXERCISE {name}"
        content = registration(shown, self.site.id, datum, self.version or "unknown", self.status_interval_s)
        return self._message(now_ns, self._frame.framed(AlertStatus.ACTUAL), registration=content)

    def status(self, now_ns: int, *, unchanged: bool = False, goodbye: bool = False) -> Any:
        """How we are; zones without cover are named."""
        system = "GOODBYE" if goodbye else "WARNING" if self._uncovered else "OK"
        zones = [self.site.zones[index] for index in self._uncovered]
        gaps = [
            {
                "status_level": "STATUS_LEVEL_WARNING_STATUS",
                "status_type": "STATUS_TYPE_NOT_DETECTING",
                "status_value": f"zone {zone.name or zone.id} is without cover",
            }
            for zone in zones
        ]
        report = {
            "report_id": make_ulid(now_ns, self.site.id, self.session, "status"),
            "system": f"SYSTEM_{system}",
            "info": "INFO_UNCHANGED" if unchanged else "INFO_NEW",
            "mode": MODE,
            "node_location": location(self._frame, np.zeros(3)),
            "status": gaps,
        }
        return self._message(now_ns, self._frame.framed(AlertStatus.ACTUAL), status_report=report)

    @property
    def condition(self) -> tuple[int, ...]:
        """What a status report says, so that it can be told whether that has changed."""
        return tuple(self._uncovered)

    def detections(self, tracks: Tracks, predictions: Predictions) -> list[Any]:
        """A report of each track of one step; a track that ends is reported once more, as lost.

        All carry the time of the step: Apex refuses detections of one node that are less than 80 ms apart, unless
        they are of the same time.

        Parameters
        ----------
        tracks : Tracks
            Clutter is left out.
        predictions : Predictions
            Of the same step.
        """
        ahead = {int(row.track): row for row in predictions if row.weight >= LEAST_WEIGHT}
        messages = []
        for track in tracks:
            number, ended = int(track.number), int(track.status) == TrackStatus.DELETED
            if ended and number not in self._reported:
                continue
            if ended:
                self._reported.discard(number)
            elif _likeliest(track)[0] == TargetClass.CLUTTER:
                continue
            else:
                self._reported.add(number)
            messages.append(self._detection(track, ahead.get(number)))
        return messages

    def _detection(self, track: Row, ahead: Row | None) -> Any:
        number, status = int(track.number), self._frame.status_of(int(track.flags))
        state, covariance = track.state, track.covariance
        sigma = sigmas(covariance)
        ended = int(track.status) == TrackStatus.DELETED
        report: dict[str, Any] = {
            "report_id": make_ulid(int(track.time_ns), self.site.id, self.session, f"T{number}", "report"),
            "object_id": self.object_id(number),
            "state": "lost" if ended else TrackStatus(int(track.status)).label,
            "location": location(self._frame, state[:3], (sigma[0], sigma[1], sigma[2])),
            "track_info": self._track_info(track, status),
            "object_info": self._object_info(track, ahead),
            "classification": classification(track.class_probability),
            "enu_velocity": {
                f"{axis}_rate{part}": value
                for i, axis in enumerate(("east", "north", "up"))
                for part, value in (("", float(state[3 + i])), ("_error", sigma[3 + i]))
                if math.isfinite(value)
            },
        }
        if math.isfinite(track.existence):
            report["detection_confidence"] = min(max(float(track.existence), 0.0), 1.0)
        if str(track.identity):
            report["id"] = str(track.identity)
        if ahead is not None and np.isfinite(ahead.impact_enu).all() and not ended:
            report["prediction_location"] = self._prediction(ahead)
        return self._message(int(track.time_ns), status, detection_report=report)

    def _prediction(self, row: Row) -> dict[str, Any]:
        east, north = sigmas(row.impact_covariance)
        return {
            "location": location(self._frame, row.impact_enu, (east, north, math.nan)),
            "predicted_timestamp": _timestamp(int(row.impact_ns)),
        }

    def _track_info(self, track: Row, status: AlertStatus) -> list[dict[str, Any]]:
        kind, probability = _likeliest(track)
        bits = int(track.sensors)
        upper = track.covariance[_UPPER].tolist()
        said = {
            "name": track_name(self.site.id, int(track.number)),
            "status": status.name,
            "class": kind.label,
            "class_probability": f"{probability:.3f}",
            "sensors": " ".join(s.id for i, s in enumerate(self.site.sensors) if bits >> i & 1),
            "state_covariance_enu": " ".join(f"{value:.6g}" for value in upper),
        }
        return [{"type": name, "value": value} for name, value in said.items() if value]

    def _object_info(self, track: Row, ahead: Row | None) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        if math.isfinite(track.rcs_dbsm):
            said.append({"type": "rcs", "value": f"{float(track.rcs_dbsm):.1f}"})
        impact = ahead is not None and int(ahead.kind) == PredictionKind.IMPACT
        if self.launch_points and impact and ahead is not None and np.isfinite(ahead.launch_enu).all():
            latitude, longitude, _ = (float(value) for value in self._frame.geodetic(ahead.launch_enu))
            sigma_m = max(sigmas(ahead.launch_covariance))
            error = {"error": sigma_m} if math.isfinite(sigma_m) else {}
            said.append({"type": "launch_point", "value": f"{latitude:.6f} {longitude:.6f}", **error})
        return said

    def alerts(self, warnings: Warnings, now_ns: int | None = None) -> list[Any]:
        """An alert for each warning; one that is over is cleared, by the same identifier.

        Parameters
        ----------
        warnings : Warnings
            As decided.
        now_ns : int or None
            When it is sent, ns UTC, where that is later than the decision: receivers refuse what is old.
        """
        return [self.alert(row, int(row.time_ns) if now_ns is None else now_ns) for row in warnings]

    def alert(self, row: Row, now_ns: int) -> Any:
        """The alert of one warning as it is said at `now_ns`: the seconds that are left, and the time it is sent."""
        phase, status = Phase(int(row.phase)), self._frame.framed(AlertStatus(int(row.status)))
        index, kind = int(row.zone), TargetClass(int(row.target_class))
        left_s = float(row.time_to_impact_s) - (now_ns - int(row.time_ns)) / SECOND_NS
        words = compose(Subject(phase, kind, self._zone_name(index), left_s, status))
        said = [f"warning {warning_name(self.site.id, int(row.number))}", f"phase {phase.label}"]
        said += [f"sequence {int(row.sequence)}", f"status {status.name}"]
        if math.isfinite(row.probability):
            said.append(f"probability that the zone is hit {float(row.probability):.4f}")
        if math.isfinite(left_s):
            said.append(f"seconds to impact {left_s:.1f}")
        reason = [str(row.reason)] if row.reason else []
        behind = [{"node_id": self.node_id, "object_id": self.object_id(int(n))} for n in row.tracks]
        content = self._about(index, phase) | {
            "alert_id": self.alert_id(int(row.number)),
            "description": f"{words.headline}. {words.description}",
            "associated_detection": behind,
            "additional_information": "; ".join(said + reason),
        }
        if math.isfinite(row.probability):
            content["ranking"] = min(max(float(row.probability), 0.0), 1.0)
        return self._message(now_ns, status, alert=content)

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Any:
        """An alert that a zone is no longer, or again, watched; status reports name the zone meanwhile."""
        lost = notice == Notice.COVERAGE_LOST
        if lost:
            self._uncovered[zone] = None
        else:
            self._uncovered.pop(zone, None)
        framed = self._frame.framed(status)
        words = compose_notice(notice, self._zone_name(zone), framed)
        content = self._about(zone, Phase.PREPARE if lost else Phase.RELEASE) | {
            "alert_id": self._own(f"cover {self.site.zones[zone].id}"),
            "description": f"{words.headline}. {words.description}",
            "additional_information": f"{notice.value}; status {framed.name}",
        }
        return self._message(now_ns, framed, alert=content)

    def task_ack(self, task_id: str, sender: str, now_ns: int, *, accepted: bool, reason: str) -> Any:
        """The answer to a task."""
        status = f"TASK_STATUS_{'ACCEPTED' if accepted else 'REJECTED'}"
        content = {"task_id": task_id, "task_status": status, "reason": [reason]}
        framed = self._frame.framed(AlertStatus.ACTUAL)
        return self._message(now_ns, framed, destination_id=sender, task_ack=content)

    def _about(self, zone: int, phase: Phase) -> dict[str, Any]:
        """What alerts about a zone have in common."""
        kind, status, priority = _ALERT[phase]
        polygon = self.site.zones[zone].polygon_en
        middle = 0.5 * (polygon.min(axis=0) + polygon.max(axis=0))
        half = 0.5 * (polygon.max(axis=0) - polygon.min(axis=0))
        place = location(self._frame, np.array([*middle, 0.0]), (float(half[0]), float(half[1]), math.nan))
        return {
            "alert_type": f"ALERT_TYPE_{kind}",
            "status": f"ALERT_STATUS_{status}",
            "priority": f"DISCRETE_PRIORITY_{priority}",
            "region_id": self.region_id(zone),
            "location": place,
        }

    def _zone_name(self, zone: int) -> str:
        place = self.site.zones[zone]
        return place.name or place.id

    def _message(self, time_ns: int, status: AlertStatus, **content: Any) -> Any:
        if status != AlertStatus.ACTUAL:
            content["additional_information"] = f"{status.name}, not real"
        return require_schema()(timestamp=_timestamp(time_ns), node_id=self.node_id, **content)


def _likeliest(track: Row) -> tuple[TargetClass, float]:
    classes = track.class_probability
    if not np.isfinite(classes).any():
        return TargetClass.UNKNOWN, 0.0
    best = int(np.nanargmax(classes))
    return TargetClass(best), float(classes[best])


def _timestamp(time_ns: int) -> dict[str, int]:
    return {"seconds": time_ns // SECOND_NS, "nanos": time_ns % SECOND_NS}
