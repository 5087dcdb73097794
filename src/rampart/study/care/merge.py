"""Merge: recordings of several sensors, sites or times as one. What came in is joined; the chain says the rest anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import rampart
from rampart.errors import InputError
from rampart.ledger import Batch, OutputDigest, RecordingReader, RecordingWriter, make_header
from rampart.ledger.care.redact import refuse_same
from rampart.ledger.fingerprint import hash_file
from rampart.pipeline import Place, Scenario, build_chain, build_places, restore_scenario
from rampart.records import Decisions, Detections, ExternalTracks, Flight
from rampart.study.counterfactual.rerun import run_steps

NS = 1_000_000_000
MOST_S = 7 * 86_400.0  #: as long as a scenario may be
_STAGES = ("track", "predict", "warn", "engage", "referee")
_PARTS = ("site", "zone", "sensor", "threat", "effector")


@dataclass
class _Source:
    """One of the recordings."""

    path: Path
    reader: RecordingReader
    sha256: str
    scenario: dict[str, Any]
    start_ns: int
    end_ns: int
    batches: tuple[Batch, ...]
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)  #: (site, sensor) -> its id in the merged file

    def sensor_id(self, site: str, index: int) -> str:
        own = next(s for s in self.reader.sites if s.id == site).sensors[index].id
        return self.renamed.get((site, own), own)


def merge_recordings(paths: Sequence[str | Path], out: str | Path) -> dict[str, Any]:
    """Join recordings.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Two or more. Sites of one id must be one site; settings of the chain must be the same.
    out : str or pathlib.Path
        The file to write.

    Returns
    -------
    dict
        What ``rampart recording merge --json`` prints.

    Raises
    ------
    InputError
        If they do not belong together, in one line that says why.
    """
    if len(paths) < 2:
        raise InputError("expected two recordings or more")
    sources = [_read(Path(path)) for path in paths]
    for source in sources:
        refuse_same(source.path, Path(out))
    merged = _scenario(sources)
    _refuse_twice(sources)
    scenario = restore_scenario(merged, str(out))
    places = build_places(scenario)
    header = _header(sources, merged, scenario, places)
    digest, steps = OutputDigest(), 0
    with RecordingWriter(out, header=header) as writer:
        for place in places:
            steps += _site(writer, digest, sources, scenario, place, header)
        writer.summary(_summary(sources, header, digest.hexdigest(), scenario))
    sha256, size = hash_file(Path(out))
    return {
        "schema": 1, "out": str(out), "sha256": sha256, "size_bytes": size, "sites": [p.site.id for p in places],
        "steps": steps, "output_sha256": digest.hexdigest(), "of": [s.sha256 for s in sources],
    }  # fmt: skip


def _read(path: Path) -> _Source:
    reader = RecordingReader(path)
    if reader.header.get("redacted"):
        raise InputError("was redacted: what the sensors reported is no part of it", path=path)
    batches = tuple(reader.batches())
    if not batches:
        raise InputError("holds no step", path=path)
    start_ns = min(site.start_ns for site in reader.sites)
    scenario = dict(reader.header["scenario"])
    sha256, _ = hash_file(path)
    return _Source(path, reader, sha256, scenario, start_ns, max(b.now_ns for b in batches), batches)


def _refuse_twice(sources: Sequence[_Source]) -> None:
    """The same reports in two files, live and simulated, with effectors and without: not to be joined."""
    for key, words in (("live", "received live"), ("effectors", "made with effectors")):
        if len({bool(s.reader.header.get(key, False)) for s in sources}) > 1:
            one = next(s for s in sources if s.reader.header.get(key))
            raise InputError(f"was {words}, and another was not: they do not belong together", path=one.path)
    spans: dict[tuple[str, str], list[tuple[int, int, Path]]] = {}
    for source in sources:
        for (site, sensor), (first, last) in _heard(source).items():
            for low, high, path in spans.get((site, sensor), []):
                if first <= high and low <= last:
                    raise InputError(
                        f"holds reports of sensor {sensor!r} at site {site!r} for a time that {path} has too",
                        path=source.path,
                    )
            spans.setdefault((site, sensor), []).append((first, last, source.path))


def _heard(source: _Source) -> dict[tuple[str, str], tuple[int, int]]:
    """First and last report of each sensor, by site and id [ns]."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for batch in source.batches:
        for index in {*(batch.heard or ()), *np.unique(batch.detections.sensor).tolist()} - {-1}:
            key = (batch.site_id, source.sensor_id(batch.site_id, index))
            first, _ = found.get(key, (batch.now_ns, batch.now_ns))
            found[key] = (first, batch.now_ns)
    return found


