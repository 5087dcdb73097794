"""Sheet: the picture of a coverage - map on the left, legend, table and bearings on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.study.coverage.contour import contour
from rampart.study.coverage.plan import ALL, Coverage

from .canvas import Canvas
from .relief import relief

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 1480, 1110
MAP_LEFT, MAP_TOP, MAP_SIDE = 28, 78, 1004
PANEL = 1064

INK, GREY, FAINT = "#1c2126", "#5b636b", "#b9c0c6"
MIX, ZONE, TIME, ADDED = "#0b3d91", "#b3261e", "#4a4a4a", "#000000"
#: Colours that those who see few colours can tell apart (M. Okabe, K. Ito, "Color universal design", 2008).
SENSOR_INKS = ("#d55e00", "#009e73", "#cc79a7", "#8f6b00", "#56b4e9", "#7a4fb5", "#2f6f6f", "#9c2c5b")
ISOCHRONES_S = (10.0, 20.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0)


@dataclass(frozen=True)
class _Map:
    """East and north on to pixels."""

    half_m: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        return MAP_LEFT, MAP_TOP, MAP_LEFT + MAP_SIDE, MAP_TOP + MAP_SIDE

    @property
    def scale(self) -> float:
        return MAP_SIDE / (2.0 * self.half_m)

    def at(self, en: Floats) -> Floats:
        en = np.atleast_2d(en)
        x = MAP_LEFT + (en[:, 0] + self.half_m) * self.scale
        y = MAP_TOP + (self.half_m - en[:, 1]) * self.scale
        return np.column_stack([x, y])


def draw(cover: Coverage, added: Sequence[tuple[str, Floats]] = ()) -> bytes:
    """The picture of a coverage as PNG bytes; `added`: names and places of sensors that could be added."""
    canvas = Canvas(WIDTH, HEIGHT)
    ground = _Map(float(cover.grid.axis_m[-1]))
    _title(canvas, cover)
    canvas.pixels[MAP_TOP : MAP_TOP + MAP_SIDE, MAP_LEFT : MAP_LEFT + MAP_SIDE] = relief(
        cover.place.environment.terrain, ground.half_m, MAP_SIDE
    )
    _shade(canvas, cover)
    _kilometres(canvas, ground)
    _isochrones(canvas, cover, ground)
    _outlines(canvas, cover, ground)
    _zones(canvas, cover, ground)
    _sensors(canvas, cover, ground, added)
    _scale_bar(canvas, ground)
    _frame(canvas, ground)
    y = _legend(canvas, cover, MAP_TOP + 12, len(added) > 0)
    y = _table(canvas, cover, y + 44)
    _bearings(canvas, cover, y + 48)
    return canvas.png()


def _title(canvas: Canvas, cover: Coverage) -> None:
    target, rule, site = cover.target, cover.rule, cover.place.site
    canvas.text(
        MAP_LEFT,
        34,
        f"{site.name or site.id}: {target.kind.replace('_', ' ')} at {target.height_m:g} m",
        INK,
        size=18,
        bold=True,
    )
    words = (
        f"{target.speed_ms:.0f} m/s, {target.flight.rcs_dbsm:.1f} dBsm; seen: {rule.detections} detections within "
        f"{rule.within_s:g} s with p >= {rule.p_seen:g}, flying at the nearest zone"
    )
    canvas.text(MAP_LEFT, 60, words, GREY, size=11)


def _shade(canvas: Canvas, cover: Coverage) -> None:
    """The probability of the mix as a tint, a cell's worth of pixels each."""
    field = cover.p_seen[ALL]
    pixel = (np.arange(MAP_SIDE) + 0.5) * (len(field) - 1) / MAP_SIDE
    index = np.clip(np.rint(pixel).astype(int), 0, len(field) - 1)
    tint = np.zeros((canvas.height, canvas.width))
    tint[MAP_TOP : MAP_TOP + MAP_SIDE, MAP_LEFT : MAP_LEFT + MAP_SIDE] = field[index[::-1]][:, index]
    canvas.blend(0.16 * tint + 0.20 * (tint >= cover.rule.p_seen), "#2f7fd6")


