"""AlertSeries: the CAP messages of one site's warnings, each naming those it follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import numpy as np

from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import AlertStatus, Phase, Row, Site, TargetClass, Warnings, Zone, track_name, warning_name
from rampart.wire.instant import SECOND_NS, format_milliseconds
from rampart.words import Notice, Subject, Wording, compose, compose_notice, languages

from .alert import Alert, Area, Circle, Info, Pair, Polygon, Reference
from .issuer import Issuer
from .rules import polygon_fault

#: Seconds after the arrival, or after the message where no arrival is known, at which a message expires if nothing
#: follows it: long enough for every hold of the policy, short enough that an alarm whose sender died does not stay.
VALID_S = {"ballistic": 600, "drone": 1800, "closing": 600, "cover": 600}
REFERENCES = 32  #: earlier messages named at most, the latest ones
PREFIX = "rampart:"  #: of our parameters

_URGENCY = {Phase.PREPARE: "Expected", Phase.SHELTER: "Immediate", Phase.RELEASE: "Past", Phase.CANCEL: "Past"}
_SEVERITY = {Phase.PREPARE: "Severe", Phase.SHELTER: "Extreme", Phase.RELEASE: "Minor", Phase.CANCEL: "Minor"}
_RESPONSE = {Phase.PREPARE: "Prepare", Phase.SHELTER: "Shelter", Phase.RELEASE: "AllClear", Phase.CANCEL: "AllClear"}
_NOTE = {"Exercise": "Exercise. Nobody is in danger.", "Test": "Test. Nobody is in danger."}


class AlertSeries:
    """Makes the alerts of one site from its warnings, in their order.

    Parameters
    ----------
    site : Site
        Gives zones and frame.
    issuer : Issuer
        Who sends them.
    tags : sequence of str or None
        Languages, one ``info`` each; all there are by default.

    Notes
    -----
    The first message of a warning is an Alert; a further prepare or shelter is an Update, release and cancel are a
    Cancel. Both reference all messages since the warning opened. A warning that is reopened starts with an Alert again.
    `docs/decisions/0017` says why, and how phase and probability become urgency, severity and certainty.
    """

    def __init__(self, site: Site, issuer: Issuer, tags: Sequence[str] | None = None) -> None:
        self.site, self.issuer = site, issuer
        self.tags = tuple(tags) if tags is not None else languages()
        self._open: dict[str, list[Reference]] = {}
        self._shapes: dict[int, tuple[tuple[Polygon, ...], tuple[Circle, ...]]] = {}

    def alerts(self, warnings: Warnings) -> list[Alert]:
        """The alert of each message, in their order."""
        return [self.alert(row) for row in warnings]

    def alert(self, warning: Row) -> Alert:
        """The alert of the next message.

        Raises
        ------
        ValueError
            For a release or cancel of a warning that was never opened.
        """
        number, phase = int(warning.number), Phase(int(warning.phase))
        closing = phase in (Phase.RELEASE, Phase.CANCEL)
        status = self._status(int(warning.status))
        infos = tuple(self._info(warning, phase, status, tag) for tag in self.tags)
        serial = f"W{number}.{int(warning.sequence)}"
        return self._message(f"W{number}", serial, int(warning.time_ns), status, infos, closing=closing)

    def is_open(self, number: int) -> bool:
        """Whether a message of this warning went out that no Cancel has followed."""
        return f"W{number}" in self._open

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Alert:
        """The alert that a zone is no longer, or again, watched.

        Parameters
        ----------
        notice : Notice
            Lost coverage is an Alert, said again within `VALID_S["cover"]` an Update; coverage that is back a Cancel.
        zone : int
            Index into Site.zones.
        now_ns : int
            Time of the decision, ns UTC.
        status : AlertStatus
            Whether it is meant.

        Raises
        ------
        ValueError
            If coverage is back that was not said to be lost.
        """
        status, place = self._status(status), self.site.zones[zone]
        name = f"cover.{quote(place.id, safe='')}"
        infos = tuple(self._cover(notice, zone, now_ns, status, tag) for tag in self.tags)
        return self._message(name, name, now_ns, status, infos, closing=notice == Notice.COVERAGE_BACK)

    def _message(
        self, name: str, serial: str, now_ns: int, status: AlertStatus, infos: tuple[Info, ...], *, closing: bool
    ) -> Alert:
        """A message about something of the site, and its place among those about the same."""
        earlier = self._open.get(name, [])
        if closing and not earlier:
            raise ValueError(f"{self.site.id}/{name}: the end of something that is not open")
        real = status == AlertStatus.ACTUAL
        # unique for the sender without memory or chance: what it is, and when it was decided
        moment = format_milliseconds(now_ns).translate({ord(c): None for c in "-:"})
        alert = Alert(
            identifier=f"{quote(self.site.id, safe='')}.{serial}.{moment}",
            sender=self.issuer.sender,
            sent_ns=now_ns // SECOND_NS * SECOND_NS,
            status=status.name.capitalize(),
            msg_type="Cancel" if closing else "Update" if earlier else "Alert",
            scope="Public" if real else "Restricted",
            source=self.issuer.source,
            restriction=None if real else "For those who take part in the exercise or test",
            note=_NOTE.get(status.name.capitalize()),
            references=tuple(earlier[-REFERENCES:]),
            incidents=f"{quote(self.site.id, safe='')}/{name}",
            info=infos,
        )
        if closing:
            del self._open[name]
        else:
            self._open[name] = [*earlier, alert.reference]
        return alert

    def _status(self, status: int) -> AlertStatus:
        return AlertStatus(status) if self.issuer.live else max(AlertStatus(status), AlertStatus.EXERCISE)

    def _info(self, warning: Row, phase: Phase, status: AlertStatus, tag: str) -> Info:
        zone, kind = int(warning.zone), TargetClass(int(warning.target_class))
        left_s = float(warning.time_to_impact_s)
        words = compose(Subject(phase, kind, self._name(zone), left_s, status), tag)
        now_ns = int(warning.time_ns)
        arrival_ns = now_ns + round(left_s * SECOND_NS) if math.isfinite(left_s) else None
        said = Info(
            category=("Security", "Safety"),
            event=words.event,
            response_type=(_RESPONSE[phase],),
            urgency=_URGENCY[phase],
            severity=_SEVERITY[phase],
            certainty=certainty(phase, float(warning.probability)),
            event_code=(Pair(f"{PREFIX}class", kind.label),),
            effective_ns=now_ns,
            onset_ns=arrival_ns,
            expires_ns=(arrival_ns or now_ns) + VALID_S[_life(phase, kind)] * SECOND_NS,
            parameter=self._parameters(warning, phase, left_s, words),
        )
        return self._worded(said, words, zone)

    def _cover(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus, tag: str) -> Info:
        words = compose_notice(notice, self._name(zone), status, tag)
        lost = notice == Notice.COVERAGE_LOST
        said = Info(
            category=("Infra", "Safety"),
            event=words.event,
            response_type=("Monitor",) if lost else ("None",),
            urgency="Unknown" if lost else "Past",
            severity="Unknown" if lost else "Minor",
            certainty="Observed",
            event_code=(Pair(f"{PREFIX}notice", notice.value),),
            effective_ns=now_ns,
            expires_ns=now_ns + VALID_S["cover"] * SECOND_NS,
            parameter=(Pair(f"{PREFIX}notice", notice.value), Pair(f"{PREFIX}spoken", words.spoken)),
        )
        return self._worded(said, words, zone)

    def _worded(self, info: Info, words: Wording, zone: int) -> Info:
        return replace(
            info,
            language=words.language,
            sender_name=_clean(self.issuer.name or self.site.name or self.site.id),
            headline=words.headline,
            description=words.description,
            instruction=words.instruction,
            area=(self._area(zone),),
        )

    def _name(self, zone: int) -> str:
        return _clean(self.site.zones[zone].name or self.site.zones[zone].id)

    def _parameters(self, warning: Row, phase: Phase, left_s: float, words: Wording) -> tuple[Pair, ...]:
        values: dict[str, str] = {
            "phase": phase.label,
            "warning": warning_name(self.site.id, int(warning.number)),
            "sequence": str(int(warning.sequence)),
            "decidedAt": format_milliseconds(int(warning.time_ns)),
            "spoken": words.spoken,
        }
        if warning.tracks:  # an operator's warning may have none
            values["tracks"] = " ".join(track_name(self.site.id, n) for n in warning.tracks)
        if math.isfinite(warning.probability):
            values["probability"] = f"{float(warning.probability):.4f}"
        if math.isfinite(left_s):
            values["secondsToImpact"] = f"{left_s:.1f}"
        if warning.reason:
            values["reason"] = _clean(str(warning.reason))
        return tuple(Pair(f"{PREFIX}{name}", value) for name, value in values.items())

    def _area(self, zone: int) -> Area:
        if zone not in self._shapes:
            self._shapes[zone] = zone_shape(self.site, self.site.zones[zone])
        polygon, circle = self._shapes[zone]
        return Area(self._name(zone), polygon, circle, geocode=(Pair(f"{PREFIX}zone", self.site.zones[zone].id),))

    def snapshot(self) -> dict[str, Any]:
        """What is open and what was sent of it, as plain data."""
        sent = {name: [[r.sender, r.identifier, r.sent_ns] for r in rs] for name, rs in self._open.items()}
        return {"version": 1, "open": sent}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave: later messages reference those sent before."""
        if snapshot["version"] != 1:
            raise ValueError(f"alert series snapshot version {snapshot['version']}, expected 1")
        self._open = {name: [Reference(*r) for r in rs] for name, rs in snapshot["open"].items()}


