"""Feed: what a radar or a tracker would send - plots, reports, tracks, turns - as datagrams for loopback and tests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.records import DetectionFlag, Detections, ExternalTracks, Row

from .decoder import Datagram
from .plots import FOOT, NM
from .record import encode_record
from .specification import Category, category

_TICK_NS = 7_812_500
_TICKS_PER_DAY = 128 * 86400
_MAX_PAYLOAD = 1400  # below the usual 1500 octets of an Ethernet frame
_FULL_TURN = 1 << 16
_MAX_RHO_NM = 65535 / 256
_ANGLE = 360 / 2**19  # step of a sigma of CAT015, degrees


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
    return list(_datagrams(_in_order(detections, lambda row: _plot(layout, row, sources[int(row.sensor)])), 48, port))


def report_datagrams(
    detections: Detections, sources: Sequence[tuple[int, int]], *, port: int = 8600, edition: str | None = None
) -> list[Datagram]:
    """Write detections as CAT015 datagrams, in order of receipt: it holds all that a C-RAM radar measures.

    Parameters
    ----------
    detections, sources, port, edition
        As in `plot_datagrams`; elevation, range rate, their sigmas and signal to noise are sent where they are known.

    Raises
    ------
    InputError
        For a detection without range or azimuth, or beyond what CAT015 holds.

    Notes
    -----
    SIMULATED is sent as TTAX 3, TEST alone as TTAX 1. Class hints are not sent: the specification leaves the numbers of
    I015/300 to the parties.

    Examples
    --------
    >>> seen = Detections.build(range_m=[5000.0], azimuth_rad=[0.0], elevation_rad=[0.1], received_ns=[7], sensor=[0])
    >>> report_datagrams(seen, [(25, 201)])[0].payload[:2].hex()
    '0f00'
    """
    layout = category(15, edition)
    return list(_datagrams(_in_order(detections, lambda row: _report(layout, row, sources[int(row.sensor)])), 15, port))


def track_datagrams(tracks: ExternalTracks, *, port: int = 8600, edition: str | None = None) -> list[Datagram]:
    """Write another system's tracks as CAT062 datagrams, in order of receipt.

    Parameters
    ----------
    tracks : ExternalTracks
        ``source`` is ``"SAC/SIC"``; a class is not sent.
    port, edition
        As in `plot_datagrams`.

    Raises
    ------
    InputError
        For a track without a position, or a source that is no SAC and SIC.
    """
    layout = category(62, edition)
    order = np.lexsort((tracks.source_track, tracks.received_ns)).tolist()
    rows = (tracks[i] for i in order)
    return list(_datagrams((((int(r.received_ns), 0), _track(layout, r)) for r in rows), 62, port))


def turn_datagrams(
    source: tuple[int, int], times_ns: Iterable[int], scan_period_s: float, *, port: int = 8600
) -> list[Datagram]:
    """North markers of CAT034: one per turn of the antenna, so that a sky without targets is not silence.

    Parameters
    ----------
    source : (int, int)
        SAC and SIC.
    times_ns : iterable of int
        When the antenna points north, ns UTC; also the time of receipt.
    scan_period_s : float
        Of one turn.
    port : int
        UDP port of the datagrams.
    """
    layout = category(34)
    period_s = min(round(scan_period_s * 128) / 128, 65535 / 128)
    record = {"010": {"SAC": source[0], "SIC": source[1]}, "000": {"TYP": 1}, "041": {"PERIOD": period_s}}
    markers = (((t, 0), encode_record(layout, record | {"030": {"TOD": _time_of_day_s(t)}})) for t in times_ns)
    return list(_datagrams(markers, 34, port))


def _in_order(detections: Detections, encode: Callable[[Row], bytes]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Owner (receipt, sensor) and octets of each detection, in order of receipt."""
    for i in np.lexsort((detections.number, detections.sensor, detections.received_ns)).tolist():
        row = detections[i]
        yield (int(row.received_ns), int(row.sensor)), encode(row)


def _datagrams(records: Iterable[tuple[tuple[int, int], bytes]], number: int, port: int) -> Iterator[Datagram]:
    """Records with one owner share datagrams."""
    body, owner = b"", (-1, -1)
    for key, record in records:
        if body and (key != owner or len(body) + len(record) + 3 > _MAX_PAYLOAD):
            yield _datagram(number, body, owner[0], port)
            body = b""
        body, owner = body + record, key
    if body:
        yield _datagram(number, body, owner[0], port)


def _datagram(number: int, body: bytes, received_ns: int, port: int) -> Datagram:
    return Datagram(bytes([number]) + (len(body) + 3).to_bytes(2, "big") + body, received_ns, port)


def _time_of_day_s(time_ns: int) -> float:
    return round(int(time_ns) / _TICK_NS) % _TICKS_PER_DAY / 128


