"""Redact: a recording as it may be shared - what the threats did, and nothing of those who watched them.

Nothing is copied but what is named here. What the sensors reported is left out whole: ranges and angles to a track
give away where they were measured from, and so do the long axes of covariances, which are made round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger.fingerprint import hash_file
from rampart.ledger.playback import RecordingReader
from rampart.ledger.recording import RecordingWriter
from rampart.ledger.run_record import RunRecord, Step, make_header
from rampart.records import Engagements, Flight, Predictions, Site, Tracks, Warnings, Zone

LEFT_OUT = (
    "detections", "external tracks", "gates", "sensors", "health", "operators' decisions", "effectors", "engagements",
    "zone outlines, names and people", "site names and places", "free text", "identities", "terrain and wind", "seed",
)  # fmt: skip
_THREAT = (
    "kind", "launch_s", "arrival_s", "observable", "first_detection_s", "confirmed_s", "class", "class_probability",
    "first_warning_s", "warning_lead_s", "impact_error_m", "in_ellipse_90", "launch_error_m", "engagements", "outcome",
)  # fmt: skip
_TRIANGLE = np.array([[-1.0, -1.0], [1.0, -1.0], [0.0, 1.0]])


def redact_recording(path: str | Path, out: str | Path) -> dict[str, Any]:
    """Write what of a recording may be shared.

    Each site's frame is moved so that its first confirmed track begins at the origin; north stays north, heights and
    times stay as they are.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording.
    out : str or pathlib.Path
        The file to write; it must be another one.

    Returns
    -------
    dict
        What ``rampart recording redact --json`` prints.

    Raises
    ------
    InputError
        If it is no recording, or cannot be written.
    """
    reader = RecordingReader(path)
    refuse_same(reader.path, Path(out))
    run = reader.run_record()
    sha256, _ = hash_file(reader.path)
    names = {site.id: f"site-{i}" for i, site in enumerate(run.sites, start=1)}
    flights = _Names("object")
    with RecordingWriter(out, header=_header(run, names, sha256)) as writer:
        for site in run.sites:
            shift = _origin(run, site)
            mine = [f for f in run.flights if f.site == site.id]
            writer.truth(names[site.id], [_flight(f, names[site.id], flights, shift) for f in mine])
            for step in run.steps.get(site.id, ()):
                said = _step(step, shift)
                writer.batch(names[site.id], step.now_ns, _no_detections())
                writer.outputs(names[site.id], *said)
        writer.summary(_summary(run, names, flights))
    digest, size = hash_file(Path(out))
    return {"schema": 1, "out": str(out), "sha256": digest, "size_bytes": size, "left_out": list(LEFT_OUT)}


def refuse_same(source: Path, out: Path) -> None:
    """Refuse to write over what is read."""
    if out.exists() and out.resolve() == source.resolve():
        raise InputError("would be written over itself; name another file", path=out)


def _no_detections() -> Any:
    from rampart.records import Detections

    return Detections.empty()


class _Names:
    """Numbers in place of names, in the order of their first use."""

    def __init__(self, word: str) -> None:
        self._word, self._known = word, dict[str, str]()

    def of(self, name: str) -> str:
        return self._known.setdefault(name, f"{self._word}-{len(self._known) + 1}")


def _origin(run: RunRecord, site: Site) -> np.ndarray:
    """East, north, up [m] of the new frame's origin: where the first confirmed track begins; heights stay."""
    for step in run.steps.get(site.id, ()):
        if len(step.tracks):
            return np.array([*step.tracks.state[0, :2], 0.0])
    first = next((f for f in run.flights if f.site == site.id), None)
    return np.array([*first.position_enu[0, :2], 0.0]) if first is not None else np.zeros(3)


def _header(run: RunRecord, names: Mapping[str, str], sha256: str) -> dict[str, Any]:
    scenario = run.scenario
    kept = {
        "name": "redacted",
        "description": "",
        "duration_s": scenario.get("duration_s"),
        "start": scenario.get("start"),
    }
    header = make_header(
        scenario=kept,
        scenario_toml="",
        seed=0,
        run=0,
        version=str(run.header.get("version", "")),
        sites=[_site(site, names[site.id]) for site in run.sites],
    )
    simulated = bool(run.flights) or bool(scenario.get("threat"))
    return header | {
        "seed": None, "run": None, "effectors": False, "live": bool(run.header.get("live", False)),
        "redacted": {"of_sha256": sha256, "simulated": simulated, "left_out": list(LEFT_OUT)},
    }  # fmt: skip


def _site(site: Site, name: str) -> Site:
    """A site of that many zones, nowhere."""
    zones = tuple(Zone(f"zone-{i}", _TRIANGLE) for i in range(1, len(site.zones) + 1))
    return Site(name, 0.0, 0.0, 0.0, zones=zones, name=name, start_ns=site.start_ns)


