"""Octets: how fast the decoder is, and what damaged input does to it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np

from rampart.records import DetectionFlag, Detections
from rampart.wire.asterix import Datagram, Decoder, plot_datagrams, report_datagrams, turn_datagrams

from .scene import Load, Stream

SLOW_S = 0.01


def run_speed() -> list[dict[str, Any]]:
    """Rows: records per second of CAT048 and CAT015."""
    return [_speed(48), _speed(15)]


def run_mutants(count: int) -> list[dict[str, Any]]:
    """Row: mutated datagrams."""
    return [_mutants(count)]


def _sound(category: int, n: int = 20_000) -> list[bytes]:
    if category == 15:
        stream, k = Stream(Load(n // 4, 4, 0.95), 10**18, DetectionFlag.SIMULATED, None), 0
        found: list[bytes] = []
        while sum(len(payload) for payload in found) < 39 * n:
            found += stream.tick(k).payloads
            k += 1
        return found
    dice = np.random.default_rng(3)
    plots = Detections.build(
        number=np.arange(n), time_ns=np.full(n, 10**18), received_ns=np.full(n, 10**18), sensor=np.zeros(n, int),
        range_m=dice.uniform(1e3, 9e4, n), azimuth_rad=dice.uniform(0, 6.28, n), range_rate_ms=dice.normal(0, 200, n),
        height_m=dice.uniform(0, 1e4, n), flags=np.zeros(n, np.uint8),
    )  # fmt: skip
    return [d.payload for d in plot_datagrams(plots, [(1, 1)])]


def _speed(category: int) -> dict[str, Any]:
    datagrams = [Datagram(payload, i) for i, payload in enumerate(_sound(category))]
    Decoder().decode(datagrams[:10])
    best = 0.0
    for _ in range(5):
        decoder, began_s = Decoder(window_s=0.0), time.process_time()
        records = decoder.decode(datagrams).records[category]
        best = max(best, records / (time.process_time() - began_s))
    return {"name": f"CAT{category:03d} records/s of CPU time", "ours": {"records_per_s": round(best), "n": records}}


def _mutants(count: int) -> dict[str, Any]:
    """Datagrams with octets changed, cut, doubled, joined; each decoded by itself, timed by the CPU."""
    dice = np.random.default_rng(17)
    markers = [d.payload for d in turn_datagrams((1, 1), range(10**18, 10**18 + 10**10, 10**9), 1.0)]
    few = Detections.build(
        number=[1], time_ns=[10**18], received_ns=[10**18], sensor=[0], range_m=[5e3], azimuth_rad=[1.0],
        elevation_rad=[0.1], range_rate_ms=[-200.0], snr_db=[9.0], identity=["3C660C"],
    )  # fmt: skip
    seeds = [*_sound(15, 400)[:6], *_sound(48, 400)[:6], *markers[:4]]
    seeds += [d.payload for d in (*plot_datagrams(few, [(1, 1)]), *report_datagrams(few, [(1, 1)]))]
    decoder = Decoder()
    decoder.decode([Datagram(seed, 0) for seed in seeds])
    crashed = slow = 0
    slowest_s = 0.0
    for i in range(count):
        octets = _mutate(seeds[i % len(seeds)], dice)
        began_s = time.thread_time()
        try:
            decoder.decode([Datagram(octets, i)])
        except Exception:  # what is looked for
            crashed += 1
        took_s = time.thread_time() - began_s
        if took_s > SLOW_S:  # of the input, or of the machine: what is slow by itself is slow again
            took_s = min(took_s, *(_time(octets, i) for _ in range(3)))
        slow += took_s > SLOW_S
        slowest_s = max(slowest_s, took_s)
    return {
        "name": "mutated datagrams",
        "ours": {"n": count, "exceptions": crashed, "over_10_ms": slow, "slowest_ms": round(slowest_s * 1e3, 2)},
    }


def _time(octets: bytes, at_ns: int) -> float:
    """Seconds of CPU that one datagram takes, by itself."""
    decoder, began_s = Decoder(), time.thread_time()
    with suppress(Exception):  # counted already
        decoder.decode([Datagram(octets, at_ns)])
    return time.thread_time() - began_s


def _mutate(octets: bytes, dice: np.random.Generator) -> bytes:
    data = bytearray(octets)
    for _ in range(int(dice.integers(1, 6))):
        at, kind = int(dice.integers(0, len(data))) if data else 0, int(dice.integers(0, 5))
        if not data or kind == 0:
            data[at:at] = dice.bytes(int(dice.integers(1, 9)))
        elif kind == 1:
            data[at] = int(dice.integers(0, 256))
        elif kind == 2:
            data[at] ^= 1 << int(dice.integers(0, 8))
        elif kind == 3:
            del data[at : at + int(dice.integers(1, 40))]
        else:
            data[at:at] = data[: int(dice.integers(1, 60))]
    return bytes(data[:65_000])
