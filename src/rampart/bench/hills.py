"""Hills: a made-up terrain tile for benchmarks and pictures; no place on Earth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

_SIDE = 1201  #: samples of a tile of 3 arc seconds


def write_hills(path: Path, *, seed: int = 4, lowest_m: float = 60.0, relief_m: float = 900.0) -> Callable[..., float]:
    """Write a tile of fractal hills.

    Parameters
    ----------
    path : pathlib.Path
        Named after its south-west corner, as ``N33E042.hgt``.
    seed : int
        Which hills.
    lowest_m, relief_m : float
        Lowest sample above the sea, and how far the highest rises over it.

    Returns
    -------
    callable
        Latitude and longitude [degrees] to the nearest sample's height [m].

    Notes
    -----
    White noise whose spectrum falls with the power 3.8 of the wave number, about that of real ground.
    """
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal((_SIDE, _SIDE))
    frequency = np.fft.fftfreq(_SIDE)
    wave = np.hypot(*np.meshgrid(frequency, frequency))
    wave[0, 0] = 1.0
    rough = np.real(np.fft.ifft2(np.fft.fft2(noise) * wave**-1.9))
    share = (rough - rough.min()) / (rough.max() - rough.min())
    heights = (lowest_m + relief_m * share).astype(">i2")
    path.write_bytes(heights.tobytes())
    south, west = int(path.stem[1:3]), int(path.stem[4:7])

    def height_at(latitude_deg: float, longitude_deg: float) -> float:
        row = round((south + 1 - latitude_deg) * (_SIDE - 1))
        return float(heights[row, round((longitude_deg - west) * (_SIDE - 1))])

    return height_at
