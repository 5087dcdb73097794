"""Import of tables, documents and the example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rampart.cli.answer import err, out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, now_ns, open_ledger


def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, JSON or TOML file.")] = None,
    example: Annotated[str | None, typer.Option(help="A data set that comes with Rampart: iraq-2021.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column is which field.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Import incidents with their claims: all of them, or none and a line for each mistake."""
    from rampart.ledger.incidents.dataset import read_example
    from rampart.ledger.incidents.rows import read_file

    if (file is None) == (example is None):
        raise InputError("expected a file, or --example iraq-2021")
    mistakes: list[str] = []
    if file is None:
        incidents, figures = read_example(str(example))
    else:
        incidents, figures = read_file(file, mapping, mistakes.append)
    if mistakes:
        _refuse(mistakes)
    made = open_ledger(db).add(incidents, figures, now_ns=now_ns())
    if json:
        print_json({"schema": 1, "incidents": len(made["incidents"]), "claims": len(made["claims"]), "ids": made})
    else:
        out.print(f"{len(made['incidents'])} incidents, {len(made['claims'])} claims")


def _refuse(mistakes: list[str], shown: int = 20) -> None:
    """A line for each mistake, the last as the error that ends the command."""
    lines = mistakes[:shown]
    if len(mistakes) > shown:
        lines.append(f"and {len(mistakes) - shown} mistakes more; nothing was imported")
    for line in lines[:-1]:
        err.print(f"rampart: {line}", markup=False)
    raise InputError(lines[-1])


COMMANDS = (("import", import_),)
