"""SVG, written by hand: tags, scales, ticks, and labels that keep out of each other's way."""

import math
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np


def number(value: float) -> str:
    """A coordinate with one decimal at most.

    >>> number(3.0), number(2.345)
    ('3', '2.3')
    """
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def tag(name: str, /, *content: str, **attributes: Any) -> str:
    """One element. `class_` stands for ``class``, an underscore for a hyphen; None leaves an attribute out.

    Content is taken as markup: text goes through `text` or ``html.escape``.

    >>> tag("circle", cx=1.25, class_="zone", stroke_width=None)
    '<circle cx="1.2" class="zone"/>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None:
            continue
        written = number(float(value)) if isinstance(value, float | np.floating) else str(value)
        parts.append(f'{key.rstrip("_").replace("_", "-")}="{escape(written)}"')
    inner = "".join(content)
    return f"<{' '.join(parts)}>{inner}</{name}>" if inner else f"<{' '.join(parts)}/>"


def text(words: object, x: float, y: float, **attributes: Any) -> str:
    """Words at a place."""
    return tag("text", escape(str(words)), x=float(x), y=float(y), **attributes)


def tip(words: str) -> str:
    """What is shown when the pointer rests on an element; screen readers say it too."""
    return tag("title", escape(words))


def group(*content: str, **attributes: Any) -> str:
    """Elements together; nothing if there are none."""
    inner = "".join(content)
    return tag("g", inner, **attributes) if inner else ""


def picture(width: float, height: float, *content: str, title: str, class_: str = "", **attributes: Any) -> str:
    """A whole drawing that scales with the page."""
    return tag(
        "svg",
        tip(title),
        *content,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        class_=class_ or None,
        **attributes,
    )


def path(points: np.ndarray, *, closed: bool = False, apart: float = 0.6) -> str:
    """The ``d`` of a line through points (n, 2) [px]; gaps at nan; points closer than `apart` are left out."""
    parts: list[str] = []
    last: tuple[float, float] | None = None
    rows = points.tolist()
    for i, (x, y) in enumerate(rows):
        if not (math.isfinite(x) and math.isfinite(y)):
            last = None
            continue
        ends = i == len(rows) - 1 or not math.isfinite(rows[i + 1][0])
        if last is not None and not ends and math.hypot(x - last[0], y - last[1]) < apart:
            continue
        parts.append(f"{'M' if last is None else 'L'}{number(x)} {number(y)}")
        last = (x, y)
    return "".join(parts) + ("Z" if closed and parts else "")


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round numbers between two bounds, at most `most` of them.

    >>> ticks(0.0, 47.0, 6)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    span = max(high - low, 1e-9)
    exponent = math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20, 50, 100):
        step = factor * 10.0**exponent
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            break
    return [round(i * step, 10) for i in range(first, last + 1)]


def metres(value: float) -> str:
    """A length for people.

    >>> metres(84.3), metres(2500.0), metres(0.04)
    ('84 m', '2.5 km', '0 m')
    """
    if abs(value) >= 995.0:
        return f"{value / 1000:.1f}".removesuffix(".0") + " km"
    return f"{value:.0f} m"


@dataclass
class Frame:
    """A plotting area: data on to pixels, linear or logarithmic upwards."""

    left: float
    top: float
    width: float
    height: float
    x0: float
    x1: float
    y0: float
    y1: float
    log: bool = False

    def x(self, value: Any) -> Any:
        """Pixels from the left."""
        return self.left + (value - self.x0) / (self.x1 - self.x0) * self.width

    def y(self, value: Any) -> Any:
        """Pixels from the top."""
        low, high = (math.log(self.y0), math.log(self.y1)) if self.log else (self.y0, self.y1)
        value = np.log(np.clip(value, self.y0, None)) if self.log else value
        return self.top + self.height - (value - low) / (high - low) * self.height

    def line(self, x: Any, y: Any) -> str:
        """The ``d`` of a line through data points."""
        return path(np.column_stack([self.x(np.asarray(x, float)), self.y(np.asarray(y, float))]))

    @property
    def right(self) -> float:
        """Right edge [px]."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower edge [px]."""
        return self.top + self.height

    def border(self) -> str:
        """The area itself."""
        return tag("rect", x=self.left, y=self.top, width=self.width, height=self.height, class_="plot")


@dataclass
class Labels:
    """Places labels so that they do not cover one another.

    Parameters
    ----------
    left, top, right, bottom : float
        The area they must stay in [px].
    """

    left: float
    top: float
    right: float
    bottom: float
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def block(self, x: float, y: float, half: float) -> None:
        """Keep labels off a mark at (x, y)."""
        self.boxes.append((x - half, y - half, x + half, y + half))

    def place(self, x: float, y: float, width: float, height: float, distance: float = 6.0) -> tuple[float, float]:
        """The centre of a free place beside (x, y); the least crowded one where all are taken."""
        best, least = (x, y), math.inf
        for ring in (1.0, 1.8, 2.8):
            for k in range(8):
                angle = math.pi / 4 * k
                cx = x + math.cos(angle) * (distance * ring + width / 2)
                cy = y + math.sin(angle) * (distance * ring + height / 2)
                box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
                cost = self._cover(box) + 0.01 * ring
                if cost < least:
                    best, least = (cx, cy), cost
            if least < 0.1:
                break
        self.boxes.append((best[0] - width / 2, best[1] - height / 2, best[0] + width / 2, best[1] + height / 2))
        return best

    def _cover(self, box: tuple[float, float, float, float]) -> float:
        """Area of a box that is taken or outside, as a share of the box."""
        x0, y0, x1, y1 = box
        area = max((x1 - x0) * (y1 - y0), 1e-9)
        inside = max(0.0, min(x1, self.right) - max(x0, self.left)) * max(0.0, min(y1, self.bottom) - max(y0, self.top))
        covered = area - inside
        for a0, b0, a1, b1 in self.boxes:
            covered += max(0.0, min(x1, a1) - max(x0, a0)) * max(0.0, min(y1, b1) - max(y0, b0))
        return covered / area
