"""``rampart exercise``: a simulated raid in real time, delivered to real peers, every message marked exercise."""

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.errors import InputError

from .answer import err, out, print_json
from .simulate import Json, Seed, Set


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("exercise")(exercise_command)


def exercise_command(
    scenario: Annotated[str, typer.Argument(help="Name of a built-in scenario, or a TOML file.")],
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="A peer: mqtt://HOST, tcp://HOST:PORT (Cursor on Target; also tls, udp), http://... (webhook), or a "
            "folder for CAP files. Repeatable."
        ),
    ] = None,
    outs: Annotated[Path | None, typer.Option(help="A site file whose [[out]] are used in place of its own.")] = None,
    seed: Seed = 0,
    run: Annotated[int, typer.Option(min=0, help="Number of the run in a study.")] = 0,
    speed: Annotated[float, typer.Option(min=0.1, max=100.0, help="Simulated seconds per second.")] = 1.0,
    set_: Set = None,
    display: Annotated[
        bool | None,
        typer.Option(
            "--display/--no-display",
            help="Train on the live display, with a debrief. On in a terminal with the extra live; else off.",
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Of the display; 8080, or a free one.")] = None,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Folder for the debrief.")] = None,
    stay_s: Annotated[
        float | None,
        typer.Option(min=0, help="How long the display stays open after the raid; until Ctrl-C if not given."),
    ] = None,
    json: Json = False,
) -> None:
    """Fly a raid live: the chain decides in real time, and every peer is told, marked EXERCISE. Ctrl-C ends it.

    On the display a trainee acknowledges alarms, decides about warnings, releases or withholds simulated shots, and
    reads in the debrief what that came to.
    """
    from rampart.exercise import drill, with_outs, with_peers
    from rampart.pipeline import load

    logging.basicConfig(format="rampart: %(message)s", level=logging.WARNING)
    loaded = load(scenario, overrides=set_ or [])
    if outs is not None:
        loaded = with_outs(loaded, outs)
    loaded = with_peers(loaded, to or [])
    if _wanted(display, json=json):
        from .training import run_training

        run_training(loaded, seed=seed, run=run, speed=speed, port=port, folder=out_dir, stay_s=stay_s, json=json)
        return
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        done = drill(
            loaded, seed=seed, run=run, speed=speed, stopped=stop.wait,
            on_warning=None if json else _say, on_alarm=_alarm,
            on_start=None if json else lambda: err.print(f"EXERCISE {loaded.name}: begins; Ctrl-C ends it"),
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    if json:
        print_json(done.answer())
        return
    for peer in done.answer()["peers"]:
        took = peer["detection_to_sent_ms"]["median"]
        words = "nothing to say" if took is None else f"median {took:.0f} ms from the report that decided to the bytes"
        out.print(f"{peer['id']}: {peer['messages']} messages, {peer['acknowledged']} acknowledged, {words}")


def _wanted(display: bool | None, *, json: bool) -> bool:
    """Whether the display is to be opened."""
    from importlib.util import find_spec

    there = all(find_spec(name) is not None for name in ("fastapi", "uvicorn", "websockets", "msgpack"))
    if display and not there:
        raise InputError("--display needs packages: pip install 'rampart[live]'")
    return (there and not json and err.is_terminal) if display is None else display


def _say(place: Any, row: Any) -> None:
    """One message of a warning, as it is decided."""
    from rampart.exercise import describe

    out.print(describe(place, row))


def _alarm(alarm: Any) -> None:
    err.print(f"rampart: {'ended: ' if alarm.ended_ns else ''}{alarm.text}")
