"""Chain: tracker, predictor, warner and (simulation only) engager in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rampart.records import (
    AlertStatus,
    Decisions,
    DetectionFlag,
    Detections,
    Engagements,
    ExternalTracks,
    Health,
    Picture,
    Predictions,
    Result,
    Site,
    Stage,
    Tracks,
    Warnings,
    ZoneStates,
)
from rampart.records.slots import swift

from .watch import SensorWatch

_ACTUAL = int(AlertStatus.ACTUAL)
_NO_DECISIONS, _NO_HEALTH, _NO_ZONES = Decisions.empty(), Health.empty(), ZoneStates.empty()


@swift
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
    health: Health = _NO_HEALTH  #: sensors whose state changed
    zones: ZoneStates = _NO_ZONES  #: zones whose state changed


class Chain:
    """The row of stages of one site.

    It reads no clock, does no I/O and never sees truth. Live service, simulation and replay step the same chain.

    Parameters
    ----------
    site : Site
        The site it belongs to.
    tracker, predictor, warner, engager : Stage
        In the order of the flow; no engager outside of simulations.
    live : bool
        Fed by real sensors. Only then can a warning have the status `ACTUAL`.

    Raises
    ------
    ValueError
        For a live chain with an engager.
    """

    def __init__(
        self,
        site: Site,
        tracker: Stage[Detections, Tracks],
        predictor: Stage[Tracks, Predictions],
        warner: Stage[Picture, Warnings],
        engager: Stage[Picture, Engagements] | None = None,
        *,
        live: bool = False,
    ) -> None:
        if live and engager is not None:
            raise ValueError("a live chain has no engager")
        self.site, self.live = site, live
        self.watch = SensorWatch(site)
        self.tracker, self.predictor, self.warner, self.engager = tracker, predictor, warner, engager
        self._no_engagements: Result[Engagements] = Result(Engagements.empty())

    def step(
        self,
        now_ns: int,
        detections: Detections,
        external: ExternalTracks | None = None,
        *,
        decisions: Decisions | None = None,
        heard: Sequence[int] | None = None,
    ) -> Outputs:
        """Take one batch of detections, empty if a stage asked to be woken.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC, not before the last one.
        detections : Detections
            Received since the last step.
        external : ExternalTracks or None
            Reports of other systems' tracks received since. Only trackers that join such tracks are given any.
        decisions : Decisions or None
            What operators decided since.
        heard : sequence of int or None
            Indices of the sensors that reported since, with detections or without. None if the caller does not know:
            no sensor is called stale then, and no zone unwatched.
        """
        tracked = self._track(now_ns, detections, external)
        predicted = self.predictor.step(now_ns, tracked.records)
        health = self.watch.step(now_ns, detections, heard, tracked.info.get("sensors", ()))
        given = _NO_DECISIONS if decisions is None else decisions
        picture = Picture(tracked.records, predicted.records, given, self.watch.working)
        warned = self.warner.step(now_ns, picture)
        engaged = self.engager.step(now_ns, picture) if self.engager else self._no_engagements
        warnings = self._meant(warned.records, picture) if len(warned.records) else warned.records
        wakes = [tracked.wake_ns, predicted.wake_ns, warned.wake_ns, engaged.wake_ns, self.watch.wake_ns(now_ns)]
        info = {"track": tracked.info, "predict": predicted.info, "warn": warned.info, "engage": engaged.info}
        return Outputs(
            now_ns,
            tracked.records,
            predicted.records,
            warnings,
            engaged.records,
            info,
            min([w for w in wakes if w is not None], default=None),
            health,
            warned.info.get("zones", _NO_ZONES),
        )

    def _meant(self, warnings: Warnings, picture: Picture) -> Warnings:
        """The wall behind the warner's own rule: actual only live, and not from anything simulated or of a test."""
        actual = warnings.status == _ACTUAL
        if not actual.any():
            return warnings
        marked = picture.tracks.flags != DetectionFlag.NONE
        unreal = set(picture.tracks.number[marked].tolist())
        ordered = picture.decisions.number[picture.decisions.flags != DetectionFlag.NONE].tolist()
        status = warnings.status.copy()
        for i in actual.nonzero()[0].tolist():
            if not self.live or unreal.intersection(warnings.tracks[i]) or int(warnings.decision[i]) in ordered:
                status[i] = AlertStatus.EXERCISE
        return warnings.replace(status=status)

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
        stages = {name: stage.snapshot() for name, stage in self._stages().items()}
        return {"version": 1, **stages, "watch": self.watch.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave; the chain then continues exactly as the first one would have."""
        for name, stage in self._stages().items():
            stage.restore(snapshot[name])
        self.watch.restore(snapshot["watch"])
