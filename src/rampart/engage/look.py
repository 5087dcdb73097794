"""Look: what is believed of a threat after shots at it, and how that errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(slots=True)
class Target:
    """A track that qualified, and what was shot at it."""

    since_ns: int | None  #: qualified without a break since; None while it does not
    shots: int = 0  #: since the last look
    engagements: int = 0
    intercept_ns: int = 0  #: latest of the shots since the last look
    latest: int = 0  #: number of the latest engagement
    dismissed: bool = False  #: a look believed it stopped: it is left alone
    mistaken: bool = False  #: a look believed that it survived though nothing is seen of it
    doubt: float = 1.0  #: probability that all shots so far that need a radio link failed, if it has one

    def shoot(self, number: int, intercept_ns: int) -> None:
        """One more shot at it."""
        self.intercept_ns = max(self.intercept_ns, intercept_ns) if self.shots else intercept_ns
        self.shots += 1
        self.engagements += 1
        self.latest = number
        self.mistaken = False


class Dice:
    """Errors of the look: one number per engagement, whatever else is drawn or asked.

    Parameters
    ----------
    survivor_taken_for_killed, killed_taken_for_survivor : float
        Probabilities of the two errors.
    rng : numpy.random.Generator or None
        Its first number is the key; without errors nothing is drawn.

    Notes
    -----
    A look with two kinds of error is the classical extension of shoot-look-shoot (e.g. Washburn and Kress, Combat
    Modeling, 2009). Here it starts from the track, the only evidence there is: a track that was detected after the
    intercept survived, one that was not may be gone.
    """

    def __init__(
        self,
        survivor_taken_for_killed: float,
        killed_taken_for_survivor: float,
        rng: np.random.Generator | None = None,
    ) -> None:
        self._killed, self._survivor = survivor_taken_for_killed, killed_taken_for_survivor
        self.loaded = survivor_taken_for_killed > 0.0 or killed_taken_for_survivor > 0.0
        self.key = int(rng.integers(2**63)) if self.loaded and rng is not None else 0

    def survived(self, target: Target, *, seen: bool, fresh: bool) -> bool:
        """Whether a look believes that a target survived the shots at it.

        Parameters
        ----------
        target : Target
            Takes up what follows from an error.
        seen : bool
            Detected since the intercept.
        fresh : bool
            Detected lately enough to be fired at.
        """
        if not self.loaded:
            return seen and fresh
        if target.dismissed:
            return False
        u = self._draw(target.latest)
        if seen:
            target.dismissed = u < self._killed
            return fresh and not target.dismissed
        target.mistaken = u < self._survivor
        return target.mistaken

    def _draw(self, number: int) -> float:
        """Uniform, by key and engagement alone: asking twice gives the same."""
        return float(np.random.Generator(np.random.Philox(key=[self.key, number])).random())
