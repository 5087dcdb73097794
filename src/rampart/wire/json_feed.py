"""JsonFeed: what the chain of one site says, as JSON objects: the contract of MQTT, webhooks and server-sent events."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.physics.geodesy import enu_to_geodetic
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
    track_name,
    warning_name,
)
from rampart.words import Subject, compose, languages

from .instant import SECOND_NS, format_milliseconds

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One object, and where it belongs.

    Attributes
    ----------
    kind : str
        ``warning``, ``zone``, ``track``, ``prediction`` or ``status``: the object's ``type``.
    name : str
        Of what it is about, without the site: ``W1``, ``north``, ``T3``.
    status : AlertStatus
        Whether it is meant: decides the topic.
    content : mapping
        The object: text, numbers, None, lists and mappings.
    """

    kind: str
    name: str
    status: AlertStatus
    content: Mapping[str, Any]

    def octets(self) -> bytes:
        """The object as UTF-8 JSON without blanks; a number that is not finite is null."""
        return json.dumps(_finite(self.content), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


class JsonFeed:
    """Makes the objects of one site.

    Parameters
    ----------
    site : Site
        Gives zones and frame.
    live : bool
        Whether anything may be said as actual. Without it what says actual goes out as an exercise.
    session : str
        Differs at each start: warning 1 of another session is another warning.
    tags : sequence of str or None
        Languages of the words, all there are by default.
    """

    def __init__(self, site: Site, *, live: bool = False, session: str = "", tags: Sequence[str] | None = None) -> None:
        self.site, self.live, self.session = site, live, session
        self.tags = tuple(tags) if tags is not None else languages()

    def warning(self, warning: Row, expires_ns: int) -> Item:
        """One message of a warning, and until when it holds [ns UTC]."""
        status = self.status_of(AlertStatus(int(warning.status)))
        phase, kind = Phase(int(warning.phase)), TargetClass(int(warning.target_class))
        zone, now_ns, left_s = self.site.zones[int(warning.zone)], int(warning.time_ns), float(warning.time_to_impact_s)
        number = int(warning.number)
        content = {
            **self._head("warning", status, now_ns),
            "id": warning_name(self.site.id, number),
            "sequence": int(warning.sequence),
            "zone": zone.id,
            "zone_name": zone.name or zone.id,
            "phase": phase.label,
            "class": kind.label,
            "seconds_to_impact": left_s,
            "arrival": format_milliseconds(now_ns + round(left_s * SECOND_NS)) if math.isfinite(left_s) else None,
            "expires": format_milliseconds(expires_ns),
            "probability": float(warning.probability),
            "tracks": [track_name(self.site.id, n) for n in warning.tracks],
            "reason": str(warning.reason),
            "measured": _time(int(warning.sensor_ns)),
            "received": _time(int(warning.received_ns)),
            "words": self._words(Subject(phase, kind, zone.name or zone.id, left_s, status)),
        }
        return Item("warning", f"W{number}", status, content)

    def zone(
        self,
        zone: int,
        state: str,
        status: AlertStatus,
        now_ns: int,
        *,
        since_ns: int,
        expires_ns: int,
        warning: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> Item:
        """How a zone stands.

        Parameters
        ----------
        zone : int
            Index into Site.zones.
        state : str
            ``unknown``, ``quiet``, ``prepare``, ``shelter``, ``release`` or ``cancel``.
        status : AlertStatus
            Whether it is meant.
        now_ns, since_ns, expires_ns : int
            When it is said, since when it is so, and until when that may be believed without a word more, ns UTC.
        warning : mapping or None
            Content of the warning's latest message, if one is behind it.
        reason : str
            In words.
        """
        place, status = self.site.zones[zone], self.status_of(status)
        said = warning or {}
        content = {
            **self._head("zone", status, now_ns),
            "zone": place.id,
            "zone_name": place.name or place.id,
            "state": state,
            "since": format_milliseconds(since_ns),
            "expires": format_milliseconds(expires_ns),
            "warning": said.get("id"),
            "sequence": said.get("sequence"),
            "class": said.get("class"),
            "arrival": said.get("arrival"),
            "reason": reason,
            "words": said.get("words"),
        }
        return Item("zone", place.id, status, content)

    def tracks(self, tracks: Tracks) -> Iterator[Item]:
        """Tentative, confirmed and coasted tracks."""
        latitude, longitude, height = self._places(tracks.state[:, :3])
        for i, track in enumerate(tracks):
            if track.status == TrackStatus.DELETED:
                continue
            kind, probability = likeliest(track.class_probability)
            status = self.status_of_flags(int(track.flags))
            content = {
                **self._head("track", status, int(track.time_ns)),
                "id": track_name(self.site.id, int(track.number)),
                "state": TrackStatus(int(track.status)).label,
                "lat_deg": round(float(latitude[i]), 7),
                "lon_deg": round(float(longitude[i]), 7),
                "height_m": round(float(height[i]), 1),
                "position_enu_m": _rounded(track.state[:3], 2),
                "velocity_enu_ms": _rounded(track.state[3:], 2),
                "sigma_enu_m": _rounded(np.sqrt(np.maximum(np.diag(track.covariance)[:3], 0.0)), 1),
                "class": kind.label,
                "class_probability": round(probability, 3),
                "existence": round(float(track.existence), 3),
                "sensors": [s.id for k, s in enumerate(self.site.sensors) if int(track.sensors) >> k & 1],
                "identity": str(track.identity),
            }
            yield Item("track", f"T{int(track.number)}", status, content)

    def predictions(self, predictions: Predictions, tracks: Tracks) -> Iterator[Item]:
        """Where tracks come down, or what they can reach."""
        latitude, longitude, _ = self._places(predictions.impact_enu)
        flags = dict(zip(tracks.number.tolist(), tracks.flags.tolist(), strict=True))
        for i, prediction in enumerate(predictions):
            number = int(prediction.track)
            status = self.status_of_flags(int(flags.get(number, 0)))
            content = {
                **self._head("prediction", status, int(prediction.time_ns)),
                "track": track_name(self.site.id, number),
                "kind": PredictionKind(int(prediction.kind)).label,
                "weight": round(float(prediction.weight), 3),
                "impact_lat_deg": round(float(latitude[i]), 7),
                "impact_lon_deg": round(float(longitude[i]), 7),
                "impact_enu_m": _rounded(prediction.impact_enu, 1),
                "impact": format_milliseconds(int(prediction.impact_ns)),
                "impact_sigma_s": round(float(prediction.impact_sigma_s), 2),
                "ellipse_major_m": float(prediction.ellipse_major_m),
                "ellipse_minor_m": float(prediction.ellipse_minor_m),
                "ellipse_azimuth_deg": math.degrees(float(prediction.ellipse_azimuth_rad)),
                "ellipse_probability": float(prediction.ellipse_probability),
            }
            name = f"T{number}.{PredictionKind(int(prediction.kind)).label}"
            yield Item("prediction", name, status, content)

    def service(self, state: str, now_ns: int, *, stepped_ns: int = 0) -> Item:
        """How the service that says all this stands: ``starting``, ``up``, ``stalled``, ``stopped``, ``lost``."""
        status = AlertStatus.ACTUAL if self.live else AlertStatus.EXERCISE
        content = {**self._head("status", status, now_ns), "state": state, "stepped": _time(stepped_ns)}
        return Item("status", "", status, content)

    def status_of(self, status: AlertStatus) -> AlertStatus:
        """What a status goes out as."""
        return status if self.live else max(status, AlertStatus.EXERCISE)

    def status_of_flags(self, flags: int) -> AlertStatus:
        """What may be said of something behind which detections with these flags stand."""
        if flags & DetectionFlag.TEST:
            return AlertStatus.TEST
        return self.status_of(AlertStatus.EXERCISE if flags & DetectionFlag.SIMULATED else AlertStatus.ACTUAL)

    def _head(self, kind: str, status: AlertStatus, now_ns: int) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "type": kind,
            "site": self.site.id,
            "session": self.session,
            "status": status.label,
            "time": format_milliseconds(now_ns),
        }

    def _words(self, subject: Subject) -> dict[str, Any]:
        said = {tag: compose(subject, tag) for tag in self.tags}
        fields = ("headline", "description", "instruction", "spoken")
        return {tag: {field: getattr(words, field) for field in fields} for tag, words in said.items()}

    def _places(self, position_enu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        site = self.site
        latitude, longitude, height = enu_to_geodetic(
            position_enu, site.latitude_rad, site.longitude_rad, site.height_m
        )
        return np.rad2deg(latitude), np.rad2deg(longitude), height


def likeliest(probability: np.ndarray) -> tuple[TargetClass, float]:
    """The likeliest class and its probability.

    >>> likeliest(np.array([0.1, 0.0, 0.0, 0.7, 0.2, 0.0, 0.0, 0.0, 0.0]))
    (<TargetClass.MULTIROTOR: 3>, 0.7)
    """
    if not np.isfinite(probability).any():
        return TargetClass.UNKNOWN, 0.0
    best = int(np.nanargmax(probability))
    return TargetClass(best), float(probability[best])


def _time(time_ns: int) -> str | None:
    return format_milliseconds(time_ns) if time_ns else None


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    rounded: list[float] = np.round(values, digits).tolist()
    return rounded


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
