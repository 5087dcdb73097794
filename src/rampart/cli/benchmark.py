"""``rampart bench NAME``: figures, side by side with peers where these are installed."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rampart.errors import InputError

from .answer import out, print_json, quiet_or
from .simulate import Json

#: Benchmarks whose figures are shown as tables: module of this room, and its function.
TABLES = {
    "track": ("bench_table", "track_tables"),
    "warn": ("warn_table", "warn_tables"),
    "oracles": ("bench_table", "oracle_tables"),
    "assign": ("bench_table", "assign_tables"),
}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("bench")(bench)


def bench(
    name: Annotated[
        str,
        typer.Argument(help="One that the documentation lists, e.g. track or classify; or scenes."),
    ],
    quick: Annotated[bool, typer.Option(help="Fewer repeats and seeds.")] = False,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Of scenes: the folder to write them to; of warn: for its figure.")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Of scenes: a seed; repeatable, 0 by default.")] = None,
    scene: Annotated[list[str] | None, typer.Option(help="Of scenes: a scene; repeatable, all by default.")] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Of gap, warn, oracles and assign: that many runs.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=10_000, help="Of calm and warn: simulated hours.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.05, max=1500, help="Of live: minutes of each load.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Of live: a part; repeatable, all by default.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; the figures do not depend on it.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Of calm, gap and warn: file that takes each run as it ends; what it holds is not run again. "
            "Of live: file that takes each part's figures as it ends."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run a benchmark and print its figures; `scenes` writes those of the tracking benchmark to files."""
    from rampart.bench import NAMES, run, takes

    if name == "scenes":
        _write_scenes(out_dir, scene or [], seed or [0], json=json)
        return
    if name not in NAMES:
        raise InputError(f"no benchmark {name!r}; expected scenes or one of {', '.join(NAMES)}")
    if seed or scene or (out_dir is not None and "out" not in takes(name)):
        raise InputError(f"--out, --seed and --scene are for bench scenes, not for bench {name}")
    given = {
        "out": out_dir, "runs": runs, "hours": hours, "minutes": minutes, "part": part or None, "workers": workers,
        "keep": keep,
    }  # fmt: skip
    options = {key: value for key, value in given.items() if value is not None}
    for key in sorted(options.keys() - takes(name)):
        raise InputError(f"bench {name} has no --{key}")
    with quiet_or(f"bench {name}", quiet=json):
        answer = run(name, quick=quick, **options)
    if json:
        print_json(answer)
        return
    out.print(f"{name}: {answer['machine']['processor']}, Python {answer['machine']['python']}")
    if name in TABLES:
        for table in _tables(name, answer["results"]):
            Console(width=max(out.width, 132)).print(table)
        return
    for row in answer["results"]:
        ratio = "" if row.get("ratio") is None else f"  ratio {row['ratio']:.3g}"
        out.print(f"{row['name']}: {_words(row['ours'])}{_against(row.get('peer'))}{ratio}")


def _tables(name: str, results: list[dict[str, Any]]) -> list[Any]:
    module, function = TABLES[name]
    tables: list[Any] = getattr(import_module(f"rampart.cli.{module}"), function)(results)
    return tables


def _write_scenes(folder: Path | None, names: list[str], seeds: list[int], *, json: bool) -> None:
    from rampart.bench.export import write_scenes

    folder = folder if folder is not None else Path("rampart-out") / "scenes"
    with quiet_or("bench scenes", quiet=json):
        written = write_scenes(folder, names, seeds)
    if json:
        print_json({"schema": 1, "out": str(folder), "scenes": [path.name for path in written]})
        return
    for path in written:
        out.print(str(path))


def _words(figures: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_figure(value)}" for key, value in figures.items())


def _against(peer: dict[str, Any] | None) -> str:
    return f"  |  peer: {_words(peer)}" if peer else ""


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, dict):
        return "{" + _words(value) + "}"
    return str(value)
