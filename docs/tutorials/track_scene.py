"""Track a noisy scene in ten lines, score the tracks and draw them."""

import matplotlib.pyplot as plt
import numpy as np

from rampart import Tracker
from rampart.bench.scenes import make_scene, radar_site
from rampart.bench.trial import held
from rampart.track.metrics import Points, score

scene, tracker, rows = make_scene("swarm", 40, seed=0), Tracker(radar_site()), []
for scan, detections in enumerate(scene.batches()):
    rows.append(held(scan, tracker.step(scan * 1_000_000_000, detections).records))
tracks = np.concatenate(rows)  # scan, track, x, vx, y, vy, z, vz
print(score(Points.from_table(scene.truth), Points.from_table(tracks), first_scan=5))
distance, bearing = scene.detections[:, 1] * np.cos(scene.detections[:, 3]), scene.detections[:, 2]
plt.plot(distance * np.cos(bearing), distance * np.sin(bearing), ".", color="0.8", markersize=1)
plt.scatter(tracks[:, 2], tracks[:, 4], c=tracks[:, 1] % 20, s=2, cmap="tab20")
plt.axis([-1500, 1500, 2000, 4000])
plt.savefig("tracks.png", dpi=150)
