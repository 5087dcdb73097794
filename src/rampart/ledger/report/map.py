"""The map of a raid: zones, sensors, effectors, what flew, what was tracked, where it was said to come down."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from rampart.ledger.thinning import positions_at
from rampart.ledger.words import kind_name
from rampart.records import PredictionKind, Row, Zone

from .ground import Panel
from .marks import badge, cross, effector, sensor, star
from .story import Raid, SiteStory, Threat
from .svg import group, number, path, picture, tag, text, tip

HEIGHT = 470.0
OVERVIEW_WIDTH, ZOOM_WIDTH, WHOLE_WIDTH = 430.0, 600.0, 1040.0
#: The close-up is drawn when the overview is this many times as wide.
ZOOM_FROM = 1.9
CHI_90 = math.sqrt(-2.0 * math.log(0.1))  #: radius of the 90 % ellipse in sigmas


def draw_map(story: SiteStory, raid: Raid) -> str:
    """Overview and close-up of one raid; one map where they would show the same."""
    paths = [_known(t.flight.position_enu) for t in raid.threats if t.flight is not None]
    paths += [track.position[:, :2] for t in raid.threats for track in t.tracks]
    if not raid.threats:
        paths += [track.position[:, :2] for track in story.tracks]
    near = _near(story, raid)
    zones = [zone.polygon_en for zone in story.site.zones]
    everything = np.concatenate([near, *paths, *zones, *[_place(e.get("position_enu_m")) for e in story.effectors]])
    overview = Panel.fit(everything, OVERVIEW_WIDTH, HEIGHT, "overview")
    zoom = Panel.fit(near, ZOOM_WIDTH, HEIGHT, "close-up")
    if overview.span_m < ZOOM_FROM * zoom.span_m:
        return _draw(Panel.fit(everything, WHOLE_WIDTH, HEIGHT, "map"), story, raid)
    return tag("div", _draw(overview, story, raid, zoom), _draw(zoom, story, raid), class_="maps")


def _known(points: np.ndarray) -> np.ndarray:
    return points[np.isfinite(points).all(axis=1), :2]


def _place(position: Sequence[float] | None) -> np.ndarray:
    return np.array([position[:2]], dtype=float) if position is not None else np.zeros((0, 2))


def _near(story: SiteStory, raid: Raid) -> np.ndarray:
    """What the close-up must hold: zones in danger with their rims, and where the threats come down."""
    parts = []
    needed = {zone for threat in raid.threats for zone in threat.entry["needed_zones"]}
    for zone in [z for z in story.site.zones if z.id in needed] or story.site.zones:
        r = zone.warn_radius_m
        parts += [zone.polygon_en + np.array([dx, dy]) for dx in (-r, r) for dy in (-r, r)]
    for threat in raid.threats:
        if threat.ballistic and threat.flight is not None:
            parts.append(_known(threat.flight.position_enu[-1:]))
    if not parts:
        parts = [s.position_enu[None, :2] for s in story.site.sensors] or [np.zeros((1, 2))]
    return np.concatenate(parts)


def _draw(panel: Panel, story: SiteStory, raid: Raid, zoom: Panel | None = None) -> str:
    clip = f"clip-{story.site.id}-{raid.threats[0].number if raid.threats else 0}-{panel.name}"
    names = _zone_names(panel, story.site.zones)
    places = _places(panel, story, named=zoom is None)
    area = tag("rect", x=0, y=0, width=panel.width, height=panel.height, rx=6)
    inside = [
        _zones(panel, story.site.zones),
        _others(panel, story, raid),
        *(_truth(panel, threat) for threat in raid.threats),
        *(_track(panel, threat) for threat in raid.threats),
        *(_estimates(panel, threat) for threat in raid.threats),
        _shots(panel, raid),
        places,
        _zoom_box(panel, zoom) if zoom else "",
        names,
        *(_badges(panel, threat) for threat in raid.threats),
    ]
    words = f"{panel.name} of {story.name}: zones, sensors, tracks and predicted impacts"
    return picture(
        panel.width,
        panel.height,
        tag("clipPath", area, id=clip),
        tag("rect", x=0, y=0, width=panel.width, height=panel.height, rx=6, class_="ground"),
        group(*inside, clip_path=f"url(#{clip})"),
        panel.scale_bar(),
        panel.north(),
        tag("rect", x=0.5, y=0.5, width=panel.width - 1, height=panel.height - 1, rx=6, class_="frame"),
        title=words,
        class_="map",
    )


def _zones(panel: Panel, zones: Iterable[Zone]) -> str:
    """Grown outlines first, so that no zone covers another."""
    zones = list(zones)
    grown, bodies = [], []
    for zone in zones:
        d = path(panel.at(zone.polygon_en), closed=True, apart=0.0)
        wide = 2 * zone.warn_radius_m * panel.scale
        state = "defended" if zone.defended else "open"
        grown += [
            tag("path", d=d, class_="grown edge", stroke_width=wide + 1.6),
            tag("path", d=d, class_="grown fill", stroke_width=wide),
        ]
        words = (
            f"zone {zone.id}{f' ({zone.name})' if zone.name else ''}: {zone.population:,.0f} people, "
            f"{zone.shelter_time_s:.0f} s to shelter, {'defended' if zone.defended else 'not defended'}; "
            f"danger radius {zone.warn_radius_m:.0f} m"
        )
        bodies.append(tag("path", tip(words), d=d, class_=f"zone {state}"))
    return group(*grown) + group(*bodies)


def _zone_names(panel: Panel, zones: Iterable[Zone]) -> str:
    """Inside along the lower edge where there is room, else below. Placed first: badges keep off them."""
    parts = []
    for zone in zones:
        corners = panel.at(zone.polygon_en)
        low, high = corners.min(axis=0), corners.max(axis=0)
        wide, tall = high - low
        width = 6.8 * len(zone.id)
        if wide < 30 or not panel.shows(corners.mean(axis=0)):
            continue
        x, y = (low[0] + high[0]) / 2, high[1] - 9
        if wide < width + 8 or tall < 30:
            y = high[1] + 9
        panel.labels.boxes.append((x - width / 2, y - 7, x + width / 2, y + 7))
        parts.append(text(zone.id, x, y + 4, class_="zone-name", text_anchor="middle"))
    return group(*parts)


def _truth(panel: Panel, threat: Threat) -> str:
    flight = threat.flight
    if flight is None:
        return ""
    times = np.linspace(flight.start_s, flight.end_s, 300)
    points = panel.at(positions_at(flight, times))
    words = tip(f"{threat.entry['id']}: what really flew")
    flown = times <= threat.end_s
    parts = [tag("path", words, d=path(points[flown]), class_="truth")]
    if not flown.all():
        parts.append(tag("path", d=path(points[~flown]), class_="truth undone"))
    return group(*parts)


def _track(panel: Panel, threat: Threat) -> str:
    parts = []
    for track in threat.tracks:
        keep = track.time_s <= threat.end_s + 2.0
        words = f"track {track.name}: {kind_name(track.kind)}, {track.probability:.0%} sure"
        parts.append(tag("path", tip(words), d=path(panel.at(track.position[keep])), class_=f"track k-{track.kind}"))
    return group(*parts)


def _others(panel: Panel, story: SiteStory, raid: Raid) -> str:
    """What else was in the air, as truth and as track."""
    parts = []
    threats = {t.entry["id"] for t in story.threats}
    start, end = raid.start_s, raid.end_s
    for flight in story.flights:
        if flight.id in threats or flight.start_s > end or flight.end_s < start:
            continue
        times = np.linspace(max(start, flight.start_s), min(end, flight.end_s), 80)
        d = path(panel.at(positions_at(flight, times)), apart=2.0)
        parts.append(tag("path", tip(f"{flight.id}: {kind_name(flight.kind)}, no threat"), d=d, class_="harmless"))
    for track in story.tracks:
        if track.flight is not None and track.flight.id in threats:
            continue
        seen = (track.time_s >= start) & (track.time_s <= end)
        if seen.any():
            what = kind_name(track.flight.kind) if track.flight else "nothing that flew"
            words = f"track {track.name}: taken for {kind_name(track.kind)}; really {what}"
            d = path(panel.at(track.position[seen]), apart=2.0)
            parts.append(tag("path", tip(words), d=d, class_=f"track aside k-{track.kind}"))
    return group(*parts)


def ellipse_of(row: Row) -> tuple[float, float, float]:
    """Semi-axes [m] and azimuth of the major one [rad] of a prediction's ellipse; of 90 % where it has none."""
    if np.isfinite(row.ellipse_major_m):
        return float(row.ellipse_major_m), float(row.ellipse_minor_m), float(row.ellipse_azimuth_rad)
    return _axes(row.impact_covariance)


