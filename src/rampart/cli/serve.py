"""``rampart serve``: the live service of a site file, with its display."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.errors import InputError

from .answer import err
from .simulate import Set


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("serve")(serve_command)


def serve_command(
    site: Annotated[Path, typer.Argument(help="A site file: sites, zones, sensors, feeds and outs.")],
    mode: Annotated[
        str | None, typer.Option(help="shadow, exercise or actual, in place of the file's own; shadow if it has none.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder for journals and snapshots; rampart-out/NAME-live if not given.")
    ] = None,
    keep_days: Annotated[float, typer.Option(min=0.1, max=36_500, help="How long journals stay.")] = 30.0,
    no_state: Annotated[bool, typer.Option("--no-state", help="Keep nothing.")] = False,
    host: Annotated[
        str, typer.Option(help="Address of the display; a public one needs accounts and TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the display; 0 takes a free one.")] = 8080,
    users: Annotated[Path | None, typer.Option(help="File of accounts.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate of the display (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS key of the display (PEM).")] = None,
    base_map: Annotated[
        Path | None, typer.Option("--map", help="A map of your own beneath the display's: PMTiles, raster or vector.")
    ] = None,
    terrain_map: Annotated[
        Path | None, typer.Option(help="Heights for its hillshade: PMTiles of terrarium tiles.")
    ] = None,
    db: Annotated[str | None, typer.Option(help="Ledger whose incidents it lists; as of rampart incident.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Without a display.")] = False,
    dev: Annotated[
        bool, typer.Option("--dev", help="A token for an operator of this start, on this machine only; one process.")
    ] = False,
    speed: Annotated[float, typer.Option(min=0.01, max=100.0, help="Seconds per second, to try faster feeds.")] = 1.0,
    set_: Set = None,
) -> None:
    """Run the chain of a site beside real sensors until Ctrl-C or SIGTERM. Logs are JSON lines on stderr."""
    from rampart.pipeline import LIVE_ROOMS, load
    from rampart.serve.service import Mode
    from rampart.serve.service.log import log_json
    from rampart.serve.service.run import Options, run_service

    if mode is not None and mode not in list(Mode):
        raise InputError(f"--mode {mode!r}: expected shadow, exercise or actual")
    scenario = load(site, overrides=set_ or [], rooms=LIVE_ROOMS)
    folder = None if no_state else state or Path("rampart-out") / f"{scenario.name}-live"
    log_json(sys.stderr)
    options = Options(Mode(mode) if mode else None, folder, not dev, speed, keep_days)
    show = None
    if not headless:
        maps = {name: path for name, path in (("base", base_map), ("terrain", terrain_map)) if path is not None}
        show = _display(host, port, users, certificate, key, dev=dev, folder=folder, maps=maps, db=db)
    code = run_service(scenario, options, show)
    if code:
        raise typer.Exit(code)


def _display(
    host: str, port: int, users: Path | None, certificate: Path | None, key: Path | None, *, dev: bool,
    folder: Path | None, maps: dict[str, Path], db: str | None,
) -> Any:  # fmt: skip
    """What opens the display; None where its packages are not installed."""
    if find_spec("rampart.serve.web") is None or find_spec("starlette") is None or find_spec("uvicorn") is None:
        err.print("rampart: no display: pip install 'rampart[live]'")
        return None

    # loaded here, before the service is forked: one that is started again need not wait for it
    from rampart.serve.web.alarm_store import AlarmStore
    from rampart.serve.web.incidents import LedgerIncidents
    from rampart.serve.web.roles import Role
    from rampart.serve.web.server import WebSettings
    from rampart.serve.web.start import open_display

    def show(service: Any) -> Any:
        settings = WebSettings(host, port, users, certificate, key)
        log = None if folder is None else folder / "alarms.jsonl"
        store = None if folder is None else AlarmStore(folder / "alarms.json", service.session)
        incidents = LedgerIncidents(db)
        opened = open_display(
            service, settings, dev=Role.OPERATOR if dev else None, alarm_log=log, alarm_store=store, map_files=maps,
            incidents=incidents, watch=incidents.watch,
        )  # fmt: skip
        err.print(f"rampart: {service.scenario.name} in {service.mode} mode: {opened.link}")
        return opened

    return show
