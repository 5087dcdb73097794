"""Wire: bytes to records and back, for other systems' formats. No sockets, no clock."""

from .asterix import Datagram, Decoder, Editions, SourceStatus
from .noise import AIR_TRAFFIC_RADAR, SEARCH_RADAR, SensorNoise
from .source import Source, SourceKind, read_source, sniff
from .table import DetectionsTable, read_detections, write_tracks

__all__ = [
    "AIR_TRAFFIC_RADAR",
    "SEARCH_RADAR",
    "Datagram",
    "Decoder",
    "DetectionsTable",
    "Editions",
    "SensorNoise",
    "Source",
    "SourceKind",
    "SourceStatus",
    "read_detections",
    "read_source",
    "sniff",
    "write_tracks",
]
