"""``rampart bench delivery``: from the detection that decides to bytes at peers, at 2,000 detections per second.

The chain runs as it does live (`SiteCore`, a thread of its own) and so does delivery; the scans of four simulated
radars are made beforehand. Peers are programs of their own: a mosquitto with its client, a listener to server-sent
events, a TAK stand-in, a folder of CAP files. Once all are well, once with two more that have stalled.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rampart.pipeline import Outputs, Scenario, build_chain, build_places, parse_scenario
from rampart.records import Outcome, Phase
from rampart.serve.core import SiteCore, wall_clock
from rampart.serve.delivery import Alarm, Dispatcher, PeerState, Setting, build_outs

from . import say
from .programs import free_port, listens, until
from .town import fly, head_text, radar_text, salvos_text, zones_text

PERIODS_S = (0.47, 0.49, 0.51, 0.53)  #: of four radars that do not scan in step
FALSE_ALARMS = 250.0  #: per radar and scan: 2,000 per second in all


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure a raid with all peers well, with two stalled, and how soon a dead broker is told of.

    Parameters
    ----------
    quick : bool
        40 s instead of 120, 3 deaths instead of 20.
    """
    scenario = parse_scenario(scene(40.0 if quick else 120.0), "delivery")
    results = []
    for stalled in (False, True):
        say(f"bench delivery: {'two peers stalled' if stalled else 'all well'}, {scenario.head.duration_s:g} s")
        results += _raid(scenario, stalled=stalled)
    if shutil.which("mosquitto"):
        results.append(_deaths(3 if quick else 20))
    return {"results": results}


def scene(duration_s: float) -> str:
    """A site of 40 zones and four radars in clutter, with a salvo of ten rockets every 15 s."""
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    parts = [head_text(f"start = {start}\nduration_s = {duration_s}"), zones_text()]
    for n, period_s in enumerate(PERIODS_S):
        parts.append(
            radar_text(n, period_s=period_s, delay_s=0.05, false_alarms=FALSE_ALARMS, reference_range_m=12_000.0)
        )
    return "".join(parts) + salvos_text(duration_s, count=10, spread_m=500.0)