def certainty(phase: Phase, probability: float) -> str:
    """How sure it is that the zone is hit, in CAP's words: likely from one half on.

    >>> certainty(Phase.SHELTER, 0.7), certainty(Phase.PREPARE, 0.02), certainty(Phase.CANCEL, 0.0)
    ('Likely', 'Possible', 'Unlikely')
    """
    if phase == Phase.RELEASE:
        return "Observed"
    if phase == Phase.CANCEL:
        return "Unlikely"
    return "Likely" if probability > 0.5 else "Possible"


def _life(phase: Phase, kind: TargetClass) -> str:
    if phase in (Phase.RELEASE, Phase.CANCEL):
        return "closing"
    return "drone" if kind.drone else "ballistic"


def zone_shape(site: Site, zone: Zone) -> tuple[tuple[Polygon, ...], tuple[Circle, ...]]:
    """A zone in WGS-84: its polygon, closed, or a circle around it where CAP has no polygon for it.

    That is so where a side would run over the 180th meridian, and for a zone that crosses itself or has more corners
    than readers take: people are warned all the same.

    Parameters
    ----------
    site : Site
        Its origin is the frame's.
    zone : Zone
        Its polygon lies in the site's plane.
    """
    corners = np.column_stack([zone.polygon_en, np.zeros(len(zone.polygon_en))])
    latitude, longitude = _degrees(site, corners)
    ring: list[tuple[float, float]] = []
    for point in zip(latitude.round(6).tolist(), longitude.round(6).tolist(), strict=True):
        if not ring or point != ring[-1]:
            ring.append(point)
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    polygon = (*ring, ring[0]) if ring else ()
    if polygon_fault(polygon) is None:
        return (polygon,), ()
    middle = corners[:, :2].mean(axis=0)
    radius_km = float(np.hypot(*(corners[:, :2] - middle).T).max()) / 1000.0
    (lat,), (lon,) = _degrees(site, np.array([[*middle, 0.0]]))
    return (), (Circle(float(lat), float(lon), math.ceil(radius_km * 1000.0 + 1.0) / 1000.0),)


def _degrees(site: Site, position_enu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    latitude, longitude, _ = enu_to_geodetic(position_enu, site.latitude_rad, site.longitude_rad, site.height_m)
    return np.rad2deg(latitude), np.rad2deg(longitude)


def _clean(text: str) -> str:
    return " ".join(text.split())
