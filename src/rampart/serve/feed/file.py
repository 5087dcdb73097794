"""File feeds: a recording or a capture played into a port of its own, so that it takes the way of any feed."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.records import DetectionFlag, Detections, Site
from rampart.records.spec import Identifier, Positive
from rampart.wire.asterix import Datagram, report_datagrams, turn_datagrams
from rampart.wire.file import read_file
from rampart.wire.pcap import MAGICS, read_pcap

from .asterix import AsterixFeedSpec, AsterixReader, SourceCode
from .reader import Reader, Taken
from .spec import FeedSpec

_log = logging.getLogger("rampart.serve")
_RECORDED = {"015": "1.2", "034": "1.29"}
SECOND = 1_000_000_000


class FileFeedSpec(FeedSpec):
    """``file``: a recording (``.mcap``) or a capture (pcap), in its own time. Everything in it counts as simulated."""

    kind: Literal["file"]
    file: str  #: relative to the site file
    speed: Positive = 1.0  #: seconds of the file per second; the service must run as fast
    editions: dict[str, str] = _RECORDED  #: of a capture: edition by category
    #: SAC/SIC by sensor of the site; of a recording its own sensors, which are found by their ids
    sensors: dict[Identifier, SourceCode] = {}

    def inlet(self) -> Mapping[str, Any]:
        """A port of its own on this machine, for this machine."""
        return {"transport": "udp", "host": "127.0.0.1", "port": 0, "allow": ("127.0.0.1",)}

    def sensors_named(self) -> Mapping[str, str]:
        """SAC/SIC by sensor: as given, or the sensors of the recording counted from 1."""
        return self.sensors or {model: f"1/{i + 1}" for i, model in enumerate(recorded_sensors(self.file))}

    def reader(self, site: Site) -> Reader:
        """That of ASTERIX; all is marked."""
        try:
            AsterixFeedSpec.model_validate({**self.model_dump(include={"id", "editions"}), "kind": "asterix",
                                            "address": "udp://127.0.0.1:0"})  # fmt: skip
        except ValueError as error:
            raise InputError(f"feed {self.id!r}: editions: {error}") from None
        names = {code: self.find_sensor(site, sensor) for sensor, code in self.sensors_named().items()}
        return _MarkedReader(site, {int(number): text for number, text in self.editions.items()}, names)

    def player(self, port: int) -> Player:
        """What plays it into a port."""
        return Player(Path(self.file), ("127.0.0.1", port), self.speed)


class _MarkedReader(AsterixReader):
    """What comes from a file is simulated, whatever it says of itself."""

    def read(self, packets: Any) -> Taken:
        """See `Reader`."""
        taken = super().read(packets)
        mark = np.uint8(DetectionFlag.SIMULATED)
        return Taken(
            taken.detections.replace(flags=taken.detections.flags | mark),
            taken.external.replace(flags=taken.external.flags | mark),
            taken.heard,
        )


def recorded_sensors(path: str) -> list[str]:
    """Ids of the sensors of a recording's first site; none of a capture.

    Raises
    ------
    InputError
        If the file is neither.
    """
    head = read_file(path, 8)
    if head[:4] in MAGICS:
        return []
    if not head.startswith(b"\x89MCAP"):
        raise InputError("neither a recording nor a capture", path=path)
    return [model.id for model in RecordingReader(path).sites[0].sensors]


class Player:
    """Plays a file into a port, once, in a thread of its own.

    Parameters
    ----------
    path : pathlib.Path
    target : (str, int)
    speed : float
        Seconds of the file per second.
    """

    def __init__(self, path: Path, target: tuple[str, int], speed: float = 1.0) -> None:
        self._path, self._target, self._speed = path, target, speed
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=f"player {self._path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                self._play(out)
        except InputError as error:
            _log.error("%s", error)
        except OSError as error:
            _log.error("%s: %s", self._path, error)

    def _play(self, out: socket.socket) -> None:
        began_s, first_ns = time.monotonic(), 0
        for datagram in _datagrams(self._path, time.time_ns()):
            first_ns = first_ns or datagram.received_ns
            due_s = began_s + (datagram.received_ns - first_ns) / SECOND / self._speed
            if self._stopping.wait(max(due_s - time.monotonic(), 0.0)):
                return
            out.sendto(datagram.payload, self._target)


def _datagrams(path: Path, start_ns: int) -> Iterator[Datagram]:
    if read_file(path, 4) in MAGICS:
        yield from read_pcap(path)[0]
        return
    reader = RecordingReader(path)
    site = reader.sites[0]
    sources = [(1, i + 1) for i in range(len(site.sensors))]
    shift_ns: int | None = None
    turned: dict[int, int] = {}
    for batch in reader.batches():
        if batch.site_id != site.id:
            continue
        shift_ns = start_ns - batch.now_ns if shift_ns is None else shift_ns
        now_ns = batch.now_ns + shift_ns
        for index in batch.heard or np.unique(batch.detections.sensor).tolist():
            if now_ns - turned.get(index, 0) >= SECOND:
                turned[index] = now_ns
                yield from turn_datagrams(sources[index], [now_ns], site.sensors[index].scan_period_s)
        yield from report_datagrams(_moved(batch.detections, shift_ns, now_ns), sources)


def _moved(seen: Detections, shift_ns: int, now_ns: int) -> Detections:
    """Reports with a range, at their new times."""
    seen = seen.take(np.isfinite(seen.range_m) & np.isfinite(seen.azimuth_rad))
    return seen.replace(
        time_ns=seen.time_ns + shift_ns,
        received_ns=np.full(len(seen), now_ns),
        flags=np.full(len(seen), int(DetectionFlag.SIMULATED), np.uint8),
    )