def _kilometres(canvas: Canvas, ground: _Map) -> None:
    step = _round_step(ground.half_m / 4.0)
    ticks = np.arange(-np.floor(ground.half_m / step), np.floor(ground.half_m / step) + 1) * step
    for t in ticks.tolist():
        for ends in ([[t, -ground.half_m], [t, ground.half_m]], [[-ground.half_m, t], [ground.half_m, t]]):
            canvas.line(ground.at(np.array(ends)), "#ffffff", width=1.0, alpha=0.35, inside=ground.box)
        if abs(t) < ground.half_m * 0.72:
            x, y = ground.at(np.array([[t, -ground.half_m]]))[0]
            canvas.text(x, y + 16, f"{t / 1000:g}", GREY, size=9, anchor=0.5)
    canvas.text(MAP_LEFT + MAP_SIDE, MAP_TOP + MAP_SIDE + 16, "km east of the origin", GREY, size=9, anchor=1.0)


def _isochrones(canvas: Canvas, cover: Coverage, ground: _Map) -> None:
    """Where it is that many seconds before it reaches the nearest zone."""
    cells, n = cover.grid.places, len(cover.grid.axis_m)
    away = np.min([aim.distance_m(cells) for aim in cover.ways.aims], axis=0).reshape(n, n) / cover.target.speed_ms
    for seconds in ISOCHRONES_S:
        if seconds * cover.target.speed_ms * ground.scale < 34.0 or seconds > away.max():
            continue
        rings = [ring for polygon in contour(-away, -seconds, cover.grid.axis_m) for ring in polygon]
        rings = [ring for ring in rings if np.abs(ring).max() < ground.half_m]
        canvas.lines([ground.at(r) for r in rings], TIME, width=1.1, alpha=0.8, dash=(7, 5), inside=ground.box)
        if rings:
            low = max(rings, key=len)
            x, y = ground.at(low[np.argmin(low[:, 1])])[0]
            canvas.text(x, y + 4, f"{seconds:g} s", TIME, size=9, anchor=0.5, halo="#ffffff")


def _outlines(canvas: Canvas, cover: Coverage, ground: _Map) -> None:
    names = [*(s.id for s in cover.sights), ALL]
    for k, name in enumerate(names):
        rings = [r for p in contour(cover.p_seen[name], cover.rule.p_seen, cover.grid.axis_m) for r in p if len(r) > 6]
        ink = MIX if name == ALL else _ink(k)
        width = 3.2 if name == ALL else 1.8
        if name == ALL and len(cover.sights) == 1:
            continue
        canvas.lines([ground.at(r) for r in rings], ink, width=width, alpha=0.9, inside=ground.box)


def _zones(canvas: Canvas, cover: Coverage, ground: _Map) -> None:
    for aim in cover.ways.aims:
        if aim.polygon_en is None:
            continue
        ring = ground.at(np.concatenate([aim.polygon_en, aim.polygon_en[:1]]))
        canvas.area(ring, ZONE, alpha=0.35, inside=ground.box)
        canvas.line(ring, ZONE, width=1.6, inside=ground.box)


def _sensors(canvas: Canvas, cover: Coverage, ground: _Map, added: Sequence[tuple[str, Floats]]) -> None:
    taken: list[tuple[float, float]] = []
    marks = [(s.id, s.position_enu, _ink(k)) for k, s in enumerate(cover.sights)]
    for name, place, ink in [*marks, *((n, p, ADDED) for n, p in added)]:
        x, y = ground.at(place[:2])[0].tolist()
        if not (MAP_LEFT < x < MAP_LEFT + MAP_SIDE and MAP_TOP < y < MAP_TOP + MAP_SIDE):
            continue
        mark = np.array([[x, y - 9], [x + 8, y + 6], [x - 8, y + 6]])
        canvas.area(mark, "#ffffff")
        canvas.area([x, y] + (mark - [x, y]) * 0.72, ink)
        at = y - 12
        while any(abs(at - b) < 14 and abs(x - a) < 60 for a, b in taken):
            at -= 14
        taken.append((x, at))
        canvas.text(x + 10, at, name if ink != ADDED else f"+ {name}", INK, size=10, halo="#ffffff", bold=True)


