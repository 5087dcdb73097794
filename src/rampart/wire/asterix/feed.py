"""Feed: detections as the CAT048 datagrams a radar would send, for loopback sources and tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.records import DetectionFlag, Detections, Row

from .decoder import Datagram
from .plots import FOOT, NM
from .record import encode_record
from .specification import Category, category

_TICK_NS = 7_812_500
_TICKS_PER_DAY = 128 * 86400
_MAX_PAYLOAD = 1400  # below the usual 1500 octets of an Ethernet frame
_FULL_TURN = 1 << 16
_MAX_RHO_NM = 65535 / 256


def plot_datagrams(
    detections: Detections, sources: Sequence[tuple[int, int]], *, port: int = 8600, edition: str | None = None
) -> list[Datagram]:
    """Write detections as CAT048 datagrams, in order of receipt.

    Parameters
    ----------
    detections : Detections
        With range and azimuth; elevation cannot be sent in CAT048. Equal times of receipt of one sensor share
        datagrams of at most 1,400 octets.
    sources : sequence of (int, int)
        SAC and SIC by sensor index.
    port : int
        UDP port of the datagrams.
    edition : str or None
        Of CAT048; the default where not given.

    Returns
    -------
    list of Datagram

    Raises
    ------
    InputError
        For a detection without range or azimuth, or beyond what CAT048 holds.

    Notes
    -----
    The flags SIMULATED and TEST are sent as SIM and TST. A range rate beyond -512 to 511 m/s is sent as the nearest
    of these and marked doubtful: CAT048 cannot say it.

    Examples
    --------
    >>> plots = Detections.build(range_m=[1852.0], azimuth_rad=[0.0], received_ns=[7], sensor=[0])
    >>> plot_datagrams(plots, [(25, 201)])[0].payload.hex()
    '30000ef019c90000002001000000'
    """
    layout = category(48, edition)
    order = np.lexsort((detections.number, detections.sensor, detections.received_ns))
    datagrams: list[Datagram] = []
    body, owner = b"", (-1, -1)
    for i in order.tolist():
        row = detections[i]
        record = _encode(layout, row, sources[int(row.sensor)])
        key = int(row.received_ns), int(row.sensor)
        if body and (key != owner or len(body) + len(record) + 3 > _MAX_PAYLOAD):
            datagrams.append(_datagram(body, owner[0], port))
            body = b""
        body, owner = body + record, key
    if body:
        datagrams.append(_datagram(body, owner[0], port))
    return datagrams


def _datagram(body: bytes, received_ns: int, port: int) -> Datagram:
    return Datagram(b"\x30" + (len(body) + 3).to_bytes(2, "big") + body, received_ns, port)


def _encode(layout: Category, row: Row, source: tuple[int, int]) -> bytes:
    if not (np.isfinite(row.range_m) and np.isfinite(row.azimuth_rad)):
        raise InputError(f"detection {row.number} has no range and azimuth; CAT048 needs both")
    record: dict[str, Any] = {
        "010": {"SAC": source[0], "SIC": source[1]},
        "140": {"TOD": round(int(row.time_ns) / _TICK_NS) % _TICKS_PER_DAY / 128},
        "020": {"TYP": 1, "SIM": int(bool(row.flags & DetectionFlag.SIMULATED))},
    }
    if row.flags & DetectionFlag.TEST:
        record["020"]["TST"] = 1
    rho = row.range_m / NM
    theta = round(row.azimuth_rad * _FULL_TURN / (2 * np.pi)) % _FULL_TURN
    if round(rho * 256) > 65535:
        record["020"]["ERR"] = 1
        record["RE"] = {"ERR": {"RHO": rho}}
    record["040"] = {"RHO": min(rho, _MAX_RHO_NM), "THETA": theta * 360 / _FULL_TURN}
    if np.isfinite(row.height_m):
        record["110"] = {"HEIGHT": row.height_m / FOOT}
    if np.isfinite(row.range_rate_ms):
        speed = min(max(round(float(row.range_rate_ms)), -512), 511)
        record["120"] = {"CAL": {"D": int(abs(speed - row.range_rate_ms) > 0.5), "CAL": speed}}
    if len(row.identity) == 6:
        record["220"] = {"ADDRESS": int(row.identity, 16)}
    elif row.identity:
        record["070"] = {"MODE3A": str(row.identity)}
    return encode_record(layout, record)
