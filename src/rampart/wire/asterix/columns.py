"""Columns: the fast face of the codec. Blocks in, one array per wanted field out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from . import _kernels, reason
from .specification import Category, Item, category

_SHAPES = {
    "fixed": _kernels.FIXED,
    "extended": _kernels.EXTENDED,
    "repetitive": _kernels.REPETITIVE,
    "chained": _kernels.CHAINED,
    "compound": _kernels.COMPOUND,
    "explicit": _kernels.EXPLICIT,
}

#: The fields that are read on the fast path, by category: item, sub-item, field. Of repetitive items the first element.
WANTED = {
    15: (
        "010/SAC", "010/SIC", "000/MT", "020/MOMU", "020/TTAX", "145/TOD", "161/TRN", "170/CSTP", "170/CSTH", "170/CNF",
        "050/UPD", "300/CLS", "300/PRB", "600/P84/LAT", "600/P84/LON", "600/HPP/X", "600/HPP/Y", "601/GH/GH",
        "601/SDGH/SDGH", "602/HV/X", "602/HV/Y", "604/VV/VV", "625/R/R", "625/SDR/SDR", "625/RR/RR", "625/SDRR/SDRR",
        "626/DV/DV", "626/SDDV/SDDV", "627/AZ/AZ", "627/SDAZ/SDAZ", "628/EL/EL", "628/SDEL/SDEL", "630/DPS/DPS",
    ),
    21: (
        "010/SAC", "010/SIC", "040/RAB", "040/SIM", "040/TST", "161/TRN", "071/TOD", "073/TOD", "130/LAT", "130/LON",
        "131/LAT", "131/LON", "080/ADDRESS", "140/HEIGHT", "090/NACP", "145/FL", "155/RATE", "157/RATE", "160/GS",
        "160/TA", "170/IDENT", "020/ECAT",
    ),
    34: (
        "010/SAC", "010/SIC", "000/TYP", "030/TOD", "020/SECTOR", "041/PERIOD", "050/COM/NOGO", "050/COM/TSV",
        "120/HGT", "120/LAT", "120/LON",
    ),
    48: (
        "010/SAC", "010/SIC", "140/TOD", "020/TYP", "020/SIM", "020/RAB", "020/TST", "020/ERR", "040/RHO", "040/THETA",
        "070/V", "070/G", "070/MODE3A", "090/V", "090/G", "090/FL", "130/SAM/SAM", "130/PAM/PAM", "220/ADDRESS",
        "240/IDENT", "161/TRN", "042/X", "042/Y", "200/GSP", "200/HDG", "170/CNF", "170/RAD", "030/CODE", "110/HEIGHT",
        "120/CAL/D", "120/CAL/CAL", "120/RDS/DOP", "120/RDS/AMB",
    ),
    62: (
        "010/SAC", "010/SIC", "015/SID", "070/TOD", "105/LAT", "105/LON", "100/X", "100/Y", "185/VX", "185/VY",
        "060/MODE3A", "380/ADR/ADR", "040/TRN", "080/MON", "080/CNF", "080/SIM", "080/TSE", "080/FPC", "080/CST",
        "290/TRK/AGE", "290/PSR/AGE", "136/MFL", "130/ALT", "220/ROCD", "500/APC/X", "500/APC/Y", "340/TYP/SIM",
        "340/TYP/TST",
    ),
    65: ("010/SAC", "010/SIC", "000/TYP", "015/SID", "030/TOD", "020/BATCH", "040/NOGO", "040/TSV"),
}  # fmt: skip

_TIME = {15: "145/TOD", 21: "071/TOD", 34: "030/TOD", 48: "140/TOD", 62: "070/TOD", 65: "030/TOD"}
_MAX_ROWS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class RecordColumns:
    """The decoded records of one category, one row per record, in their order.

    ``columns["040/RHO"]`` is a float64 array (n,) in the unit of the specification, nan where a record lacks the field;
    every field fits a float64 exactly.
    """

    category: Category
    values: np.ndarray  #: (n, wanted fields) int64, `_kernels.MISSING` where absent
    block: np.ndarray  #: (n,) int64, index of the block the record stands in
    first: np.ndarray  #: (n,) int64, octet in the data at which the record begins
    end: np.ndarray  #: (n,) int64, octet after it
    longer: np.ndarray  #: (n,) bool: octets were passed over that the edition does not know

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, path: str) -> np.ndarray:
        column = WANTED[self.category.number].index(path)
        raw = self.values[:, column]
        scaled = raw.astype(np.float64) * _lsb(self.category.number, self.category.edition, path)
        return np.where(raw == _kernels.MISSING, np.nan, scaled)

    @property
    def time_of_day_s(self) -> np.ndarray:
        """Seconds since midnight UTC, (n,) float64; nan where absent."""
        return self[_TIME[self.category.number]]

    def take(self, index: np.ndarray) -> "RecordColumns":
        """The rows of a mask or of an index array."""
        columns = (self.values, self.block, self.first, self.end, self.longer)
        return RecordColumns(self.category, *(column[index] for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    nodes: np.ndarray
    fields: np.ndarray


def decode_columns(
    layout: Category, data: bytes | bytearray | memoryview | np.ndarray, bounds: np.ndarray
) -> tuple[RecordColumns, dict[str, int]]:
    """Decode the records of many blocks of one category and edition.

    Parameters
    ----------
    layout : Category
        From `specification.category`.
    data : bytes-like
        Octets of all blocks.
    bounds : (n, 2) int array
        First octet after each block's header, and the octet after the block, within `data`.

    Returns
    -------
    RecordColumns, dict
        The good records, and how many were bad by reason. After a record that is not well formed nothing in its
        block can be located, so the rest of that block goes with it and counts once.

    Examples
    --------
    >>> block = bytes.fromhex("41000cf8000502c1416f2600")
    >>> columns, rejected = decode_columns(category(65), block, np.array([[3, 12]]))
    >>> float(columns["030/TOD"][0]), rejected
    (33502.296875, {})
    """
    octets = np.frombuffer(data, np.uint8) if not isinstance(data, np.ndarray) else data
    bounds = np.ascontiguousarray(bounds, np.int64).reshape(-1, 2)
    if len(bounds) and (bounds.min() < 0 or bounds.max() > len(octets)):
        raise ValueError("a block lies outside the data")
    plan = _plan(layout.number, layout.edition)
    values, places = _decode_all(plan, layout, octets, bounds)
    rejected: Counter[str] = Counter()
    status = places[:, 3]
    longer = status == _kernels.LONGER
    good = RecordColumns(layout, values, places[:, 0], places[:, 1], places[:, 2], longer)
    keep = (status == _kernels.OK) | longer
    for code, name in enumerate(reason.STRUCTURAL, start=1):
        rejected[name] += int(np.count_nonzero(status == code))
    for name, bad in _impossible(good):
        rejected[name] += int(np.count_nonzero(bad & keep))
        keep &= ~bad
    return good if keep.all() else good.take(keep), dict(+rejected)


def _decode_all(plan: _Plan, layout: Category, octets: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Call the kernel until all blocks are through."""
    slots, width = len(layout.items), len(WANTED[layout.number])
    total = int((bounds[:, 1] - bounds[:, 0]).sum()) if len(bounds) else 0
    capacity = min(_MAX_ROWS, total // 16 + 16)  # most records are longer; a full table is emptied and filled again
    parts = []
    block, octet = 0, -1
    while block < len(bounds):
        values = np.empty((capacity, width), np.int64)
        places = np.empty((capacity, 4), np.int64)
        rows, block, octet = _kernels.decode_blocks(
            octets, bounds, plan.nodes, plan.fields, slots, block, octet, values, places
        )
        parts.append((values[:rows], places[:rows]))
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.empty((0, width), np.int64), np.empty((0, 4), np.int64)
    return np.concatenate([v for v, _ in parts]), np.concatenate([p for _, p in parts])


def _impossible(columns: RecordColumns) -> list[tuple[str, np.ndarray]]:
    """Records that are well formed but cannot be true: most often the configured edition is not the sender's."""
    checks = [
        (reason.NO_SOURCE, np.isnan(columns["010/SAC"])),
        (reason.TIME_OF_DAY, columns.time_of_day_s >= 86400.0),
    ]
    position = {
        15: ("600/P84/LAT", "600/P84/LON"),
        21: ("131/LAT", "131/LON"),
        34: ("120/LAT", "120/LON"),
        62: ("105/LAT", "105/LON"),
    }.get(columns.category.number)
    if position:
        latitude, longitude = position
        checks.append((reason.POSITION, (np.abs(columns[latitude]) > 90.0) | (np.abs(columns[longitude]) > 180.0)))
    return checks


@cache
def _lsb(number: int, edition: str, path: str) -> float:
    """Nan for a field that older editions lack: no record has it."""
    item, _, name = path.rpartition("/")
    try:
        return category(number, edition).item(item).field(name)[1].lsb
    except KeyError:
        return float("nan")


@cache
def _plan(number: int, edition: str) -> _Plan:
    """Node and field tables for the kernel: items by FRN, then the sub-items of each compound."""
    layout = category(number, edition)
    flat: list[Item | None] = list(layout.items)
    wanted = list(WANTED[number])
    paths: list[str] = [item.id if item else "" for item in layout.items]
    nodes: list[tuple[int, ...]] = []
    fields: list[tuple[int, ...]] = []
    children = {}
    for i, item in enumerate(layout.items):
        if item is not None and item.shape == "compound":
            children[i] = (len(flat), len(item.items))
            flat += item.items
            paths += [f"{item.id}/{part.id}" if part else "" for part in item.items]
    for i, item in enumerate(flat):
        first = len(fields)
        if item is not None:
            fields += _wanted_fields(item, paths[i], wanted)
        child, n = children.get(i, (0, len(item.parts) if item is not None else 0))
        shape = _SHAPES[item.shape] if item is not None else _kernels.UNDEFINED
        nodes.append((shape, item.size if item is not None else 0, child, n, first, len(fields) - first))
    return _Plan(np.array(nodes, np.int64), np.array(fields, np.int64).reshape(-1, 4))


def _wanted_fields(item: Item, path: str, wanted: Sequence[str]) -> list[tuple[int, int, int, int]]:
    rows = []
    start = 8 if item.shape == "repetitive" else 0  # the count octet
    for i, part in enumerate(item.parts):
        for field in part:
            if field.name and f"{path}/{field.name}" in wanted:
                column = wanted.index(f"{path}/{field.name}")
                rows.append((start + 8 * i + field.offset, field.bits, int(field.kind == "s"), column))
    return rows
