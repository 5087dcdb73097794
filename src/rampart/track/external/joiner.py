"""Joiner: other systems' tracks beside our own, joined where they show the same thing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rampart.records import ExternalTracks, Mode, Site, Tracks, TrackStatus
from rampart.track.classify import class_table

from . import _kernels
from .held import NS, Held, by_time, classes_of, placed, refusal, simulated

if TYPE_CHECKING:
    from rampart.track.settings import TrackerSpec

#: Tracks of other systems that stand alone are numbered from here on.
FIRST_NUMBER = 1_000_001
#: Squared distance (6 degrees of freedom) of what shows the same thing: 99.95 %; twice that once it has been joined.
GATE = 24.1
KEEP = 2.0
_FAR = 7.0
_HELD = (TrackStatus.CONFIRMED, TrackStatus.COASTED)


class Joiner:
    """Keeps the latest report of each track of other systems, and joins them with ours at output.

    Parameters
    ----------
    site : Site
        Its frame.
    spec : TrackerSpec
        How they are joined, and what is assumed of their errors.

    Notes
    -----
    Nothing of another system's track enters our filters: its errors are correlated in time, and with ours if both have
    a sensor in common. `intersection` joins state and covariance by covariance intersection, which is consistent
    whatever the correlation; bodies that fall keep our own estimate, since other systems' tracks know no drag.
    `identity` takes the identity alone. A class is never taken from an identity: who falls, falls.
    """

    def __init__(self, site: Site, spec: TrackerSpec) -> None:
        self._site, self._spec, self._table = site, spec, class_table()
        self._held: dict[tuple[str, int], Held] = {}
        self._next = FIRST_NUMBER

    @property
    def holds_any(self) -> bool:
        """Whether there is anything to join."""
        return bool(self._held)

    def take(self, now_ns: int, external: ExternalTracks) -> dict[str, int]:
        """Take in reports; returns those not used, by reason."""
        refused: dict[str, int] = {}
        if self._spec.external == "off":
            return {"external tracks are off": len(external)} if len(external) else {}
        for i in by_time(external):
            row = external[int(i)]
            reason = refusal(row, now_ns)
            key = str(row.source), int(row.source_track)
            old = self._held.get(key)
            if not reason and now_ns - row.time_ns > self._spec.external_stale_s * NS:
                reason = "external too old"
            elif not reason and old is not None and row.time_ns <= old.time_ns:
                reason = "external not newer"
            if reason:
                refused[reason] = refused.get(reason, 0) + 1
                continue
            self._keep(key, old, row)
        return refused

    def _keep(self, key: tuple[str, int], old: Held | None, row: Any) -> None:
        state, covariance = placed(row, self._site, self._spec)
        classes = classes_of(row, state, covariance, self._table)
        if old is None:
            new = Held(*key, self._next, int(row.time_ns), int(row.received_ns), state, covariance, classes,
                       str(row.identity), bool(row.coasted), simulated(row), int(row.time_ns))  # fmt: skip
            self._next += 1
            self._held[key] = new
            return
        old.time_ns, old.received_ns, old.state, old.covariance = (
            int(row.time_ns),
            int(row.received_ns),
            state,
            covariance,
        )
        old.classes, old.coasted = 0.7 * old.classes + 0.3 * classes, bool(row.coasted)
        old.identity, old.flags = str(row.identity) or old.identity, old.flags | simulated(row)
        old.reports += 1

    def join(self, now_ns: int, tracks: Tracks) -> tuple[Tracks, list[dict[str, Any]]]:
        """Tracks as of `now_ns` with those of other systems, and what became of each of these."""
        ended = self._drop(now_ns)
        if not self._held and not ended:
            return tracks, []
        out = _Output(now_ns, tracks)
        for source in sorted({key[0] for key in self._held}):
            members = [held for key, held in sorted(self._held.items()) if key[0] == source]
            self._join_source(now_ns, members, out)
        alone = [held for held in self._held.values() if not held.partner]
        ended += [held for held in self._held.values() if held.partner and held.shown]
        for held in self._held.values():
            held.shown = not held.partner
        ends = Tracks.concat([_alone(held, now_ns, self._spec, TrackStatus.DELETED) for held in ended])
        rows = [_alone(held, now_ns, self._spec, _status(held)) for held in sorted(alone, key=lambda h: h.number)]
        return Tracks.concat([out.tracks(), *rows, ends]), [_fate(held) for held in self._held.values()]

    def _drop(self, now_ns: int) -> list[Held]:
        """Forget tracks that their system no longer reports; returns those that stood alone."""
        limit_ns = now_ns - round(self._spec.external_stale_s * NS)
        gone = [key for key, held in self._held.items() if held.time_ns < limit_ns]
        return [held for held in map(self._held.pop, gone) if held.shown]

    def _join_source(self, now_ns: int, members: list[Held], out: _Output) -> None:
        """Pair the tracks of one system with those already there, nearest first; each finds one partner at most."""
        here = [held.at(now_ns) for held in members]
        x, P = np.array([e[0] for e in here]), np.array([e[1] for e in here])
        d2 = np.empty((len(members), len(out.number)))
        _kernels.distances(x, P, out.state, out.covariance, _FAR, d2)
        for i, held in enumerate(members):
            if held.partner:
                d2[i, out.number == held.partner] /= KEEP
            if held.identity:
                d2[i, _other_names(held.identity, out.identity)] = math.inf
            held.partner = 0
        taken: set[int] = set()
        for flat in np.argsort(d2, axis=None, kind="stable"):
            i, j = divmod(int(flat), d2.shape[1])
            if d2[i, j] > GATE:
                break
            if members[i].partner or j in taken:
                continue
            taken.add(j)
            members[i].partner = int(out.number[j])
            out.join(j, x[i], P[i], members[i], self._spec.external == "intersection")

    def save(self) -> dict[str, Any]:
        """Plain data."""
        return {"next": self._next, "held": [held.save() for held in self._held.values()]}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave."""
        self._next = saved["next"]
        self._held = {(h["source"], h["source_track"]): Held.load(h) for h in saved["held"]}


