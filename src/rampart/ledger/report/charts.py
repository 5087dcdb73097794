"""Charts of a raid: heights over time, and how good the impact predictions were."""

import math

import numpy as np

from rampart.ledger.thinning import positions_at
from rampart.records import PredictionKind

from .map import ellipse_of
from .marks import badge
from .story import Raid, SiteStory, Threat
from .svg import Frame, Labels, group, metres, picture, tag, text, ticks, tip
from .timeline import GUTTER, RIGHT, WIDTH, time_axis, window

MOST_PANELS = 8


def draw_heights(story: SiteStory, raid: Raid, height: float = 260.0) -> str:
    """Heights above the site over time, under the timeline and on its scale: truth thin, tracks coloured."""
    start, end = window(raid)
    tops = [1.0]
    for threat in raid.threats:
        if threat.flight is not None:
            tops.append(float(np.nanmax(threat.flight.position_enu[:, 2])))
        tops += [float(np.nanmax(track.position[:, 2])) for track in threat.tracks]
    frame = Frame(GUTTER, 8.0, WIDTH - GUTTER - RIGHT, height - 52.0, start, end, 0.0, 1.08 * max(tops))
    parts = [frame.border(), time_axis(frame, story.site.start_ns), _height_axis(frame)]
    parts.append(text("height above", 28, frame.top + 14, class_="lane"))
    parts.append(text("the site", 28, frame.top + 31, class_="lane"))
    labels = Labels(frame.left, frame.top, frame.right, frame.bottom)
    for threat in raid.threats:
        parts.append(_height_lines(frame, threat))
    for threat in raid.threats:
        parts.append(_height_badge(frame, labels, threat))
    return picture(WIDTH, height, *parts, title="heights over time", class_="chart")


def _height_axis(frame: Frame) -> str:
    parts = []
    for value in ticks(frame.y0, frame.y1, 6):
        y = frame.y(value)
        parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", class_="grid"))
        parts.append(text(metres(value), frame.left - 6, y + 4, text_anchor="end", class_="tick"))
    return group(*parts)


def _height_lines(frame: Frame, threat: Threat) -> str:
    parts = []
    if threat.flight is not None:
        times = np.linspace(threat.flight.start_s, min(threat.flight.end_s, frame.x1), 240)
        heights = positions_at(threat.flight, times)[:, 2]
        flown = times <= threat.end_s
        parts.append(tag("path", d=frame.line(times[flown], heights[flown]), class_="truth"))
        parts.append(tag("path", d=frame.line(times[~flown], heights[~flown]), class_="truth undone"))
    for track in threat.tracks:
        keep = (track.time_s <= threat.end_s + 2.0) & (track.time_s <= frame.x1)
        d = frame.line(track.time_s[keep], np.maximum(track.position[keep, 2], frame.y0))
        parts.append(tag("path", tip(f"track {track.name}"), d=d, class_=f"track k-{track.kind}"))
    return group(*parts)


def _height_badge(frame: Frame, labels: Labels, threat: Threat) -> str:
    if threat.flight is None:
        return ""
    times = np.linspace(threat.flight.start_s, min(threat.end_s, frame.x1), 60)
    heights = positions_at(threat.flight, times)[:, 2]
    top = int(np.nanargmax(heights))
    x, y = labels.place(float(frame.x(times[top])), float(frame.y(heights[top])), 18, 18, 8)
    return badge(threat.number, x, y, threat.kind, str(threat.entry["id"]))


def draw_errors(raid: Raid) -> str:
    """One small chart per ballistic threat: how far the predicted impact was off, within what was claimed."""
    charts = [chart for threat in raid.threats if (chart := _error_chart(threat))]
    if not charts:
        return ""
    rest = len(charts) - MOST_PANELS
    more = tag("p", f"… and {rest} more.", class_="faint") if rest > 0 else ""
    return tag("div", *charts[:MOST_PANELS], more, class_="small-charts")


def _error_chart(threat: Threat, width: float = 338.0, height: float = 200.0) -> str:
    rows = threat.predictions
    good = (rows.kind == PredictionKind.IMPACT) & np.isfinite(rows.impact_enu[:, 0])
    good &= threat.prediction_s <= threat.end_s
    if threat.flight is None or not threat.ballistic or good.sum() < 2:
        return ""
    rows, left_s = rows.take(good), threat.arrival_s - threat.prediction_s[good]
    miss = np.hypot(*(rows.impact_enu[:, :2] - threat.flight.position_enu[-1, :2]).T)
    axes = np.array([ellipse_of(row)[:2] for row in rows])
    radius = np.sqrt(axes[:, 0] * axes[:, 1])
    high = 10.0 ** math.ceil(math.log10(max(float(np.max(miss)), float(np.max(radius)), 20.0)))
    frame = Frame(48.0, 30.0, width - 58.0, height - 66.0, float(left_s.max()), 0.0, 1.0, high, log=True)
    parts = [frame.border()]
    for power in range(int(math.log10(high)) + 1):
        y = frame.y(10.0**power)
        parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", class_="grid"))
        parts.append(text(metres(10.0**power), frame.left - 6, y + 4, text_anchor="end", class_="tick"))
    for value in ticks(0.0, frame.x0, 6):
        words = text(f"{value:g}", frame.x(value), frame.bottom + 14, text_anchor="middle", class_="tick")
        parts.append(words)
    area = frame.line(left_s, radius) + f"L{frame.x(left_s[-1]):.1f} {frame.bottom:.1f}H{frame.x(left_s[0]):.1f}Z"
    kind = threat.shown_kind
    parts.append(tag("path", tip("size of the 90 % ellipse, as a circle"), d=area, class_=f"claim k-{kind}"))
    parts.append(tag("path", tip("distance from the true impact"), d=frame.line(left_s, miss), class_=f"miss k-{kind}"))
    parts.append(badge(threat.number, 14, 15, threat.kind))
    parts.append(text(str(threat.entry["id"]), 28, 19, class_="lane"))
    parts.append(text("seconds before impact", frame.right, height - 6, text_anchor="end", class_="tick faint"))
    words = f"impact error of {threat.entry['id']} against time to impact"
    return picture(width, height, *parts, title=words, class_="chart small")