def _axes(covariance: np.ndarray) -> tuple[float, float, float]:
    values, vectors = np.linalg.eigh(covariance)
    minor, major = np.sqrt(np.maximum(values, 0.0)) * CHI_90
    return float(major), float(minor), math.atan2(vectors[0, 1], vectors[1, 1])


def _ellipse(panel: Panel, point: np.ndarray, axes: tuple[float, float, float], words: str, class_: str) -> str:
    x, y = panel.one(point)
    major, minor, azimuth = axes
    turn = f"rotate({number(math.degrees(azimuth) - 90)} {number(x)} {number(y)})"
    rx, ry = max(major * panel.scale, 1.5), max(minor * panel.scale, 1.5)
    return tag("ellipse", tip(words), cx=x, cy=y, rx=rx, ry=ry, transform=turn, class_=class_)


def _estimates(panel: Panel, threat: Threat) -> str:
    """Impact ellipses when first warned, half-way and last; the launch ellipse; the corridor of drones."""
    kind, name = threat.shown_kind, threat.entry["id"]
    parts = []
    warned_s = threat.entry["first_warning_s"]
    for when, when_s in (("first", warned_s), ("half-way", threat.halfway_s), ("last", threat.end_s)):
        row = threat.prediction_at(when_s) if when_s is not None else None
        if row is not None and (when != "first" or ellipse_of(row)[0] * panel.scale < panel.width / 2):
            axes = ellipse_of(row)
            what = {"first": "as known at the first warning"}.get(when, f"{when}")
            words = f"{name}: impact predicted, {what}; 90 % ellipse of {2 * axes[0]:.0f} x {2 * axes[1]:.0f} m"
            parts.append(_ellipse(panel, row.impact_enu, axes, words, f"ellipse {when} k-{kind}"))
    row = threat.prediction_at(warned_s, PredictionKind.REACH) if warned_s is not None else None
    if row is not None:
        d = path(panel.at(np.array([row.position_enu, row.impact_enu])))
        words = f"{name}: the corridor that it could reach, as known at the first warning"
        parts.append(tag("path", tip(words), d=d, class_=f"corridor k-{kind}"))
    row = threat.prediction_at(threat.end_s)
    if row is not None and np.isfinite(row.launch_enu[0]):
        axes = _axes(row.launch_covariance)
        words = f"{name}: launch point as estimated, 90 % ellipse of {2 * axes[0]:.0f} x {2 * axes[1]:.0f} m"
        parts.append(_ellipse(panel, row.launch_enu, axes, words, f"ellipse launch k-{kind}"))
    return group(*parts)


