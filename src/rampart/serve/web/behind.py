"""Behind: what a display needs of the service that it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rampart.pipeline import Outputs, Place
from rampart.records import Decisions, Health
from rampart.serve.delivery import PeerHealth


class Behind(Protocol):
    """A service, or an exercise."""

    @property
    def clock(self) -> Callable[[], int]:
        """Its time, ns UTC."""

    @property
    def mode(self) -> Any:
        """How it runs: ``shadow, exercise, actual`` (`rampart.serve.service.Mode`)."""

    @property
    def places(self) -> Sequence[Place]:
        """Its sites."""

    def subscribe(self, listener: Callable[[str, Outputs], None]) -> Callable[[], None]:
        """Have each step told; returns what ends it."""

    def said(self, site: str) -> Outputs | None:
        """All that holds at a site, as if one step had said it; None, or of time 0, before there was one."""

    def decide(self, site: str, decisions: Decisions) -> None:
        """Take what an operator decided."""

    def health(self) -> Health:
        """The state of every part."""

    def peers(self) -> Sequence[PeerHealth]:
        """How each peer stands."""

    def counters(self) -> dict[str, float]:
        """Running figures, by the name they have at ``/metrics``."""

    def observed_cover(self, site: str) -> list[dict[str, Any]]:
        """By sensor, what it saw of what it looked at since the start: a share per direction and distance."""
