"""Feed: a recording of a real or simulated sensor, whatever its format, through the tracker alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.physics.environment import Environment
from rampart.pipeline import Place, build_places, load, restore_scenario
from rampart.records import Detections, ExternalTracks, SensorModel, Site, Tracks, TrackStatus
from rampart.registry import find
from rampart.wire.asterix import Editions
from rampart.wire.source import Source, SourceKind, read_source, sniff
from rampart.wire.table import write_tracks

#: Of a sensor of which nothing is known: a search radar's scan.
SCAN_PERIOD_S = 1.0
#: Scans that are tracked once without being timed: by then every kernel has run.
WARM_SCANS = 10
#: Tracks of other systems are taken in at least this often.
EXTERNAL_STEP_NS = 1_000_000_000

Batch = tuple[int, Detections, ExternalTracks]  #: time of the step, and what came in since the last one


@dataclass
class Tracked:
    """What the tracker made of a source."""

    site: Site
    tracks: Tracks
    external: ExternalTracks
    detections: int
    scans: int
    cpu_s: np.ndarray  #: (scans,) process CPU time of each step
    counts: dict[str, Any] = field(default_factory=dict)  #: records, duplicates, rejected, ... of the source
    sensors: list[dict[str, Any]] = field(default_factory=list)  #: standing of each sensor at the end
    refused: dict[str, int] = field(default_factory=dict)  #: what the tracker did not use, by reason
    joined: int = 0  #: own tracks that another system's track was joined to

    def answer(self, out: str | None, rows: int) -> dict[str, Any]:
        """What ``rampart track --json`` prints."""
        confirmed = self.tracks.number[self.tracks.status == TrackStatus.CONFIRMED]
        cpu_ms = 1e3 * self.cpu_s
        return {
            "schema": 1,
            **self.counts,
            "detections": self.detections,
            "scans": self.scans,
            "tracks": {"confirmed": len(np.unique(confirmed)), "rows": rows},
            "external_tracks": len(self.external),
            "joined_tracks": self.joined,
            "refused": self.refused,
            "sensors": self.sensors,
            "cpu_ms_per_scan": {
                "median": round(float(np.median(cpu_ms)), 4) if self.scans else None,
                "p99": round(float(np.quantile(cpu_ms, 0.99)), 4) if self.scans else None,
            },
            "out": out,
        }


def track_source(
    path: str | Path,
    *,
    site_file: str | Path | None = None,
    editions: Sequence[str] = (),
    scan_period_s: float | None = None,
    p_detect: float | None = None,
) -> Tracked:
    """Track the detections of a file.

    Parameters
    ----------
    path : str or pathlib.Path
        A capture or raw ASTERIX file, a recording, or a detections table.
    site_file : str or pathlib.Path or None
        A site file: where the sensors stand and how good they are. Without it every sensor stands at the origin.
    editions : sequence of str
        ASTERIX editions, e.g. ``048=1.21``.
    scan_period_s, p_detect : float or None
        Of sensors that do not say theirs.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if sniff(path) is SourceKind.MCAP:
        return _track_recording(path)
    place = _place_of(site_file) if site_file else None
    source = read_source(
        path,
        editions=Editions.parse(editions),
        sensors=place.site.sensors if place else None,
        start_ns=place.site.start_ns if place else None,
    )
    site = place.site if place else _bare_site(source, scan_period_s, p_detect)
    environment = place.environment if place else Environment.standard(latitude_rad=site.latitude_rad, height_m=0.0)
    counts = {
        "records": source.records,
        "duplicates": source.duplicates,
        "rejected": source.rejected,
        "skipped": source.skipped,
        "unused": source.unused,
        "editions": source.editions,
    }
    period_s = min((s.scan_period_s for s in site.sensors), default=SCAN_PERIOD_S)
    shared = source.kind in (SourceKind.CSV, SourceKind.PARQUET)
    scans = _with_external(_scans(source.detections, period_s, shared=shared), source.external)
    # radars whose places are not known cannot be registered with each other
    tracked = _track(site, environment, scans, {} if place or shared else {"registration": "off"})
    tracked.external, tracked.counts = source.external, counts
    return tracked


def write_answer(tracked: Tracked, out: Path | None, *, tentative: bool = False) -> dict[str, Any]:
    """Write the tracks table, if a file is given, and give the answer of ``rampart track``."""
    said = (TrackStatus.CONFIRMED, TrackStatus.COASTED)
    rows = int(np.isin(tracked.tracks.status, said).sum())
    if out is not None:
        rows = write_tracks(
            out, tracked.tracks, site=tracked.site.id, start_ns=tracked.site.start_ns, tentative=tentative
        )
    return tracked.answer(str(out) if out is not None else None, rows)


def _place_of(site_file: str | Path) -> Place:
    places = build_places(load(site_file))
    if len(places) > 1:
        raise InputError(f"has {len(places)} sites, expected one", path=site_file)
    return places[0]


def _bare_site(source: Source, scan_period_s: float | None, p_detect: float | None) -> Site:
    """A site at the origin with the sensors that the source shows."""
    sensors = tuple(
        _model(source, i, scan_period_s or _period_of(source, i, source.scan_periods_s[i]), p_detect or 0.9)
        for i in range(len(source.sensors))
    )
    latitude_rad, longitude_rad = (0.0, 0.0) if sensors else _middle(source.external)
    return Site("site", latitude_rad, longitude_rad, 0.0, sensors=sensors, start_ns=source.start_ns)