def _scale_bar(canvas: Canvas, ground: _Map) -> None:
    length = _round_step(ground.half_m / 2.5)
    left, y = float(MAP_LEFT + 22), float(MAP_TOP + MAP_SIDE - 24)
    right = left + length * ground.scale
    canvas.area(
        [[left - 10, y - 24], [right + 10, y - 24], [right + 10, y + 12], [left - 10, y + 12]], "#ffffff", alpha=0.75
    )
    canvas.line([[left, y], [right, y]], INK, width=2.4)
    for x in (left, right):
        canvas.line([[x, y - 5], [x, y + 5]], INK, width=2.0)
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    canvas.text((left + right) / 2, y - 8, words, INK, size=10, anchor=0.5)
    x, top = MAP_LEFT + MAP_SIDE - 30, MAP_TOP + 22
    canvas.line([[x, top + 30], [x, top]], INK, width=2.0)
    canvas.line([[x - 6, top + 9], [x, top], [x + 6, top + 9]], INK, width=2.0)
    canvas.text(x, top + 47, "N", INK, size=11, anchor=0.5, bold=True)


def _frame(canvas: Canvas, ground: _Map) -> None:
    left, top, right, bottom = ground.box
    canvas.line([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]], GREY, width=1.2)


def _legend(canvas: Canvas, cover: Coverage, y: float, added: bool) -> float:
    """Sensors with their colours and areas; returns where it ends."""
    canvas.text(PANEL, y, "Seen by", INK, size=13, bold=True)
    canvas.text(WIDTH - 30, y, "km2", GREY, size=10, anchor=1.0)
    rows = [(s.id, s.kind.replace("_", " "), _ink(k), 1.8) for k, s in enumerate(cover.sights[:10])]
    if len(cover.sights) > 1:
        rows.append(("all together", "", MIX, 3.2))
    for name, kind, ink, width in rows:
        y += 24
        canvas.line([[PANEL, y - 5], [PANEL + 30, y - 5]], ink, width=width)
        canvas.text(PANEL + 42, y, f"{name}  {kind}".rstrip(), INK, size=10.5)
        area = cover.area_km2(ALL if name == "all together" else name)
        canvas.text(WIDTH - 30, y, f"{area:.1f}", INK, size=10.5, anchor=1.0)
    y += 26
    canvas.line([[PANEL, y - 5], [PANEL + 30, y - 5]], TIME, width=1.1, dash=(7, 5))
    canvas.text(PANEL + 42, y, "seconds before it reaches the nearest zone", GREY, size=10)
    if cover.place.site.zones:
        y += 22
        canvas.area([[PANEL, y - 12], [PANEL + 30, y - 12], [PANEL + 30, y + 2], [PANEL, y + 2]], ZONE, alpha=0.4)
        canvas.text(PANEL + 42, y, "zone", GREY, size=10)
    if added:
        y += 22
        canvas.area([[PANEL + 15, y - 13], [PANEL + 23, y + 1], [PANEL + 7, y + 1]], ADDED)
        canvas.text(PANEL + 42, y, "cheapest addition, not in the map's figures", GREY, size=10)
    return y


