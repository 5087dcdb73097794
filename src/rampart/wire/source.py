"""Source: a file of detections or tracks of any kind that is read, told by its content."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from rampart.errors import InputError
from rampart.records import Detections, ExternalTracks, SensorModel

from . import pcap, table
from .asterix import (
    Batch,
    Decoded,
    Decoder,
    Editions,
    SourceStatus,
    aircraft_reports,
    decode_joined,
    plots_to_detections,
    reports_to_detections,
    reports_to_tracks,
    source_name,
    source_status,
    system_tracks,
)
from .asterix.block import is_chain
from .clock import running_days
from .file import read_file
from .noise import AIR_TRAFFIC_RADAR, SEARCH_RADAR, SensorNoise

_MCAP = b"\x89MCAP0\r\n"


class SourceKind(StrEnum):
    """What a file holds."""

    PCAP = "pcap"
    ASTERIX = "asterix"  #: data blocks one after the other
    MCAP = "mcap"  #: a recording of ours; read by `rampart.ledger`
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a file gave."""

    kind: SourceKind
    sensors: tuple[str, ...]  #: names by `Detections.sensor`: SAC/SIC, or as the table says
    detections: Detections  #: in order of receipt
    external: ExternalTracks  #: in order of receipt
    start_ns: int  #: ns UTC of time 0 in a table; else the first receipt
    records: dict[str, int] = field(default_factory=dict)  #: good records by category, duplicates included
    duplicates: int = 0  #: datagrams (blocks in a raw file) that came again; they are processed once
    duplicate_records: int = 0  #: good records in them
    rejected: dict[str, int] = field(default_factory=dict)  #: bad records, by reason
    skipped: dict[str, int] = field(default_factory=dict)  #: blocks of categories that are not read
    unused: dict[str, int] = field(default_factory=dict)  #: good records, and heights, that were left out, by reason
    status: tuple[SourceStatus, ...] = ()  #: what the senders say about themselves
    editions: dict[str, str] = field(default_factory=dict)  #: by category, as read

    @property
    def scan_periods_s(self) -> tuple[float, ...]:
        """Scan period of each sensor as it says itself; nan for those that do not."""
        said = {status.source: status.scan_period_s for status in self.status if status.category == 34}
        return tuple(said.get(name, float("nan")) for name in self.sensors)


def sniff(path: str | Path) -> SourceKind:
    """Tell what a file is by its first octets; its name decides only between texts.

    Raises
    ------
    InputError
        If it is absent, empty, a folder, unreadable or nothing that is read.
    """
    head = read_file(path, 1 << 16)
    if head[:4] in pcap.MAGICS:
        return SourceKind.PCAP
    if head[:8] == _MCAP:
        return SourceKind.MCAP
    if head[:4] == table.PARQUET_MARK:
        return SourceKind.PARQUET
    suffix = Path(path).suffix.lower()
    if suffix == ".csv" or head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"time_s"):
        return SourceKind.CSV
    if is_chain(head, 0, len(head)):
        return SourceKind.ASTERIX
    expected = "pcap, ASTERIX blocks, MCAP, or a detections table (.csv, .parquet)"
    raise InputError(f"octet 0: nothing that is read ({head[:8].hex(' ')} ...); expected {expected}", path=path)


def read_source(
    path: str | Path,
    *,
    editions: Editions | None = None,
    sensors: Sequence[SensorModel] | None = None,
    sensor_names: Callable[[str], int | None] | None = None,
    start_ns: int | None = None,
) -> Source:
    """Read a capture, ASTERIX file or detections table.

    Parameters
    ----------
    path : path
        The kind is told by content. MCAP recordings are refused here: `rampart.ledger` reads them.
    editions : Editions or None
        ASTERIX editions of the senders; the defaults where not given.
    sensors : sequence of SensorModel or None
        The site's sensors: their errors, and where `sensor_names` is not given their ids (``"25/201"`` for ASTERIX).
        Without a site the senders found are the sensors, sorted, with general errors.
    sensor_names : callable or None
        Index of a sensor by name; None for one that is not ours, whose reports are counted and left out.
    start_ns : int or None
        ns UTC of time 0 of a table (0 if not given), and the day of the first record of a file without times.

    Raises
    ------
    InputError
        If the file cannot be read, is cut short, or holds nothing of the kind.
    """
    kind = sniff(path)
    lookup = sensor_names or (None if sensors is None else _by_id(sensors))
    if kind is SourceKind.MCAP:
        raise InputError("a recording, not a feed: it is replayed, not decoded", path=path)
    if kind in (SourceKind.CSV, SourceKind.PARQUET):
        blind = {model.id for model in sensors or () if np.isnan(model.range_sigma_m)}
        rows = table.read_detections(path, bearing_sensors=blind)
        detections, unused = rows.detections(sensor=lookup, noise=_noise(sensors, SEARCH_RADAR), start_ns=start_ns or 0)
        names = rows.sensors if sensors is None else tuple(model.id for model in sensors)
        return Source(kind, names, detections, ExternalTracks.empty(), start_ns or 0, unused=unused)
    editions = editions or Editions()
    data = read_file(path)
    decoded = _from_capture(data, path, editions) if kind is SourceKind.PCAP else decode_joined(data, editions)
    if not any(decoded.records.values()) and not decoded.skipped:
        why = ", ".join(f"{reason} {n}" for reason, n in sorted(decoded.rejected.items())) or "blocks without records"
        raise InputError(f"no ASTERIX record from octet 0 on that could be read ({why})", path=path)
    dated = _dates(decoded, start_ns or 0) if kind is SourceKind.ASTERIX else None
    return _assemble(kind, decoded, editions, sensors, lookup, dated)


