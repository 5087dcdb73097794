"""``rampart bench zones``: time and error of zone probabilities, beside brute force and shapely."""

from __future__ import annotations

from importlib.metadata import version
from time import process_time
from typing import Any

import numpy as np
from scipy.special import ndtri

from rampart.physics.area import Areas

ZONES = 1700
PREDICTIONS = 50
RADIUS_M = 100.0
#: Ellipses: sigmas along the axes [m], early in a track, in the middle of the flight, and late.
ELLIPSES = ((1000.0, 400.0), (400.0, 160.0), (150.0, 60.0), (1000.0, 20.0))
SPACING_M = 1000.0
REPEATS, QUICK_REPEATS = 40, 10
PAIRS, QUICK_PAIRS = 60, 10
GRID = 700  #: points per axis of the brute force
PEER_GRID = 100  #: points per axis of the peer's count


def run(*, quick: bool = False) -> dict[str, Any]:
    """Time 1,700 zones against 50 predictions, and compare single pairs with brute force."""
    rng = np.random.Generator(np.random.PCG64(5))
    shapes = make_zones(ZONES, rng)
    Areas.of(shapes[:1], [RADIUS_M])
    started = process_time()
    areas = Areas.of(shapes, [RADIUS_M] * ZONES)
    setup_ms = 1e3 * (process_time() - started)
    results = [_row(areas, shapes, sigmas, rng, quick=quick) for sigmas in ELLIPSES]
    results[0]["ours"]["setup_ms"] = round(setup_ms, 2)
    return {"results": results}


def make_zones(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Irregular octagons of about 0.7 km2 on a grid, most of them with corners that turn inwards."""
    side = int(np.ceil(np.sqrt(n)))
    angles = np.linspace(0.0, 2.0 * np.pi, 9)[:-1]
    shapes = []
    for k in range(n):
        middle = SPACING_M * (np.array(divmod(k, side)) - 0.5 * side)
        reach = SPACING_M * rng.uniform(0.3, 0.65, 8)
        turn = angles + rng.uniform(-0.25, 0.25, 8)
        shapes.append(middle + reach[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))
    return shapes


def make_predictions(n: int, sigmas: tuple[float, float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Means (n, 2) [m] over the zones and covariances (n, 2, 2) [m2] at all angles."""
    span = 0.4 * SPACING_M * np.sqrt(ZONES)
    mean, angle = rng.uniform(-span, span, (n, 2)), rng.uniform(0.0, np.pi, n)
    c, s = np.cos(angle), np.sin(angle)
    axes = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    return mean, axes @ np.diag(np.square(sigmas)) @ axes.transpose(0, 2, 1)


def _row(
    areas: Areas, shapes: list[np.ndarray], sigmas: tuple[float, float], rng: np.random.Generator, *, quick: bool
) -> dict[str, Any]:
    mean, covariance = make_predictions(PREDICTIONS, sigmas, rng)
    found = areas.hit_probability(mean, covariance)  # compiled and warm from here on
    times = []
    for _ in range(QUICK_REPEATS if quick else REPEATS):
        started = process_time()
        areas.hit_probability(mean, covariance)
        times.append(1e3 * (process_time() - started))
    ours = {
        "zones": ZONES,
        "predictions": PREDICTIONS,
        "pairs_over_zero": int((found > 0.0).sum()),
        "median_ms": round(float(np.median(times)), 3),
        "max_ms": round(float(np.max(times)), 3),
        **_errors(shapes, mean, covariance, found, QUICK_PAIRS if quick else PAIRS, rng),
    }
    peer = _peer(shapes, mean, covariance, found, 5 if quick else PREDICTIONS)
    ratio = None if peer is None else peer["ms"] / ours["median_ms"]
    return {"name": f"sigma_{sigmas[0]:.0f}x{sigmas[1]:.0f}_m", "ours": ours, "peer": peer, "ratio": ratio}


def _errors(
    shapes: list[np.ndarray],
    mean: np.ndarray,
    covariance: np.ndarray,
    found: np.ndarray,
    pairs: int,
    rng: np.random.Generator,
) -> dict[str, float | int]:
    """Greatest distance from brute force, over pairs that are neither sure nor impossible."""
    i, j = np.nonzero((found > 1e-3) & (found < 1.0 - 1e-3))
    chosen = rng.permutation(len(i))[:pairs]
    errors = [
        abs(found[i[k], j[k]] - brute_force(shapes[j[k]], RADIUS_M, mean[i[k]], covariance[i[k]])) for k in chosen
    ]
    return {"compared": len(errors), "error_max": round(float(np.max(errors)), 6)}


def equal_points(mean: np.ndarray, covariance: np.ndarray, n: int) -> np.ndarray:
    """Equally probable points of a Gaussian, n along each axis: (n2, 2) [m]."""
    grid = ndtri((np.arange(n) + 0.5) / n)
    values, axes = np.linalg.eigh(covariance)
    white = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    points: np.ndarray = mean + (white * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    return points


def brute_force(polygon: np.ndarray, radius_m: float, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Share of equally probable points in a grown polygon: by winding angles and distances, not the engine's way."""
    points, hits = equal_points(mean, covariance, GRID), 0
    for part in np.array_split(points, max(len(points) // 50_000, 1)):
        a, b = polygon[None] - part[:, None], np.roll(polygon, -1, axis=0)[None] - part[:, None]
        turn = np.arctan2(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], (a * b).sum(-1)).sum(-1)
        edge = b - a
        t = np.clip(-(a * edge).sum(-1) / (edge**2).sum(-1), 0.0, 1.0)
        gap = np.hypot(*np.moveaxis(a + t[..., None] * edge, -1, 0)).min(-1)
        hits += int(((np.abs(turn) > np.pi) | (gap <= radius_m)).sum())
    return hits / len(points)


def _peer(
    shapes: list[np.ndarray], mean: np.ndarray, covariance: np.ndarray, found: np.ndarray, predictions: int
) -> dict[str, Any] | None:
    """The same by shapely, if it is installed: buffered polygons in a tree, and 100 x 100 points counted in each."""
    try:
        import shapely
    except ImportError:
        return None
    grown = shapely.buffer(shapely.polygons([np.vstack([s, s[:1]]) for s in shapes]), RADIUS_M)
    tree = shapely.STRtree(grown)
    started, apart = process_time(), 0.0
    for i in range(predictions):
        points = equal_points(mean[i], covariance[i], PEER_GRID)
        _, zone = tree.query(shapely.points(points), predicate="intersects")
        counted = np.bincount(zone, minlength=len(shapes)) / len(points)
        apart = max(apart, float(np.abs(counted - found[i]).max()))
    ms = 1e3 * (process_time() - started) * PREDICTIONS / predictions
    return {"program": f"shapely {version('shapely')}", "ms": round(ms, 1), "apart_max": round(apart, 5)}
