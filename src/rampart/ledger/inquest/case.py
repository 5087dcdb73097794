"""Case: what a recording says of one night, sorted for an inquest, with truth or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rampart.errors import InputError
from rampart.ledger.fingerprint import hash_file
from rampart.ledger.playback import RecordingReader
from rampart.ledger.report.story import Raid, SiteStory, tell
from rampart.ledger.run_record import RunRecord
from rampart.physics.geodesy import enu_to_geodetic, geodetic_to_enu
from rampart.records import DetectionFlag, HealthState, Site

from .observed import with_observed_threats

#: Raids of one site further apart than this are two incidents [s].
INCIDENT_GAP_S = 300.0


@dataclass(frozen=True)
class HealthChange:
    """A part of a site that changed its state."""

    time_s: float
    part: str
    state: HealthState
    reason: str


@dataclass(frozen=True)
class Case:
    """A recording, read and sorted.

    Attributes
    ----------
    path, sha256, size_bytes
        The file.
    run : RunRecord
        With an entry for each threat.
    stories : tuple of SiteStory
        One for each site.
    simulated : bool
        Whether any of it was made up.
    health : dict
        By site: changes of state, in order.
    """

    path: Path
    sha256: str
    size_bytes: int
    run: RunRecord
    stories: tuple[SiteStory, ...]
    simulated: bool
    health: Mapping[str, tuple[HealthChange, ...]] = field(default_factory=dict)

    def between(self, start_s: float, end_s: float, sites: tuple[str, ...] = ()) -> Case:
        """Only the raids that touch a time [s], of some sites or of all; threats are numbered anew."""
        kept = []
        count = 0
        for story in self.stories:
            if sites and story.site.id not in sites:
                continue
            raids = tuple(r for r in story.raids if r.start_s <= end_s and r.end_s >= start_s)
            if raids:
                raids, count = _numbered(raids, count)
                kept.append(replace(story, raids=raids, messages=_told(story, raids)))
        return replace(self, stories=tuple(kept))


def _numbered(raids: tuple[Raid, ...], count: int) -> tuple[tuple[Raid, ...], int]:
    """Raids whose threats are numbered from `count` + 1 on, and how many there are then."""
    found = []
    for raid in raids:
        threats = tuple(replace(threat, number=count + i) for i, threat in enumerate(raid.threats, start=1))
        count += len(threats)
        found.append(replace(raid, threats=threats))
    return tuple(found), count


def _told(story: SiteStory, raids: tuple[Raid, ...]) -> tuple:
    return tuple(m for m in story.messages if any(r.start_s - 1.0 <= m.time_s <= r.end_s + 60.0 for r in raids))


def read_case(path: str | Path) -> Case:
    """Read a recording for an inquest.

    Raises
    ------
    InputError
        If it is no recording, damaged, or redacted.
    """
    path = Path(path)
    reader = RecordingReader(path)
    if reader.header.get("redacted"):
        raise InputError("was redacted: where anything came down is no part of it", path=path)
    run = with_observed_threats(reader.run_record())
    health: dict[str, list[HealthChange]] = {}
    starts = {site.id: site.start_ns for site in reader.sites}
    for site, now_ns, rows in reader.health():
        for row in rows:
            at_s = (now_ns - starts[site]) * 1e-9
            change = HealthChange(at_s, str(row.part), HealthState(int(row.state)), str(row.reason))
            health.setdefault(site, []).append(change)
    sha256, size = hash_file(path)
    made_up = bool(run.flights) or bool(run.scenario.get("threat")) or _marked(run)
    changes = {site: tuple(rows) for site, rows in health.items()}
    return Case(path, sha256, size, run, tell(run), made_up, changes)


def _marked(run: RunRecord) -> bool:
    """Whether any track was of something marked as simulated or of a test."""
    return any(bool((s.tracks.flags != DetectionFlag.NONE).any()) for steps in run.steps.values() for s in steps)


def groups(story: SiteStory) -> list[tuple[Raid, ...]]:
    """The raids of a site that are one incident each, by the time between them."""
    found: list[list[Raid]] = []
    for raid in sorted(story.raids, key=lambda r: r.start_s):
        if not found or raid.start_s - found[-1][-1].end_s > INCIDENT_GAP_S:
            found.append([])
        found[-1].append(raid)
    return [tuple(raids) for raids in found]


def place_of(site: Site, position_enu: np.ndarray) -> tuple[float, float]:
    """Latitude and longitude [degrees] of a point of a site's frame, to about a decimetre."""
    latitude, longitude, _ = enu_to_geodetic(
        np.asarray(position_enu, float)[:3], site.latitude_rad, site.longitude_rad, site.height_m
    )
    return round(float(np.degrees(latitude)), 6), round(float(np.degrees(longitude)), 6)


def point_of(site: Site, lat_deg: float, lon_deg: float) -> np.ndarray:
    """East and north [m] of a place in a site's frame."""
    enu = geodetic_to_enu(
        np.radians(lat_deg), np.radians(lon_deg), site.height_m, site.latitude_rad, site.longitude_rad, site.height_m
    )
    return np.asarray(enu[:2], dtype=float)
