"""The colours of the five classes of threat stay apart for everybody."""

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

CLASSES = ("rocket", "shell", "mortar", "multirotor", "fixed_wing")
#: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    x = XYZ @ np.clip(rgb, 0.0, 1.0) / [0.95047, 1.0, 1.08883]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def palettes():
    style = (files("rampart.ledger.report") / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return dict(
        zip(("light", "dark", "print"), (dict(re.findall(r"--([\w-]+): (#\w+)", b)) for b in blocks), strict=True)
    )


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("paper", ["light", "dark", "print"])
def test_classes_stay_apart(paper, sight):
    colours = {name: lab(SIGHT[sight] @ linear(palettes()[paper][name])) for name in CLASSES}
    for a, b in itertools.combinations(CLASSES, 2):
        assert np.linalg.norm(colours[a] - colours[b]) >= 20.0, (a, b)


@pytest.mark.parametrize("paper", ["light", "dark"])
def test_lines_stand_out_from_the_ground(paper):
    colours = palettes()[paper]
    ground = XYZ[1] @ linear(colours["ground"])
    for name in CLASSES:
        line = XYZ[1] @ linear(colours[name])
        assert (max(line, ground) + 0.05) / (min(line, ground) + 0.05) >= 3.0, name
