"""Ground: a piece of a site's plane on to pixels, with its scale bar and its north arrow."""

from dataclasses import dataclass, field

import numpy as np

from .marks import polygon
from .svg import Labels, metres, tag, text, ticks


@dataclass
class Panel:
    """A piece of ground on to pixels, north up, equal scales."""

    width: float
    height: float
    centre: tuple[float, float]  #: east, north [m]
    scale: float  #: pixels per metre
    name: str
    labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        self.labels = Labels(6, 6, self.width - 6, self.height - 6)

    @classmethod
    def fit(cls, points: np.ndarray, width: float, height: float, name: str) -> "Panel":
        """The panel that holds all points (n, 2) [m] with a margin."""
        low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
        span = np.maximum(high - low, 50.0)
        scale = min((width - 70) / span[0], (height - 70) / span[1])
        east, north = (low + high) / 2
        return cls(width, height, (float(east), float(north)), float(scale), name)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Pixels (n, 2) of points whose first two columns are east and north [m]."""
        points = np.atleast_2d(points)
        return np.column_stack(
            [
                self.width / 2 + (points[:, 0] - self.centre[0]) * self.scale,
                self.height / 2 - (points[:, 1] - self.centre[1]) * self.scale,
            ]
        )

    def one(self, point: np.ndarray) -> tuple[float, float]:
        """Pixels of one point."""
        x, y = self.at(point)[0]
        return float(x), float(y)

    def shows(self, point: np.ndarray, margin: float = 2.0) -> bool:
        """Whether a point lies inside."""
        x, y = self.one(point)
        return margin <= x <= self.width - margin and margin <= y <= self.height - margin

    @property
    def span_m(self) -> float:
        """The smaller side [m]."""
        return min(self.width, self.height) / self.scale

    def scale_bar(self) -> str:
        """A bar of round length, lower left."""
        length = ticks(0.0, 130.0 / self.scale, 4)[-1]
        wide, y = length * self.scale, self.height - 16
        return tag(
            "g",
            tag("path", d=f"M16 {y - 5:.0f}v5h{wide:.1f}v-5"),
            text(metres(length), 16 + wide / 2, y - 5, text_anchor="middle"),
            class_="scale-bar",
        )

    def north(self) -> str:
        """An arrow, upper right."""
        x = self.width - 20
        return tag(
            "g",
            polygon([(x, 12), (x + 5.5, 28), (x, 24), (x - 5.5, 28)]),
            text("N", x, 40, text_anchor="middle"),
            class_="north",
        )