def _scenario(sources: Sequence[_Source]) -> dict[str, Any]:
    """One resolved scenario; parts of one id must be the same, settings of the chain too."""
    first = sources[0].scenario
    for source in sources[1:]:
        for stage in _STAGES:
            ours, theirs = first.get(stage) or {}, source.scenario.get(stage) or {}
            for key in sorted({*ours, *theirs}):
                if ours.get(key) != theirs.get(key):
                    message = f"{stage}.{key} = {theirs.get(key)!r}, but {ours.get(key)!r} in {sources[0].path}"
                    raise InputError(f"{message}: one chain cannot be both", path=source.path)
    merged: dict[str, Any] = {stage: first[stage] for stage in _STAGES if stage in first}
    start = min(sources, key=lambda s: s.start_ns)
    end_ns = max(s.start_ns + round(float(s.scenario.get("duration_s") or 0.0) * NS) for s in sources)
    merged |= {
        "schema": 1,
        "name": _name(sources),
        "start": start.scenario["start"],
        "folder": first.get("folder", "."),
    }
    merged["description"] = "merged: " + ", ".join(str(s.scenario.get("name")) for s in sources)
    merged["duration_s"] = (max(end_ns, *(s.end_ns for s in sources)) - start.start_ns) / NS
    if merged["duration_s"] > MOST_S:
        days = merged["duration_s"] / 86_400.0
        raise InputError(f"spans {days:.0f} days with the others, expected 7 at most", path=sources[-1].path)
    for section in _PARTS:
        merged[section] = _parts(sources, section)
    return merged


def _name(sources: Sequence[_Source]) -> str:
    names = list(dict.fromkeys(str(s.scenario.get("name")) for s in sources))
    joined = "-and-".join(names)
    return joined if len(joined) <= 60 else "merged"


def _parts(sources: Sequence[_Source], section: str) -> list[dict[str, Any]]:
    known: dict[tuple[str, str], dict[str, Any]] = {}
    ids: dict[str, str] = {}
    for source in sources:
        sites = [site["id"] for site in source.scenario["site"]]
        for part in source.scenario.get(section) or ():
            row = _placed(source, section, part, sites)
            key = (str(row.get("site") or ""), str(row["id"]))
            if key in known:
                if known[key] != row:
                    where = f" of site {key[0]!r}" if key[0] else ""
                    raise InputError(
                        f"{section} {key[1]!r}{where} differs from that of an earlier file", path=source.path
                    )
                continue
            known[key] = row
            owner = ids.setdefault(key[1], key[0])
            if section not in ("site", "zone") and owner != key[0]:  # ids of other parts are unique in a file
                known[key] = {**row, "id": f"{key[0]}-{key[1]}"}
                source.renamed[key] = known[key]["id"]
    return list(known.values())


def _placed(source: _Source, section: str, part: Mapping[str, Any], sites: Sequence[str]) -> dict[str, Any]:
    """A part with its site named and its files found."""
    row = dict(part)
    if section != "site" and row.get("site") is None:
        row["site"] = sites[0]
    folder = Path(source.scenario.get("folder") or ".")
    for name in ("terrain", "wind", "file"):
        if isinstance(row.get(name), str):
            row[name] = str(folder / row[name])
    return row


def _header(
    sources: Sequence[_Source], merged: Mapping[str, Any], scenario: Scenario, places: Sequence[Place]
) -> dict[str, Any]:
    first = sources[0].reader.header
    header = make_header(
        scenario=merged, scenario_toml="", seed=0, run=0, version=rampart.__version__, sites=[p.site for p in places]
    )
    whence = [
        {"sha256": s.sha256, "name": s.scenario.get("name"), "seed": s.reader.header.get("seed")} for s in sources
    ]
    kept = {key: first[key] for key in ("live", "effectors") if key in first}
    return header | {"effectors": False} | kept | {"seed": None, "run": None, "merged": whence}


def _site(
    writer: RecordingWriter, digest: OutputDigest, sources: Sequence[_Source], scenario: Scenario, place: Place,
    header: Mapping[str, Any],
) -> int:  # fmt: skip
    """Joined inputs of one site through its chain, recorded as they come out."""
    site = place.site
    live, engage = bool(header.get("live", False)), bool(header["effectors"])
    writer.truth(site.id, _flights(sources, site.id, scenario.start_ns))
    chain = build_chain(scenario, place, engage=engage, live=live)
    index = {sensor.id: i for i, sensor in enumerate(site.sensors)}
    batches = _joined([_moved(source, batch, index) for source in sources for batch in source.batches
                       if batch.site_id == site.id])  # fmt: skip
    gates = _gates(sources, site.id, scenario.start_ns)
    end_ns = batches[-1].now_ns if live else scenario.start_ns + round(scenario.head.duration_s * 1e9)
    steps = 0
    for batch, outputs in run_steps(chain, batches, max(end_ns, batches[-1].now_ns)):
        writer.batch(
            site.id, batch.now_ns, batch.detections, batch.sensor, decisions=batch.decisions, heard=batch.heard,
            external=batch.external,
        )  # fmt: skip
        for sensor, columns in gates.pop(batch.now_ns, ()):
            writer.diagnostics(site.id, batch.now_ns, sensor, columns)
        writer.outputs(
            site.id, outputs.now_ns, outputs.tracks, outputs.predictions, outputs.warnings, outputs.engagements
        )
        writer.states(site.id, outputs.now_ns, outputs.health, outputs.zones)
        digest.update(outputs.tracks, outputs.predictions, outputs.warnings, outputs.engagements)
        steps += 1
    return steps


