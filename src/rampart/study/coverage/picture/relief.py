"""Relief: the ground as a shaded picture, light from the north-west."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rampart.physics.terrain import Terrain

Floats = NDArray[np.float64]

_LOW, _MIDDLE, _HIGH = (np.array(rgb) / 255.0 for rgb in ((222, 229, 208), (233, 222, 196), (214, 196, 170)))
_LIGHT = np.array([-1.0, 1.0, 1.5]) / np.linalg.norm([-1.0, 1.0, 1.5])


def relief(terrain: Terrain, half_m: float, side: int) -> Floats:
    """Colours (side, side, 3) of a square of ground about the origin, north up."""
    if terrain.smooth:
        return np.broadcast_to(np.array([236, 236, 228]) / 255.0, (side, side, 3)).copy()
    metres = 2.0 * half_m / side
    along = -half_m + (np.arange(side) + 0.5) * metres
    east, north = np.meshgrid(along, along[::-1])
    height = terrain.height_at(east, north)
    falls, rises = np.gradient(height, metres)  # rows run south
    # gentle ground is drawn steeper than it is, or no relief would show
    steeper = min(max(0.3 / max(float(np.hypot(rises, falls).std()), 1e-6), 1.0), 6.0)
    falls, rises = steeper * falls, steeper * rises
    normal = np.stack([-rises, falls, np.ones_like(height)], axis=-1)
    lit = (normal @ _LIGHT) / np.linalg.norm(normal, axis=-1) / _LIGHT[2]
    low, high = np.percentile(height, [1.0, 99.0])
    share = np.clip((height - low) / max(high - low, 1.0), 0.0, 1.0)[..., None]
    tint = np.where(
        share < 0.5, _LOW + 2.0 * share * (_MIDDLE - _LOW), _MIDDLE + (2.0 * share - 1.0) * (_HIGH - _MIDDLE)
    )
    return np.asarray(np.clip(tint * np.clip(0.35 + 0.65 * lit, 0.35, 1.15)[..., None], 0.0, 1.0))
