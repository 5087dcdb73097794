"""Survey: what is in a recording, without running anything."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rampart.ledger.fingerprint import hash_file
from rampart.ledger.playback import RecordingReader
from rampart.records import TrackStatus

NS = 1_000_000_000
PIECES = ("fragment", "merged", "redacted")
#: Topics of a site that are counted by rows.
_ROWS = ("detections", "warnings", "engagements", "decisions", "external")


def survey(path: str | Path) -> dict[str, Any]:
    """What ``rampart recording info --json`` prints.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording; every checksum in it is compared on the way.

    Raises
    ------
    InputError
        If it is no recording, or damaged.
    """
    reader = RecordingReader(path)
    tally = _Tally(reader)
    for topic, message in reader.messages():
        tally.take(topic, message)
    sha256, size = hash_file(reader.path)
    header, summary = reader.header, tally.summary
    first, last = min(tally.times, default=None), max(tally.times, default=None)
    return {
        "schema": 1,
        "recording": str(path),
        "sha256": sha256,
        "size_bytes": size,
        "name": header.get("scenario", {}).get("name"),
        "kind": "simulation" if tally.flights or header.get("scenario", {}).get("threat") else "received data",
        "live": bool(header.get("live", False)),
        "piece": piece_of(header),
        "seed": header.get("seed"),
        "run": header.get("run"),
        "version": header.get("version"),
        "first": None if first is None else iso(first),
        "last": None if last is None else iso(last),
        "duration_s": None if first is None or last is None else round((last - first) / NS, 3),
        "sites": [tally.site(i) for i in range(len(reader.sites))],
        "flights": tally.flights,
        "threats": len(summary.get("threats") or ()),
        "messages": dict(sorted(tally.messages.items())),
        "output_sha256": summary.get("output_sha256"),
    }


def piece_of(header: Any) -> str:
    """Whether a recording is whole, and if not, what part of what it is."""
    found = [name for name in PIECES if header.get(name)]
    return found[0] if found else "cut" if header.get("cut") else "whole"


def iso(ns: int) -> str:
    """A time in ISO 8601, UTC, to the millisecond.

    >>> iso(1_625_518_815_100_000_000)
    '2021-07-05T21:00:15.100Z'
    """
    moment = datetime.fromtimestamp(ns // NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % NS // 1_000_000:03d}Z"


class _Tally:
    """Counts as the messages come."""

    def __init__(self, reader: RecordingReader) -> None:
        self.sites = reader.sites
        self.messages: Counter[str] = Counter()
        self.rows: Counter[tuple[str, str]] = Counter()
        self.steps: Counter[str] = Counter()
        self.by_sensor: Counter[tuple[str, int]] = Counter()
        self.confirmed: dict[str, set[int]] = {}
        self.times: list[int] = []
        self.flights = 0
        self.summary: dict[str, Any] = {}

    def take(self, topic: str, message: dict[str, Any]) -> None:
        self.messages[topic] += 1
        site, _, name = topic[1:].partition("/")
        if topic == "/rampart/summary":
            self.summary = message
        elif name == "truth":
            self.flights += 1
        elif name in _ROWS:
            self.rows[site, name] += int(message["n"])
        columns = message.get("columns", {})
        if name == "detections":
            self.steps[site] += 1
            stamp = message["timestamp"]
            now_ns = int(stamp["sec"]) * NS + int(stamp["nsec"])
            self.times = [min([now_ns, *self.times]), max([now_ns, *self.times])]
            for sensor in columns.get("sensor", [0] * int(message["n"])):  # left out where all are of the first
                self.by_sensor[site, int(sensor)] += 1
        elif name == "tracks" and "status" in columns:
            rows = zip(columns["number"], columns["status"], strict=True)
            self.confirmed.setdefault(site, set()).update(n for n, s in rows if s == TrackStatus.CONFIRMED)

    def site(self, i: int) -> dict[str, Any]:
        site = self.sites[i]
        return {
            "id": site.id,
            "name": site.name,
            "zones": [zone.id for zone in site.zones],
            "sensors": [
                {"id": sensor.id, "kind": sensor.kind, "detections": self.by_sensor[site.id, k]}
                for k, sensor in enumerate(site.sensors)
            ],
            "steps": self.steps[site.id],
            "tracks": len(self.confirmed.get(site.id, ())),
            **{name: self.rows[site.id, name] for name in _ROWS},
        }
