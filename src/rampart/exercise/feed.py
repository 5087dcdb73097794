"""Feed: what simulated or recorded sensors saw, sent as real ASTERIX, so that anyone can try a live service."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.pipeline import Scenario, load
from rampart.records import DetectionFlag, Detections, Site
from rampart.serve.core import PacedClock
from rampart.wire.asterix import Datagram, plot_datagrams, report_datagrams, turn_datagrams
from rampart.wire.pcap import MAGICS, read_pcap

from .raid import Raid

PORT = 8600
LEAD_S = 0.5  #: from the start to the first scan
#: The kinds of sensor that a category of ASTERIX can say: without a range neither can.
CATEGORIES = (15, 48)
MARKER_NS = 1_000_000_000  #: a radar says that it turns this often at most

OnProgress = Callable[[float, int], None]  #: seconds of the source so far, datagrams sent
Codes = Mapping[tuple[str, int], tuple[int, int]]  #: (site, sensor index) -> SAC, SIC


@dataclass
class Fed:
    """What was sent."""

    datagrams: int = 0
    octets: int = 0
    reports: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  #: reports that ASTERIX cannot say, by sensor
    seconds: float = 0.0  #: of the source
    late_s: float = 0.0  #: by how much sending fell behind at worst

    def answer(self) -> dict[str, Any]:
        """What ``rampart feed --json`` prints."""
        return {
            "schema": 1,
            "datagrams": self.datagrams,
            "octets": self.octets,
            "reports": self.reports,
            "left_out": dict(sorted(self.left_out.items())),
            "seconds": round(self.seconds, 3),
            "late_s": round(self.late_s, 3),
        }


def read_target(text: str, *, remote: bool = False, unmarked: bool = False) -> tuple[str, int]:
    """Host and port of ``udp://HOST[:PORT]``.

    Parameters
    ----------
    text : str
        Port 8600 if none is given.
    remote : bool
        Addresses that are not of this machine are allowed.
    unmarked : bool
        What is sent will not say that it is simulated: then they never are.

    Raises
    ------
    InputError
        For another form, or an address that is not allowed.

    Examples
    --------
    >>> read_target("udp://127.0.0.1")
    ('127.0.0.1', 8600)
    """
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or url.scheme != "udp" or url.path not in ("", "/") or port == 0:
        raise InputError(f"--to {text!r}: expected udp://HOST[:PORT]")
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    except (OSError, ValueError):
        raise InputError(f"--to {text!r}: no address of that name") from None
    if not address.is_loopback:
        if unmarked:
            raise InputError(f"--to {text!r}: what is not marked as simulated goes to this machine only")
        if not remote:
            raise InputError(
                f"--to {text!r}: not an address of this machine; --remote sends there all the same, marked"
            )
    return str(address), port or PORT


@dataclass(frozen=True, slots=True)
class _Load:
    """What is due at one time."""

    now_ns: int
    site: Site
    detections: Detections
    heard: tuple[int, ...]


class _Encoder:
    """Writes loads as datagrams."""

    def __init__(self, category: int, codes: Codes, *, unmarked: bool) -> None:
        self._category, self._codes, self._unmarked = category, codes, unmarked
        self._turned: dict[tuple[str, int], int] = {}

    def encode(self, load: _Load, fed: Fed) -> Iterator[Datagram]:
        sources = [self._codes[load.site.id, i] for i in range(len(load.site.sensors))]
        ranged = np.isfinite(load.detections.range_m) & np.isfinite(load.detections.azimuth_rad)
        for index in load.detections.sensor[~ranged].tolist():
            fed.left_out[load.site.sensors[index].id] += 1
        seen = load.detections.take(ranged)
        flag = DetectionFlag.NONE if self._unmarked else DetectionFlag.SIMULATED
        seen = seen.replace(flags=np.full(len(seen), int(flag), np.uint8))
        fed.reports += len(seen)
        write = report_datagrams if self._category == 15 else plot_datagrams
        yield from write(seen, sources)
        for index in load.heard:
            model = load.site.sensors[index]
            key = load.site.id, index
            if np.isfinite(model.range_sigma_m) and load.now_ns - self._turned.get(key, 0) >= MARKER_NS:
                self._turned[key] = load.now_ns
                yield from turn_datagrams(sources[index], [load.now_ns], model.scan_period_s)


def site_codes(sites: Sequence[Site], given: Sequence[str] = ()) -> dict[tuple[str, int], tuple[int, int]]:
    """SAC and SIC of each sensor: site and sensor counted from 1, unless given.

    Parameters
    ----------
    sites : sequence of Site
    given : sequence of str
        ``SENSOR=SAC/SIC``, with the site in front where several have a sensor of that id: ``SITE.SENSOR=SAC/SIC``.

    Raises
    ------
    InputError
        For one that names no sensor, or no SAC and SIC.

    Examples
    --------
    >>> from rampart.pipeline import build_places, load
    >>> sites = [place.site for place in build_places(load("embassy-rockets"))]
    >>> site_codes(sites)[sites[0].id, 0], site_codes(sites, ["r1=25/201"])[sites[0].id, 0]
    ((1, 1), (25, 201))
    """
    codes = {(site.id, i): (s + 1, i + 1) for s, site in enumerate(sites) for i in range(len(site.sensors))}
    for text in given:
        name, _, code = text.partition("=")
        sac, _, sic = code.partition("/")
        keys = [
            (site.id, i)
            for site in sites
            for i, model in enumerate(site.sensors)
            if name in (model.id, f"{site.id}.{model.id}")
        ]
        numbers = sac.isdigit() and sic.isdigit() and int(sac) < 256 and int(sic) < 256
        if len(keys) != 1 or not numbers:
            raise InputError(f"--source {text!r}: expected SENSOR=SAC/SIC of one sensor of the source")
        codes[keys[0]] = int(sac), int(sic)
    return codes


def feed(
    source: str,
    target: tuple[str, int],
    *,
    speed: float = 1.0,
    seed: int = 0,
    run: int = 0,
    category: int = 15,
    codes: Sequence[str] = (),
    unmarked: bool = False,
    overrides: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    stopped: Callable[[float], bool] | None = None,
) -> Fed:
    """Send a source to a UDP port, in its own time.

    Parameters
    ----------
    source : str
        A scenario, a recording (``.mcap``) or a capture (pcap). Times are moved to now; those in a capture's octets
        are not, it is sent as it is.
    target : (str, int)
        From `read_target`.
    speed : float
        Seconds of the source per second. Times of day run as fast, so only a service of the same speed can follow.
    seed, run : int
        Of a scenario.
    category : int
        15 (all that a radar measures) or 48; both with north markers of CAT034.
    codes : sequence of str
        See `site_codes`.
    unmarked : bool
        Do not say that it is simulated. A capture cannot be marked.
    overrides : sequence of str
        Of a scenario.
    on_progress : callable or None
        Told once per second.
    stopped : callable or None
        Given real seconds to wait; True, at once, if this is to end early.

    Raises
    ------
    InputError
        If the source is none, or a capture is to be marked.
    """
    wait = stopped or _wait
    fed = Fed()
    _warm(source, overrides, seed, run)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        clock = PacedClock(time.time_ns(), speed)
        begin_ns = clock.start_ns + round(LEAD_S * speed * 1e9)
        shown_ns = 0
        for due_ns, datagrams in _due(source, begin_ns, seed, run, category, codes, unmarked, overrides, fed):
            if wait(clock.real_s(due_ns)):
                break
            fed.late_s = max(fed.late_s, (clock() - due_ns) * 1e-9 / speed)
            for datagram in datagrams:
                out.sendto(datagram.payload, target)
                fed.datagrams += 1
                fed.octets += len(datagram.payload)
            fed.seconds = (due_ns - begin_ns) * 1e-9
            if on_progress is not None and due_ns - shown_ns >= 1e9 * speed:
                shown_ns = due_ns
                on_progress(fed.seconds, fed.datagrams)
    return fed


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _warm(source: str, overrides: Sequence[str], seed: int, run: int) -> None:
    """Fly the first second of a scenario: code that is met cold would send late."""
    if not Path(source).is_file() or Path(source).suffix == ".toml":
        scenario = load(source, overrides=overrides)
        raid = Raid(scenario, scenario.start_ns, seed=seed, run=run)
        for scan in raid.scans():
            if scan.now_ns > scenario.start_ns + MARKER_NS:
                break


def _due(
    source: str, begin_ns: int, seed: int, run: int, category: int, codes: Sequence[str], unmarked: bool,
    overrides: Sequence[str], fed: Fed,
) -> Iterator[tuple[int, Iterable[Datagram]]]:  # fmt: skip
    """When, and what."""
    path = Path(source)
    head = b""
    if path.is_file() and path.suffix != ".toml":
        with path.open("rb") as stream:
            head = stream.read(8)
    if head[:4] in MAGICS:
        if not unmarked:
            raise InputError(
                "a capture is sent as it is and cannot be marked as simulated; --unmarked sends it", path=path
            )
        yield from _capture(path, begin_ns)
        return
    if head.startswith(b"\x89MCAP"):
        sites, loads = _recorded(path, begin_ns)
    elif head:
        raise InputError("neither a recording nor a capture, nor a scenario (.toml)", path=path)
    else:
        sites, loads = _flown(load(source, overrides=overrides), begin_ns, seed, run)
    encoder = _Encoder(category, site_codes(sites, codes), unmarked=unmarked)
    for each in loads:
        yield each.now_ns, list(encoder.encode(each, fed))


def _flown(scenario: Scenario, begin_ns: int, seed: int, run: int) -> tuple[list[Site], Iterator[_Load]]:
    raid = Raid(scenario, begin_ns, seed=seed, run=run)
    sites = {place.site.id: place.site for place in raid.places}
    loads = (_Load(scan.now_ns, sites[scan.site], scan.detections, scan.heard) for scan in raid.scans())
    return list(sites.values()), loads


def _recorded(path: Path, begin_ns: int) -> tuple[list[Site], Iterator[_Load]]:
    reader = RecordingReader(path)
    sites = {site.id: site for site in reader.sites}

    def loads() -> Iterator[_Load]:
        shift_ns = None
        for batch in reader.batches():
            shift_ns = begin_ns - batch.now_ns if shift_ns is None else shift_ns
            seen = batch.detections
            moved = seen.replace(time_ns=seen.time_ns + shift_ns, received_ns=seen.received_ns + shift_ns)
            heard = tuple(np.unique(seen.sensor).tolist()) if batch.heard is None else batch.heard
            yield _Load(batch.now_ns + shift_ns, sites[batch.site_id], moved, heard)

    return list(sites.values()), loads()


def _capture(path: Path, begin_ns: int) -> Iterator[tuple[int, Iterable[Datagram]]]:
    datagrams, _ = read_pcap(path)
    if not datagrams:
        raise InputError("no UDP datagram in this capture", path=path)
    first_ns = datagrams[0].received_ns
    for datagram in datagrams:
        yield begin_ns + max(datagram.received_ns - first_ns, 0), (datagram,)