def _turned(angle_rad: float) -> float:
    """An azimuth in degrees, rounded to the step of the wire, so that it never reaches 360."""
    return float(round(angle_rad * _FULL_TURN / (2 * np.pi)) % _FULL_TURN * 360 / _FULL_TURN)


def _placed(row: Row, number: int) -> None:
    if not (np.isfinite(row.range_m) and np.isfinite(row.azimuth_rad)):
        raise InputError(f"detection {row.number} has no range and azimuth; CAT{number:03d} needs both")


def _plot(layout: Category, row: Row, source: tuple[int, int]) -> bytes:
    _placed(row, 48)
    record: dict[str, Any] = {
        "010": {"SAC": source[0], "SIC": source[1]},
        "140": {"TOD": _time_of_day_s(row.time_ns)},
        "020": {"TYP": 1, "SIM": int(bool(row.flags & DetectionFlag.SIMULATED))},
    }
    if row.flags & DetectionFlag.TEST:
        record["020"]["TST"] = 1
    rho = row.range_m / NM
    if round(rho * 256) > 65535:
        record["020"]["ERR"] = 1
        record["RE"] = {"ERR": {"RHO": rho}}
    record["040"] = {"RHO": min(rho, _MAX_RHO_NM), "THETA": _turned(row.azimuth_rad)}
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


def _report(layout: Category, row: Row, source: tuple[int, int]) -> bytes:
    _placed(row, 15)
    taxonomy = 3 if row.flags & DetectionFlag.SIMULATED else int(bool(row.flags & DetectionFlag.TEST))
    record: dict[str, Any] = {
        "010": {"SAC": source[0], "SIC": source[1]},
        "000": {"MT": 1},
        "020": {"TTAX": taxonomy},
        "145": {"TOD": _time_of_day_s(row.time_ns)},
        "161": {"TRN": int(row.number) & 0xFFFF},
        "625": {"R": {"R": row.range_m}, **_sigma("SDR", row.range_sigma_m, 0.1)},
        "627": {"AZ": {"AZ": _turned(row.azimuth_rad)}, **_sigma("SDAZ", np.degrees(row.azimuth_sigma_rad), _ANGLE)},
    }
    if np.isfinite(row.range_rate_ms):
        record["625"] |= {"RR": {"RR": row.range_rate_ms}, **_sigma("SDRR", row.range_rate_sigma_ms, 0.1)}
    if np.isfinite(row.elevation_rad):
        elevation = {"EL": {"EL": float(np.degrees(row.elevation_rad))}}
        record["628"] = elevation | _sigma("SDEL", np.degrees(row.elevation_sigma_rad), _ANGLE)
    if np.isfinite(row.snr_db):
        record["630"] = {"DPS": {"DPS": min(max(round(float(row.snr_db)), -128), 127)}}
    return encode_record(layout, record)


def _sigma(name: str, sigma: float, step: float) -> dict[str, dict[str, float]]:
    """The sub-item of one sigma, at least one step of the wire: zero would claim no error at all."""
    return {name: {name: max(float(sigma), step)}} if np.isfinite(sigma) else {}


def _track(layout: Category, row: Row) -> bytes:
    try:
        sac, sic = (int(part) for part in str(row.source).split("/"))
    except ValueError:
        raise InputError(f"source {row.source!r}: expected SAC/SIC, such as 25/201") from None
    if not (np.isfinite(row.latitude_rad) and np.isfinite(row.longitude_rad)):
        raise InputError(f"track {row.source_track} of {row.source} has no latitude and longitude")
    status = {"SIM": int(bool(row.flags & DetectionFlag.SIMULATED)), **({"CST": 1} if row.coasted else {})}
    record: dict[str, Any] = {
        "010": {"SAC": sac, "SIC": sic},
        "070": {"TOD": _time_of_day_s(row.time_ns)},
        "105": {"LAT": float(np.degrees(row.latitude_rad)), "LON": float(np.degrees(row.longitude_rad))},
        "040": {"TRN": int(row.source_track) & 0xFFFF},
        "080": status,
    }
    vx, vy, vz = (float(v) for v in row.velocity_xyz_ms)
    if np.isfinite(vx) and np.isfinite(vy):
        record["185"] = {"VX": vx, "VY": vy}
    if np.isfinite(row.height_m):
        record["130"] = {"ALT": row.height_m / FOOT}
    if np.isfinite(vz):
        record["220"] = {"ROCD": vz / FOOT * 60.0}
    if np.isfinite(row.position_sigma_m).all():
        record["500"] = {"APC": {"X": float(row.position_sigma_m[0]), "Y": float(row.position_sigma_m[1])}}
    if len(row.identity) == 6:
        record["380"] = {"ADR": {"ADR": int(row.identity, 16)}}
    elif row.identity:
        record["060"] = {"MODE3A": str(row.identity)}
    return encode_record(layout, record)