def _flight(flight: Flight, site: str, names: _Names, shift: np.ndarray) -> Flight:
    return Flight(
        names.of(flight.id), flight.kind, site, flight.kind, flight.threat, flight.ballistic, flight.time_s,
        flight.position_enu - shift, flight.velocity_enu, flight.rcs_dbsm, flight.swerling,
        burnout_s=flight.burnout_s, ln_drag=flight.ln_drag, tip_speed_ms=flight.tip_speed_ms, fate=flight.fate,
    )  # fmt: skip


def _step(step: Step, shift: np.ndarray) -> tuple[int, Tracks, Predictions, Warnings, Engagements]:
    return (
        step.now_ns, _tracks(step.tracks, shift), _predictions(step.predictions, shift), _warnings(step.warnings),
        Engagements.empty(),
    )  # fmt: skip


def _tracks(rows: Tracks, shift: np.ndarray) -> Tracks:
    kept = ("number", "time_ns", "existence", "mode_probability", "class_probability", "status", "hits", "first_ns",
            "updated_ns", "rcs_dbsm", "flags")  # fmt: skip
    moved = np.zeros(6)
    moved[:3] = shift
    covariance = np.zeros((len(rows), 6, 6))
    for part in (slice(0, 3), slice(3, 6)):
        covariance[:, part, part] = _round(rows.covariance[:, part, part])
    values = {name: getattr(rows, name) for name in kept}
    return Tracks.build(len(rows), **values, state=rows.state - moved, covariance=covariance)


def _round(covariance: np.ndarray) -> np.ndarray:
    """Spheres or circles of the same volume: (n, k, k); nan where it is not known."""
    k = covariance.shape[-1]
    known = np.isfinite(covariance).all(axis=(1, 2))
    size = np.full(len(covariance), np.nan)
    size[known] = np.maximum(np.linalg.det(covariance[known]), 0.0) ** (1.0 / k)
    return np.asarray(size[:, None, None] * np.eye(k))


def _predictions(rows: Predictions, shift: np.ndarray) -> Predictions:
    kept = ("track", "time_ns", "kind", "weight", "velocity_enu", "impact_ns", "impact_sigma_s",
            "impact_time_covariance", "impact_velocity_enu", "launch_ns", "ellipse_probability")  # fmt: skip
    points = {name: getattr(rows, name) - shift for name in ("position_enu", "impact_enu", "launch_enu")}
    spreads = {
        name: _round(getattr(rows, name)) for name in ("position_covariance", "impact_covariance", "launch_covariance")
    }
    radius = np.sqrt(rows.ellipse_major_m * rows.ellipse_minor_m)
    values = {name: getattr(rows, name) for name in kept}
    axes = {"ellipse_major_m": radius, "ellipse_minor_m": radius, "ellipse_azimuth_rad": np.zeros(len(rows))}
    return Predictions.build(len(rows), **values, **points, **spreads, **axes)


def _warnings(rows: Warnings) -> Warnings:
    kept = ("number", "sequence", "zone", "phase", "time_ns", "target_class", "time_to_impact_s", "probability",
            "status", "raid", "tracks")  # fmt: skip
    return Warnings.build(len(rows), **{name: getattr(rows, name) for name in kept})


def _summary(run: RunRecord, names: Mapping[str, str], flights: _Names) -> dict[str, Any]:
    summary = run.summary
    numbers = ("issued", "false", "unneeded", "missed", "missed_all", "duplicate")
    warnings = summary.get("warnings")
    zones = {site.id: {zone.id: f"zone-{i}" for i, zone in enumerate(site.zones, start=1)} for site in run.sites}
    return {
        "schema": 1,
        "scenario": "redacted",
        "duration_s": summary.get("duration_s"),
        "threats": [_threat(t, names, zones[t["site"]], flights) for t in summary.get("threats") or ()],
        "warnings": None if warnings is None else {name: warnings.get(name) for name in numbers},
        "output_sha256": None,
    }


def _threat(
    threat: Mapping[str, Any], names: Mapping[str, str], zones: Mapping[str, str], flights: _Names
) -> dict[str, Any]:
    site = names[threat["site"]]
    track = threat.get("track_id")

    def renamed(ids: Sequence[str]) -> list[str]:
        return [zones[zone] for zone in ids if zone in zones]

    pairs = [
        {"zone": zones[p["zone"]], **{k: p.get(k) for k in ("arrival_s", "observable", "first_warning_s", "warned")}}
        for p in threat.get("pairs") or ()
        if p["zone"] in zones
    ]
    return {
        "id": flights.of(str(threat["id"])),
        "site": site,
        **{name: threat.get(name) for name in _THREAT},
        "track_id": f"{site}/{str(track).rpartition('/')[2]}" if track else None,
        "pairs": pairs,
        "needed_zones": renamed(threat.get("needed_zones") or ()),
        "warned_zones": renamed(threat.get("warned_zones") or ()),
    }
