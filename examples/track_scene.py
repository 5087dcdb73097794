"""Track a noisy scene in ten lines and plot it: ten targets that cross, 20 false alarms per scan, one radar."""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

import rampart
from rampart.bench.scenes import make_scene, radar_site
from rampart.records import TrackStatus
from rampart.track.metrics import Points, score

# the ten lines
scene = make_scene("cross", 10, seed=1)
tracker = rampart.Tracker(radar_site())
rows = []
for scan, batch in enumerate(scene.batches()):
    for track in tracker.step(scan * 1_000_000_000, batch).records:
        if track.status in (TrackStatus.CONFIRMED, TrackStatus.COASTED):
            rows.append([scan, track.number, *track.state[[0, 3, 1, 4, 2, 5]]])
tracks = np.array(rows)
found = score(Points.from_table(scene.truth), Points.from_table(tracks), first_scan=5)
print(f"{len(np.unique(tracks[:, 1]))} tracks of {len(np.unique(scene.truth[:, 1]))} targets")
print(f"GOSPA {found.gospa_m:.1f} m, completeness {found.completeness:.3f}, identity switches {found.id_switches}")


def plot(path: Path, reach_m: float = 9000.0, size: int = 640) -> None:
    """Write a picture (SVG): detections grey, truth dashed, tracks in colour, north up."""

    def place(east: float, north: float) -> str:
        return f"{(east / reach_m + 1) * size / 2:.1f},{(1 - north / reach_m) * size / 2:.1f}"

    def lines(table: np.ndarray, style: str) -> None:
        paths = defaultdict(list)
        for _, number, east, _, north, *_ in table:
            paths[int(number)].append(place(east, north))
        for number, points in paths.items():
            colour = f"hsl({number * 47 % 360},70%,40%)" if style == "" else "#333"
            parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" {style}/>')

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">']
    parts.append('<rect width="100%" height="100%" fill="#fff"/>')
    for batch in scene.batches():
        level = batch.range_m * np.cos(batch.elevation_rad)
        for east, north in zip(level * np.sin(batch.azimuth_rad), level * np.cos(batch.azimuth_rad), strict=True):
            x, y = place(east, north).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="1" fill="#ccc"/>')
    lines(scene.truth, 'stroke-dasharray="2 4"')
    lines(tracks, "")
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


picture = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("tracks.svg")
plot(picture)
print(f"picture: {picture}")
