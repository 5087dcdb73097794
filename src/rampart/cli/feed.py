"""``rampart feed``: a scenario, recording or capture as real ASTERIX to a UDP port, in real time or faster."""

import signal
import threading
from typing import Annotated

import typer

from rampart.errors import InputError

from .answer import err, out, print_json
from .simulate import Json, Seed, Set


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("feed")(feed_command)


def feed_command(
    source: Annotated[
        str, typer.Argument(help="Name of a built-in scenario, a TOML file, a recording (.mcap) or a capture (pcap).")
    ],
    to: Annotated[str, typer.Option(help="Where to: udp://HOST[:PORT].")] = "udp://127.0.0.1:8600",
    speed: Annotated[float, typer.Option(min=0.01, max=1000.0, help="Seconds of the source per second.")] = 1.0,
    seed: Seed = 0,
    run: Annotated[int, typer.Option(min=0, help="Number of the run in a study.")] = 0,
    category: Annotated[int, typer.Option(help="ASTERIX category of the reports: 15 or 48.")] = 15,
    code: Annotated[
        list[str] | None,
        typer.Option("--source", help="SENSOR=SAC/SIC; by default site and sensor, counted from 1. Repeatable."),
    ] = None,
    remote: Annotated[bool, typer.Option("--remote", help="Allow addresses of other machines.")] = False,
    unmarked: Annotated[
        bool, typer.Option("--unmarked", help="Do not mark it as simulated; to this machine only, for tests.")
    ] = False,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Send what simulated or recorded radars saw as real ASTERIX, marked as simulated. Ctrl-C ends it."""
    from rampart.exercise.feed import CATEGORIES, feed, read_target

    if category not in CATEGORIES:
        raise InputError(f"--category {category}: expected 15 or 48")
    target = read_target(to, remote=remote, unmarked=unmarked)
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}

    def show(seconds: float, datagrams: int) -> None:
        if err.is_terminal and not json:
            err.print(f"\r{seconds:7.1f} s  {datagrams} datagrams", end="")

    try:
        fed = feed(
            source, target, speed=speed, seed=seed, run=run, category=category, codes=code or [], unmarked=unmarked,
            overrides=set_ or [], on_progress=show, stopped=stop.wait,
        )  # fmt: skip
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if json:
        print_json(fed.answer())
        return
    out.print(f"{fed.reports} reports in {fed.datagrams} datagrams to {to}, {fed.seconds:.1f} s of the source")
    for sensor, n in sorted(fed.left_out.items()):
        err.print(f"rampart: {n} reports of {sensor} left out: without a range ASTERIX cannot say them")
