"""AlertSeries: the CAP messages of one site's warnings, each naming those it follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import AlertStatus, Phase, Row, Site, TargetClass, Warnings, Zone, track_name, warning_name
from rampart.wire.instant import SECOND_NS, format_milliseconds
from rampart.words import Subject, Wording, compose, languages

from .alert import Alert, Area, Circle, Info, Pair, Polygon, Reference
from .issuer import Issuer
from .rules import polygon_fault

#: Seconds after the arrival, or after the message where no arrival is known, at which a message expires if nothing
#: follows it: long enough for every hold of the policy, short enough that an alarm whose sender died does not stay.
VALID_S = {"ballistic": 600, "drone": 1800, "closing": 600}
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
        self._open: dict[int, list[Reference]] = {}
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
        earlier = self._open.get(number, [])
        closing = phase in (Phase.RELEASE, Phase.CANCEL)
        if closing and not earlier:
            raise ValueError(f"{warning_name(self.site.id, number)}: {phase.label} of a warning that is not open")
        status = self._status(warning)
        alert = Alert(
            identifier=self._identifier(warning),
            sender=self.issuer.sender,
            sent_ns=int(warning.time_ns) // SECOND_NS * SECOND_NS,
            status=status.name.capitalize(),
            msg_type="Cancel" if closing else "Update" if earlier else "Alert",
            scope="Public" if status == AlertStatus.ACTUAL else "Restricted",
            source=self.issuer.source,
            restriction=None if status == AlertStatus.ACTUAL else "For those who take part in the exercise or test",
            note=_NOTE.get(status.name.capitalize()),
            references=tuple(earlier[-REFERENCES:]),
            incidents=quote(warning_name(self.site.id, number), safe="/"),
            info=tuple(self._info(warning, phase, status, tag) for tag in self.tags),
        )
        if closing:
            del self._open[number]
        else:
            self._open[number] = [*earlier, alert.reference]
        return alert

    def _status(self, warning: Row) -> AlertStatus:
        status = AlertStatus(int(warning.status))
        return status if self.issuer.live else max(status, AlertStatus.EXERCISE)

    def _identifier(self, warning: Row) -> str:
        """Unique for the sender without memory or chance: what it is, and when it was decided."""
        moment = format_milliseconds(int(warning.time_ns)).translate({ord(c): None for c in "-:"})
        site = quote(self.site.id, safe="")
        return f"{site}.W{int(warning.number)}.{int(warning.sequence)}.{moment}"

    def _info(self, warning: Row, phase: Phase, status: AlertStatus, tag: str) -> Info:
        zone, kind = self.site.zones[int(warning.zone)], TargetClass(int(warning.target_class))
        name = _clean(zone.name or zone.id)
        left_s = float(warning.time_to_impact_s)
        words: Wording = compose(Subject(phase, kind, name, left_s, status), tag)
        now_ns = int(warning.time_ns)
        arrival_ns = now_ns + round(left_s * SECOND_NS) if math.isfinite(left_s) else None
        return Info(
            language=tag,
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
            sender_name=_clean(self.issuer.name or self.site.name or self.site.id),
            headline=words.headline,
            description=words.description,
            instruction=words.instruction,
            parameter=self._parameters(warning, phase, left_s, words),
            area=(self._area(int(warning.zone), zone, name),),
        )

    def _parameters(self, warning: Row, phase: Phase, left_s: float, words: Wording) -> tuple[Pair, ...]:
        values: dict[str, str] = {
            "phase": phase.label,
            "warning": warning_name(self.site.id, int(warning.number)),
            "sequence": str(int(warning.sequence)),
            "decidedAt": format_milliseconds(int(warning.time_ns)),
            "probability": f"{float(warning.probability):.4f}",
            "tracks": " ".join(track_name(self.site.id, n) for n in warning.tracks),
            "spoken": words.spoken,
        }
        if math.isfinite(left_s):
            values["secondsToImpact"] = f"{left_s:.1f}"
        if warning.reason:
            values["reason"] = _clean(str(warning.reason))
        return tuple(Pair(f"{PREFIX}{name}", value) for name, value in values.items())

    def _area(self, index: int, zone: Zone, name: str) -> Area:
        if index not in self._shapes:
            self._shapes[index] = zone_shape(self.site, zone)
        polygon, circle = self._shapes[index]
        return Area(name, polygon, circle, geocode=(Pair(f"{PREFIX}zone", zone.id),))

    def snapshot(self) -> dict[str, Any]:
        """The open warnings and what was sent of them, as plain data."""
        sent = {str(n): [[r.sender, r.identifier, r.sent_ns] for r in rs] for n, rs in self._open.items()}
        return {"version": 1, "open": sent}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave: later messages reference those sent before."""
        if snapshot["version"] != 1:
            raise ValueError(f"alert series snapshot version {snapshot['version']}, expected 1")
        self._open = {int(n): [Reference(*r) for r in rs] for n, rs in snapshot["open"].items()}


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