def _table(canvas: Canvas, cover: Coverage, y: float) -> float:
    """Worst seconds per zone."""
    columns = (WIDTH - 190, WIDTH - 118, WIDTH - 30)
    canvas.text(PANEL, y, "Seconds before arrival", INK, size=13, bold=True)
    for x, words in zip(columns, ("worst", "from", "shelter needs"), strict=True):
        canvas.text(x, y + 20, words, GREY, size=9, anchor=1.0)
    y += 20
    for z, aim in enumerate(cover.ways.aims[:10]):
        y += 22
        seconds = cover.seconds[ALL][z]
        worst = int(np.argmin(seconds))
        late = seconds[worst] < max(aim.shelter_time_s, 1e-9)
        canvas.text(PANEL, y, _short(aim.name, 24), INK, size=10)
        words = f"{seconds[worst]:.0f}" if seconds[worst] > 0 else "not seen"
        canvas.text(columns[0], y, words, ZONE if late else INK, size=10.5, anchor=1.0, bold=bool(late))
        canvas.text(columns[1], y, f"{cover.ways.bearing_deg[worst]:.0f}°", INK, size=10.5, anchor=1.0)
        canvas.text(columns[2], y, f"{aim.shelter_time_s:.0f}", INK, size=10.5, anchor=1.0)
    return y


def _bearings(canvas: Canvas, cover: Coverage, y: float) -> None:
    """Seconds before arrival over the bearing it comes from, the worst zone."""
    radius = min((HEIGHT - y - 66) / 2.0, (WIDTH - PANEL - 80) / 2.0)
    if radius < 60:
        return
    canvas.text(PANEL, y, "By bearing, the worst zone", INK, size=13, bold=True)
    cx, cy = (PANEL + WIDTH - 20) / 2.0, y + radius + 36
    worst = {name: s.min(axis=0) for name, s in cover.seconds.items()}
    most = max(float(max(s.max() for s in worst.values())), 1.0)
    step = _round_step(most / 2.5)
    rings = np.arange(1, int(np.ceil(most / step - 1e-9)) + 1) * step
    scale = radius / rings[-1]
    turn = np.radians(np.arange(0, 361, 4))
    for r in rings.tolist():
        ring = np.column_stack([cx + r * scale * np.sin(turn), cy - r * scale * np.cos(turn)])
        canvas.line(ring, FAINT, width=1.0)
    for quarter, words in enumerate(("N", "E", "S", "W")):
        s, c = np.sin(quarter * np.pi / 2), np.cos(quarter * np.pi / 2)
        canvas.line([[cx, cy], [cx + radius * s, cy - radius * c]], FAINT, width=1.0)
        canvas.text(cx + (radius + 12) * s, cy - (radius + 12) * c + 5, words, GREY, size=10, anchor=0.5)
    need = max(aim.shelter_time_s for aim in cover.ways.aims)
    if need * scale > 2.0:
        ring = np.column_stack([cx + need * scale * np.sin(turn), cy - need * scale * np.cos(turn)])
        canvas.line(ring, ZONE, width=1.2, dash=(4, 4))
    bearing = np.radians(np.append(cover.ways.bearing_deg, cover.ways.bearing_deg[0]))
    inks = [*(_ink(k) for k in range(len(cover.sights))), MIX]
    for (name, seconds), ink in zip(worst.items(), inks, strict=True):
        if name == ALL and len(cover.sights) == 1:
            continue
        r = scale * np.append(seconds, seconds[0])
        line = np.column_stack([cx + r * np.sin(bearing), cy - r * np.cos(bearing)])
        canvas.line(line, ink, width=3.0 if name == ALL else 1.6)
    for r in rings.tolist():
        at = np.radians(22.5)
        canvas.text(
            cx + r * scale * np.sin(at),
            cy - r * scale * np.cos(at) + 4,
            f"{r:g} s",
            GREY,
            size=9,
            anchor=0.5,
            halo="#ffffff",
        )


def _ink(k: int) -> str:
    return SENSOR_INKS[k % len(SENSOR_INKS)]


def _short(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 2] + ".."


def _round_step(about: float) -> float:
    """1, 2 or 5 times a power of ten, near a number."""
    power = 10.0 ** float(np.floor(np.log10(max(about, 1e-9))))
    return min((1.0, 2.0, 5.0, 10.0), key=lambda m: abs(float(np.log(m * power / about)))) * power
