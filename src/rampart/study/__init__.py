"""The run loop, the referee beside it, scores, replay."""

from .run import Run, run, simulate

__all__ = ["Run", "run", "simulate"]