class _Output:
    """Our tracks while others are joined to them; only confirmed and coasted ones take part."""

    def __init__(self, now_ns: int, tracks: Tracks) -> None:
        self._tracks, self._now_ns = tracks, now_ns
        self._rows = np.flatnonzero(np.isin(tracks.status, _HELD))
        self.number = tracks.number[self._rows]
        self.state, self.covariance = tracks.state[self._rows], tracks.covariance[self._rows]
        self.identity = tracks.identity[self._rows]
        self._falls = tracks.mode_probability[self._rows, : Mode.CRUISE].sum(axis=1) > 0.5
        self._flags = tracks.flags[self._rows]
        self._changed = False

    def join(self, j: int, x: np.ndarray, P: np.ndarray, held: Held, states: bool) -> None:
        """Join one track of another system to row j."""
        self._changed = True
        if not self.identity[j]:
            self.identity[j] = held.identity
        if states and not self._falls[j]:
            z, R = np.empty(6), np.empty((6, 6))
            w = _kernels.intersect(self.state[j], self.covariance[j], x, P, z, R)
            if 0.0 <= w < 1.0:
                self.state[j], self.covariance[j] = z, R
                self._flags[j] |= held.flags

    def tracks(self) -> Tracks:
        """The rows with what was joined to them."""
        if not self._changed:
            return self._tracks
        t = self._tracks
        columns = {"state": t.state, "covariance": t.covariance, "identity": t.identity, "flags": t.flags}
        columns = {name: values.copy() for name, values in columns.items()}
        for name, values in zip(columns, (self.state, self.covariance, self.identity, self._flags), strict=True):
            columns[name][self._rows] = values
        return t.replace(**columns)


def _other_names(identity: str, known: np.ndarray) -> np.ndarray:
    """Which identities are of another aircraft: of the same kind (24-bit addresses, or codes) and different."""
    return (known != "") & (known != identity) & (np.char.str_len(known) == len(identity))


def _status(held: Held) -> TrackStatus:
    return TrackStatus.COASTED if held.coasted else TrackStatus.CONFIRMED


def _alone(held: Held, now_ns: int, spec: TrackerSpec, status: TrackStatus) -> Tracks:
    """The row of a track that only another system holds: no sensor of ours, no detection."""
    x, P = held.at(now_ns)
    fallen, fallen_covariance = np.full(7, np.nan), np.full((7, 7), np.nan)
    falls = float(held.classes[:3].sum())
    if falls > 0.1:
        fallen = np.append(x, math.log(spec.drag_to_mass_m2kg))
        fallen_covariance = np.zeros((7, 7))
        fallen_covariance[:6, :6], fallen_covariance[6, 6] = P, spec.ln_drag_sigma**2
    mode = np.zeros((1, len(Mode)))
    mode[0, Mode.BALLISTIC], mode[0, Mode.CRUISE] = falls, 1.0 - falls
    return Tracks.build(
        1, number=[held.number], time_ns=[now_ns], state=[x], covariance=[P], ballistic_state=[fallen],
        ballistic_covariance=[fallen_covariance], existence=[0.99], mode_probability=mode,
        class_probability=[held.classes], status=[status], hits=[held.reports], first_ns=[held.first_ns],
        updated_ns=[held.time_ns], received_ns=[held.received_ns], identity=[held.identity], flags=[held.flags],
    )  # fmt: skip


def _fate(held: Held) -> dict[str, Any]:
    """What became of a track of another system, for `Result.info`."""
    return {
        "source": held.source,
        "source_track": held.source_track,
        "track": held.partner or held.number,
        "joined": bool(held.partner),
    }
