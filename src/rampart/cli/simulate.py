"""``rampart demo`` and ``rampart run``: a scenario, from seed to report."""

import webbrowser
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rampart.errors import InputError

from .answer import err, out, output_folder, print_json

DEMO = "iraq-2021"

Seed = Annotated[int, typer.Option(min=0, help="Root seed; the same seed gives the same bytes.")]
Out = Annotated[Path | None, typer.Option(help="Folder to write to; ./rampart-out/<name> if not given.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="section.key=value or section.ID.key=value; repeatable.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(demo)
    app.command("run")(run_command)


def demo(
    seed: Seed = 1,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder to write to.")] = None,
    open_report: Annotated[bool, typer.Option("--open", help="Show the report in a browser.")] = False,
    json: Json = False,
) -> None:
    """Run the five attacks of 2021 in Iraq, and say in words what happened."""
    with output_folder(out_folder, "demo") as folder:
        summary = simulate(DEMO, seed, 0, folder, [], quiet=json)
    if json:
        print_json(summary)
    else:
        tell(summary, folder)
    if open_report:
        webbrowser.open((folder / "report.html").resolve().as_uri())


def run_command(
    scenario: Annotated[str, typer.Argument(help="Name of a built-in scenario, or a TOML file.")],
    seed: Seed = 0,
    run: Annotated[int, typer.Option(min=0, help="Number of the run in a study.")] = 0,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder to write to.")] = None,
    set_: Set = None,
    background: Annotated[
        Path | None, typer.Option(help="Recording whose detections are mixed into the sensors' scans.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a scenario once: summary.json, recording.mcap, report.html, warnings/*.xml (CAP 1.2)."""
    from rampart.pipeline import load

    loaded = load(scenario, overrides=set_ or [])
    with output_folder(out_folder, loaded.name) as folder:
        summary = simulate(loaded, seed, run, folder, set_ or [], quiet=json, background=background)
    if json:
        print_json(summary)
    else:
        tell(summary, folder)


def simulate(
    scenario: Any,
    seed: int,
    run: int,
    folder: Path,
    overrides: list[str],
    *,
    quiet: bool,
    background: Path | None = None,
) -> dict[str, Any]:
    """Run a scenario once and write what it left into a folder; returns the summary."""
    from rampart.pipeline import load
    from rampart.study.files import run_to_folder
    from rampart.study.montecarlo.background import read_background

    if isinstance(scenario, str):
        scenario = load(scenario, overrides=overrides)
    show = not quiet and err.is_terminal
    bar = Progress(
        TextColumn("{task.description:<24}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn(),
        console=err, transient=True,
    )  # fmt: skip
    sites = [site.id for site in scenario.parts["site"]]
    with bar if show else nullcontext():
        tasks = {site: bar.add_task(site, total=scenario.head.duration_s, said="waits its turn") for site in sites}
        bar.update(tasks[sites[0]], said="starting; the very first start compiles for about a minute")

        def progress(site: str, seconds: float, outputs: Any) -> None:
            said = f"{seconds:7.1f} s  {len(outputs.tracks)} tracks"
            bar.update(tasks[site], completed=seconds, said=said)

        try:
            mixed = None if background is None else read_background(background, scenario)
            return run_to_folder(
                scenario, folder, seed=seed, run=run, background=mixed, progress=progress if show else None
            )
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", path=folder) from None


def tell(summary: dict[str, Any], folder: Path) -> None:
    """Say in words what happened, and where it is written."""
    from rampart.ledger.words import describe_threat, describe_totals

    out.print(f"{summary['scenario']}, seed {summary['seed']} (simulation)")
    for threat in summary["threats"]:
        out.print(f"  {describe_threat(threat)}")
    out.print(describe_totals(summary))
    timing = summary["timing"]
    out.print(f"{timing['simulated_s']:.0f} s simulated in {timing['wall_s']:.1f} s")
    for name in ("report.html", "recording.mcap", "summary.json"):
        out.print(f"  {folder / name}")
    alerts = summary["alerts"]
    out.print(f"  {folder / alerts['folder']}: {alerts['messages']} warning message{'s' * (alerts['messages'] != 1)}")
