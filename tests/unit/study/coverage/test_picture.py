import struct
import zlib

import numpy as np
import pytest

from rampart.study.coverage.picture.canvas import Canvas, encode_png
from rampart.study.coverage.picture.lettering import _LETTERS, advance, strokes


def decode(data: bytes) -> np.ndarray:
    """A PNG of one IDAT chunk and row filters 0 and 2, by the standard."""
    width, height = struct.unpack(">II", data[16:24])
    begin = data.index(b"IDAT") + 4
    length = struct.unpack(">I", data[begin - 8 : begin - 4])[0]
    assert struct.unpack(">I", data[begin + length : begin + length + 4])[0] == zlib.crc32(
        data[begin - 4 : begin + length]
    )
    raw = np.frombuffer(zlib.decompress(data[begin : begin + length]), np.uint8).reshape(height, 1 + 3 * width)
    rows, above = [], np.zeros(3 * width, np.uint8)
    for kind, row in zip(raw[:, 0], raw[:, 1:], strict=True):
        above = row if kind == 0 else row + above
        rows.append(above)
    return np.array(rows).reshape(height, width, 3)


def test_the_png_holds_the_pixels():
    rgb = np.random.Generator(np.random.Philox(1)).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    assert (decode(encode_png(rgb)) == rgb).all()


def test_a_line_is_as_wide_as_asked_for():
    canvas = Canvas(40, 30)
    canvas.line([[5, 15], [35, 15]], "#000000", width=6.0)
    ink = 1.0 - canvas.pixels[:, 20, 0]
    assert ink.sum() == pytest.approx(6.0, abs=0.1)
    assert ink[15] == 1.0


def test_an_area_covers_its_inside_and_no_more():
    canvas = Canvas(30, 30)
    canvas.area([[5, 5], [15, 5], [15, 25], [5, 25]], "#000000")
    assert (1.0 - canvas.pixels[:, :, 0]).sum() == pytest.approx(200.0)


def test_dashes_leave_gaps():
    canvas = Canvas(60, 9)
    canvas.line([[0, 4.5], [60, 4.5]], "#000000", width=2.0, dash=(5, 5))
    assert (1.0 - canvas.pixels[4, :, 0]).sum() == pytest.approx(30.0, abs=2.0)


def test_nothing_is_drawn_beyond_the_window():
    canvas = Canvas(20, 20)
    canvas.line([[-5, 10], [25, 10]], "#000000", width=4.0, inside=(5, 0, 12, 20))
    assert (canvas.pixels[:, :5] == 1.0).all()
    assert (canvas.pixels[:, 12:] == 1.0).all()
    assert canvas.pixels[10, 8, 0] == 0.0


def test_every_letter_keeps_to_its_place():
    for letter in _LETTERS:
        for part in strokes(letter):
            assert part[:, 0].min() >= -0.01
            assert part[:, 0].max() <= advance(letter) + 1.01
            assert part[:, 1].min() >= -3.01
            assert part[:, 1].max() <= 10.01


def test_words_are_as_long_as_their_letters():
    assert advance("ab") > advance("a") + advance("b")
    assert advance("") == 0.0
