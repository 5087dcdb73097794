"""Sections of the after-action report on the ground: where it came from, and impacts found against predicted."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from rampart.ledger.report.ground import Panel
from rampart.ledger.report.story import SiteStory, Threat
from rampart.ledger.report.svg import number, picture, tag, text, tip
from rampart.ledger.report.tables import NONE, inline_badge, outcome_chip, table
from rampart.ledger.report.timeline import clock
from rampart.records import Row

from .case import place_of
from .dossier import Dossier, Found, offset_of
from .ellipse import Ellipse, rank
from .sections import length

_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def launches(dossier: Dossier) -> str:
    """Launch points with their ellipses, and the area that each leaves on the ground."""
    known = [(s, t, row) for s, t in dossier.threats if (row := _launch(t)) is not None]
    if not known:
        return tag("p", "No launch point could be estimated.")
    rows = [_launch_row(*item) for item in known]
    heads = ["", "threat", "launched", "place", "90&#160;% ellipse", "area#", "from the site"]
    words = (
        "Where each threat came from as its track, followed backwards, says: with 90 % probability inside the ellipse, "
        "as far as the model of its flight holds. It says nothing of who was there."
    )
    pictures = tag("div", *(_launch_picture(*item) for item in known[:6]), class_="small-charts")
    return tag("p", escape(words)) + _raw_table(heads, rows) + tag("figure", pictures)


def _raw_table(heads: list[str], rows: list[list[str]]) -> str:
    return table([head.replace("&#160;", "\u00a0") for head in heads], rows)


def _launch(threat: Threat) -> Row | None:
    row = threat.prediction_at(threat.end_s)
    return row if row is not None and np.isfinite(row.launch_enu[0]) else None


def _launch_row(story: SiteStory, threat: Threat, row: Row) -> list[str]:
    ellipse = Ellipse.of(row.launch_covariance)
    at_s = (int(row.launch_ns) - story.site.start_ns) * 1e-9
    off = float(np.hypot(*row.launch_enu[:2]))
    return [
        inline_badge(threat),
        f"<b class='name'>{escape(str(threat.entry['id']))}</b>",
        clock(story.site.start_ns, at_s),
        escape(coordinates(*place_of(story.site, row.launch_enu))),
        escape(f"{length(2 * ellipse.semi_major_m)} by {length(2 * ellipse.semi_minor_m)}, longer axis at "
               f"{ellipse.azimuth_deg:.0f}°"),
        escape(area_words(ellipse.area_km2)),
        escape(f"{off / 1000:.2f} km to the {compass(row.launch_enu)}"),
    ]  # fmt: skip


def coordinates(lat_deg: float, lon_deg: float) -> str:
    """A place in degrees, to about a metre.

    >>> coordinates(33.287894, -44.181432)
    '33.28789° N, 44.18143° W'
    """
    return f"{abs(lat_deg):.5f}° {'N' if lat_deg >= 0 else 'S'}, {abs(lon_deg):.5f}° {'E' if lon_deg >= 0 else 'W'}"


def area_words(km2: float) -> str:
    """An area for people.

    >>> area_words(0.0004), area_words(0.25)
    ('400 m²', '0.25 km²')
    """
    return f"{km2 * 1e6:,.0f} m²" if km2 < 0.1 else f"{km2:.3g} km²"


def compass(point: np.ndarray) -> str:
    """Direction of a point from the origin, in words.

    >>> compass(np.array([-5.0, 5.0]))
    'north-west'
    """
    bearing = math.degrees(math.atan2(float(point[0]), float(point[1]))) % 360.0
    return _COMPASS[round(bearing / 45.0) % 8]


def _launch_picture(story: SiteStory, threat: Threat, row: Row) -> str:
    """The ellipse on the ground at its own scale, with the way the track left it."""
    ellipse = Ellipse.of(row.launch_covariance)
    point, reach = row.launch_enu[:2], max(1.6 * ellipse.semi_major_m, 30.0)
    corners = np.array([point - reach, point + reach])
    panel = Panel.fit(corners, 338.0, 240.0, "launch")
    x, y = panel.one(point)
    turn = f"rotate({number(ellipse.azimuth_deg - 90)} {number(x)} {number(y)})"
    words = f"launch point of {threat.entry['id']}: 90 % within the ellipse"
    kind = threat.shown_kind
    away = threat.tracks[-1].position[0, :2] - point if threat.tracks else np.zeros(2)
    way = away / max(float(np.hypot(*away)), 1.0) * 2.0 * reach
    ((x1, y1),) = panel.at(point + way).tolist()
    clip = f"clip-launch-{story.site.id}-{threat.number}"
    area = tag("rect", x=0, y=0, width=panel.width, height=panel.height, rx=6)
    inside = [
        tag("path", d=f"M{number(x)} {number(y)}L{number(x1)} {number(y1)}", class_=f"track k-{kind}",
            stroke_dasharray="2 5"),
        tag("ellipse", tip(words), cx=x, cy=y, rx=ellipse.semi_major_m * panel.scale,
            ry=max(ellipse.semi_minor_m * panel.scale, 1.5), transform=turn, class_=f"ellipse k-{kind}"),
        tag("path", d=f"M{number(x - 5)} {number(y)}h10m-5 -5v10", class_="cross-hair"),
    ]  # fmt: skip
    return picture(
        panel.width, panel.height,
        tag("clipPath", area, id=clip),
        tag("rect", x=0, y=0, width=panel.width, height=panel.height, rx=6, class_="ground"),
        tag("g", *inside, clip_path=f"url(#{clip})"),
        panel.scale_bar(), panel.north(),
        text(str(threat.entry["id"]), 16, 24, class_="lane"),
        title=words, class_="map",
    )  # fmt: skip


def impacts(dossier: Dossier) -> str:
    """Impact found against predicted, at the moments that mattered."""
    rows = []
    for story, threat in dossier.threats:
        if threat.ballistic:
            rows += _impact_rows(story, threat, dossier.found_of(threat))
    if not rows:
        return tag("p", "Nothing that came down by itself was tracked.")
    loose = [f for f in dossier.found if not any(dossier.found_of(t) is f for _, t in dossier.threats)]
    words = (
        "The rank is the share of the predicted distribution that lies nearer to its middle than the find: over many "
        "impacts it must be spread evenly between 0 and 1, and be under 0.9 nine times in ten."
    )
    more = ""
    if loose:
        places = "; ".join(f"{coordinates(f.lat_deg, f.lon_deg)} ({f.note or 'no note'})" for f in loose)
        more = tag("p", escape(f"Found, and of no track that is named: {places}."))
    heads = ["", "threat", "as known", "before#", "90 % ellipse", "found", "off by#", "inside", "rank#"]
    return table(heads, rows) + tag("p", escape(words), class_="faint") + more


def _impact_rows(story: SiteStory, threat: Threat, found: Found | None) -> list[list[str]]:
    first_s = threat.entry["first_warning_s"]
    moments = [
        ("at the first warning", first_s),
        ("half-way", min(threat.halfway_s, threat.end_s)),
        ("at last", threat.end_s),
    ]
    rows: list[list[str]] = []
    for words, when_s in moments:
        row = threat.prediction_at(when_s) if when_s is not None else None
        if row is None:
            continue
        ellipse = Ellipse.of(row.impact_covariance)
        off, inside, share = NONE, NONE, NONE
        if found is not None:
            offset = offset_of(story, row.impact_enu, found)
            spread = row.impact_covariance + np.eye(2) * (found.radius_m / 2.0) ** 2
            u = rank(offset, spread)
            off, inside, share = length(float(np.hypot(*offset))), "yes" if u <= 0.9 else "no", f"{u:.2f}"
        rows.append(
            [
                inline_badge(threat) if not rows else "",
                f"<b class='name'>{escape(str(threat.entry['id']))}</b>" if not rows else "",
                words,
                f"{threat.arrival_s - float(when_s or 0.0):.1f} s",
                escape(f"{length(2 * ellipse.semi_major_m)} by {length(2 * ellipse.semi_minor_m)}"),
                _found_words(threat, found) if not rows else "",
                off,
                inside,
                share,
            ]
        )
    return rows


def _found_words(threat: Threat, found: Found | None) -> str:
    if found is None and threat.destroyed_s is not None:
        return outcome_chip("destroyed")
    if found is None:
        return "<span class='chip'>not confirmed</span>"
    how = (
        "by the simulation" if found.by_simulation else f"to {found.radius_m:.0f} m" if found.radius_m else "confirmed"
    )
    return f"{escape(coordinates(found.lat_deg, found.lon_deg))}<br/><span class='faint'>{escape(how)}</span>"
