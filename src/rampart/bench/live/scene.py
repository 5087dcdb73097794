"""Scene: a site with radars, hundreds of aircraft on their rounds, and a salvo now and then - as octets on time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from rampart.bench.town import fly, head_text, radar_text, salvos_text, zones_text
from rampart.pipeline import build_places, parse_scenario
from rampart.records import DetectionFlag, Detections
from rampart.wire.asterix import report_datagrams, turn_datagrams

SECOND = 1_000_000_000
TICK_S = 0.02  #: datagrams leave this often
PER_DATAGRAM = 34  #: records, below 1,400 octets
DELAY_S = 0.02  #: from the beam to the datagram
P_DETECT = 0.95

_FEED = """
[[feed]]
id = "radars"
kind = "asterix"
address = "udp://127.0.0.1:{port}"
editions = {{ "015" = "1.2", "034" = "1.29" }}
sensors = {{ {sensors} }}
allow = ["127.0.0.1"]
"""


@dataclass(frozen=True)
class Load:
    """How much.

    Attributes
    ----------
    targets : int
        Aircraft on their rounds, each reported by every radar once per scan.
    radars : int
    period_s : float
        Of a scan.
    """

    targets: int = 500
    radars: int = 4
    period_s: float = 0.95

    @property
    def reports_per_s(self) -> float:
        """Reports of aircraft, before salvos."""
        return self.targets * self.radars * P_DETECT / self.period_s


#: What the tracker is told of false alarms; there are none here, the aircraft are the load.
_FALSE_ALARMS = 5.0
_REFERENCE_RANGE_M = 16_000.0


def site_text(load: Load, *, port: int = 0, mode: str = "exercise", more: str = "") -> str:
    """The live site file."""
    sensors = ", ".join(f'r{n} = "1/{n + 1}"' for n in range(load.radars))
    text = head_text(f'mode = "{mode}"') + _places(load, _FALSE_ALARMS)
    return text + _FEED.format(port=port, sensors=sensors) + more


def _places(load: Load, false_alarms: float) -> str:
    radars = [
        radar_text(
            n, period_s=load.period_s, delay_s=DELAY_S, false_alarms=false_alarms, reference_range_m=_REFERENCE_RANGE_M
        )
        for n in range(load.radars)
    ]
    return zones_text("shelter_time_s = 10.0\n") + "".join(radars)


def _raid_text(load: Load, seconds: float) -> str:
    times = f"start = 2026-01-01T00:00:00Z\nduration_s = {seconds:.1f}"
    return head_text(times) + _places(load, 0.0) + salvos_text(seconds, count=4, spread_m=400.0)


@dataclass(frozen=True, slots=True)
class Due:
    """Datagrams that leave together."""

    at_s: float  #: since the start
    payloads: list[bytes]
    reports: int


class Salvos:
    """What the radars see of the salvos, flown beforehand; repeated after `cycle_s`.

    Parameters
    ----------
    load : Load
        Whose radars these are.
    cycle_s : float
        How long a raid is flown, before it is told again.
    by_turn : bool
        A radar hands over what it saw when its turn is over, up to a scan late, as our simulated ones do; else each
        report leaves as soon as the beam has passed, as from radars that send sector by sector - and as the aircraft's.
    """

    def __init__(self, load: Load, cycle_s: float = 120.0, *, by_turn: bool = False) -> None:
        self.cycle_s = cycle_s
        scenario = parse_scenario(_raid_text(load, cycle_s), "bench")
        scans = [Detections.empty()]
        self.start_ns, due_ns = scenario.start_ns, [np.empty(0, np.int64)]
        for now_ns, all_seen, _ in fly(scenario, build_places(scenario)[0], cycle_s):
            seen = all_seen.take(np.isfinite(all_seen.range_m))
            scans.append(seen)
            due_ns.append(np.full(len(seen), now_ns) if by_turn else seen.time_ns + round(DELAY_S * 1e9))
        at_ns = np.concatenate(due_ns) - self.start_ns
        order = np.argsort(at_ns, kind="stable")
        self._seen, self._at_s = Detections.concat(scans).take(order), at_ns[order] * 1e-9
        self._sources = [(1, n + 1) for n in range(load.radars)]

    def between(self, from_s: float, to_s: float, start_ns: int, mark: DetectionFlag) -> tuple[list[bytes], int]:
        """The datagrams that fall due in a stretch of time; and their reports."""
        base = from_s // self.cycle_s * self.cycle_s
        first, last = np.searchsorted(self._at_s, (from_s - base, to_s - base)).tolist()
        if first == last:
            return [], 0
        seen = self._seen.take(slice(first, last))
        shift_ns = start_ns + round(base * 1e9) - self.start_ns
        moved = seen.replace(
            time_ns=seen.time_ns + shift_ns,
            received_ns=seen.received_ns + shift_ns,
            flags=np.full(len(seen), int(mark), np.uint8),
        )
        return [d.payload for d in report_datagrams(moved, self._sources)], len(seen)


class Aircraft:
    """Aircraft that fly rounds: where they are at a time, and what a radar says of them."""

    def __init__(self, load: Load, seed: int = 7) -> None:
        dice = np.random.default_rng(seed)
        n = load.targets
        away, bearing = dice.uniform(6000.0, 14_000.0, n), dice.uniform(0.0, 2 * np.pi, n)
        self._centre = np.stack([away * np.sin(bearing), away * np.cos(bearing)], axis=1)
        self._radius = dice.uniform(1500.0, 3000.0, n)
        self._rate = dice.uniform(80.0, 160.0, n) / self._radius * dice.choice([-1.0, 1.0], n)
        self._phase = dice.uniform(0.0, 2 * np.pi, n)
        self._up = dice.uniform(800.0, 3500.0, n)
        self._radars = np.array([[-1500.0 + 1000.0 * r, 200.0 * r, 12.0] for r in range(load.radars)])
        self._dice, self.load = dice, load

    def seen(self, radar: int, index: np.ndarray, at_s: float) -> np.ndarray:
        """Range, azimuth, elevation, range rate of some targets, with errors; (n, 4)."""
        angle = self._phase[index] + self._rate[index] * at_s
        ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        turn = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
        flat = self._centre[index] + self._radius[index, None] * ring
        position = np.column_stack([flat, self._up[index]]) - self._radars[radar]
        velocity = np.column_stack([(self._radius * self._rate)[index, None] * turn, np.zeros(len(index))])
        slant = np.linalg.norm(position, axis=1)
        true = np.column_stack(
            [
                slant,
                np.arctan2(position[:, 0], position[:, 1]),
                np.arcsin(position[:, 2] / slant),
                (position * velocity).sum(axis=1) / slant,
            ]
        )
        sigma = np.array([10.0, np.radians(0.2), np.radians(0.2), 1.0])
        return true + sigma * self._dice.standard_normal(true.shape)


_TEMPLATE = Detections.build(
    number=[1], time_ns=[0], received_ns=[0], sensor=[0], range_m=[5000.0], azimuth_rad=[1.0], elevation_rad=[0.1],
    range_rate_ms=[-200.0], range_sigma_m=[10.0], azimuth_sigma_rad=[np.radians(0.2)],
    elevation_sigma_rad=[np.radians(0.2)], range_rate_sigma_ms=[1.0], snr_db=[15.0],
)  # fmt: skip


class FastReports:
    """Writes CAT015 records many at a time: a template from the encoder, with the places of its figures filled in."""

    _TOD, _TRN, _R, _RR, _AZ, _EL = 8, 11, 14, 20, 28, 33

    def __init__(self, mark: DetectionFlag) -> None:
        flags = np.array([int(mark)], np.uint8)
        payload = report_datagrams(_TEMPLATE.replace(flags=flags), [(1, 1)])[0].payload
        self._record = np.frombuffer(payload[3:], np.uint8)

    def write(self, radar: int, numbers: np.ndarray, time_ns: int, seen: np.ndarray) -> list[bytes]:
        """The datagrams of one radar at one time."""
        rows = np.tile(self._record, (len(seen), 1))
        rows[:, 5] = radar + 1
        tick = round(time_ns / 7_812_500) % (128 * 86_400)
        _put(rows, self._TOD, np.full(len(seen), tick), 3)
        _put(rows, self._TRN, numbers & 0xFFFF, 2)
        _put(rows, self._R, np.rint(seen[:, 0] * 10), 3)
        _put(rows, self._AZ, np.rint(seen[:, 1] * 65536 / (2 * np.pi)) % 65536, 2)
        _put(rows, self._EL, np.rint(seen[:, 2] * 65536 / np.pi) % 65536, 2)
        _put(rows, self._RR, np.rint(seen[:, 3] * 10) % (1 << 24), 3)
        found = []
        for first in range(0, len(rows), PER_DATAGRAM):
            body = rows[first : first + PER_DATAGRAM].tobytes()
            found.append(b"\x0f" + (len(body) + 3).to_bytes(2, "big") + body)
        return found


def _put(rows: np.ndarray, at: int, values: np.ndarray, octets: int) -> None:
    whole = np.asarray(values, np.int64)
    for i in range(octets):
        rows[:, at + i] = (whole >> (8 * (octets - 1 - i))) & 0xFF


class Stream:
    """All that leaves, tick by tick."""

    def __init__(self, load: Load, start_ns: int, mark: DetectionFlag, salvos: Salvos | None) -> None:
        self._sky, self._reports, self._salvos = Aircraft(load), FastReports(mark), salvos
        self._load, self._start_ns, self._mark = load, start_ns, mark
        self._dice = np.random.default_rng(11)
        self._number = 0

    def tick(self, k: int) -> Due:
        """Tick `k`: the targets that the beams pass in it, north markers, and what is seen of salvos."""
        load, at_s = self._load, k * TICK_S
        payloads, reports = [], 0
        for radar in range(load.radars):
            index = self._passed(radar, at_s)
            index = index[self._dice.random(len(index)) < P_DETECT]
            now_ns = self._start_ns + round(at_s * 1e9)
            if len(index):
                numbers = np.arange(self._number, self._number + len(index))
                self._number += len(index)
                payloads += self._reports.write(radar, numbers, now_ns, self._sky.seen(radar, index, at_s))
                reports += len(index)
            if k % 50 == radar:
                payloads += [d.payload for d in turn_datagrams((1, radar + 1), [now_ns], load.period_s)]
        if self._salvos is not None:
            more, n = self._salvos.between(at_s, at_s + TICK_S, self._start_ns, self._mark)
            payloads += more
            reports += n
        return Due(at_s, payloads, reports)

    def _passed(self, radar: int, at_s: float) -> np.ndarray:
        """Indices of the targets that a radar looks at in this tick; each once per period."""
        n, period = self._load.targets, self._load.period_s
        first, last = (np.floor(np.array([at_s, at_s + TICK_S]) / period * n + radar * n / 7)).astype(int)
        return np.arange(first, last) % n


def monotonic_start(lead_s: float) -> tuple[int, float]:
    """Ns UTC and monotonic seconds of a start that lies ahead."""
    return time.time_ns() + round(lead_s * 1e9), time.monotonic() + lead_s