def _moved(source: _Source, batch: Batch, index: Mapping[str, int]) -> Batch:
    """A batch with the sensors' places in the merged site."""
    own = next(s for s in source.reader.sites if s.id == batch.site_id)
    new = np.array([index[source.sensor_id(batch.site_id, i)] for i in range(len(own.sensors))] + [-1])
    rows = batch.detections
    heard = None if batch.heard is None else tuple(int(new[i]) for i in batch.heard)
    sensor = None if batch.sensor is None else int(new[batch.sensor])
    return batch._replace(
        detections=rows.replace(sensor=new[rows.sensor]) if len(rows) else rows, heard=heard, sensor=sensor
    )


def _joined(batches: Sequence[Batch]) -> list[Batch]:
    """In order of time; those of one moment are one step; steps that nothing came in for are the chain's own matter."""
    by_time: dict[int, list[Batch]] = {}
    for batch in batches:
        if batch.heard is None or batch.heard or len(batch.detections) or len(batch.decisions) or len(batch.external):
            by_time.setdefault(batch.now_ns, []).append(batch)
    joined, count, decided = [], 1, 1
    for now_ns in sorted(by_time):
        same = by_time[now_ns]
        rows = Detections.concat([b.detections for b in same])
        decisions = Decisions.concat([b.decisions for b in same])
        rows = rows.replace(number=np.arange(count, count + len(rows)))
        decisions = decisions.replace(number=np.arange(decided, decided + len(decisions)))
        count, decided = count + len(rows), decided + len(decisions)
        known = [b.heard for b in same if b.heard is not None]
        heard = tuple(sorted({i for some in known for i in some})) if known else None
        sensor = same[0].sensor if len(same) == 1 else None
        external = ExternalTracks.concat([b.external for b in same])
        joined.append(
            same[0]._replace(detections=rows, decisions=decisions, heard=heard, sensor=sensor, external=external)
        )
    return joined


def _flights(sources: Sequence[_Source], site: str, start_ns: int) -> list[Flight]:
    found: dict[tuple[str, float], Flight] = {}
    for source in sources:
        late_s = (source.start_ns - start_ns) * 1e-9
        for flight in source.reader.truth():
            if flight.site == site:
                found.setdefault((flight.id, flight.start_s + late_s), _later(flight, late_s))
    return list(found.values())


def _later(flight: Flight, late_s: float) -> Flight:
    return replace(flight, time_s=flight.time_s + late_s, burnout_s=flight.burnout_s + late_s) if late_s else flight


def _gates(sources: Sequence[_Source], site: str, start_ns: int) -> dict[int, list[tuple[str, dict[str, Any]]]]:
    found: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for source in sources:
        late_s = (source.start_ns - start_ns) * 1e-9
        for site_id, now_ns, sensor, columns in source.reader.gates():
            if site_id == site:
                moved = {**columns, "time_s": columns["time_s"] + late_s} if "time_s" in columns else columns
                found.setdefault(now_ns, []).append((source.renamed.get((site, sensor), sensor), moved))
    return found


def _summary(
    sources: Sequence[_Source], header: Mapping[str, Any], output_sha256: str, scenario: Scenario
) -> dict[str, Any]:
    """Scores of sites that only one recording has; a site of several was never scored as what it is now."""
    owners: dict[str, int] = {}
    for source in sources:
        for site in source.reader.sites:
            owners[site.id] = owners.get(site.id, 0) + 1
    threats = []
    for source in sources:
        late_s = (source.start_ns - scenario.start_ns) * 1e-9
        for threat in source.reader.summary.get("threats") or ():
            if owners[threat["site"]] == 1:
                threats.append(_late_threat(threat, late_s))
    return {
        "schema": 1, "scenario": scenario.name, "seed": None, "run": None, "duration_s": scenario.head.duration_s,
        "threats": threats, "warnings": None, "tracks": None, "shots": [], "effectors": [],
        "output_sha256": output_sha256,
    }  # fmt: skip


def _late_threat(threat: Mapping[str, Any], late_s: float) -> dict[str, Any]:
    names = ("launch_s", "arrival_s", "first_detection_s", "confirmed_s", "first_warning_s")

    def later(row: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v + late_s if k in names and v is not None else v for k, v in row.items()}

    return {**later(threat), "pairs": [later(pair) for pair in threat.get("pairs") or ()]}
