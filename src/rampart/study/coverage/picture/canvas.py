"""Canvas: a raster picture with smooth lines, areas and lettering, and its PNG bytes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels as kernels
from .lettering import advance, strokes

Floats = NDArray[np.float64]


def colour(text: str) -> Floats:
    """Red, green and blue, 0 to 1, of ``#rrggbb``."""
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0


class Canvas:
    r"""A picture of width x height pixels, x to the right, y down, that starts white.

    Examples
    --------
    >>> canvas = Canvas(8, 4)
    >>> canvas.line([[0, 2], [8, 2]], "#000000", width=2.0)
    >>> canvas.png()[:4]
    b'\x89PNG'
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.pixels = np.ones((height, width, 3))

    def blend(self, cover: Floats, ink: str, alpha: float = 1.0, *, at: tuple[int, int] = (0, 0)) -> None:
        """Lay a colour over the canvas where `cover` (h, w) says how much; `at`: left and top of the cover."""
        rows, columns = slice(at[1], at[1] + cover.shape[0]), slice(at[0], at[0] + cover.shape[1])
        share = (alpha * cover)[..., None]
        self.pixels[rows, columns] += share * (colour(ink) - self.pixels[rows, columns])

    def line(
        self, points: ArrayLike, ink: str, *, width: float = 1.5, alpha: float = 1.0,
        dash: tuple[float, float] = (0, 0), inside: tuple[int, int, int, int] | None = None,
    ) -> None:  # fmt: skip
        """A polyline through pixel places; `inside`: left, top, right, bottom beyond which nothing is drawn."""
        self.lines([np.asarray(points, float)], ink, width=width, alpha=alpha, dash=dash, inside=inside)

    def lines(
        self, parts: list[Floats], ink: str, *, width: float = 1.5, alpha: float = 1.0,
        dash: tuple[float, float] = (0, 0), inside: tuple[int, int, int, int] | None = None,
    ) -> None:  # fmt: skip
        """Several polylines as one mark: where they cross they are no darker."""
        parts = [part for part in parts if len(part) > 1]
        window = self._window(parts, 0.5 * width + 2.0, inside)
        if window is None:
            return
        left, top, cover = window
        for part in parts:
            kernels.stroke(np.ascontiguousarray(part - [left, top], float), 0.5 * width, *map(float, dash), cover)
        self.blend(cover, ink, alpha, at=(left, top))

    def _window(
        self, parts: list[Floats], margin: float, inside: tuple[int, int, int, int] | None
    ) -> tuple[int, int, Floats] | None:
        """Left and top of the part of the canvas that a mark can touch, and an empty cover for it."""
        if not parts:
            return None
        low = np.min([part.min(axis=0) for part in parts], axis=0) - margin
        high = np.max([part.max(axis=0) for part in parts], axis=0) + margin
        box = inside or (0, 0, self.width, self.height)
        left, top = max(int(low[0]), box[0]), max(int(low[1]), box[1])
        right, bottom = min(int(high[0]) + 1, box[2]), min(int(high[1]) + 1, box[3])
        if right <= left or bottom <= top:
            return None
        return left, top, np.zeros((bottom - top, right - left))

    def area(
        self, points: ArrayLike, ink: str, *, alpha: float = 1.0, inside: tuple[int, int, int, int] | None = None
    ) -> None:
        """The inside of a ring."""
        ring = np.asarray(points, float)
        window = self._window([ring], 1.0, inside)
        if window is not None:
            left, top, cover = window
            kernels.area(np.ascontiguousarray(ring - [left, top]), cover)
            self.blend(cover, ink, alpha, at=(left, top))

    def disc(self, x: float, y: float, radius: float, ink: str) -> None:
        """A filled circle."""
        self.line([[x, y], [x + 1e-3, y]], ink, width=2.0 * radius)

    def text(
        self, x: float, y: float, words: str, ink: str = "#202428", *, size: float = 13.0, anchor: float = 0.0,
        halo: str | None = None, bold: bool = False,
    ) -> None:  # fmt: skip
        """Words with their base line at y; `anchor` 0: start at x, 0.5: centred, 1: end there. `size`: of capitals."""
        scale = size / 9.0
        left = x - anchor * advance(words) * scale
        parts = [np.array([left, y]) + part * [scale, -scale] for part in strokes(words)]
        weight = size * (0.17 if bold else 0.115)
        if halo:
            self.lines(parts, halo, width=weight + 4.0, alpha=0.85)
        self.lines(parts, ink, width=max(weight, 1.1))

    def png(self) -> bytes:
        """The picture as PNG (ISO/IEC 15948), 8 bits per colour."""
        rgb = np.clip(np.rint(self.pixels * 255.0), 0, 255).astype(np.uint8)
        return encode_png(rgb)


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """PNG bytes of (h, w, 3) bytes; each row is stored as differences from the row above, which packs well."""
    height, width, _ = rgb.shape
    rows = rgb.reshape(height, width * 3)
    up = np.concatenate([rows[:1], rows[1:] - rows[:-1]])  # bytes wrap around, as filter type 2 wants
    data = np.concatenate([np.full((height, 1), 2, np.uint8), up], axis=1).tobytes()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data, 6)) + chunk(b"IEND", b"")
