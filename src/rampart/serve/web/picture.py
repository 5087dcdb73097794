"""SitePicture: what a display shows of one site now, and what changed since it was last sent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import (
    AlertStatus,
    HealthState,
    Phase,
    PredictionKind,
    Predictions,
    Row,
    Site,
    TargetClass,
    Tracks,
    ZoneState,
)

from .frame import PREDICTION_COLUMNS, TABLES, TRACK_COLUMNS, Frame, Table, empty_table

MS = 1e-6  #: per ns
DRIFT_M = 3.0  #: a track is sent again once it is so far from where its last row, flown straight on, has it
OLDEST_S = 5.0  #: and at least this often
ENDED_S = 300.0  #: a warning that has ended stays on the list for so long


class SitePicture:
    """Collects what the chain of a site says.

    Parameters
    ----------
    site : Site
        Whose.

    Notes
    -----
    Rows go out by dead reckoning, as in distributed simulation (IEEE 1278.1): receiver and sender fly the last row
    straight on, and a new one is sent when the two would differ by more than `DRIFT_M`, when something else of the
    track changed, or after `OLDEST_S`. A snapshot holds the very rows that were sent before, so a snapshot and the
    deltas after it always give what everybody else has.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.now_ns = 0
        self.sequence = 0
        self.tables: dict[str, Table] = {name: empty_table(name) for name in TABLES}  # as sent
        self._tracks, self._predictions = Tracks.empty(), Predictions.empty()
        self.zones: dict[int, dict[str, Any]] = {}
        self.health: dict[str, dict[str, Any]] = {}
        self.warnings: dict[int, dict[str, Any]] = {}
        self._changed: dict[str, set[Any]] = {"zones": set(), "health": set(), "warnings": set()}
        self.steps = 0

    def take(self, outputs: Outputs) -> bool:
        """Take one step of the chain; whether it said anything that must be shown at once."""
        self.now_ns = max(self.now_ns, outputs.now_ns)
        self.steps += 1
        self._tracks, self._predictions = outputs.tracks, outputs.predictions
        for row in outputs.zones:
            self.zones[int(row.zone)] = zone_entry(self.site, row)
            self._changed["zones"].add(int(row.zone))
        for row in outputs.health:
            self.set_health(str(row.part), HealthState(int(row.state)), int(row.since_ns), str(row.reason))
        for row in outputs.warnings:
            self.warnings[int(row.number)] = warning_entry(self.site, row)
            self._changed["warnings"].add(int(row.number))
        return bool(len(outputs.warnings) or len(outputs.zones))

    def set_health(self, part: str, state: HealthState, since_ns: int, reason: str) -> None:
        """How a part stands."""
        entry = {"part": part, "state": state.label, "since_ms": since_ns * MS, "reason": reason}
        if self.health.get(part) != entry:
            self.health[part] = entry
            self._changed["health"].add(part)

    def heard(self, part: str, time_ns: int) -> None:
        """When a sensor last spoke: the age of its data. Said with the next state."""
        entry = self.health.get(part)
        if entry is not None:
            entry["heard_ms"] = time_ns * MS

    def delta(self, head: dict[str, Any]) -> Frame | None:
        """What changed since the last delta; None if nothing did."""
        now = {
            "tracks": track_table(self._tracks, self._behind_warnings()),
            "predictions": prediction_table(self._predictions),
        }
        keep = np.isin(now["predictions"]["id"], now["tracks"]["id"])
        now["predictions"] = {name: values[keep] for name, values in now["predictions"].items()}
        tables, removed = {}, {}
        moved = self._moved(now["tracks"])
        for name in TABLES:
            sent = self.tables[name]
            old, changed = _changed_rows(sent, now[name], moved if name == "tracks" else _stirred(sent, now[name]))
            removed[name] = np.setdiff1d(old, now[name]["id"]).tolist()
            tables[name] = {column: values[changed] for column, values in now[name].items()}
            self.tables[name] = _merged(sent, now[name], changed)
        state = self._state()
        if not state and not any(len(t["id"]) for t in tables.values()) and not any(removed.values()):
            return None
        self.sequence += 1
        return Frame({**head, **self._head("delta"), "base": self.sequence - 1, **state}, tables, removed)

    def snapshot(self, head: dict[str, Any]) -> Frame:
        """All that was sent so far, in one frame."""
        state = {
            "zones": list(self.zones.values()),
            "health": list(self.health.values()),
            "warnings": list(self.warnings.values()),
        }
        return Frame({**head, **self._head("snapshot"), **state}, dict(self.tables))

    def _head(self, kind: str) -> dict[str, Any]:
        return {"kind": kind, "site": self.site.id, "seq": self.sequence, "step_ms": self.now_ns * MS}

    def _state(self) -> dict[str, Any]:
        """Changed zones, parts and warnings."""
        old_ms = self.now_ns * MS - 1e3 * ENDED_S
        for number in [n for n, w in self.warnings.items() if not w["open"] and w["time_ms"] < old_ms]:
            del self.warnings[number]
        known: dict[str, dict[Any, dict[str, Any]]] = {
            "zones": self.zones, "health": self.health, "warnings": self.warnings,
        }  # fmt: skip
        state = {
            name: [known[name][key] for key in sorted(keys) if key in known[name]]
            for name, keys in self._changed.items()
            if keys
        }
        for keys in self._changed.values():
            keys.clear()
        return state

    def _behind_warnings(self) -> np.ndarray:
        """Numbers of the tracks behind open warnings: these are shown whatever they are."""
        behind = {track for warning in self.warnings.values() if warning["open"] for track in warning["tracks"]}
        return np.array(sorted(behind), np.int64)

    def _moved(self, now: Table) -> np.ndarray:
        """Which of the rows are to be sent again; for ids that were sent before."""
        sent = self.tables["tracks"]
        i, j = _common(sent["id"], now["id"])
        dt = (now["t"][j] - sent["t"][i]) * 1e-3
        off = np.zeros(len(j))
        for place, speed in (("e", "ve"), ("n", "vn"), ("u", "vu")):
            off += (sent[place][i] + dt * sent[speed][i] - now[place][j]) ** 2
        again = (off > DRIFT_M**2) | (dt > OLDEST_S) | (np.abs(sent["p"][i] - now["p"][j]) > 0.05)
        for column in ("cls", "status", "flags", "sensors"):
            again |= sent[column][i] != now[column][j]
        moved = np.ones(len(now["id"]), bool)
        moved[j] = again
        return moved

    def rows(self) -> tuple[Tracks, Predictions]:
        """Tracks and predictions of the last step, as the chain has them."""
        return self._tracks, self._predictions


