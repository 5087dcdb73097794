"""Chain: tracker, predictor, warner and (simulation only) engager in a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rampart.records import (
    Detections,
    Engagements,
    ExternalTracks,
    Picture,
    Predictions,
    Result,
    Site,
    Stage,
    Tracks,
    Warnings,
)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one step of the chain says."""

    now_ns: int
    tracks: Tracks
    predictions: Predictions
    warnings: Warnings
    engagements: Engagements
    info: Mapping[str, Mapping[str, Any]]
    wake_ns: int | None  #: the latest time of the next step, ns UTC; None if only new detections matter


class Chain:
    """The row of stages of one site.

    It reads no clock, does no I/O and never sees truth. Live service, simulation and replay step the same chain.

    Parameters
    ----------
    site : Site
        The site it belongs to.
    tracker, predictor, warner, engager : Stage
        In the order of the flow; no engager outside of simulations.
    """

    def __init__(
        self,
        site: Site,
        tracker: Stage[Detections, Tracks],
        predictor: Stage[Tracks, Predictions],
        warner: Stage[Picture, Warnings],
        engager: Stage[Picture, Engagements] | None = None,
    ) -> None:
        self.site = site
        self.tracker, self.predictor, self.warner, self.engager = tracker, predictor, warner, engager
        self._no_engagements: Result[Engagements] = Result(Engagements.empty())

    def step(self, now_ns: int, detections: Detections, external: ExternalTracks | None = None) -> Outputs:
        """Take one batch of detections, empty if a stage asked to be woken.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC, not before the last one.
        detections : Detections
            Received since the last step.
        external : ExternalTracks or None
            Reports of other systems' tracks received since. Only trackers that join such tracks are given any.
        """
        tracked = self._track(now_ns, detections, external)
        predicted = self.predictor.step(now_ns, tracked.records)
        picture = Picture(tracked.records, predicted.records)
        warned = self.warner.step(now_ns, picture)
        engaged = self.engager.step(now_ns, picture) if self.engager else self._no_engagements
        wakes = [r.wake_ns for r in (tracked, predicted, warned, engaged) if r.wake_ns is not None]
        info = {"track": tracked.info, "predict": predicted.info, "warn": warned.info, "engage": engaged.info}
        return Outputs(now_ns, *picture, warned.records, engaged.records, info, min(wakes, default=None))

    def _track(self, now_ns: int, detections: Detections, external: ExternalTracks | None) -> Result[Tracks]:
        if external is None or not len(external):
            return self.tracker.step(now_ns, detections)
        tracker: Any = self.tracker
        tracked: Result[Tracks] = tracker.step(now_ns, detections, external)
        return tracked

    def _stages(self) -> dict[str, Stage[Any, Any]]:
        stages: dict[str, Stage[Any, Any]] = {
            "track": self.tracker,
            "predict": self.predictor,
            "warn": self.warner,
        }
        return stages if self.engager is None else {**stages, "engage": self.engager}

    def snapshot(self) -> dict[str, Any]:
        """The state of every stage as plain data."""
        return {"version": 1, **{name: stage.snapshot() for name, stage in self._stages().items()}}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave; the chain then continues exactly as the first one would have."""
        for name, stage in self._stages().items():
            stage.restore(snapshot[name])
