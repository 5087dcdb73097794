"""Memory of 1,000 tracks: growth of the resident memory of a fresh process whose kernels are loaded and have run."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Scans after which all targets of the scene are tracked.
SCANS = 30


def row() -> dict[str, Any]:
    """The row ``memory_1000``: what a process of its own measured. Nothing on systems without ``/proc``."""
    found: dict[str, Any] = {"tracks": None, "resident_mb": None, "peak_mb": None}
    if Path("/proc/self/status").is_file():
        source = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "rampart.bench.memory"]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        found = json.loads(done.stdout)
    return {"name": "memory_1000", "ours": found, "peer": None, "ratio": None}


def measure() -> dict[str, Any]:
    """Warm up on scenes of 10 to 100 targets, then track 1,000; in MB above the warmed-up process.

    The detections of the scene are made before the first reading; the tracker is made after it.
    """
    from rampart.track import Tracker

    from .scenes import make_scene
    from .trial import Trial, follow

    for kind, targets in (("cross", 100), ("swarm", 40), ("dense", 50)):
        follow(Trial.of(make_scene(kind, targets, 99)))
    trial = Trial.of(make_scene("cross", 1000, 0))
    gc.collect()
    before, _ = _resident_mb(reset=True)
    tracker, tracks, most = Tracker(trial.site), 0, 0.0
    for now_ns, batch in trial.looks[:SCANS]:
        tracks = len(tracker.step(now_ns, batch).records)
        most = max(most, _resident_mb()[0])
    after, peak = _resident_mb()
    return {"tracks": tracks, "resident_mb": round(after - before, 1), "peak_mb": round(max(most, peak) - before, 1)}


def _resident_mb(*, reset: bool = False) -> tuple[float, float]:
    """Resident memory now, and its peak since the process began or, where the kernel lets us, since the last reset."""
    if reset:
        with suppress(OSError):  # where that is not allowed the peak includes the warm-up
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    now, peak = (float(fields[name].split()[0]) / 1024.0 for name in ("VmRSS", "VmHWM"))
    return now, peak


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
