"""Lettering: a single-stroke alphabet, so that pictures need no font file.

Places are ``xy`` in base 16, y counted from the tails of the small letters: the base line is 3, small letters reach 9,
capitals c. A stroke that begins with ``~`` is bent smoothly by its corners.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GAP = 1.9  #: between two letters
_BASE = 3

#: Letter -> width and strokes.
_LETTERS: dict[str, str] = {
    " ": "1",
    "A": "6 033c63 1656", "B": "5 030c 0c2c ~2c4c4828 2808 ~28585323 2303", "C": "5 ~5b5c0c035354",
    "D": "5 030c 0c2c ~2c5c5323 2303", "E": "4 4c0c0343 0838", "F": "4 4c0c03 0838", "G": "5 ~5b5c0c035355 5557 5737",
    "H": "5 030c 535c 0858", "I": "0 030c", "J": "4 4c45 ~45430304", "K": "5 030c 5c07 1953", "L": "4 0c0343",
    "M": "6 030c366c63", "N": "5 030c535c", "O": "6 ~3c0c03636c3c", "P": "5 030c 0c2c ~2c5c5727 2707",
    "Q": "6 ~3c0c03636c3c 4563", "R": "5 030c 0c2c ~2c5c5727 2707 2753", "S": "5 ~5b5c0c0858530304", "T": "6 0c6c 3c33",
    "U": "5 0c05 ~05035355 555c", "V": "6 0c336c", "W": "8 0c234c638c", "X": "5 035c 0c53", "Y": "6 0c386c 3833",
    "Z": "5 0c5c0353",
    "a": "4 4943 ~484909034344", "b": "4 030c ~080949430304",
    "c": "4 ~484909034344", "d": "4 4c43 ~484909034344",
    "e": "4 0646 ~464909034344", "f": "3 ~3c1c1a 1a13 0939", "g": "4 4941 ~41400001 ~484909034344",
    "h": "4 030c ~06094946 4643", "i": "0 0903 0b0c", "j": "1 1911 ~111000 1b1c", "k": "4 030c 4906 1743",
    "l": "0 0c03",
    "m": "6 0309 ~06093936 3633 ~36396966 6663", "n": "4 0309 ~06094946 4643",
    "o": "4 ~290903434929",
    "p": "4 0900 ~080949430304", "q": "4 4940 ~484909034344", "r": "3 0309 ~06093938", "s": "4 ~4849090646430304",
    "t": "3 1c15 ~15133334 0939", "u": "4 0906 ~06034346 4943", "v": "4 092349", "w": "6 0923394369",
    "x": "4 0943 0349",
    "y": "4 0923 4910", "z": "4 09490343",
    "0": "4 ~2c0c03434c2c", "1": "2 0a2c23", "2": "4 ~0b0c4c4847 4703 0343", "3": "4 ~0b0c4c4818 ~1848430304",
    "4": "4 3c0646 3c33", "5": "4 4c0c08 ~080949430304", "6": "4 ~4b4c0c0343480806", "7": "4 0c4c13",
    "8": "4 ~2c0c0828 ~28484c2c ~28080323 ~23434828", "9": "4 ~0403434c0c074749",
    ".": "0 0304", ",": "1 1402", ";": "1 1402 1819", ":": "0 0304 0809", "-": "3 0737", "+": "4 2925 0747",
    "/": "3 033c",
    "(": "1 ~1d0b0412", ")": "1 ~0d1b1402", "%": "6 036c ~1c0c0a2a2c1c ~554543636555", "=": "4 0949 0646",
    ">": "3 0a3704", "<": "3 3a0734", "'": "0 0c0a", "_": "4 0242", "°": "2 ~1c0c0a2a2c1c",
    "?": "3 ~0b0c3c3817 1716 1314",
    "|": "0 0d01", "·": "0 0708",
}  # fmt: skip


@cache
def _letter(letter: str) -> tuple[float, tuple[Floats, ...]]:
    width, *runs = _LETTERS.get(letter, _LETTERS["?"]).split(" ", 1)
    parts = []
    for run in runs[0].split() if runs else ():
        digits = run.lstrip("~")
        points = np.array(
            [[int(digits[i], 16), int(digits[i + 1], 16) - _BASE] for i in range(0, len(digits), 2)], float
        )
        parts.append(_bend(points) if run.startswith("~") else points)
    return float(width), tuple(parts)


def _bend(points: Floats, rounds: int = 3) -> Floats:
    """Cut corners (G. Chaikin, "An algorithm for high speed curve generation", CGIP 3:346, 1974); ends stay."""
    for _ in range(rounds):
        near, far = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.concatenate([points[:1], np.stack([near, far], 1).reshape(-1, 2)[1:-1], points[-1:]])
    return points


def strokes(words: str) -> list[Floats]:
    """The strokes of a line of words, (n, 2) each, y up, in ninths of a capital's height.

    Examples
    --------
    >>> [part.tolist() for part in strokes("I")]
    [[[0.0, 0.0], [0.0, 9.0]]]
    """
    parts, x = [], 0.0
    for letter in words:
        width, runs = _letter(letter)
        parts += [run + np.array([x, 0.0]) for run in runs]
        x += width + _GAP
    return parts


def advance(words: str) -> float:
    """The length of a line of words, in ninths of a capital's height."""
    return sum(_letter(letter)[0] + _GAP for letter in words) - _GAP if words else 0.0
