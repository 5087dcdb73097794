"""Stage: the contract of the rooms that make up the chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .decision import Decisions
from .prediction import Predictions
from .slots import swift
from .track import Tracks

Out_co = TypeVar("Out_co", covariant=True)
In_contra = TypeVar("In_contra", contravariant=True)


_NO_DECISIONS = Decisions.empty()


@swift
@dataclass(frozen=True, slots=True)
class Result(Generic[Out_co]):
    """What a stage says: its records, apart from them what helps who is debugging, and when it wants to be asked."""

    records: Out_co
    info: Mapping[str, Any] = field(default_factory=dict)
    wake_ns: int | None = None  #: the latest time of the next step; None if only new inputs matter


class Picture(NamedTuple):
    """What warner and engager see of one step: tracks and predictions, and what else bears on what is said."""

    tracks: Tracks
    predictions: Predictions
    decisions: Decisions = _NO_DECISIONS  #: taken since the last step
    working: tuple[bool, ...] | None = None  #: which of Site.sensors work; None if nobody keeps watch over them


class Stage(Protocol[In_contra, Out_co]):
    """One room of the chain.

    `now_ns` and the inputs are all that a stage learns. It reads no clock, does no I/O, draws no global random
    number and never changes its inputs. A restored stage continues exactly as the first one would have.
    """

    def step(self, now_ns: int, inputs: In_contra) -> Result[Out_co]:
        """Take one batch at time `now_ns` [ns UTC]."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data (dicts, lists, numbers, text, numpy arrays), with a ``version``."""
        ...

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        ...