def _shots(panel: Panel, raid: Raid) -> str:
    parts = []
    for threat in raid.threats:
        for shot in threat.shots:
            x, y = panel.one(shot.position)
            result = "" if shot.destroyed is None else ", hit" if shot.destroyed else ", miss"
            words = f"engagement {shot.number} of {threat.entry['id']} at {shot.intercept_s:.1f} s{result}"
            parts.append(star(x, y, shot.destroyed, words))
            panel.labels.block(x, y, 7)
    return group(*parts)


def _places(panel: Panel, story: SiteStory, *, named: bool) -> str:
    """Sensors and effectors, with their names in the close-up."""
    marks = [
        (model.position_enu, str(model.id), sensor, f"sensor {model.id} ({model.kind})") for model in story.site.sensors
    ]
    for entry in story.effectors:
        if entry.get("position_enu_m") is not None:
            words = f"simulated effector {entry['id']} ({entry['kind']})"
            marks.append((np.array(entry["position_enu_m"], dtype=float), str(entry["id"]), effector, words))
    marks = [mark for mark in marks if panel.shows(mark[0])]
    parts = []
    for position, _, draw, words in marks:
        x, y = panel.one(position)
        parts.append(draw(x, y, words))
        panel.labels.block(x, y, 7)
    for position, name, _, _ in marks if named else ():
        wide = 6.0 * len(name) + 4
        x, y = panel.labels.place(*panel.one(position), wide, 13, 9)
        parts.append(text(name, x, y + 4, class_="place-name", text_anchor="middle"))
    return group(*parts)


def _badges(panel: Panel, threat: Threat) -> str:
    """The threat's number where it came from and where it came down; a cross where it really did, or would have."""
    flight = threat.flight
    if flight is None:
        return ""
    parts = []
    name = threat.entry["id"]
    if panel.shows(flight.position_enu[0]):
        x, y = panel.one(flight.position_enu[0])
        parts.append(_badge_beside(panel, threat, x, y, f"{name} came from here"))
    if panel.shows(flight.position_enu[-1]):
        x, y = panel.one(flight.position_enu[-1])
        would = "would have " if threat.destroyed_s is not None else ""
        words = f"{name} {would}{'come' if would else 'came'} down here" if threat.ballistic else f"{name} left here"
        parts.append(cross(x, y, words, "cross" if threat.ballistic else "cross faint"))
        panel.labels.block(x, y, 5)
        parts.append(_badge_beside(panel, threat, x, y, words))
    return group(*parts)


def _badge_beside(panel: Panel, threat: Threat, x: float, y: float, words: str) -> str:
    bx, by = panel.labels.place(x, y, 18, 18, 9)
    leader = tag("path", d=f"M{number(x)} {number(y)}L{number(bx)} {number(by)}", class_="leader")
    return leader + badge(threat.number, bx, by, threat.kind, words)


def _zoom_box(panel: Panel, zoom: Panel) -> str:
    """The close-up's edges in the overview."""
    half = np.array([zoom.width, zoom.height]) / (2 * zoom.scale)
    (x0, y1), (x1, y0) = panel.at(np.array([np.array(zoom.centre) - half, np.array(zoom.centre) + half]))
    return tag("rect", tip("the close-up"), x=x0, y=y0, width=x1 - x0, height=y1 - y0, class_="zoom-box")