def _middle(external: ExternalTracks) -> tuple[float, float]:
    """A place amid the tracks of other systems: the origin of a site that has nothing else."""
    known = np.isfinite(external.latitude_rad) & np.isfinite(external.longitude_rad)
    if not known.any():
        return 0.0, 0.0
    return float(np.median(external.latitude_rad[known])), float(np.median(external.longitude_rad[known]))


def _model(source: Source, i: int, scan_period_s: float, p_detect: float) -> SensorModel:
    """A sensor as its own reports describe it: what it measures, and how well."""
    rows = source.detections.take(source.detections.sensor == i)
    flat = bool(np.isnan(rows.elevation_rad).all())
    return SensorModel(
        id=source.sensors[i],
        kind="radar2d" if flat else "radar3d",
        position_enu=np.zeros(3),
        scan_period_s=scan_period_s,
        range_sigma_m=_usual(rows.range_sigma_m, rows.range_m),
        azimuth_sigma_rad=_usual(rows.azimuth_sigma_rad, rows.azimuth_rad),
        elevation_sigma_rad=_usual(rows.elevation_sigma_rad, rows.elevation_rad),
        range_rate_sigma_ms=_usual(rows.range_rate_sigma_ms, rows.range_rate_ms),
        height_sigma_m=_usual(rows.height_sigma_m, rows.height_m),
        p_detect=p_detect,
        false_alarms_per_scan=20.0,
        rotating=source.kind in (SourceKind.PCAP, SourceKind.ASTERIX),
    )


def _usual(sigma: np.ndarray, measured: np.ndarray) -> float:
    """The median error of what was measured; nan if it never was."""
    known = np.isfinite(sigma) & np.isfinite(measured)
    return float(np.median(sigma[known])) if known.any() else float("nan")


def _period_of(source: Source, sensor: int, said_s: float) -> float:
    """What the sensor says of itself; else, in a table, the usual step between its scans."""
    if said_s > 0:
        return said_s
    times = np.unique(source.detections.time_ns[source.detections.sensor == sensor])
    if source.kind in (SourceKind.CSV, SourceKind.PARQUET) and len(times) > 1:
        return float(np.median(np.diff(times))) * 1e-9
    return 4.0 if source.kind in (SourceKind.PCAP, SourceKind.ASTERIX) else SCAN_PERIOD_S


def _scans(detections: Detections, period_s: float, *, shared: bool) -> Iterator[tuple[int, Detections]]:
    """Batches as a sensor would hand them over: rows that share a time, or one turn of the antenna."""
    if not len(detections):
        return
    clock = detections.time_ns if shared else detections.received_ns
    order = np.argsort(clock, kind="stable")
    turn = clock[order] if shared else (clock[order] - clock[order[0]]) // round(period_s * 1e9)
    for part in np.split(order, np.flatnonzero(np.diff(turn)) + 1):
        batch = detections.take(part)
        yield int(max(batch.time_ns.max(), batch.received_ns.max())), batch


def _with_external(scans: Iterator[tuple[int, Detections]], external: ExternalTracks) -> Iterator[Batch]:
    """Scans with the tracks of other systems received since the last one; these alone make a step once a second."""
    received = external.received_ns
    rest, nothing = np.argsort(received, kind="stable"), Detections.empty()

    def before(end_ns: int | None) -> Iterator[Batch]:
        nonlocal rest
        while len(rest) and (end_ns is None or received[rest[0]] + EXTERNAL_STEP_NS < end_ns):
            now_ns = int(received[rest[0]]) + EXTERNAL_STEP_NS
            n = int(np.searchsorted(received[rest], now_ns))
            yield int(received[rest[n - 1]]), nothing, external.take(rest[:n])
            rest = rest[n:]

    for now_ns, batch in scans:
        yield from before(now_ns)
        n = int(np.searchsorted(received[rest], now_ns, side="right"))
        yield now_ns, batch, external.take(rest[:n])
        rest = rest[n:]
    yield from before(None)


def _track(
    site: Site, environment: Environment, scans: Iterator[Batch], settings: dict[str, Any] | None = None
) -> Tracked:
    spec: Any = find("track", "imm")
    settings = settings or {}
    tracker = spec(**settings).build(site, environment)
    rows: list[Tracks] = []
    cpu_s: list[float] = []
    count, joined, looks = 0, set[int](), 0
    first = list(islice(scans, WARM_SCANS))
    warm = spec(**settings).build(site, environment)
    for scan in first:
        warm.step(*scan)  # compiling and loading kernels is not part of the time of a scan
    for now_ns, batch, external in chain(first, scans):
        started = process_time()
        result = tracker.step(now_ns, batch, external)
        cpu_s.append(process_time() - started)
        rows.append(result.records)
        joined |= {row["track"] for row in result.info["external"] if row["joined"]}
        count, looks = count + len(batch), looks + bool(len(batch))
    tracked = Tracked(site, Tracks.concat(rows), ExternalTracks.empty(), count, looks, np.array(cpu_s))
    tracked.sensors, tracked.refused, tracked.joined = tracker.health(), dict(tracker.refused), len(joined)
    return tracked


def _track_recording(path: str | Path) -> Tracked:
    reader = RecordingReader(path)
    scenario = restore_scenario(reader.header["scenario"], str(path))
    places = build_places(scenario)
    if len(places) > 1:
        sites = ", ".join(place.site.id for place in places)
        raise InputError(f"holds the sites {sites}; expected one (replay runs them all)", path=path)
    batches = ((batch.now_ns, batch.detections, batch.external) for batch in reader.batches())
    return _track(places[0].site, places[0].environment, batches)
