"""Import of tables, documents and the example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.cli.answer import err, out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, now_ns, open_ledger


def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, JSON, GeoJSON or TOML file.")] = None,
    example: Annotated[str | None, typer.Option(help="A data set that comes with Rampart: iraq-2021.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column is which field.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="Column layout of a public data set in place of a mapping: acled or gtd.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of times that do not say theirs: +03:00, Z, Asia/Baghdad.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Import incidents with their claims: all of them, or none and a line for each mistake."""
    from rampart.ledger.incidents.dataset import read_example
    from rampart.ledger.incidents.rows import read_file

    if (file is None) == (example is None):
        raise InputError("expected a file, or --example iraq-2021")
    if file is None and any(option is not None for option in (mapping, layout, zone)):
        raise InputError("--mapping, --layout and --zone are about a file")
    _check(mapping, layout, zone)
    mistakes: list[str] = []
    others: list[int] = []
    if file is None:
        incidents, figures = read_example(str(example))
    else:
        given: dict[str, Any] = {"layout": layout, "zone": zone, "leave_out": others.append}
        incidents, figures = read_file(file, mapping, mistakes.append, **given)
    if mistakes:
        _refuse(mistakes)
    made = open_ledger(db).add(incidents, figures, now_ns=now_ns())
    if json:
        counts = {"incidents": len(made["incidents"]), "claims": len(made["claims"]), "left_out": len(others)}
        print_json({"schema": 1, **counts, "ids": made})
    else:
        left = f"; {len(others)} rows about something else were left out" if others else ""
        out.print(f"{len(made['incidents'])} incidents, {len(made['claims'])} claims{left}")


def _check(mapping: Path | None, layout: str | None, zone: str | None) -> None:
    """Options that go together, and say something."""
    from rampart.ledger.incidents.fields import parse_span
    from rampart.ledger.incidents.layouts import LAYOUTS

    if layout is not None and layout not in LAYOUTS:
        raise InputError(f"--layout: {layout!r} is not known; expected one of {', '.join(LAYOUTS)}")
    if layout is not None and mapping is not None:
        raise InputError("--layout says which column is which: expected no --mapping")
    if zone is not None:
        try:
            parse_span("2021-01-01", zone)
        except InputError as error:
            raise InputError(f"--zone: {error}") from None


def _refuse(mistakes: list[str], shown: int = 20) -> None:
    """A line for each mistake, the last as the error that ends the command."""
    lines = mistakes[:shown]
    if len(mistakes) > shown:
        lines.append(f"and {len(mistakes) - shown} mistakes more; nothing was imported")
    for line in lines[:-1]:
        err.print(f"rampart: {line}", markup=False)
    raise InputError(lines[-1])


COMMANDS = (("import", import_),)
