"""Feed detections to the tracker: one radar, one target on a straight course, false alarms around it."""

import numpy as np

import rampart

SECOND_NS = 1_000_000_000
SCANS, PERIOD_S, FALSE_ALARMS = 30, 1.0, 10

radar = rampart.SensorModel(
    id="r1",
    kind="radar3d",
    position_enu=np.array([0.0, 0.0, 10.0]),
    scan_period_s=PERIOD_S,
    range_sigma_m=10.0,
    azimuth_sigma_rad=np.deg2rad(0.2),
    elevation_sigma_rad=np.deg2rad(0.2),
    range_rate_sigma_ms=1.0,
    p_detect=0.9,
    false_alarms_per_scan=FALSE_ALARMS,
    max_range_m=15_000.0,
    min_elevation_rad=0.0,
    max_elevation_rad=np.deg2rad(70.0),
)
site = rampart.Site("here", np.deg2rad(50.0), np.deg2rad(8.0), height_m=200.0, sensors=(radar,))
tracker = rampart.Tracker(site)
rng = np.random.default_rng(1)


def look(second: float) -> rampart.Detections:
    """One scan: the target at 60 m/s to the west, and false alarms anywhere."""
    position = np.array([6000.0 - 60.0 * second, 4000.0, 500.0]) - radar.position_enu
    velocity = np.array([-60.0, 0.0, 0.0])
    distance = float(np.linalg.norm(position))
    seen = np.array(
        [
            [
                distance,
                np.arctan2(position[0], position[1]),
                np.arcsin(position[2] / distance),
                position @ velocity / distance,
            ]
        ]
    )
    seen += rng.normal(size=4) * [10.0, np.deg2rad(0.2), np.deg2rad(0.2), 1.0]
    false = rng.uniform([500.0, -np.pi, 0.0, -300.0], [15_000.0, np.pi, np.deg2rad(70.0), 300.0], (FALSE_ALARMS, 4))
    rows = np.vstack([seen, false])
    when = np.full(len(rows), int(second * SECOND_NS))
    return rampart.Detections.build(
        number=np.arange(len(rows)) + 1 + int(second) * 100,
        time_ns=when,
        received_ns=when,
        range_m=rows[:, 0],
        azimuth_rad=rows[:, 1],
        elevation_rad=rows[:, 2],
        range_rate_ms=rows[:, 3],
    )


for scan in range(SCANS):
    result = tracker.step(int(scan * PERIOD_S * SECOND_NS), look(scan * PERIOD_S))

for track in result.records:
    sigma_m = np.sqrt(np.diag(track.covariance)[:3])
    print(f"track {track.number}: {track.hits} detections, existence {track.existence:.3f}")
    print(f"  east, north, up   {np.round(track.state[:3])} m, one sigma {np.round(sigma_m, 1)} m")
    print(f"  their rates       {np.round(track.state[3:], 1)} m/s")
