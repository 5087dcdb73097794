"""RunRecord: one run as reports read it. Recorder: whatever a run is told to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from rampart.records import (
    Decisions,
    Detections,
    Engagements,
    ExternalTracks,
    Flight,
    Health,
    Predictions,
    Site,
    Tracks,
    TrackStatus,
    Warnings,
    ZoneStates,
)

from .encoding import decode_site, encode_site
from .thinning import thin_flight

SCHEMA = 1
_CONFIRMED = (int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED))


class Step(NamedTuple):
    """What a chain said in one step."""

    now_ns: int
    tracks: Tracks
    predictions: Predictions
    warnings: Warnings
    engagements: Engagements


class Gates(NamedTuple):
    """One sensor's diagnostics of one moment: columns of equal length, one row per target looked at."""

    now_ns: int
    sensor_id: str
    columns: Mapping[str, np.ndarray]


class Recorder(Protocol):
    """What a run loop tells its run to; a recording, a collector, or anything else that listens."""

    def batch(
        self,
        site_id: str,
        now_ns: int,
        detections: Detections,
        sensor: int | None = None,
        *,
        decisions: Decisions | None = None,
        heard: Sequence[int] | None = None,
        external: ExternalTracks | None = None,
    ) -> None:
        """Take one input of a site's chain: a batch, empty for a step without detections; what operators decided;
        reports of other systems' tracks; and which sensors reported, with detections or without (None: nobody kept
        watch over them).
        """

    def outputs(
        self,
        site_id: str,
        now_ns: int,
        tracks: Tracks,
        predictions: Predictions,
        warnings: Warnings,
        engagements: Engagements,
    ) -> None:
        """Take what the chain said to the batch before."""

    def states(self, site_id: str, now_ns: int, health: Health, zones: ZoneStates) -> None:
        """Take what the batch before changed of the states of parts and zones."""

    def diagnostics(self, site_id: str, now_ns: int, sensor_id: str, columns: Mapping[str, Any]) -> None:
        """Take a simulated sensor's reasons: one row per target that it looked at."""

    def truth(self, site_id: str, flights: Iterable[Flight]) -> None:
        """Take what really flew, as if never engaged."""

    def summary(self, summary: Mapping[str, Any]) -> None:
        """Take the run's summary."""


def make_header(
    *,
    scenario: Mapping[str, Any],
    scenario_toml: str,
    seed: int,
    run: int,
    version: str,
    sites: Sequence[Site],
    **more: Any,
) -> dict[str, Any]:
    """What decides a run, as plain data: the head of a recording.

    Parameters
    ----------
    scenario : mapping
        The resolved scenario, defaults included, as JSON-able data with ``name``.
    scenario_toml : str
        The file as given.
    seed, run : int
        They name the random streams.
    version : str
        Of Rampart.
    sites : sequence of Site
        In the order of the scenario.
    **more : object
        Further plain data that decides the run.
    """
    return {
        "schema": SCHEMA,
        "scenario": dict(scenario),
        "scenario_toml": scenario_toml,
        "seed": seed,
        "run": run,
        "version": version,
        "sites": [encode_site(site) for site in sites],
        **more,
    }


class ConfirmedOnly:
    """Passes on the tracks that are, or once were, confirmed, and their predictions.

    Clutter starts dozens of tentative tracks in each scan. They are left out of recordings by default: replay
    brings each of them back.
    """

    def __init__(self) -> None:
        self._known: dict[str, set[int]] = defaultdict(set)

    def __call__(self, site_id: str, tracks: Tracks, predictions: Predictions) -> tuple[Tracks, Predictions]:
        """Filter the outputs of one step."""
        if not len(tracks) and not len(predictions):
            return tracks, predictions
        known = self._known[site_id]
        numbers, status = tracks.number.tolist(), tracks.status.tolist()
        known.update(n for n, s in zip(numbers, status, strict=True) if s in _CONFIRMED)
        return _rows(tracks, numbers, known), _rows(predictions, predictions.track.tolist(), known)


def _rows(records: Any, numbers: list[int], known: set[int]) -> Any:
    index = [i for i, number in enumerate(numbers) if number in known]
    return records if len(index) == len(numbers) else records.take(np.array(index, dtype=np.intp))