def _common(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the ids that are in both; both rise."""
    _, i, j = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    return i, j


def _changed_rows(sent: Table, now: Table, changed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return sent["id"], np.flatnonzero(changed)


def _stirred(sent: Table, now: Table) -> np.ndarray:
    """Which predictions differ by more than eyes can see."""
    i, j = _common(sent["id"], now["id"])
    stirred = np.ones(len(now["id"]), bool)
    off = np.hypot(sent["ie"][i] - now["ie"][j], sent["in"][i] - now["in"][j])
    again = (off > np.maximum(1.0, 0.05 * now["ib"][j])) | (np.abs(sent["it"][i] - now["it"][j]) > 100.0)
    for column, share in (("ia", 0.05), ("ib", 0.05), ("w", 0.05)):
        again |= ~(np.abs(sent[column][i] - now[column][j]) <= share * np.abs(now[column][j]) + 1e-3)
    again |= np.isnan(sent["le"][i]) != np.isnan(now["le"][j])
    with np.errstate(invalid="ignore"):
        again |= np.hypot(sent["le"][i] - now["le"][j], sent["ln"][i] - now["ln"][j]) > 5.0
    again |= (sent["kind"][i] != now["kind"][j]) | (sent["asset"][i] != now["asset"][j])
    stirred[j] = again
    return stirred


def _merged(sent: Table, now: Table, changed: np.ndarray) -> Table:
    """The rows that everybody has after a delta: those changed as they are, the others as they were sent."""
    i, j = _common(sent["id"], now["id"])
    out = {}
    for column, values in now.items():
        merged = values.copy()
        merged[j] = sent[column][i]
        merged[changed] = values[changed]
        out[column] = merged
    return out


def _sorted(table: Table) -> Table:
    order = np.argsort(table["id"], kind="stable")
    return {name: values[order] for name, values in table.items()}


def track_table(tracks: Tracks, always: np.ndarray) -> Table:
    """The tracks that are shown: confirmed or coasted ones, and those of `always`."""
    rows = tracks.take(np.flatnonzero(tracks.shown | np.isin(tracks.number, always)))
    best = rows.class_probability.argmax(axis=1) if len(rows) else np.zeros(0, int)
    columns = {
        "id": rows.number,
        "t": rows.time_ns * MS,
        **dict(zip(("e", "n", "u", "ve", "vn", "vu"), rows.state.T, strict=True)),
        "cee": rows.covariance[:, 0, 0],
        "cen": rows.covariance[:, 0, 1],
        "cnn": rows.covariance[:, 1, 1],
        "x": rows.existence,
        "p": np.take_along_axis(rows.class_probability, best[:, None], 1)[:, 0] if len(rows) else np.zeros(0),
        "seen": rows.updated_ns * MS,
        "first": rows.first_ns * MS,
        "sensors": rows.sensors & np.uint64(0xFFFFFFFF),
        "cls": best,
        "status": rows.status,
        "flags": rows.flags,
        "mode": rows.mode_probability.argmax(axis=1) if len(rows) else np.zeros(0),
    }
    return _sorted({name: np.asarray(columns[name]).astype("<" + d) for name, (d, _, _) in TRACK_COLUMNS.items()})


def prediction_table(predictions: Predictions) -> Table:
    """Predictions as the display needs them: of a track that may fall or fly on, the likelier one."""
    p = predictions.take(_likeliest(predictions))
    scale = np.sqrt(-2.0 * np.log1p(-np.clip(np.nan_to_num(p.ellipse_probability, nan=0.9), 0.01, 0.9999)))
    major, minor, azimuth = ellipses(p.launch_covariance, scale)
    columns = {
        "id": p.track,
        "kind": p.kind,
        "w": p.weight,
        "ie": p.impact_enu[:, 0],
        "in": p.impact_enu[:, 1],
        "it": p.impact_ns * MS,
        "is": p.impact_sigma_s,
        "ia": p.ellipse_major_m,
        "ib": p.ellipse_minor_m,
        "iz": p.ellipse_azimuth_rad,
        "ip": p.ellipse_probability,
        "le": p.launch_enu[:, 0],
        "ln": p.launch_enu[:, 1],
        "la": major,
        "lb": minor,
        "lz": azimuth,
        "asset": np.where(p.kind == PredictionKind.REACH, p.asset, -1),
        "ta": p.time_to_asset_s,
    }
    return _sorted({name: np.asarray(columns[name]).astype("<" + d) for name, (d, _, _) in PREDICTION_COLUMNS.items()})


def _likeliest(predictions: Predictions) -> np.ndarray:
    """Positions of the predictions that end somewhere; of each track the one that weighs most."""
    ends = np.flatnonzero(np.isfinite(predictions.impact_enu[:, :2]).all(axis=1))
    best = ends[np.lexsort((predictions.kind[ends], -predictions.weight[ends], predictions.track[ends]))]
    first = np.unique(predictions.track[best], return_index=True)[1]
    return best[first]


def ellipses(covariance: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Semi-axes [m] and azimuth of the major one [rad, clockwise from north] of (n, 2, 2) east-north covariances.

    >>> major, minor, azimuth = ellipses(np.array([[[4.0, 0.0], [0.0, 1.0]]]), np.ones(1))
    >>> float(major[0]), float(minor[0]), round(float(azimuth[0]), 4)
    (2.0, 1.0, 1.5708)
    """
    ee, en, nn = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    mean, half = 0.5 * (ee + nn), np.hypot(0.5 * (nn - ee), en)
    azimuth = 0.5 * np.arctan2(2.0 * en, nn - ee)
    return scale * np.sqrt(mean + half), scale * np.sqrt(np.maximum(mean - half, 0.0)), azimuth % math.pi


def zone_entry(site: Site, row: Row) -> dict[str, Any]:
    """How a zone stands, for the page and the API."""
    return {
        "zone": site.zones[int(row.zone)].id,
        "state": ZoneState(int(row.state)).label,
        "watched": bool(row.watched),
        "since_ms": int(row.since_ns) * MS,
        "warning": int(row.warning),
        "held": bool(row.held),
        "status": AlertStatus(int(row.status)).label,
        "reason": str(row.reason),
    }


def warning_entry(site: Site, row: Row) -> dict[str, Any]:
    """The latest message of a warning."""
    left_s, chance = float(row.time_to_impact_s), float(row.probability)
    phase = Phase(int(row.phase))
    return {
        "warning": int(row.number),
        "sequence": int(row.sequence),
        "zone": site.zones[int(row.zone)].id,
        "phase": phase.label,
        "open": phase in (Phase.PREPARE, Phase.SHELTER),
        "time_ms": int(row.time_ns) * MS,
        "class": TargetClass(int(row.target_class)).label,
        "impact_ms": int(row.time_ns) * MS + 1e3 * left_s if math.isfinite(left_s) else None,
        "probability": round(chance, 4) if math.isfinite(chance) else None,
        "status": AlertStatus(int(row.status)).label,
        "tracks": [int(track) for track in row.tracks],
        "reason": str(row.reason),
        "raid": int(row.raid),
        "decision": int(row.decision),
    }