@contextmanager
def _process(*command: str, out: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended by its id."""
    with ExitStack() as stack:
        target: Any = stack.enter_context(out.open("wb")) if out else subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=target, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


def _raid(scenario: Scenario, *, stalled: bool) -> list[dict[str, Any]]:
    clock = wall_clock()
    places = build_places(scenario)
    place = places[0]
    scans = list(fly(scenario, place, scenario.head.duration_s))  # beforehand: what is measured is not slowed by it
    cold = build_chain(scenario, place, engage=False)
    for scan in scans[: 8 * 45]:  # kernels are loaded and every way through the code is warm before the clock runs
        cold.step(scan.now_ns, scan.detections)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows, stall = _peers(stack, folder, stalled)
        text = scenario.text + "".join(rows)
        outs = build_outs(parse_scenario(text, "delivery"), places, Setting(clock, folder=folder, session="bench"))
        dispatcher = stack.enter_context(Dispatcher(outs, clock))
        until(lambda: all(h.state == PeerState.UP for h in dispatcher.health()))
        for out in folder.glob("*.sink"):  # listeners are there before the raid
            until(lambda out=out: out.exists())
        time.sleep(1.0)
        stall()
        steps: list[tuple[int, int]] = []  # time of the step, when what it said was told

        def tell(name: str, outputs: Outputs) -> None:
            dispatcher.tell(name, outputs)
            steps.append((outputs.now_ns, clock()))

        with SiteCore(place.site.id, build_chain(scenario, place, engage=False), clock, tell) as core:
            began_ns = clock()
            count = 0
            shift_ns = began_ns - scenario.start_ns
            for scan in scans:
                time.sleep(max(scan.now_ns + shift_ns - clock(), 0) * 1e-9)
                core.receive(scan.detections.replace(time_ns=scan.detections.time_ns + shift_ns), scan.heard)
                count += len(scan.detections)
            seconds = (clock() - began_ns) * 1e-9
        until(lambda: all(h.queued == 0 for h in dispatcher.health() if not h.peer.startswith("stalled")))
        time.sleep(0.5)
        return _rows(dispatcher, folder, steps, count / seconds, stalled=stalled)


def _peers(stack: ExitStack, folder: Path, stalled: bool) -> tuple[list[str], Any]:
    """Start the peers; their ``[[out]]``, and what makes two of them stall."""
    sse, cot = free_port(), free_port()
    rows = [
        f'\n[[out]]\nid = "sse"\nkind = "sse"\nport = {sse}\n',
        f'\n[[out]]\nid = "cot"\nkind = "cot"\nurl = "tcp://127.0.0.1:{cot}"\nping = false\n',
        '\n[[out]]\nid = "cap_files"\nkind = "cap_files"\nfolder = "cap"\nsender = "rampart@bench.invalid"\n',
    ]
    module = (sys.executable, "-m", "rampart.bench.sinks")
    stack.enter_context(_process(*module, "cot", str(cot)))
    until(lambda: listens(cot))
    brokers = []
    if shutil.which("mosquitto") and shutil.which("mosquitto_sub"):
        for name in ("mqtt", "stalled-mqtt")[: 2 if stalled else 1]:
            port = free_port()
            brokers.append(stack.enter_context(_process("mosquitto", "-p", str(port))))
            until(lambda port=port: listens(port))
            rows.append(f'\n[[out]]\nid = "{name}"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:{port}"\n')
            if name == "mqtt":
                client = ("mosquitto_sub", "-p", str(port), "-q", "1", "-t", "rampart/#", "-F", "%U %t %p")
                stack.enter_context(_process(*client, out=folder / "mqtt.sink"))
    if stalled:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        rows.append(f'\n[[out]]\nid = "stalled-cot"\nkind = "cot"\nurl = "{url}"\nping = false\n')

    def stall() -> None:
        stack.enter_context(_process(*module, "sse", str(sse), out=folder / "sse.sink"))
        time.sleep(2.0)
        if stalled and len(brokers) == 2:
            brokers[1].send_signal(signal.SIGSTOP)

    return rows, stall


def _rows(
    dispatcher: Dispatcher, folder: Path, steps: list[tuple[int, int]], rate: float, *, stalled: bool
) -> list[dict[str, Any]]:
    """Latency from the receipt of the detection that decided to the bytes, peer by peer."""
    deliveries = dispatcher.deliveries()
    calls = deliveries.take((deliveries.phase <= Phase.SHELTER) & (deliveries.received_ns > 0))
    at, told = (np.array(column, np.int64) for column in zip(*steps, strict=True))
    arrived = _arrivals(folder)
    rows = []
    for peer in sorted(set(calls.peer.tolist())):
        if peer.startswith("stalled"):
            continue
        mine = calls.take((calls.peer == peer) & np.isin(calls.outcome, (Outcome.SENT, Outcome.ACKNOWLEDGED)))
        # decided by a detection of its own step, not by a hold that ran out
        step = np.searchsorted(at, mine.decided_ns)
        fresh = mine.received_ns > np.where(step > 0, at[step - 1], 0)
        end_ns = np.where(mine.acknowledged_ns > 0, mine.acknowledged_ns, mine.sent_ns)
        if peer in arrived:
            keys = zip(mine.site.tolist(), mine.number.tolist(), mine.sequence.tolist(), strict=True)
            end_ns = np.array([arrived[peer].get(f"{s}/W{n}.{q}", 0) for s, n, q in keys], np.int64)
        good = fresh & (end_ns > 0)
        ours = {
            "messages": int(good.sum()),
            "lost": int((end_ns == 0).sum()) + int((calls.peer == peer).sum()) - len(mine),
            "detection_to_bytes_ms": _spread((end_ns - mine.received_ns)[good]),
            "decided_to_bytes_ms": _spread((end_ns - mine.decided_ns)[end_ns > 0]),
            "detections_per_s": round(rate),
            "step_ms": _spread(told - at),
        }
        name = f"{peer}, {'two peers stalled' if stalled else 'all well'}"
        rows.append({"name": name, "ours": ours, "peer": None, "ratio": None})
    return rows


def _arrivals(folder: Path) -> dict[str, dict[str, int]]:
    """When a program that is not ours had each warning [ns UTC], by peer."""
    found: dict[str, dict[str, int]] = {}
    for path in folder.glob("*.sink"):
        times = found[path.stem] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            stamp, _, rest = line.partition(" ")
            if path.stem == "sse":
                warning, _, sequence = rest.partition(" ")
                times.setdefault(f"{warning}.{sequence}", int(stamp))
            elif "/warning/" in rest and "{" in rest:
                import json

                said = json.loads(rest[rest.index("{") :])
                seconds, _, fraction = stamp.partition(".")
                times.setdefault(f"{said['id']}.{said['sequence']}", int(seconds) * 10**9 + int(f"{fraction:0<9.9}"))
    return found


def _spread(values_ns: np.ndarray) -> dict[str, float]:
    if not len(values_ns):
        return {"n": 0}
    marks = np.percentile(values_ns * 1e-6, (50, 95, 99, 100)).round(1).tolist()
    return dict(zip(("p50", "p95", "p99", "max"), marks, strict=True))


def _deaths(count: int) -> dict[str, Any]:
    """How soon an operator is told that a broker is dead, killed or stopped in its tracks."""
    took: dict[str, list[float]] = {"killed": [], "stopped": []}
    clock = wall_clock()
    for how, sign in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP)):
        for _ in range(count):
            port = free_port()
            alarms: list[Alarm] = []
            row = f'\n[[out]]\nid = "mqtt"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:{port}"\n'
            scenario = parse_scenario(scene(30.0) + row, "delivery")
            places = build_places(scenario)
            with _process("mosquitto", "-p", str(port)) as broker:
                until(lambda port=port: listens(port))
                with Dispatcher(build_outs(scenario, places, Setting(clock)), clock, alarms.append) as dispatcher:
                    until(lambda d=dispatcher: d.health()[0].state == PeerState.UP)
                    time.sleep(0.7 + 0.05 * len(took[how]))
                    alarms.clear()
                    died_ns = clock()
                    broker.send_signal(sign)
                    until(lambda alarms=alarms: alarms)
                    took[how].append((alarms[0].since_ns - died_ns) * 1e-9 if alarms else float("inf"))
                    broker.send_signal(signal.SIGCONT)
    ours = {how: {"n": len(s), "p50_s": float(np.median(s)), "max_s": max(s)} for how, s in took.items()}
    return {"name": "a dead broker is an alarm after", "ours": ours, "peer": None, "ratio": None}
