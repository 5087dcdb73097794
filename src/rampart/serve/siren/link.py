"""Link: whether the server is there, and what its clock shows. A device asks; each answer counts once."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from rampart.wire.siren import Answer

from .server_time import ServerTime

SECOND = 1_000_000_000
#: Questions that may wait for an answer.
_MOST_ASKED = 16
#: An own clock that is further off is reported.
SUSPECT_MS = 2_000.0


class LinkState(Enum):
    """What is known of the server."""

    STARTING = "starting"
    UP = "up"
    LOST = "lost"


class Link:
    """Questions and answers between a device and its server.

    Parameters
    ----------
    now_ns : int
        Steady clock at the start.
    lost_s : float
        Without an answer for so long, the link is lost.
    nonce : callable
        Gives a text that nobody can guess, another one each time.
    """

    def __init__(self, now_ns: int, lost_s: float, nonce: Callable[[], str]) -> None:
        self.time = ServerTime()
        self.state = LinkState.STARTING
        self.answered_ns = now_ns  #: the last answer, or the start
        self.heard_ms: int | None = None  #: time that the last answer told: shows the server that it was heard
        self._lost_ns = round(lost_s * SECOND)
        self._nonce = nonce
        self._asked: dict[str, int] = {}

    def ask(self, now_ns: int) -> str:
        """A fresh nonce for a heartbeat that goes out now."""
        nonce = self._nonce()
        self._asked[nonce] = now_ns
        while len(self._asked) > _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        return nonce

    def hear(self, answer: Answer, now_ns: int) -> bool:
        """Take in an answer that is signed and meant for us; False if we did not ask for it, or it came too late."""
        sent_ns = self._asked.pop(answer.nonce, None)
        if sent_ns is None or not self.time.hear(sent_ns=sent_ns, received_ns=now_ns, server_ms=answer.time_ms):
            return False
        self.answered_ns, self.heard_ms = now_ns, answer.time_ms
        return True

    @property
    def lost_at_ns(self) -> int:
        """When the link counts as lost if no answer comes."""
        return self.answered_ns + self._lost_ns

    def offset_ms(self, steady_ns: int, wall_ns: int) -> int | None:
        """How far the device's own clock is ahead of the server's; None where that is not known."""
        server_ms = self.time.now_ms(steady_ns)
        return None if server_ms is None else round(wall_ns / 1e6 - server_ms)
