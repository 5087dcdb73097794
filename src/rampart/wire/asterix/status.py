"""Status: what senders say about themselves (CAT034, CAT065)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .decoder import Batch
from .plots import source_name

_TIME_INVALID, _NOT_OPERATIONAL, _DEGRADED = "time source invalid", "not operational", "degraded"
_SYSTEM_STATES = {1: _DEGRADED, 2: _NOT_OPERATIONAL, 3: "state unknown"}


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The latest that a sender said about itself.

    A sender that is not usable, or whose time is invalid, must not lead to a live warning.
    """

    source: str  #: SAC/SIC
    category: int  #: 34 for a radar, 65 for a data processing system
    usable: bool
    faults: tuple[str, ...] = ()
    scan_period_s: float = float("nan")  #: antenna rotation period, of radars that say it


def source_status(batches: Iterable[Batch]) -> tuple[SourceStatus, ...]:
    """The latest status of each sender in CAT034 and CAT065 records, sorted by category and source.

    NOGO and TSV of I034/050 and I065/040; a degraded system is usable.

    Parameters
    ----------
    batches : iterable of Batch
        Of any categories; the others are passed over.
    """
    found: dict[tuple[int, str], SourceStatus] = {}
    for batch in batches:
        number = batch.columns.category.number
        if number in (34, 65):
            code = (batch.columns["010/SAC"] * 256 + batch.columns["010/SIC"]).astype(np.int64)
            for value in np.unique(code).tolist():
                name = source_name(value >> 8, value & 255)
                found[number, name] = _status(number, name, batch, code == value)
    return tuple(found[key] for key in sorted(found))


def _status(number: int, name: str, batch: Batch, mine: np.ndarray) -> SourceStatus:
    columns = batch.columns
    nogo = _latest(columns["050/COM/NOGO" if number == 34 else "040/NOGO"][mine])
    time_fault = _latest(columns["050/COM/TSV" if number == 34 else "040/TSV"][mine]) == 1.0
    faults = []
    if number == 34:
        faults += [_NOT_OPERATIONAL] * (nogo == 1.0)
        period_s = _latest(columns["041/PERIOD"][mine])
    else:
        faults += [state for value, state in _SYSTEM_STATES.items() if nogo == value]
        period_s = float("nan")
    faults += [_TIME_INVALID] * bool(time_fault)
    usable = not faults or faults == [_DEGRADED]
    return SourceStatus(name, number, usable, tuple(faults), period_s)


def _latest(values: np.ndarray) -> float:
    given = values[~np.isnan(values)]
    return float(given[-1]) if len(given) else float("nan")
