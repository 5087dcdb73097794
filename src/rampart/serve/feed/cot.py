"""CoT feeds: what others show on their maps of what flies, as tracks of another system."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import numpy as np
from pydantic import AfterValidator

from rampart.records import N_CLASSES, DetectionFlag, ExternalTracks, Site, TargetClass
from rampart.serve.channels.address import read_address
from rampart.serve.receiver.ring import Packet
from rampart.wire.cot.event import Event
from rampart.wire.cot.reader import read_event
from rampart.wire.message_error import MessageError

from .reader import Reader, Taken
from .spec import FeedSpec, Senders, read_listening

OURS = "rampart."  #: what we tell others of comes back from a TAK server: it is no news
_TCP = {"tcp": 8087}
#: Function of a CoT type (MIL-STD-2525B, after affiliation and air) -> class, the longest that fits.
_CLASSES = {
    "A-W": TargetClass.ROCKET,
    "A-M-H-Q": TargetClass.MULTIROTOR,
    "A-M-F-Q": TargetClass.FIXED_WING,
    "A-M": TargetClass.AIRCRAFT,
    "A-C": TargetClass.AIRCRAFT,
}
_SAID = 0.7  #: how far a class that somebody put on a map is believed


def _address(text: str) -> str:
    if urlsplit(text).scheme == "tcp":
        read_address(text, _TCP)
    else:
        read_listening(text)
    return text


class CotFeedSpec(FeedSpec):
    """``cot``: Cursor on Target events in datagrams, or from a TAK server."""

    kind: Literal["cot"]
    #: udp://ADDRESS:PORT that is listened at (a multicast group is joined), or tcp://HOST[:8087] that is connected to
    address: Annotated[str, AfterValidator(_address)]
    interface: str | None = None  #: own address of the network on which a multicast group is joined
    allow: Senders = ()  #: addresses or networks that may send datagrams; everybody if not given

    def inlet(self) -> Mapping[str, Any]:
        """A bound UDP socket, or a stream."""
        if urlsplit(self.address).scheme == "tcp":
            address = read_address(self.address, _TCP)
            return {"transport": "stream", "host": address.host, "port": address.port, "framing": "cot"}
        host, port = read_listening(self.address)
        found: dict[str, Any] = {"transport": "udp", "host": host, "port": port, "allow": self.allow}
        if int(host.partition(".")[0]) in range(224, 240):
            found |= {"group": host, "interface": self.interface}
        return found

    def reader(self, site: Site) -> Reader:
        """Reader of events."""
        return CotReader()


class CotReader(Reader):
    """Events of what is in the air as tracks of another system.

    Notes
    -----
    Only atoms (``a-``) in the air count. An event whose ``opex`` says exercise or simulation is marked. Our own events,
    and those that are over, are passed over.
    """

    def read(self, packets: Sequence[Packet]) -> Taken:
        """See `Reader`."""
        events = [(event, p.received_ns) for p in packets if (event := self._event(p)) is not None]
        if not events:
            return Taken()
        sigma = [[event.ce_m, event.ce_m] for event, _ in events]
        tracks = ExternalTracks.build(
            source=["CoT"] * len(events),
            source_track=[track_number(event.uid) for event, _ in events],
            time_ns=[event.time_ns for event, _ in events],
            received_ns=[at for _, at in events],
            latitude_rad=np.radians([event.latitude_deg for event, _ in events]),
            longitude_rad=np.radians([event.longitude_deg for event, _ in events]),
            height_m=[event.hae_m for event, _ in events],
            velocity_xyz_ms=[_velocity(event) for event, _ in events],
            position_sigma_m=sigma,
            position_xy_m=[[math.nan, math.nan]] * len(events),
            class_probability=[_classes(event.type) for event, _ in events],
            flags=[_flags(event) for event, _ in events],
        )
        return Taken(external=tracks)

    def _event(self, packet: Packet) -> Event | None:
        try:
            event = read_event(packet.payload.strip())
        except MessageError as error:
            self.counts[f"rejected/{str(error).partition(':')[0]}"] += 1
            return None
        self.counts["records/event"] += 1
        parts = event.type.split("-")
        reason = ""
        if event.uid.startswith(OURS):
            reason = "ours"
        elif len(parts) < 3 or parts[0] != "a" or parts[2] != "A":
            reason = "not_air"
        elif event.stale_ns < packet.received_ns:
            reason = "stale"
        if reason:
            self.counts[f"unused/{reason}"] += 1
        return None if reason else event


def track_number(uid: str) -> int:
    """A number for a name, the same at every start.

    >>> 0 < track_number("ANDROID-1") < 2**63
    True
    """
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=7).digest(), "big")


def _velocity(event: Event) -> list[float]:
    """East, north, up from ``<track course speed>``; nan where unknown."""
    part = event.part("track")
    try:
        course = math.radians(float(part.attributes["course"])) if part is not None else math.nan
        speed = float(part.attributes["speed"]) if part is not None else math.nan
    except (KeyError, ValueError):
        return [math.nan] * 3
    if not (math.isfinite(course) and 0.0 <= speed < 10_000.0):
        return [math.nan] * 3
    return [speed * math.sin(course), speed * math.cos(course), math.nan]


def _classes(kind: str) -> np.ndarray:
    function = kind.split("-", 2)[2] if kind.count("-") >= 2 else ""
    for prefix in sorted(_CLASSES, key=len, reverse=True):
        if function == prefix or function.startswith(prefix + "-"):
            found = np.full(N_CLASSES, (1.0 - _SAID) / (N_CLASSES - 1))
            found[int(_CLASSES[prefix])] = _SAID
            return found
    return np.full(N_CLASSES, np.nan)


def _flags(event: Event) -> int:
    way = (event.opex or "o").partition("-")[0]
    return int({"e": DetectionFlag.TEST, "s": DetectionFlag.SIMULATED}.get(way, DetectionFlag.NONE))
