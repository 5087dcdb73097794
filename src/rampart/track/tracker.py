"""Tracker: the stage that makes tracks of detections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rampart.physics.environment import Environment
from rampart.physics.model_error import probe_drags, probe_winds
from rampart.records import Detections, ExternalTracks, Result, Site, Tracks, TrackStatus

from . import _kernels
from .classification._kernels import N_SOURCES, weigh
from .classify import ClassChange, change_of, class_table
from .constants import (
    C_NOMINAL,
    DELETED,
    IDENTITY,
    N_ERRORS,
    N_JOINT,
    N_MODES,
    N_STATE,
    NUMBER,
    STATUS,
)
from .external.joiner import Joiner
from .intake.detections import LATE, decode_identity, pack_rows
from .lag import Lag, Scan
from .registration.health import Hearing, sensor_health
from .registration.sensors import Registration
from .settings import TrackerSpec, gate_limits, parameters, sensor_table
from .state import State
from .triangulation.crossings import Crossings
from .view._kernels import view
from .view._kernels_columns import write_columns

NS = 1_000_000_000
#: Without detections, tracks are asked for again after this time, so that they coast and end.
WAKE_NS = NS
#: Room for pairs of track and detection; a scan that needs more is run again.
PAIRS_PER_TRACK = 4


__all__ = ["Tracker", "TrackerSpec"]

_CONFIRMED = int(TrackStatus.CONFIRMED)  # as a plain number: looking a member up costs more than comparing it


class Tracker:
    """Tracks everything that a site's sensors report.

    Parameters
    ----------
    site : Site
        Its sensors' models are what the tracker knows of them.
    environment : Environment, optional
        Ground, air and place on the Earth; by default the standard atmosphere over a plane.
    spec : TrackerSpec, optional
        Settings.

    Notes
    -----
    Interacting multiple models in two families, optimal assignment in clusters, existence as in integrated
    probabilistic data association (Musicki, Evans and Stankovic 1994, IEEE Trans. Automatic Control 39:1237). Late
    detections inside the lag are taken in exactly: the scans after them are run again.

    Examples
    --------
    >>> from rampart.records import SensorModel
    >>> radar = SensorModel("r1", "radar3d", np.zeros(3), 1.0, range_sigma_m=10.0, azimuth_sigma_rad=0.003,
    ...                     elevation_sigma_rad=0.003, false_alarms_per_scan=5.0)
    >>> tracker = Tracker(Site("here", 0.6, 0.1, 0.0, sensors=(radar,)))
    >>> for k in range(6):
    ...     at = k * NS
    ...     plot = Detections.build(number=[k + 1], time_ns=[at], range_m=[4000.0 - 100.0 * k], azimuth_rad=[1.0],
    ...                             elevation_rad=[0.2])
    ...     tracks = tracker.step(at, plot).records
    >>> TrackStatus(tracks[0].status).label, tracks[0].hits
    ('confirmed', np.int32(6))
    """

    def __init__(self, site: Site, environment: Environment | None = None, spec: TrackerSpec | None = None) -> None:
        self.spec = spec or TrackerSpec()
        self.site = site
        world = environment or Environment.standard(latitude_rad=site.latitude_rad, height_m=site.height_m)
        self._env = (
            *world.arrays(self.spec.drag_shape),
            probe_winds(world.atmosphere),
            probe_drags(self.spec.drag_shape),
        )
        self._sensors = sensor_table(site)
        self._p = parameters(self.spec, site, world)
        self._limits = gate_limits(self.spec.gate_probability)
        self._table = class_table()
        #: biases of the sensors as estimated so far, and their standing
        self.registration = Registration(site, self.spec, self._sensors, self._p, self._limits)
        self._state = State(len(site.sensors))
        self._state.clutter[:, C_NOMINAL] = [s.false_alarms_per_scan for s in site.sensors]
        self._lag = Lag(*self._lag_settings())
        self._crossings = Crossings(site, self.spec, self._sensors, self._p)
        self._joiner = Joiner(site, self.spec)
        self._hearing = Hearing(len(site.sensors))
        self._standing: list[dict[str, Any]] = []
        self._retired: dict[int, int] = {}
        self._ended: tuple[int, ...] = ()  # tracks that silence has ended since the latest scan
        self._last = Tracks.empty()
        self._called: dict[int, int] = {}  # track -> the class it was said to be
        self.refused: dict[str, int] = {}  #: detections that were not used, by reason, since the start

    def _lag_settings(self) -> tuple[int, np.ndarray, int]:
        """A rotating radar sees each target once per turn, a staring one all of them at once.

        Several sensors are interleaved in finer windows, or the scan of one would hide the times of another's.
        """
        alone = len(self.site.sensors) == 1
        windows = [s.scan_period_s * ((1.0 if alone else 0.25) if s.rotating else 0.5) for s in self.site.sensors]
        slowest = max((s.delay_s for s in self.site.sensors), default=0.0)
        windows_ns = np.maximum(np.rint(np.array(windows) * NS), 1).astype(np.int64)
        return round((self.spec.lag_s + slowest) * NS), windows_ns, self.site.start_ns

    def step(self, now_ns: int, inputs: Detections, external: ExternalTracks | None = None) -> Result[Tracks]:
        """Take a batch of detections; give all tracks as of `now_ns`.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        inputs : Detections
            In any order, of any sensors, late ones among them.
        external : ExternalTracks, optional
            Reports of other systems' tracks. They never enter our filters; at output they are joined with our tracks
            (``[track] external``), or stand as tracks of their own: `sensors` 0, numbers from 1,000,001.

        Returns
        -------
        Result of Tracks
            One row per live track, tentative ones too, and one for each that ended since the last step.
            ``info["association"]`` (m, 2): detection and track numbers brought together in this step (again, where late
            detections made scans run again); ``info["refused"]``: detections not used, by reason; ``info["classes"]``:
            a `ClassChange` for each confirmed track that is called something else than before; ``info["sensors"]``: the
            standing of each sensor (`health`); ``info["external"]``: which track of which system became which of ours.
        """
        used, refused = np.empty((0, 2), np.int64), dict[str, int]()
        ran = 0
        if len(inputs):
            rows, refused, blame = pack_rows(inputs, now_ns, self.site.start_ns, self._sensors, self._p)
            self._hearing.note(rows, blame, self._lag.horizon_ns)
            dirty, late, doubles = self._lag.insert(rows)
            if late:
                refused[LATE] = late
            if doubles:
                refused["duplicate"] = refused.get("duplicate", 0) + doubles
            for reason, count in refused.items():
                self.refused[reason] = self.refused.get(reason, 0) + count
            ran = len(self._lag.scans) - dirty
            used = self._run(dirty)
            self._lag.trim()
        tracks = self._tracks(now_ns, ran > 1)
        if external is not None:
            for reason, count in self._joiner.take(now_ns, external).items():
                refused[reason] = count
                self.refused[reason] = self.refused.get(reason, 0) + count
        others: list[dict[str, Any]] = []
        if self._joiner.holds_any:
            tracks, others = self._joiner.join(now_ns, tracks)
        wake = now_ns + WAKE_NS if len(tracks) else None
        changes = self._class_changes(now_ns, tracks) if ran else ()
        info = {"association": used, "refused": refused, "classes": changes}
        info |= {"sensors": self.health(), "external": others}
        return Result(tracks, info, wake)

    def health(self) -> list[dict[str, Any]]:
        """The standing of each sensor, in the order of the site: see `rampart.track.registration.health`."""
        if self._hearing.news or self.registration.active:
            self._standing = sensor_health(self.site, self.registration, self._hearing)
            self._hearing.news = False
        return self._standing

    def _class_changes(self, now_ns: int, tracks: Tracks) -> tuple[ClassChange, ...]:
        """Tracks that are called something else than before, and what moved them."""
        if not len(tracks) and not self._called:
            return ()
        numbers, status = tracks.number.tolist(), tracks.status.tolist()
        if _CONFIRMED not in status and not self._called:
            return ()
        best = tracks.class_probability.argmax(axis=1).tolist()
        called = {n: c for n, c, s in zip(numbers, best, status, strict=True) if s == _CONFIRMED}
        if called == self._called and DELETED not in status:
            return ()
        fresh = {n for n, c in called.items() if self._called.get(n, -1) != c}
        gone = {n for n, s in zip(numbers, status, strict=True) if s == DELETED}
        changes, rows = [], self._state.tracks
        x, P, real, whole = (a[:rows] for a in self._state.arrays[:4])
        for i in np.flatnonzero(np.isin(whole[:, NUMBER], list(fresh))) if fresh else ():
            number, weights = int(whole[i, NUMBER]), np.empty((N_SOURCES, 9))
            weigh(P[i], x[i], real[i], self._table, whole[i, IDENTITY] != 0, weights)
            probability = tracks.class_probability[numbers.index(number)]
            changes.append(change_of(number, now_ns, probability, self._called.get(number), weights))
        self._called = {n: c for n, c in {**self._called, **called}.items() if n not in gone}
        return tuple(changes)

    def _run(self, first: int) -> np.ndarray:
        """Run the scans from `first` on, from the state before it."""
        scans, parts = self._lag.scans, []
        for k in range(first, len(scans)):
            scan = scans[k]
            if k == first and scan.before is not None:
                self._load(scan.before)
            else:
                scan.before, scan.ended = self._save(), self._ended if k == first else None
            parts.append(self._run_one(scan))
            self._ended = ()
        if self._retired:
            self._end(self._retired)
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, 2), np.int64)

    def _run_one(self, scan: Scan) -> np.ndarray:
        run = self._run_among if self.registration.active else self._run_apart
        return run(scan.sensor, scan.rows.z, scan.rows.zi)

    def _unroll(self) -> None:
        """Make the states before the scans again: each is what the scan before it left, less what silence ended."""
        for k, scan in enumerate(self._lag.scans):
            if k == 0:
                self._load(scan.before or {})
            else:
                if scan.ended is not None:
                    self._end(scan.ended)
                    self._compact()
                scan.before = self._save()
            self._run_one(scan)

    def _parts(self) -> list[Registration | Crossings]:
        """What several sensors bring to the state."""
        return [part for part in (self.registration, self._crossings) if part.active]

    def _save(self) -> dict[str, np.ndarray]:
        saved = self._state.save()
        for part in self._parts():
            saved |= part.save()
        return saved

    def _load(self, saved: Mapping[str, Any]) -> None:
        self._state.load(saved)
        for part in self._parts():
            part.load(saved)

    def _triangulate(self, sensor: int, z: np.ndarray, zi: np.ndarray, used: np.ndarray) -> np.ndarray:
        """Start tracks from bearings that none has used; returns all pairs of detection and track."""
        if not self._crossings.takes(sensor):
            return used
        begun = self._crossings.observe(sensor, z, zi, used, self._state, self._env, self._table)
        return np.concatenate([used, begun]) if len(begun) else used

    def _run_apart(self, sensor: int, z: np.ndarray, zi: np.ndarray) -> np.ndarray:
        return self._triangulate(sensor, z, zi, self._run_scan(sensor, z, zi))

    def _run_among(self, sensor: int, raw: np.ndarray, zi: np.ndarray) -> np.ndarray:
        """Run a scan of one sensor among several: registered, and without effect on tracks if it is not believed."""
        state, registration = self._state, self.registration
        z = registration.correct(sensor, raw, zi)
        shut = registration.shut(sensor)
        kept = state.save() if shut else None
        state.counts[0] = n = _kernels.compact(state.counts[0], *state.arrays[:6])
        before = state.arrays[4][:n, sensor].copy()
        used = self._run_scan(sensor, z, zi)
        registration.observe(n, sensor, raw, z, zi, used, before, state)
        if kept is None:
            return used if registration.shut(sensor) else self._triangulate(sensor, z, zi, used)
        state.load(kept)
        return used[:0]

    def _run_scan(self, sensor: int, z: np.ndarray, zi: np.ndarray) -> np.ndarray:
        state, m = self._state, len(z)
        state.reserve(m, PAIRS_PER_TRACK)
        used = np.empty((2 * m, 2), np.int64)
        while True:
            rows = _kernels.step_scan(
                sensor, z, zi, self._limits, *state.arrays, state.counts, state.clutter, self._sensors, self._p,
                self._table, self._env, state.work, *state.pairs, used,
            )  # fmt: skip
            if rows >= 0:
                return used[:rows]
            state.make_pairs(4 * len(state.pairs[0]))

    def _end(self, numbers: Iterable[int]) -> None:
        """End tracks: one that was reported deleted for its silence stays so when its scans run again."""
        whole = self._state.arrays[3][: self._state.tracks]
        if set(whole[:, NUMBER].tolist()).isdisjoint(numbers):
            return
        over = np.isin(whole[:, NUMBER], list(numbers)) & (whole[:, STATUS] != DELETED)
        whole[over, STATUS] = DELETED
        self._ended += tuple(whole[over, NUMBER].tolist())

    def _compact(self) -> None:
        self._state.counts[0] = _kernels.compact(self._state.tracks, *self._state.arrays[:6])

    def _tracks(self, now_ns: int, reran: bool) -> Tracks:
        """The rows of all tracks as of now; those deleted are dropped from the state."""
        n = self._state.tracks
        if not n and not len(self._last):
            return self._last
        tracks = Tracks(*self._view(now_ns, n))
        if DELETED in tracks.status.tolist():
            self._compact()
        if reran:
            tracks = self._with_vanished(now_ns, tracks)
        self._last = _live(tracks)
        return tracks

    def _view(self, now_ns: int, n: int) -> tuple[np.ndarray, ...]:
        x, P, real, whole, look, fit = (a[:n] for a in self._state.arrays[:6])
        state, covariance = np.empty((n, 6)), np.empty((n, 6, 6))
        fallen, fallen_covariance = np.empty((n, N_STATE)), np.empty((n, N_STATE, N_STATE))
        error, error_covariance = np.empty((n, N_ERRORS)), np.empty((n, N_ERRORS, N_JOINT))
        mode, classes = np.empty((n, N_MODES)), np.empty((n, 9))
        existence, status = np.empty(n), np.empty(n, np.int8)
        view(
            n, (now_ns - self.site.start_ns) * 1e-9, x, P, real, whole, look, fit, self._sensors, self._p, self._env,
            state, covariance, fallen, fallen_covariance, error, error_covariance, mode, classes, existence, status,
        )  # fmt: skip
        if status.tolist() != whole[:, STATUS].tolist():
            silent = whole[status != whole[:, STATUS], NUMBER].tolist()
            self._retire(now_ns, silent)
            self._end(silent)
        number, time_ns, first_ns, updated_ns, received_ns, detection, codes = np.empty((7, n), np.int64)
        hits, seen_by, flags, rcs = np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint8), np.empty(n)
        write_columns(
            now_ns, whole, real, number, time_ns, hits, first_ns, updated_ns, received_ns, detection, seen_by, rcs,
            codes, flags,
        )  # fmt: skip
        return (
            number,
            time_ns,
            state,
            covariance,
            fallen,
            fallen_covariance,
            error,
            error_covariance,
            existence,
            mode,
            classes,
            status,
            hits,
            first_ns,
            updated_ns,
            received_ns,
            detection,
            seen_by,
            rcs,
            decode_identity(codes),
            flags,
        )

    def _retire(self, now_ns: int, numbers: Iterable[int]) -> None:
        """Remember tracks that end because sensors are silent: no scan has said so."""
        horizon = now_ns - 60 * NS
        self._retired = {n: t for n, t in self._retired.items() if t >= horizon}
        self._retired.update((n, now_ns) for n in numbers)

    def _with_vanished(self, now_ns: int, tracks: Tracks) -> Tracks:
        """Add the ends of tracks that were reported before and that a late detection has undone."""
        lost = ~np.isin(self._last.number, tracks.number)
        if not lost.any():
            return tracks
        ends = self._last.take(lost)
        k = len(ends)
        status = np.full(k, TrackStatus.DELETED, np.int8)
        return Tracks.concat([tracks, ends.replace(time_ns=np.full(k, now_ns), status=status)])

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "version": 7,
            "state": self._save(),
            "lag": self._lag.save(),
            "retired": dict(self._retired),
            "ended": self._ended,
            "refused": dict(self.refused),
            "hearing": self._hearing.save(),
            "external": self._joiner.save(),
            "called": dict(self._called),
            "last": {name: getattr(self._last, name).copy() for name in Tracks.names()},
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave.

        Raises
        ------
        ValueError
            If it is of another version.
        """
        if snapshot.get("version") != 7:
            raise ValueError(f"tracker snapshot of version {snapshot.get('version')!r}; expected 7")
        self._state = State(len(self.site.sensors))
        self._lag.load(snapshot["lag"])
        self._unroll()
        self._load(snapshot["state"])
        self._ended = tuple(snapshot["ended"])
        self._retired = {int(n): int(t) for n, t in snapshot["retired"].items()}
        self.refused = dict(snapshot["refused"])
        self._hearing.load(snapshot["hearing"])
        self._joiner.load(snapshot["external"])
        self._called = {int(n): int(c) for n, c in snapshot.get("called", {}).items()}
        self._last = Tracks.build(**snapshot["last"])


def _live(tracks: Tracks) -> Tracks:
    return tracks.take(tracks.status != DELETED) if DELETED in tracks.status.tolist() else tracks
