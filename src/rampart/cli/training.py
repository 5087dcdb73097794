"""The part of ``rampart exercise`` that has the display."""

import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from .answer import err, out, output_folder, print_json

PORT = 8080


def run_training(
    scenario: Any, *, seed: int, run: int, speed: float, port: int | None, folder: Path | None, stay_s: float | None,
    json: bool,
) -> None:  # fmt: skip
    """Fly the raid on the display, then say what is in the debrief."""
    from rampart.exercise import describe
    from rampart.exercise.training import Plan, train
    from rampart.serve.web.server import WebSettings

    stop = threading.Event()
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    err.print(f"EXERCISE {scenario.name}: flying it once in advance, to have something to compare with")

    def opened(display: Any) -> None:
        err.print(f"EXERCISE {scenario.name}: {display.link}", markup=False)
        if not display.built:
            err.print("rampart: the page is not built; the API is there (make page builds it)")
        err.print("the raid begins in a few seconds; Ctrl-C ends it")

    def stay(display: Any) -> None:
        if stop.is_set():
            return
        if stay_s is None and sys.stdin is not None and sys.stdin.isatty():
            err.print(
                f"the raid is over; the debrief stands at {display.url}/exercise/debrief; Ctrl-C ends", markup=False
            )
            stop.wait()
        else:
            stop.wait(stay_s or 0.0)

    try:
        with output_folder(folder, f"{scenario.name}-exercise") as place:
            done = train(
                Plan(scenario, seed, run, speed),
                WebSettings(port=_free(PORT) if port is None else port),
                place,
                stopped=stop.wait,
                on_open=opened,
                on_warning=None if json else lambda p, row: out.print(describe(p, row)),
                on_alarm=lambda alarm: err.print(f"rampart: {'ended: ' if alarm.ended_ns else ''}{alarm.text}"),
                stay=stay,
            )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if json:
        print_json({**done.report, "files": [str(path) for path in done.files]})
        return
    for line in done.report["findings"]:
        out.print(line, markup=False)
    out.print(f"debrief: {done.files[0]}", markup=False)


def _free(port: int) -> int:
    """The port, or 0, which takes a free one, where somebody else has it."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
