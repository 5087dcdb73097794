"""ASTERIX feeds: radars (CAT015, 034/048) as sensors of the site; trackers and aircraft (CAT062/065, 021) beside it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from rampart.errors import InputError
from rampart.physics.geodesy import geodetic_to_enu
from rampart.records import Detections, ExternalTracks, Site
from rampart.records.spec import Identifier
from rampart.serve.receiver.ring import Packet
from rampart.wire.asterix import (
    CATEGORIES,
    Batch,
    Datagram,
    Decoder,
    Editions,
    aircraft_reports,
    category,
    plots_to_detections,
    reports_to_detections,
    reports_to_tracks,
    source_name,
    source_status,
    system_tracks,
)
from rampart.wire.noise import AIR_TRAFFIC_RADAR, SEARCH_RADAR, SensorNoise

from .clock_watch import SECOND, ClockWatch
from .reader import Reader, Taken
from .spec import FeedSpec, Listens, Senders, read_listening

_RADARS = (15, 34, 48)
#: A radar that says it stands so far from where the file has it is another radar, or its reports are of another place.
MISPLACED_M = 1000.0
#: SAC/SIC of a sender.
SourceCode = Annotated[str, Field(pattern=r"^\d{1,3}/\d{1,3}$")]


class AsterixFeedSpec(FeedSpec):
    """``asterix``: data blocks in UDP datagrams, to a port of ours or to a multicast group."""

    kind: Literal["asterix"]
    address: Listens  #: udp://HOST:PORT that is listened at; a multicast group is joined
    interface: str | None = None  #: own address of the network on which a multicast group is joined
    #: by category, e.g. { "015" = "1.2", "034" = "1.29" }: not on the wire. Other categories are skipped, and counted
    editions: dict[str, str]
    #: SAC/SIC by sensor of the site, e.g. { r1 = "25/201" }; plots of others are left out, and counted
    sensors: dict[Identifier, SourceCode] = {}
    allow: Senders = ()  #: addresses or networks that may send; everybody if not given

    @field_validator("editions")
    @classmethod
    def _check_editions(cls, given: dict[str, str]) -> dict[str, str]:
        if not given:
            raise ValueError('expected at least one category and its edition, such as { "015" = "1.2" }')
        for number, edition in given.items():
            if not number.isdigit() or int(number) not in CATEGORIES:
                known = ", ".join(f"{n:03d}" for n in CATEGORIES)
                raise ValueError(f"expected categories among {known}, not {number!r}")
            try:
                category(int(number), edition)
            except InputError as error:
                raise ValueError(f"expected an edition that is known: {error}") from None
        return given

    @field_validator("interface")
    @classmethod
    def _check_interface(cls, given: str | None) -> str | None:
        try:
            return given if given is None else str(ipaddress.IPv4Address(given))
        except ValueError:
            raise ValueError("expected an own IPv4 address, such as 192.0.2.10") from None

    def inlet(self) -> Mapping[str, Any]:
        """A bound UDP socket."""
        host, port = read_listening(self.address)
        found: dict[str, Any] = {"transport": "udp", "host": host, "port": port, "allow": self.allow}
        if ipaddress.IPv4Address(host).is_multicast:
            found |= {"group": host, "interface": self.interface}
        return found

    def sensors_named(self) -> Mapping[str, str]:
        """SAC/SIC by sensor."""
        return self.sensors

    def reader(self, site: Site) -> Reader:
        """Decoder and tables."""
        names = {code: self.find_sensor(site, sensor) for sensor, code in self.sensors.items()}
        if len(names) < len(self.sensors):
            raise InputError(f"feed {self.id!r}: two sensors have the same SAC/SIC")
        return AsterixReader(site, {int(number): text for number, text in self.editions.items()}, names)


class AsterixReader(Reader):
    """Decodes the datagrams of one feed.

    Parameters
    ----------
    site : Site
        Whose sensors its plots are of.
    editions : mapping
        By category; blocks of others are skipped.
    sensors : mapping
        Index of the sensor by ``"SAC/SIC"``.

    Notes
    -----
    A radar that says that it is not operational, that its time is invalid, or that it stands elsewhere, is not heard
    while it says so: its plots are left out and it becomes stale, so that no zone counts as watched by it.
    """

    def __init__(self, site: Site, editions: Mapping[int, str], sensors: Mapping[str, int]) -> None:
        super().__init__()
        self._site, self._categories, self._sensors = site, frozenset(editions), dict(sensors)
        self._decoder = Decoder(Editions(dict(editions)), window_s=0.0)
        self._clocks = ClockWatch()
        self._faults: dict[str, str] = {}  # of radars that must not be heard, by SAC/SIC
        self._places: dict[str, str] = {}  # of radars that say they stand elsewhere
        self._names = {index: name for name, index in self._sensors.items()}

    def read(self, packets: Sequence[Packet]) -> Taken:
        """See `Reader`."""
        decoded = self._decoder.decode([Datagram(p.payload, p.received_ns, p.port) for p in packets])
        self._count("rejected", decoded.rejected)
        self._count("skipped", decoded.skipped)
        for number, n in decoded.records.items():
            self.counts[f"records/{number}" if number in self._categories else f"skipped/{number}"] += n
        batches = [batch for batch in decoded.batches if batch.columns.category.number in self._categories]
        self._take_status(batches)
        plots, tracks = [], []
        for batch in batches:
            found, other = self._records(batch)
            plots.append(self._clocked(found))
            tracks.append(self._clocked_tracks(other))
        detections = Detections.concat(plots)
        self._tell_clocks()
        return Taken(detections, ExternalTracks.concat(tracks), self._heard(batches))

    def _count(self, what: str, found: Mapping[Any, int]) -> None:
        for name, n in found.items():
            self.counts[f"{what}/{name}"] += n

    def _sensor(self, name: str) -> int | None:
        return None if name in self._faults or name in self._places else self._sensors.get(name)

    def _records(self, batch: Batch) -> tuple[Detections, ExternalTracks]:
        number = batch.columns.category.number
        plots, tracks = Detections.empty(), ExternalTracks.empty()
        left: Mapping[str, int] = {}
        if number == 48:
            plots, left = plots_to_detections(batch, sensor=self._sensor, noise=self._noise(AIR_TRAFFIC_RADAR))
        elif number == 15:
            plots, left = reports_to_detections(batch, sensor=self._sensor, noise=self._noise(SEARCH_RADAR))
            tracks, more = reports_to_tracks(batch)
            self._count("unused", more)
        elif number == 21:
            tracks, left = aircraft_reports(batch)
        elif number == 62:
            tracks, left = system_tracks(batch)
        self._count("unused", left)
        return plots, tracks

    def _noise(self, general: SensorNoise) -> Any:
        return lambda index: SensorNoise.of(self._site.sensors[index], general)

    def _clocked(self, found: Detections) -> Detections:
        """Times of measurement by our clock."""
        if not len(found):
            return found
        time_ns = found.time_ns.copy()
        for index in np.unique(found.sensor).tolist():
            mine = found.sensor == index
            delay_ns = round(self._site.sensors[index].delay_s * SECOND)
            middle, received = int(np.median(found.time_ns[mine])), int(np.median(found.received_ns[mine]))
            time_ns[mine] += self._clocks.shift_ns(self._names[index], middle, received, delay_ns)
        return found.replace(time_ns=time_ns)

    def _clocked_tracks(self, found: ExternalTracks) -> ExternalTracks:
        if not len(found):
            return found
        time_ns = found.time_ns.copy()
        for source in np.unique(found.source).tolist():
            mine = found.source == source
            middle, received = int(np.median(found.time_ns[mine])), int(np.median(found.received_ns[mine]))
            time_ns[mine] += self._clocks.shift_ns(f"tracks of {source}", middle, received, 0)
        return found.replace(time_ns=time_ns)

    def _tell_clocks(self) -> None:
        for key in [key for key in self.troubles if key.startswith("clock ")]:
            del self.troubles[key]
        for sender, off_s in self._clocks.off_s().items():
            way = "ahead of" if off_s > 0 else "behind"
            self.troubles[f"clock {sender}"] = f"{sender}: its clock is {abs(off_s):.1f} s {way} ours; corrected"

    def _heard(self, batches: Iterable[Batch]) -> frozenset[int]:
        heard: set[int | None] = set()
        for batch in batches:
            if batch.columns.category.number in _RADARS:
                codes = np.unique(batch.columns["010/SAC"] * 256 + batch.columns["010/SIC"]).astype(int)
                heard.update(self._sensor(source_name(code >> 8, code & 255)) for code in codes.tolist())
        return frozenset(index for index in heard if index is not None)

    def _take_status(self, batches: Sequence[Batch]) -> None:
        """What senders say of themselves."""
        for status in source_status(batches):
            self._faults.pop(status.source, None)
            self.troubles.pop(f"status {status.source}", None)
            if status.faults:
                self.troubles[f"status {status.source}"] = f"{status.source} says: {', '.join(status.faults)}"
            if not status.usable and status.category == 34:
                self._faults[status.source] = ", ".join(status.faults)
        for batch in batches:
            if batch.columns.category.number == 34:
                self._take_places(batch)

    def _take_places(self, batch: Batch) -> None:
        columns = batch.columns
        said = np.flatnonzero(~np.isnan(columns["120/LAT"]) & ~np.isnan(columns["120/LON"]))
        for i in said.tolist():
            name = source_name(int(columns["010/SAC"][i]), int(columns["010/SIC"][i]))
            index = self._sensors.get(name)
            if index is None:
                continue
            off_m = self._off_m(index, float(columns["120/LAT"][i]), float(columns["120/LON"][i]))
            self._places.pop(name, None)
            self.troubles.pop(f"place {name}", None)
            if off_m > MISPLACED_M:
                text = f"{name} says it stands {off_m / 1000:,.1f} km from where the file has it; not heard"
                self._places[name] = self.troubles[f"place {name}"] = text

    def _off_m(self, index: int, latitude_deg: float, longitude_deg: float) -> float:
        """How far a place is from where the file has a sensor, in a straight line."""
        site = self._site
        said = geodetic_to_enu(
            np.radians(latitude_deg), np.radians(longitude_deg), site.height_m,
            site.latitude_rad, site.longitude_rad, site.height_m,
        )  # fmt: skip
        return float(np.linalg.norm(np.asarray(said) - site.sensors[index].position_enu))

    def snapshot(self) -> dict[str, Any]:
        """What it remembers of senders."""
        return {
            "version": 1,
            "clocks": self._clocks.snapshot(),
            "faults": dict(self._faults),
            "places": dict(self._places),
            "troubles": dict(self.troubles),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        self._clocks.restore(snapshot["clocks"])
        self._faults, self._places = dict(snapshot["faults"]), dict(snapshot["places"])
        self.troubles = dict(snapshot["troubles"])