def _by_id(sensors: Sequence[SensorModel]) -> Callable[[str], int | None]:
    index = {model.id: i for i, model in enumerate(sensors)}
    return index.get


def _noise(sensors: Sequence[SensorModel] | None, general: SensorNoise) -> Callable[[int], SensorNoise]:
    if sensors is None:
        return lambda _: general
    given = [SensorNoise.of(model, general) for model in sensors]
    return lambda i: given[i]


def _from_capture(data: bytes, path: str | Path, editions: Editions) -> Decoded:
    datagrams, counts = pcap.parse_pcap(data, path)
    decoded = Decoder(editions).decode(datagrams)
    decoded.rejected.update(counts.rejected)
    if not decoded.blocks:
        what = f"{counts.packets} packets, {counts.datagrams} UDP datagrams"
        raise InputError(f"no ASTERIX in this capture ({what}); the first 24 octets are its header", path=path)
    return decoded


def _dates(decoded: Decoded, start_ns: int) -> list[np.ndarray]:
    """Times of the records of a file without times of receipt, by batch: days run on in the order of the file."""
    order = np.concatenate([b.columns.first for b in decoded.batches] or [np.empty(0, np.int64)]).argsort()
    time_s = np.concatenate([b.columns.time_of_day_s for b in decoded.batches] or [np.empty(0)])
    timed = order[~np.isnan(time_s[order])]
    dated = np.zeros(len(time_s), np.int64)
    dated[timed] = running_days(time_s[timed], start_ns)
    return np.split(dated, np.cumsum([len(b.columns) for b in decoded.batches])[:-1])


def _assemble(
    kind: SourceKind,
    decoded: Decoded,
    editions: Editions,
    sensors: Sequence[SensorModel] | None,
    lookup: Callable[[str], int | None] | None,
    dated: list[np.ndarray] | None,
) -> Source:
    """Records from the decoded columns, in order of receipt."""
    names = _senders([*decoded.of(15), *decoded.of(48)]) if sensors is None else tuple(model.id for model in sensors)
    lookup = lookup or {name: i for i, name in enumerate(names)}.get
    plots, tracks = [], []
    unused: Counter[str] = Counter()
    for i, batch in enumerate(decoded.batches):
        times = dated[i] if dated is not None else None
        if batch.columns.category.number == 48:
            found, left = plots_to_detections(
                batch, sensor=lookup, noise=_noise(sensors, AIR_TRAFFIC_RADAR), dated_ns=times
            )
            plots.append(found)
        elif batch.columns.category.number == 15:
            found, left = reports_to_detections(
                batch, sensor=lookup, noise=_noise(sensors, SEARCH_RADAR), dated_ns=times
            )
            plots.append(found)
            other, more = reports_to_tracks(batch, dated_ns=times)
            tracks.append(other)
            left |= more
        elif batch.columns.category.number == 21:
            other, left = aircraft_reports(batch, dated_ns=times)
            tracks.append(other)
        elif batch.columns.category.number == 62:
            other, left = system_tracks(batch, dated_ns=times)
            tracks.append(other)
        else:
            continue
        unused.update(left)
    detections, external = Detections.concat(plots), ExternalTracks.concat(tracks)
    detections = detections.take(np.lexsort((detections.time_ns, detections.received_ns)))
    external = external.take(np.lexsort((external.time_ns, external.received_ns)))
    first = [part.received_ns[:1] for part in (detections, external) if len(part)]
    return Source(
        kind,
        names,
        detections.replace(number=np.arange(1, len(detections) + 1)),
        external,
        int(min(part[0] for part in first)) if first else 0,
        {str(number): n for number, n in sorted(decoded.records.items())},
        decoded.duplicates,
        decoded.duplicate_records,
        dict(sorted(decoded.rejected.items())),
        {str(number): n for number, n in sorted(decoded.skipped.items())},
        dict(sorted(unused.items())),
        source_status(decoded.batches),
        editions.describe(),
    )


def _senders(batches: Sequence[Batch]) -> tuple[str, ...]:
    codes: set[int] = set()
    for batch in batches:
        codes.update(np.unique(batch.columns["010/SAC"] * 256 + batch.columns["010/SIC"]).astype(int).tolist())
    return tuple(source_name(code >> 8, code & 255) for code in sorted(codes))
