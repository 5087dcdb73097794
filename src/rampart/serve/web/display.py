"""Display: takes what a service says, keeps the picture, and sends it to everybody who looks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rampart.errors import InputError
from rampart.pipeline import Outputs
from rampart.records import HealthState
from rampart.serve.delivery import PeerHealth

from .alarm_store import AlarmStore
from .alarms import AlarmBoard, Transition
from .behind import Behind
from .client import Client
from .conditions import Conditions, set_peers
from .frame import Frame, encode
from .ground import site_entry
from .history import History
from .picture import MS, SitePicture

_log = logging.getLogger("rampart.serve.web")
RATE_HZ = 5.0  #: pictures per second
TICK_S = 1.0  #: between two signs of life
STALE_S = 3.0  #: a chain that made no step for so long is not shown as alive
MOST_CLIENTS = 100


class Display:
    """The picture of a service, and who looks at it.

    Parameters
    ----------
    behind : Behind
        The service.
    rate_hz : float
        Pictures per second. What a warning or a zone's state changes goes out at once.
    on_transition : callable or None
        Told of each step in the life of an alarm, to be kept.
    alarm_store : AlarmStore or None
        Keeps how alarms stand, and how they stood before a restart.
    extra : mapping
        More that the page is told of, by name.

    Notes
    -----
    `take` is called in the threads of the chains: it writes down and returns. Everything else lives on one event loop,
    that of the web server. A frame is encoded once, however many look.
    """

    def __init__(
        self,
        behind: Behind,
        *,
        rate_hz: float = RATE_HZ,
        on_transition: Callable[[Transition], None] | None = None,
        alarm_store: AlarmStore | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.behind, self.rate_hz = behind, rate_hz
        self.extra: dict[str, Any] = dict(extra or {})
        self.lock = threading.RLock()
        self.pictures = {place.site.id: SitePicture(place.site) for place in behind.places}
        self.sites = [site_entry(place) for place in behind.places]
        self.board = AlarmBoard(self._transition)
        self._keep, self._store = on_transition, alarm_store
        if alarm_store is not None:
            self.board.restore(alarm_store.read(), behind.clock())
        self._conditions = {name: Conditions(self.board, picture) for name, picture in self.pictures.items()}
        self.history = {name: History() for name in self.pictures}
        self.clients: set[Client] = set()
        self.cut_off = self.frames = self.bytes = 0
        self._urgent: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._peers: list[PeerHealth] = []
        with self.lock:  # steps that are told meanwhile wait, and come after what held before
            self._stop = behind.subscribe(self.take)
            for name in self.pictures:
                said = behind.said(name)
                if said is not None and said.now_ns:
                    self.take(name, said)

    # -- in

    def take(self, site: str, outputs: Outputs) -> None:
        """One step of a chain, in its thread."""
        with self.lock:
            urgent = self.pictures[site].take(outputs)
            if urgent:
                self._conditions[site].step(outputs.now_ns)
        loop, event = self._loop, self._urgent
        if urgent and loop is not None and event is not None:
            with suppress(RuntimeError):  # it has stopped meanwhile
                loop.call_soon_threadsafe(event.set)

    def part(self, name: str, fault: str) -> None:
        """How a part of the display's own stands: why it does not work, or "" if it does. From any thread."""
        state = HealthState.DEGRADED if fault else HealthState.OK
        with self.lock:
            for picture in self.pictures.values():
                picture.set_health(name, state, self.behind.clock(), fault)
        loop, event = self._loop, self._urgent
        if loop is not None and event is not None:
            with suppress(RuntimeError):  # it has stopped meanwhile
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """Take nothing more."""
        self._stop()

    # -- alarms

    def acknowledge(self, key: str, who: str) -> dict[str, Any]:
        """An operator knows of an alarm."""
        with self.lock:
            entry = self.board.acknowledge(key, self.behind.clock(), who)
        self._wake()
        return entry

    def shelve(self, key: str, who: str, reason: str, seconds: float) -> dict[str, Any]:
        """An operator puts an alarm aside."""
        with self.lock:
            entry = self.board.shelve(key, self.behind.clock(), who, reason, seconds)
        self._wake()
        return entry

    def _wake(self) -> None:
        if self._urgent is not None:
            self._urgent.set()

    def _transition(self, transition: Transition) -> None:
        site = transition.alarm.partition("/")[0]
        for name, history in self.history.items():
            if name == site or site not in self.history:
                history.mark(transition.time_ns * MS, transition.what, transition.text)
        if self._keep is not None:
            self._keep(transition)
        if self._store is not None:
            self._store.write(self.board.snapshot())

    # -- out

    async def run(self) -> None:
        """Send pictures until cancelled."""
        self._loop, self._urgent = asyncio.get_running_loop(), asyncio.Event()
        next_tick_s = 0.0
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._urgent.wait(), 1.0 / self.rate_hz)
                self._urgent.clear()
                try:
                    if time.monotonic() >= next_tick_s:
                        next_tick_s = time.monotonic() + TICK_S
                        self._check_parts()
                        self._say({**self.head(), **self._vitals(), "kind": "tick"})
                    self._send_pictures()
                except Exception:  # a fault in one picture must not end the display
                    _log.exception("display: a picture failed")
        finally:
            self._loop = self._urgent = None

    def head(self) -> dict[str, Any]:
        """What every frame says."""
        return {"v": 1, "mode": str(self.behind.mode), "t": self.behind.clock() * MS}

    def _vitals(self) -> dict[str, Any]:
        now_ns = self.behind.clock()
        return {
            "steps": {name: p.now_ns * MS for name, p in self.pictures.items()},
            "behind": [name for name, p in self.pictures.items() if (now_ns - p.now_ns) * 1e-9 > STALE_S],
            "peers": [peer_entry(peer) for peer in self._peers],
            "operators": self.operators(),
            "extra": self.extra,
        }

    def _send_pictures(self) -> None:
        frames: list[tuple[str, Frame, bool]] = []
        with self.lock:
            head, now_ns = self.head(), self.behind.clock()
            for name, picture in self.pictures.items():
                self._conditions[name].step(now_ns)
                delta = picture.delta(head)
                key = self.history[name].wants_key(head["t"])
                if delta is not None:
                    frames.append((name, delta, False))
                if key:
                    frames.append((name, picture.snapshot(head), True))
            self.board.tick(now_ns)
            changes = self.board.changes()
            all_alarms = encode(self._all_alarms(head)) if any(key for _, _, key in frames) else b""
        if changes:
            octets = encode(Frame({**head, "kind": "alarms", "aseq": self.board.sequence, "alarms": changes}))
            for client in list(self.clients):
                client.alarm(octets)
            for history in self.history.values():
                history.add(head["t"], octets)
        for name, frame, key in frames:
            octets = encode(frame)
            self.history[name].add(head["t"], octets, key=key)
            if key:  # whoever looks back from here needs the alarms of then, too
                self.history[name].add(head["t"], all_alarms)
            if not key:
                self.frames += 1
                self.bytes += len(octets) * len(self.clients)
                for client in list(self.clients):
                    client.picture(octets)

    def _check_parts(self) -> None:
        """Health that no step of a chain says."""
        now_ns = self.behind.clock()
        health = self.behind.health()
        self._peers = list(self.behind.peers())
        with self.lock:
            for row in health:
                part = str(row.part)
                if part.startswith("channel/"):
                    continue  # said by the peers
                for name in self._sites_of(part):
                    self.pictures[name].set_health(
                        part, HealthState(int(row.state)), self._since(part, row), str(row.reason)
                    )
            set_peers(self.board, self._peers, now_ns)

    def _since(self, part: str, row: Any) -> int:
        """Since when a part stands as it does; where its own record says only when it was asked, the first time."""
        for picture in self.pictures.values():
            entry = picture.health.get(part)
            if entry is not None and entry["state"] == HealthState(int(row.state)).label:
                return round(entry["since_ms"] / MS)
        return int(row.since_ns)

    def _sites_of(self, part: str) -> list[str]:
        """Whose picture shows a part: that of a sensor or chain its own site's, any other all."""
        kind, _, name = part.partition("/")
        if kind == "chain":
            return [name] if name in self.pictures else []
        if kind == "sensor":
            return [site for site, p in self.pictures.items() if name in {sensor.id for sensor in p.site.sensors}]
        return list(self.pictures)

    def _say(self, head: dict[str, Any]) -> None:
        octets = encode(Frame(head))
        for client in list(self.clients):
            client.picture(octets)

    def snapshot(self) -> list[bytes]:
        """Everything, for who comes or comes back: pictures of all sites, then all alarms."""
        with self.lock:
            head = self.head()
            pictures = [picture.snapshot(head) for picture in self.pictures.values()]
            alarms = self._all_alarms(head)
        tick = Frame({**head, **self._vitals(), "kind": "tick"})
        return [encode(frame) for frame in (*pictures, alarms, tick)]

    def _all_alarms(self, head: dict[str, Any]) -> Frame:
        alarms = self.board.entries()
        return Frame({**head, "kind": "alarms", "all": True, "aseq": self.board.sequence, "alarms": alarms})

    # -- who looks

    def join(self, client: Client) -> None:
        """A new display.

        Raises
        ------
        InputError
            If there are too many.
        """
        if len(self.clients) >= MOST_CLIENTS:
            raise InputError("too many displays")
        self.clients.add(client)

    def leave(self, client: Client) -> None:
        """A display that has gone."""
        self.clients.discard(client)
        self.cut_off += bool(client.cut) and client.cut != "gone"

    def operators(self) -> list[dict[str, Any]]:
        """Who looks, and whether the page can be heard."""
        return [
            {"name": c.person.name, "role": c.person.role.label, "sound": bool(c.page.get("sound"))}
            for c in self.clients
        ]


def peer_entry(peer: PeerHealth) -> dict[str, Any]:
    """How a peer stands, for the page and the API."""
    return {
        "id": peer.peer, "kind": peer.kind, "state": peer.state.value, "since_ms": peer.since_ns * MS,
        "reason": peer.reason, "queued": peer.queued, "counts": dict(peer.counts),
    }  # fmt: skip
