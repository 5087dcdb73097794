"""The run loop, the referee beside it, scores, replay, and studies of many runs."""

from .montecarlo.result import StudyResult
from .montecarlo.study import run_study
from .run import Run, run, simulate

__all__ = ["Run", "StudyResult", "run", "run_study", "simulate"]
