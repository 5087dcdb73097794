"""Ground: where threats come down and with what probability they get through, on a map of zones."""

from __future__ import annotations

from typing import Any

import numpy as np

from rampart.ledger.report.svg import group, metres, number, picture, tag, text, tip
from rampart.pipeline import build_places
from rampart.study.montecarlo.intervals import proportion
from rampart.study.montecarlo.result import StudyResult
from rampart.study.montecarlo.table import OUTCOMES, Table

SIZE = 420.0
MOST_MAPS = 6
#: Cells along the longer side.
CELLS = 28
_DOWN = (OUTCOMES.index("leaked"), OUTCOMES.index("outside"))


def leak_maps(result: StudyResult) -> str:
    """A map per design point and site: cells coloured by the share of threats that got through to them."""
    maps = []
    for point, threats in zip(result.points[:MOST_MAPS], result.threat_rows, strict=False):
        places = build_places(result.plan.scenario(point.index))
        if len(places) == 1 and len(threats["run"]):
            maps.append(_map(places[0].site, threats, point.label, result.plan.labels[1]))
    rest = len(result.points) - len(maps)
    more = tag("p", f"... and {rest} more in the tables.", class_="faint") if maps and rest > 0 else ""
    return tag("div", *maps, more, class_="charts") if maps else ""


def _map(site: Any, threats: Table, label: str, labels: tuple[str, ...]) -> str:
    points = np.column_stack([threats["east_m"], threats["north_m"]]).astype(float)
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    for zone in site.zones:
        low, high = np.minimum(low, zone.polygon_en.min(0)), np.maximum(high, zone.polygon_en.max(0))
    side = float((high - low).max()) * 1.08 + 20.0
    corner = (low + high) / 2 - side / 2
    scale = SIZE / side
    down = np.isin(threats["outcome"], _DOWN)
    parts = [
        tag("rect", x=0, y=0, width=SIZE, height=SIZE, class_="land"),
        _cells(points, down, corner, side),
        *(_zone(zone, threats, down, corner, scale, f"{site.id}/{zone.id}", labels) for zone in site.zones),
        _scale_bar(side),
        text(label, 8, 18, class_="head"),
    ]
    return picture(SIZE, SIZE + 4, *parts, title=f"where threats get through, {label}", class_="chart map")


def _cells(points: np.ndarray, down: np.ndarray, corner: np.ndarray, side: float) -> str:
    index = np.floor((points - corner) / side * CELLS).astype(int)
    inside = ((index >= 0) & (index < CELLS)).all(1)
    flat = index[inside, 1] * CELLS + index[inside, 0]
    came = np.bincount(flat, minlength=CELLS * CELLS)
    through = np.bincount(flat, weights=down[inside].astype(float), minlength=CELLS * CELLS)
    width, parts = SIZE / CELLS, []
    for k in np.flatnonzero(came).tolist():
        share = float(through[k] / came[k])
        x, y = (k % CELLS) * width, SIZE - (k // CELLS + 1) * width
        sure = 0.25 + 0.6 * min(1.0, float(came[k]) / 20.0)  # cells with few threats are pale
        words = f"{int(through[k])} of {int(came[k])} threats got through"
        parts.append(
            tag("rect", tip(words), x=x, y=y, width=width, height=width, fill=_heat(share), fill_opacity=f"{sure:.2f}")
        )
    return group(*parts)


def _heat(share: float) -> str:
    """From pale blue (none gets through) to dark red (all do)."""
    stops = np.array([[171, 217, 233], [254, 224, 144], [215, 48, 39]], dtype=float)
    at = share * 2.0
    k = min(int(at), 1)
    r, g, b = (stops[k] + (at - k) * (stops[k + 1] - stops[k])).round().astype(int).tolist()
    return f"#{r:02x}{g:02x}{b:02x}"


def _zone(
    zone: Any, threats: Table, down: np.ndarray, corner: np.ndarray, scale: float, name: str, labels: tuple[str, ...]
) -> str:
    place = (zone.polygon_en - corner) * scale
    points = " ".join(f"{number(x)},{number(SIZE - y)}" for x, y in place.tolist())
    mine = threats["zone"] == labels.index(name) if name in labels else np.zeros(len(down), dtype=bool)
    words = f"{zone.name or zone.id}: nothing came down here"
    told = zone.id
    if mine.any():
        share = proportion(int((down & mine).sum()), int(mine.sum()))
        words = (
            f"{zone.name or zone.id}: of {int(mine.sum())} threats aimed here "
            f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}] got through"
        )
        told = f"{zone.id} {share.value:.0%}"
    x = float(place[:, 0].mean())
    kind = "zone defended" if zone.defended else "zone"
    top = SIZE - float(place[:, 1].max()) - 5.0
    return group(
        tag("polygon", tip(words), points=points, class_=kind),
        text(told, x, max(top, 12.0), text_anchor="middle", class_="tick strong"),
    )


def _scale_bar(side: float) -> str:
    length = 10.0 ** np.floor(np.log10(side / 3.0))
    length *= 2.0 if side / length > 8.0 else 1.0
    pixels = length / side * SIZE
    return group(
        tag("path", d=f"M12 {SIZE - 14:.1f}h{pixels:.1f}", class_="bar"),
        text(metres(float(length)), 12 + pixels / 2, SIZE - 20, text_anchor="middle", class_="tick"),
    )