@dataclass(frozen=True)
class RunRecord:
    """One run: what decided it, what flew, what the chain said, and the score.

    Built by a `Collector` while a run goes on, or by `RecordingReader.run_record` afterwards. Tracks and
    predictions are those of confirmed tracks.
    """

    header: Mapping[str, Any]
    sites: tuple[Site, ...]
    flights: tuple[Flight, ...]  #: truth, thinned; empty for a live recording
    steps: Mapping[str, tuple[Step, ...]]  #: by site, steps in which something was said
    gates: Mapping[str, tuple[Gates, ...]]  #: by site
    summary: Mapping[str, Any] = field(default_factory=dict)
    batches: Mapping[str, int] = field(default_factory=dict)  #: by site, how many
    detections: Mapping[str, int] = field(default_factory=dict)  #: by site, how many in all batches

    @property
    def scenario(self) -> Mapping[str, Any]:
        """The resolved scenario."""
        return self.header.get("scenario", {})

    def effectors(self, site_id: str) -> tuple[Mapping[str, Any], ...]:
        """The site's simulated effectors as the scenario describes them; the index is `Engagements.effector`.

        None where the run was made without effectors (``effectors`` in the header is False).
        """
        if self.header.get("effectors") is False:
            return ()
        first = self.sites[0].id if self.sites else None
        return tuple(e for e in self.scenario.get("effector", ()) if (e.get("site") or first) == site_id)


class Collector:
    """A recorder that keeps a run in memory for its report.

    Parameters
    ----------
    header : mapping
        As `make_header` gives it.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self.header = header
        self._flights: list[Flight] = []
        self._steps: dict[str, list[Step]] = defaultdict(list)
        self._gates: dict[str, list[Gates]] = defaultdict(list)
        self._batches: dict[str, int] = defaultdict(int)
        self._detections: dict[str, int] = defaultdict(int)
        self._summary: Mapping[str, Any] = {}
        self._confirmed = ConfirmedOnly()

    def batch(
        self,
        site_id: str,
        now_ns: int,
        detections: Detections,
        sensor: int | None = None,
        *,
        decisions: Decisions | None = None,
        heard: Sequence[int] | None = None,
        external: ExternalTracks | None = None,
    ) -> None:
        """Count a batch."""
        self.count(site_id, len(detections))

    def count(self, site_id: str, detections: int) -> None:
        """Count a batch of which only the number of detections is known."""
        self._batches[site_id] += 1
        self._detections[site_id] += detections

    def outputs(
        self,
        site_id: str,
        now_ns: int,
        tracks: Tracks,
        predictions: Predictions,
        warnings: Warnings,
        engagements: Engagements,
    ) -> None:
        """Keep what the chain said, without tentative tracks."""
        tracks, predictions = self._confirmed(site_id, tracks, predictions)
        if len(tracks) or len(predictions) or len(warnings) or len(engagements):
            self._steps[site_id].append(Step(now_ns, tracks, predictions, warnings, engagements))

    def states(self, site_id: str, now_ns: int, health: Health, zones: ZoneStates) -> None:
        """States are no part of a report."""

    def diagnostics(self, site_id: str, now_ns: int, sensor_id: str, columns: Mapping[str, Any]) -> None:
        """Keep a sensor's reasons."""
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        if arrays and len(next(iter(arrays.values()))):
            self._gates[site_id].append(Gates(now_ns, sensor_id, arrays))

    def truth(self, site_id: str, flights: Iterable[Flight]) -> None:
        """Keep what flew."""
        self._flights += [thin_flight(flight) for flight in flights]

    def summary(self, summary: Mapping[str, Any]) -> None:
        """Keep the summary."""
        self._summary = summary

    def record(self) -> RunRecord:
        """The run so far."""
        return RunRecord(
            header=self.header,
            sites=tuple(decode_site(site) for site in self.header.get("sites", ())),
            flights=tuple(self._flights),
            steps={site: tuple(steps) for site, steps in self._steps.items()},
            gates={site: tuple(gates) for site, gates in self._gates.items()},
            summary=self._summary,
            batches=dict(self._batches),
            detections=dict(self._detections),
        )
