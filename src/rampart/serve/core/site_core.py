"""SiteCore: the chain of one site in a thread of its own. Reports in, what it says out; nobody waits for anybody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rampart.pipeline import Chain, Outputs
from rampart.records import Detections

from .clock import Clock

_log = logging.getLogger("rampart.serve")
IDLE_S = 0.5  #: without reports and wakes, health is looked at this often

Tell = Callable[[str, Outputs], None]  #: site id, what its chain said; called in the thread of the site


@dataclass(frozen=True, slots=True)
class CoreHealth:
    """How a site's chain keeps up."""

    site: str
    steps: int
    detections: int
    faults: int  #: steps in which the chain failed; their reports are lost, the next step goes on
    waiting: int  #: reports that wait for the next step
    lag_s: float  #: how long the oldest report of the last step had waited when the chain had done with it


class SiteCore:
    """Steps the chain of one site.

    Parameters
    ----------
    site : str
        Site.id.
    chain : Chain
        Stepped in the thread of this object only.
    clock : callable
        ns UTC.
    tell : callable
        Told what the chain says, at once and in order; must return quickly.
    speed : float
        Seconds of `clock` per real second.

    Notes
    -----
    Everything that came in while the chain was busy makes the next batch, so batches grow with the load and the delay
    stays bounded by two steps. A step is made for each batch and whenever a stage asks for it (`Outputs.wake_ns`);
    times of steps never go back. The sequence of (time, batch) is all that the chain learns: recorded, it can be replayed.
    """

    def __init__(self, site: str, chain: Chain, clock: Clock, tell: Tell, *, speed: float = 1.0) -> None:
        self.site, self._chain, self._clock, self._tell, self._speed = site, chain, clock, tell, speed
        self._change = threading.Condition()
        self._inbox: list[Detections] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._last_ns, self._wake_ns = 0, None
        self._steps = self._count = self._faults = 0
        self._lag_s = 0.0

    _wake_ns: int | None

    def receive(self, detections: Detections) -> None:
        """Take reports, from any thread. They are stamped as received now.

        Parameters
        ----------
        detections : Detections
            Sensor indices are those of the site.
        """
        if not len(detections):
            return
        stamped = detections.replace(received_ns=np.full(len(detections), self._clock(), np.int64))
        with self._change:
            self._inbox.append(stamped)
            self._change.notify()

    def start(self) -> None:
        """Begin to step."""
        self._thread = threading.Thread(target=self._run, name=f"chain {self.site}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Step what waits, and end."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> SiteCore:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def health(self) -> CoreHealth:
        """How it keeps up."""
        with self._change:
            waiting = sum(len(batch) for batch in self._inbox)
        return CoreHealth(self.site, self._steps, self._count, self._faults, waiting, self._lag_s)

    def _run(self) -> None:
        while True:
            batch = self._wait()
            if batch is None:
                return
            try:
                self._step(batch)
            except Exception:  # a fault in one step must not end the watch
                self._faults += 1
                self._wake_ns = None
                _log.exception("site %s: the chain failed on a batch of %d reports", self.site, len(batch))

    def _wait(self) -> Detections | None:
        """The next batch, empty when a stage asked to be woken; None at the end."""
        with self._change:
            while not self._inbox:
                if self._stopping:
                    return None
                left_s = self._left_s()
                if left_s <= 0.0:
                    return Detections.empty()
                self._change.wait(min(left_s, IDLE_S))
            parts, self._inbox = self._inbox, []
        return Detections.concat(parts)

    def _left_s(self) -> float:
        """Real seconds until a stage wants to be woken."""
        return IDLE_S if self._wake_ns is None else (self._wake_ns - self._clock()) * 1e-9 / self._speed

    def _step(self, batch: Detections) -> None:
        now_ns = max(self._clock(), self._last_ns + 1)
        if len(batch):
            batch = batch.replace(number=np.arange(self._count + 1, self._count + len(batch) + 1))
            self._count += len(batch)
        self._last_ns, self._wake_ns = now_ns, None
        outputs = self._chain.step(now_ns, batch)
        self._wake_ns = outputs.wake_ns
        self._steps += 1
        self._tell(self.site, outputs)
        if len(batch):
            self._lag_s = (self._clock() - int(batch.received_ns.min())) * 1e-9
