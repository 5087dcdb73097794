"""Draw docs/images/flights.svg anew: real flights as `rampart bench flights` predicts them. Needs the shared data."""

import math
import sys
from pathlib import Path

import numpy as np

from rampart.bench import flights
from rampart.bench.falls import load_fall
from rampart.bench.flight_list import load_list

HERE = Path(__file__).resolve().parent
INK, SOFT, OURS, TRUE, CALM = "#1f2933", "#9aa5b1", "#0b6e99", "#c2410c", "#7b8794"
WIDTH, HEIGHT = 860, 330


def main() -> int:
    """Predict and draw; 1 if there is no data."""
    listed, folder = load_list()
    if not (folder / "rockets").is_dir():
        sys.stderr.write("draw_flights.py: needs the shared data (RAMPART_SHARED_DATA)\n")
        return 1
    rows = [(spec.id, flights._climb(spec, folder)["ours"]) for spec in listed.climb]
    parts = [*climbs(rows), *fall(listed.fall[0], folder)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">'
    )
    page = [head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', *parts, "</svg>"]
    (HERE / "flights.svg").write_text("\n".join(page) + "\n", encoding="utf-8")
    return 0


def text(x, y, words, *, anchor="start", colour=INK, weight="normal"):
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{words}</text>'


def line(x1, y1, x2, y2, colour=SOFT, width=1.0):
    """A line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def dot(x, y, colour, radius=4.0):
    """A dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'


def climbs(rows):
    """Prediction and interval less the apogee, in per cent of it."""
    left, right, top, step = 120.0, 420.0, 70.0, 48.0
    scale = (right - left) / 16.0
    out = [text(20, 28, "Apogee from 4 s of coast, 90 % interval", weight="bold")]
    foot = top + step * len(rows)
    for percent in range(-8, 9, 4):
        x = left + (percent + 8) * scale
        out += [line(x, top - 20, x, foot - 20, TRUE if percent == 0 else "#e4e7eb", 1.5 if percent == 0 else 1.0)]
        out += [text(x, foot, f"{percent:+d} %" if percent else "logged", anchor="middle", colour=SOFT)]
    for i, (name, row) in enumerate(rows):
        y = top + i * step
        low, middle, high = (
            left + (100.0 * (row[key] / row["apogee_m"] - 1.0) + 8.0) * scale for key in ("low_m", "height_m", "high_m")
        )
        out += [text(20, y + 4, name), text(20, y + 19, f"{row['apogee_m']:.0f} m", colour=SOFT)]
        out += [line(low, y, high, y, OURS, 3.0), dot(middle, y, OURS)]
    return out


def fall(spec, folder):
    """Map of fall points about the place where the stone was found."""
    case = load_fall(folder / spec.file)
    found = math.radians(spec.found_latitude_deg), math.radians(spec.found_longitude_deg)
    windy, calm = flights._predict(case, windy=True), flights._predict(case, windy=False)
    ellipse = windy.ellipse(0.9)
    # east and north of the stone, in pixels
    x0, y0, scale = 730.0, 190.0, 0.085
    stone, still = windy.offset_m(*found), windy.offset_m(calm.latitude_rad, calm.longitude_rad)
    turn = math.degrees(float(ellipse.azimuth_rad)) - 90.0
    out = [text(480, 28, "Murrili: predicted fall and the stone that was found", weight="bold")]
    out += [
        f'<ellipse cx="{x0:.1f}" cy="{y0:.1f}" rx="{float(ellipse.major_m) * scale:.1f}" '
        f'ry="{float(ellipse.minor_m) * scale:.1f}" transform="rotate({turn:.1f} {x0:.1f} {y0:.1f})" '
        f'fill="{OURS}" fill-opacity="0.12" stroke="{OURS}"/>'
    ]
    places = ((stone, TRUE, "found"), (still, CALM, "without wind"), (np.zeros(2), OURS, "with wind"))
    for (east, north), colour, words in places:
        x, y = x0 + east * scale, y0 - north * scale
        above = -10 if words == "found" else 20
        out += [dot(x, y, colour), text(x, y + above, words, anchor="middle", colour=colour)]
    out += [
        line(500, 290, 500 + 1000 * scale, 290, INK, 2.0),
        text(500, 306, "1 km"),
        text(590, 306, "90 % ellipse", colour=OURS),
    ]
    return out


if __name__ == "__main__":
    sys.exit(main())
