"""Whether the history is what it was."""

from __future__ import annotations

from typing import Annotated

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json

from .options import Db, open_ledger


def verify(
    head: Annotated[str | None, typer.Option(help="Head hash from before: shows a history cut off since.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Check the history's chain of hashes, and that the tables say the same; exit code 1 if not."""
    found = open_ledger(db).verify(head)
    if json:
        print_json({"schema": 1, **found})
    elif found["ok"]:
        out.print(f"sound: {found['entries']} entries, head {found['head']}")
    else:
        for fault in found["faults"]:
            out.print(fault["message"], markup=False)
    if not found["ok"]:
        raise typer.Exit(1)


COMMANDS = (("verify", verify),)
