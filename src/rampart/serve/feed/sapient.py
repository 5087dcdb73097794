"""SAPIENT feeds: what nodes behind a SAPIENT middleware report, as detections of our sensors or tracks of others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from rampart.errors import InputError
from rampart.physics.geodesy import enu_to_polar, geodetic_to_enu
from rampart.records import DetectionFlag, Detections, ExternalTracks, Site
from rampart.records.spec import Identifier, Number
from rampart.serve.channels.address import read_address
from rampart.serve.receiver.ring import Packet
from rampart.wire.message_error import MessageError
from rampart.wire.noise import SEARCH_RADAR, SensorNoise, noise_by_row
from rampart.wire.sapient import make_uuid, read_message
from rampart.wire.sapient.place import read_location
from rampart.wire.sapient.taxonomy import read_classes

from .clock_watch import SECOND, ClockWatch
from .cot import track_number
from .reader import Reader, Taken
from .spec import FeedSpec

_TCP = {"tcp": 5020}
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
NodeId = Annotated[str, Field(pattern=_UUID)]  #: UUID of version 4, in lower case
#: Coordinate systems of range and bearing: radians per unit of angle, metres per unit of range.
_UNITS = {"DEGREES_M": (math.radians(1.0), 1.0), "RADIANS_M": (1.0, 1.0), "DEGREES_KM": (math.radians(1.0), 1e3),
          "RADIANS_KM": (1.0, 1e3)}  # fmt: skip
#: A node that says this of itself is not heard.
_SILENT = {"SYSTEM_ERROR": "says that it has failed", "SYSTEM_GOODBYE": "has said goodbye"}


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _address(text: str) -> str:
    read_address(text, _TCP)
    return text


class SapientFeedSpec(FeedSpec):
    """``sapient``: detection reports from a SAPIENT middleware, to which we connect as a peer. Needs the extra."""

    kind: Literal["sapient"]
    address: Annotated[str, AfterValidator(_address)]  #: tcp://HOST[:5020], a connection of Apex of the kind Peer
    edition: Literal["2.0"]  #: of BSI Flex 335: not on the wire
    #: UUID of the node by sensor of the site: its reports are detections of that sensor, all others tracks of others
    sensors: dict[Identifier, NodeId] = {}
    #: UUIDs of the nodes that are heard; all if not given
    allow: Annotated[tuple[NodeId, ...], BeforeValidator(_listed)] = ()
    undulation_m: Number = 0.0  #: height of the geoid above the ellipsoid, added to heights above mean sea level

    def inlet(self) -> Mapping[str, Any]:
        """A stream."""
        address = read_address(self.address, _TCP)
        return {"transport": "stream", "host": address.host, "port": address.port, "framing": "sapient"}

    def sensors_named(self) -> Mapping[str, str]:
        """UUID by sensor."""
        return self.sensors

    def reader(self, site: Site) -> Reader:
        """Reader of messages."""
        if find_spec("sapient_msg") is None:
            raise InputError(f"feed {self.id!r}: SAPIENT needs its definitions: pip install 'rampart[sapient]'")
        nodes = {node: self.find_sensor(site, sensor) for sensor, node in self.sensors.items()}
        if len(nodes) < len(self.sensors):
            raise InputError(f"feed {self.id!r}: two sensors are the same node")
        return SapientReader(site, nodes, frozenset(self.allow), self.undulation_m)


class SapientReader(Reader):
    """Reads what nodes report.

    Parameters
    ----------
    site : Site
        Whose sensors some of the nodes are.
    nodes : mapping
        Index of the sensor by UUID.
    allow : frozenset of str
        Nodes that are heard besides; all if empty.
    undulation_m : float
        Of the geoid above the ellipsoid at the site.

    Notes
    -----
    SAPIENT has no mark for what is simulated. What begins with EXERCISE or TEST in ``additional_information``, or says
    so as ``track_info`` ``status``, as Rampart writes it, is marked; nodes that are not real otherwise belong into a
    site of their own. A node that says that it has failed is not heard until it says otherwise.
    """

    def __init__(self, site: Site, nodes: Mapping[str, int], allow: frozenset[str], undulation_m: float) -> None:
        super().__init__()
        self._site, self._nodes, self._undulation_m = site, dict(nodes), undulation_m
        self._allow = allow | nodes.keys() if allow else frozenset()
        self._ours = make_uuid("rampart", site.id)
        self._clocks = ClockWatch()
        self._silent: dict[str, str] = {}  # nodes that are not heard, and why

    def read(self, packets: Sequence[Packet]) -> Taken:
        """See `Reader`."""
        heard: set[int] = set()
        plots: list[dict[str, Any]] = []
        tracks: list[dict[str, Any]] = []
        for packet in packets:
            message = self._message(packet)
            if message is None:
                continue
            node = str(message.node_id)
            if message.HasField("status_report"):
                self._take_status(node, message.status_report)
            if node in self._nodes and node not in self._silent:
                heard.add(self._nodes[node])
            if message.HasField("detection_report"):
                self._take_report(packet, message, plots, tracks)
        self._tell_clocks()
        detections = self._detections(plots) if plots else Detections.empty()
        return Taken(detections, _external(tracks) if tracks else ExternalTracks.empty(), frozenset(heard))

    def _message(self, packet: Packet) -> Any | None:
        try:
            message = read_message(packet.payload)
        except MessageError as error:
            self.counts[f"rejected/{error.reason}"] += 1
            return None
        self.counts[f"records/{message.WhichOneof('content')}"] += 1
        node = str(message.node_id)
        if node == self._ours or (self._allow and node not in self._allow):
            self.counts["unused/ours" if node == self._ours else "unused/not_allowed"] += 1
            return None
        return message

    def _take_status(self, node: str, report: Any) -> None:
        system = type(report).DESCRIPTOR.fields_by_name["system"].enum_type.values_by_number[report.system].name
        why = _SILENT.get(system, "")
        self._silent.pop(node, None)
        self.troubles.pop(f"status {node}", None)
        if why:
            self._silent[node] = why
            self.troubles[f"status {node}"] = f"{node} {why}; not heard"

    def _take_report(
        self, packet: Packet, message: Any, plots: list[dict[str, Any]], tracks: list[dict[str, Any]]
    ) -> None:
        node, report = str(message.node_id), message.detection_report
        index = self._nodes.get(node)
        reason = "node" if node in self._silent else "lost" if report.state == "lost" else ""
        row = None
        if not reason:
            row = self._place(report) if index is None else self._polar(report, index)
            reason = "" if row is not None else "place"
        if row is None:
            self.counts[f"unused/{reason}"] += 1
            return
        measured_ns, delay_ns = message.timestamp.ToNanoseconds(), 0
        if index is not None:
            delay_ns = round(self._site.sensors[index].delay_s * SECOND)
        shift_ns = self._clocks.shift_ns(node, measured_ns, packet.received_ns, delay_ns)
        row |= {"time_ns": measured_ns + shift_ns, "received_ns": packet.received_ns, "flags": _flags(message)}
        if index is None:
            row |= {"source": f"SAPIENT {node[:8]}", "source_track": track_number(node + report.object_id)}
            tracks.append(row | {"class_probability": read_classes(report.classification), **_velocity(report)})
        else:
            plots.append(row | {"sensor": index})

    def _place(self, report: Any) -> dict[str, Any] | None:
        """Where an object is, of a report that says so in degrees or radians."""
        found = read_location(report.location, self._undulation_m) if report.HasField("location") else None
        if found is None:
            return None
        names = "latitude_rad", "longitude_rad", "height_m", "position_sigma_m"
        return dict(zip(names, found, strict=True))

    def _polar(self, report: Any, index: int) -> dict[str, Any] | None:
        """The same as a sensor measures it: from its own words, or from where it says that the object is."""
        if report.HasField("range_bearing"):
            return _bearing(report.range_bearing)
        place = self._place(report)
        if place is None:
            return None
        site = self._site
        there = geodetic_to_enu(
            place["latitude_rad"], place["longitude_rad"], place["height_m"],
            site.latitude_rad, site.longitude_rad, site.height_m,
        )  # fmt: skip
        slant_m, azimuth, elevation = enu_to_polar(np.asarray(there) - site.sensors[index].position_enu)
        return {"range_m": float(slant_m), "azimuth_rad": float(azimuth), "elevation_rad": float(elevation)}

    def _detections(self, rows: list[dict[str, Any]]) -> Detections:
        """Rows as records; what a report does not say of its errors, the data sheet does."""
        names = ("time_ns", "received_ns", "flags", "sensor", "range_m", "azimuth_rad", "elevation_rad")
        given: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in names}
        noise = noise_by_row(lambda i: SensorNoise.of(self._site.sensors[i], SEARCH_RADAR), given["sensor"])
        for name, quantity in (("range", "range_m"), ("azimuth", "azimuth_rad"), ("elevation", "elevation_rad")):
            unit = quantity.rpartition("_")[2]
            said = np.array([row.get(f"{name}_sigma", math.nan) for row in rows], float)
            given[f"{name}_sigma_{unit}"] = np.where(said > 0.0, said, noise[quantity])
        return Detections.build(len(rows), number=np.arange(1, len(rows) + 1), **given)

    def _tell_clocks(self) -> None:
        for key in [key for key in self.troubles if key.startswith("clock ")]:
            del self.troubles[key]
        for node, off_s in self._clocks.off_s().items():
            way = "ahead of" if off_s > 0 else "behind"
            self.troubles[f"clock {node}"] = f"{node}: its clock is {abs(off_s):.1f} s {way} ours; corrected"

    def snapshot(self) -> dict[str, Any]:
        """What it remembers of nodes."""
        kept = {"silent": dict(self._silent), "troubles": dict(self.troubles)}
        return {"version": 1, "clocks": self._clocks.snapshot(), **kept}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        self._clocks.restore(snapshot["clocks"])
        self._silent, self.troubles = dict(snapshot["silent"]), dict(snapshot["troubles"])


def _bearing(said: Any) -> dict[str, Any] | None:
    """Range, azimuth from true north, elevation; nan for what is not said. None for another datum, or no azimuth."""
    fields = type(said).DESCRIPTOR.fields_by_name
    units = fields["coordinate_system"].enum_type.values_by_number[said.coordinate_system].name
    datum = fields["datum"].enum_type.values_by_number[said.datum].name
    scale = _UNITS.get(units.removeprefix("RANGE_BEARING_COORDINATE_SYSTEM_"))
    if scale is None or datum != "RANGE_BEARING_DATUM_TRUE" or not said.HasField("azimuth"):
        return None
    angle, length = scale
    found = {
        "range_m": said.range * length if said.HasField("range") else math.nan,
        "azimuth_rad": said.azimuth * angle % (2.0 * math.pi),
        "elevation_rad": said.elevation * angle if said.HasField("elevation") else math.nan,
        "range_sigma": said.range_error * length if said.HasField("range_error") else math.nan,
        "azimuth_sigma": said.azimuth_error * angle if said.HasField("azimuth_error") else math.nan,
        "elevation_sigma": said.elevation_error * angle if said.HasField("elevation_error") else math.nan,
    }
    return found if math.isfinite(found["azimuth_rad"]) else None


def _velocity(report: Any) -> dict[str, Any]:
    """East, north, up; nan where unknown."""
    said = report.enu_velocity
    names = ("east_rate", "north_rate", "up_rate") if report.HasField("enu_velocity") else ()
    rates = [float(getattr(said, name)) if said.HasField(name) else math.nan for name in names] or [math.nan] * 3
    return {"velocity_xyz_ms": rates, "position_xy_m": [math.nan, math.nan]}


def _external(rows: list[dict[str, Any]]) -> ExternalTracks:
    return ExternalTracks.build(len(rows), **{name: [row[name] for row in rows] for name in rows[0]})


def _flags(message: Any) -> int:
    """Marks as Rampart writes them."""
    said = [str(message.additional_information)]
    said += [info.value for info in message.detection_report.track_info if info.type == "status"]
    words = {text.strip().partition(",")[0].lower() for text in said}
    if "test" in words:
        return int(DetectionFlag.TEST)
    return int(DetectionFlag.SIMULATED) if "exercise" in words else int(DetectionFlag.NONE)
