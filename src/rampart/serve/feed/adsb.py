"""ADS-B feeds: what aircraft say of themselves, from a receiver such as dump1090 over TCP, by way of rs1090."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator

from rampart.errors import InputError
from rampart.records import ExternalTracks, Site
from rampart.serve.channels.address import read_address
from rampart.serve.receiver.ring import Packet

from .reader import Reader, Taken
from .spec import FeedSpec

_PORTS = {"beast": 30005, "raw": 30002}
_RAW = re.compile(rb"\*([0-9A-Fa-f]{28});")
_LONG = 0x33  #: type of a Beast frame with a message of 112 bits
_KEEP_NS = 60_000_000_000  #: an aircraft that is silent for longer is forgotten
_FRESH_NS = 10_000_000_000  #: a velocity older than this says nothing
KNOT, FOOT = 1852.0 / 3600.0, 0.3048
#: Radius that holds 95 % of the errors, m, by NUCp as RTCA DO-260 defines it.
_RADIUS_M = {9: 3.0, 8: 10.0, 7: 92.6, 6: 185.2, 5: 463.0, 4: 926.0, 3: 1852.0, 2: 9260.0, 1: 18_520.0}
_RADIUS_SIGMAS = math.sqrt(-2.0 * math.log(0.05))  # of a circular normal distribution


def _address(text: str) -> str:
    read_address(text, _PORTS)
    return text


class AdsbFeedSpec(FeedSpec):
    """``adsb``: Mode S messages of a receiver over TCP, in the Beast format or as raw text. Needs the extra `adsb`."""

    kind: Literal["adsb"]
    #: beast://HOST[:30005] or raw://HOST[:30002]: connected to, again each second
    address: Annotated[str, AfterValidator(_address)]

    def inlet(self) -> Mapping[str, Any]:
        """A stream."""
        address = read_address(self.address, _PORTS)
        framing = "beast" if address.scheme == "beast" else "line"
        return {"transport": "stream", "host": address.host, "port": address.port, "framing": framing}

    def reader(self, site: Site) -> Reader:
        """Decoder with the site as its reference."""
        if find_spec("rs1090") is None:
            raise InputError(f"feed {self.id!r}: ADS-B needs rs1090: pip install 'rampart[adsb]'")
        return AdsbReader(site, raw=self.address.startswith("raw:"))


class AdsbReader(Reader):
    """Positions of aircraft as tracks of another system: the aircraft itself.

    Parameters
    ----------
    site : Site
        Positions are decoded against it: what flies is within 180 NM.
    raw : bool
        Lines of hexadecimal digits in place of Beast frames.

    Notes
    -----
    Only DF17 counts, and only with a right parity. The height of a message is barometric; it is used where the aircraft
    says by how much its geometric height differs, and is nan otherwise. ADS-B is a word that anybody can send: it names
    a track, and never keeps a ballistic one from being warned of.
    """

    def __init__(self, site: Site, *, raw: bool) -> None:
        super().__init__()
        self._raw = raw
        self._reference = math.degrees(site.latitude_rad), math.degrees(site.longitude_rad)
        self._known: dict[str, dict[str, float]] = {}  # address -> velocity and height, with their times

    def read(self, packets: Sequence[Packet]) -> Taken:
        """See `Reader`."""
        rows = [row for packet in packets if (row := self._read(packet)) is not None]
        self._forget(packets[-1].received_ns if packets else 0)
        if not rows:
            return Taken()
        nan = [math.nan] * len(rows)
        sigma = [_RADIUS_M.get(int(row["NUCp"]), math.nan) / _RADIUS_SIGMAS for row in rows]
        tracks = ExternalTracks.build(
            source=["ADS-B"] * len(rows),
            source_track=[int(row["icao24"], 16) for row in rows],
            time_ns=[row["at_ns"] for row in rows],
            received_ns=[row["at_ns"] for row in rows],
            latitude_rad=np.radians([row["latitude"] for row in rows]),
            longitude_rad=np.radians([row["longitude"] for row in rows]),
            height_m=[row["height_m"] for row in rows],
            velocity_xyz_ms=[row["velocity"] for row in rows],
            position_sigma_m=np.stack([sigma, sigma], axis=1),
            position_xy_m=np.stack([nan, nan], axis=1),
            identity=[row["icao24"].upper() for row in rows],
        )
        return Taken(external=tracks)

    def _read(self, packet: Packet) -> dict[str, Any] | None:
        digits = self._digits(packet.payload)
        if digits is None:
            self.counts["skipped/other"] += 1
            return None
        import rs1090

        try:
            said: Any = rs1090.decode(digits, packet.received_ns * 1e-9, reference=self._reference)
        except Exception:  # octets of anybody: what it makes of them is counted as rejected below
            said = None
        if not isinstance(said, dict) or said.get("df") != "17":
            self.counts["rejected/message"] += 1
            return None
        self.counts["records/17"] += 1
        return self._note(said, packet.received_ns)

    def _digits(self, payload: bytes) -> str | None:
        """A message of 112 bits whose format is DF17, as digits: nothing else is given to the decoder."""
        if self._raw:
            match = _RAW.fullmatch(payload.strip())
            octets = bytes.fromhex(match[1].decode()) if match else b""
        else:
            octets = payload[8:] if payload[:1] == bytes([_LONG]) else b""
        return octets.hex() if len(octets) == 14 and octets[0] >> 3 == 17 else None

    def _note(self, said: dict[str, Any], at_ns: int) -> dict[str, Any] | None:
        """Remember velocity and height; a row where there is a position."""
        known = self._known.setdefault(str(said["icao24"]), {})
        known["at_ns"] = at_ns
        speed, course = said.get("groundspeed"), said.get("track")
        if speed is not None and course is not None:
            angle, level = math.radians(course), speed * KNOT
            known |= {"east": level * math.sin(angle), "north": level * math.cos(angle), "velocity_ns": at_ns}
            rate = said.get("vertical_rate")
            known["up"] = math.nan if rate is None else rate * FOOT / 60.0
        if said.get("geo_minus_baro") is not None:
            known["difference_m"] = said["geo_minus_baro"] * FOOT
        if said.get("bds") != "05" or said.get("latitude") is None or said.get("longitude") is None:
            return None
        fresh = at_ns - known.get("velocity_ns", -_KEEP_NS) <= _FRESH_NS
        altitude = said.get("altitude")
        height_m = math.nan if altitude is None else altitude * FOOT + known.get("difference_m", math.nan)
        velocity = [known[name] if fresh else math.nan for name in ("east", "north", "up")]
        return {**said, "NUCp": said.get("NUCp") or 0, "at_ns": at_ns, "height_m": height_m, "velocity": velocity}

    def _forget(self, now_ns: int) -> None:
        for address in [a for a, known in self._known.items() if now_ns - known["at_ns"] > _KEEP_NS]:
            del self._known[address]

    def snapshot(self) -> dict[str, Any]:
        """Velocities and heights, as plain data."""
        return {"version": 1, "known": {address: dict(known) for address, known in self._known.items()}}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        self._known = {address: dict(known) for address, known in snapshot["known"].items()}
