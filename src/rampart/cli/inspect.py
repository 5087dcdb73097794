"""``rampart scenarios``, ``check``, ``plugins``, ``warmup``: what is here, and is it sound."""

from time import perf_counter
from typing import Annotated

import typer

from .answer import out, print_json, quiet_or
from .simulate import Json, Set


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(scenarios)
    app.command()(check)
    app.command()(plugins)
    app.command()(warmup)


def scenarios(json: Json = False) -> None:
    """List the scenarios that come with Rampart."""
    from rampart.pipeline import builtin_scenarios, load

    heads = [load(name).head for name in builtin_scenarios()]
    if json:
        rows = [{"name": h.name, "description": h.description, "duration_s": h.duration_s} for h in heads]
        print_json({"schema": 1, "scenarios": rows})
        return
    width = max(len(head.name) for head in heads)
    for head in heads:
        out.print(f"{head.name:<{width}}  {head.description}")


def check(
    file: Annotated[str, typer.Argument(help="Scenario or site file, or the name of a built-in scenario.")],
    set_: Set = None,
    json: Json = False,
) -> None:
    """Check a scenario or site file, with the files it names."""
    from rampart.pipeline import LIVE_ROOMS, SIMULATION_ROOMS, build_chain, build_places, build_world, is_live, load

    live = is_live(file)
    scenario = load(file, overrides=set_ or [], rooms=LIVE_ROOMS if live else SIMULATION_ROOMS)
    places, flights = build_places(scenario), 0
    if scenario.parts["feed"]:
        from rampart.serve.feed import plan_feeds

        plan_feeds(scenario, places)
    if scenario.parts["out"]:
        from time import time_ns

        from rampart.serve.delivery import Setting, build_outs

        build_outs(scenario, places, Setting(time_ns, folder=scenario.folder))
    for place in places:
        build_chain(scenario, place, live=live)
        flights += 0 if live else len(build_world(place, seed=0, run=0).flights)
    counts = {section: len(parts) for section, parts in scenario.parts.items()}
    if json:
        print_json({"schema": 1, "file": file, "name": scenario.name, "ok": True, "parts": counts, "flights": flights})
        return
    parts = ", ".join(f"{n} {section}{'s' * (n != 1)}" for section, n in counts.items() if n)
    flown = (
        f"live, in {scenario.head.mode or 'shadow'} mode"
        if live
        else (f"{flights} flights in {scenario.head.duration_s:g} s")
    )
    out.print(f"{file}: good; {scenario.name}: {parts}, {flown}")


def plugins(json: Json = False) -> None:
    """List the kinds of part a scenario can name: ours and those of installed plugins."""
    from rampart.registry import GROUP, PARTS, kinds

    rows = [
        {"room": room, "kind": kind, "ours": kind in PARTS[room]}
        for room in PARTS
        for kind in kinds(room)
        if room not in ("zone", "engagement")
    ]
    if json:
        print_json({"schema": 1, "group": GROUP, "parts": rows})
        return
    for row in rows:
        out.print(f"{row['room']:<8} {row['kind']:<18} {'' if row['ours'] else 'plugin'}".rstrip())


def warmup(json: Json = False) -> None:
    """Compile the kernels, so that the first run starts at once."""
    from rampart.physics._jit import cache_folder
    from rampart.study.warmup import compile_kernels

    started = perf_counter()
    with quiet_or("compiling kernels (once, up to a minute)", quiet=json):
        runs = compile_kernels()
    seconds = round(perf_counter() - started, 1)
    if json:
        print_json({"schema": 1, "seconds": seconds, "runs": runs, "cache": str(cache_folder())})
    else:
        out.print(f"kernels ready after {seconds} s")
