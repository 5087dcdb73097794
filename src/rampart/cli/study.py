"""``rampart study``: a scenario thousands of times, with intervals."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from rampart.errors import InputError

from .answer import err, out, output_folder, print_json
from .simulate import Json, Set

#: Measures that the table in the terminal shows, and their heads.
SHOWN = {
    "p_no_leaker": "P(no leaker)",
    "leakers_mean": "leakers",
    "rounds_mean": "rounds",
    "warned_in_time": "warned in time",
    "lead_s_p50": "lead, median [s]",
    "false_warnings_per_hour": "false warnings/h",
}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("study")(study)


def study(
    scenario: Annotated[
        str, typer.Argument(help="Name of a built-in scenario, a TOML file, or the folder of a study to go on with.")
    ],
    runs: Annotated[int | None, typer.Option(help="Runs of each design point; [study] or 1000 if not given.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed; run I is that of rampart run --run I.")] = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="key=a,b,c: every combination is a design point; repeatable.")
    ] = None,
    until: Annotated[
        float | None, typer.Option(help="End a point once the Wilson half-width of P(no leaker) is no more than this.")
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Recording whose detections are mixed into the sensors' scans.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Processes, one per core if not given; results do not depend on it."),
    ] = None,
    dask: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler in place of processes, or local to start one.")
    ] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder to keep results in, and to go on from.")
    ] = None,
    set_: Set = None,
    query: Annotated[
        str | None, typer.Option(help="Afterwards, SQL on the tables runs, threats and measures (DuckDB).")
    ] = None,
    json: Json = False,
) -> None:
    """Run a scenario many times: measures with intervals, a report, tables; goes on where it was stopped."""
    from rampart.study.montecarlo.plan import make_plan
    from rampart.study.montecarlo.store import plan_of_folder
    from rampart.study.montecarlo.study import run_plan
    from rampart.study.montecarlo.vary import parse_vary

    if (Path(scenario) / "manifest.json").is_file():
        if seed is not None or vary or until is not None or background is not None or set_ or out_folder is not None:
            raise InputError("goes on as it began; expected no option but --runs, --workers and --dask", path=scenario)
        plan, out_folder = plan_of_folder(Path(scenario), runs), Path(scenario)
    else:
        plan = make_plan(
            scenario,
            runs=runs,
            seed=seed,
            vary=parse_vary(vary or []),
            until=until,
            background=background,
            overrides=set_ or [],
        )
    with output_folder(out_folder, f"{plan.name}-study") as folder:
        with _progress(quiet=json) as told:
            result = run_plan(plan, workers=workers or _cores(), dask=dask, out=folder, progress=told)
        answer = write_results(result, folder)
    if query is not None:
        from rampart.study.montecarlo.query import ask

        answer["query"] = ask(result, query)
    if json:
        print_json(answer)
        return
    tell(result, answer)
    if query is not None:
        _tell_rows(answer["query"])


def write_results(result: Any, folder: Path) -> dict[str, Any]:
    """Report, tables and the answer itself, beside the results."""
    from rampart.study.montecarlo.export import write_exports

    answer: dict[str, Any] = write_exports(result, folder)
    return answer


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A bar with the time left, where stderr is a terminal."""
    if quiet or not err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("runs", total=None, left="starting")

        def told(progress: Any) -> None:
            left = "" if progress.left_s is None else f"{_span(progress.left_s)} left"
            bar.update(task, completed=progress.done, total=progress.total, left=left)

        yield told


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def tell(result: Any, answer: dict[str, Any]) -> None:
    """A table of the design points, and where the rest is."""
    table = Table(
        title=f"{result.plan.name}: {len(result.points)} design points, seed {result.plan.seed}, 95 % intervals"
    )
    table.add_column("design")
    table.add_column("n", justify="right")
    for head in SHOWN.values():
        table.add_column(head, justify="right")
    for point, row in zip(result.points, answer["designs"], strict=True):
        cells = [_figure(row["measures"][name]) for name in SHOWN]
        table.add_row(point.label, f"{row['n']:,}", *cells)
    out.print(table, width=max(out.width, 132))
    out.print(f"{answer['runs_done']:,} runs in {answer['wall_s']:.1f} s; results {answer['results_sha256'][:16]}...")
    for name in ("report.html", "measures.csv"):
        out.print(f"  {Path(answer['out']) / name}")


def _figure(measure: dict[str, float | None]) -> str:
    if measure["value"] is None or measure["low"] is None:
        return "-"
    return f"{measure['value']:.3g} [{measure['low']:.3g}, {measure['high']:.3g}]"


def _tell_rows(rows: dict[str, Any]) -> None:
    table = Table()
    for name in rows["columns"]:
        table.add_column(name)
    for row in rows["rows"]:
        table.add_row(
            *("" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row)
        )
    out.print(table)
