"""ASTERIX: CAT015, CAT021, CAT034, CAT048, CAT062 and CAT065, table-driven, both ways."""

from .aircraft import aircraft_reports
from .block import split_blocks
from .columns import RecordColumns, decode_columns
from .decoder import Batch, Datagram, Decoded, Decoder, decode_joined
from .editions import Editions
from .feed import plot_datagrams, report_datagrams, track_datagrams, turn_datagrams
from .plots import plots_to_detections, source_name
from .record import decode_block, decode_record, encode_block, encode_record
from .reports import reports_to_detections, reports_to_tracks
from .specification import CATEGORIES, Category, category, default_edition, editions
from .status import SourceStatus, source_status
from .system_tracks import system_tracks

__all__ = [
    "CATEGORIES",
    "Batch",
    "Category",
    "Datagram",
    "Decoded",
    "Decoder",
    "Editions",
    "RecordColumns",
    "SourceStatus",
    "aircraft_reports",
    "category",
    "decode_block",
    "decode_columns",
    "decode_joined",
    "decode_record",
    "default_edition",
    "editions",
    "encode_block",
    "encode_record",
    "plot_datagrams",
    "plots_to_detections",
    "report_datagrams",
    "reports_to_detections",
    "reports_to_tracks",
    "source_name",
    "source_status",
    "split_blocks",
    "system_tracks",
    "track_datagrams",
    "turn_datagrams",
]
