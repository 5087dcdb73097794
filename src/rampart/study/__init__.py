"""The run loop, the referee beside it, scores, replay, and studies of many runs."""

from typing import TYPE_CHECKING, Any

from .run import Run, run, simulate

if TYPE_CHECKING:
    from .montecarlo.result import StudyResult
    from .montecarlo.study import run_study

__all__ = ["Run", "StudyResult", "run", "run_study", "simulate"]


def __getattr__(name: str) -> Any:
    if name == "StudyResult":
        from .montecarlo.result import StudyResult

        return StudyResult
    if name == "run_study":
        from .montecarlo.study import run_study

        return run_study
    raise AttributeError(f"module 'rampart.study' has no attribute {name!r}")
