"""``rampart explain``: why threats were missed, late or misclassified, and which sensor would have caught them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rampart.errors import InputError

from .answer import out, print_json, quiet_or
from .simulate import Json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("explain")(explain)


def explain(
    recording: Annotated[Path, typer.Argument(help="A recording.mcap of a simulated run.")],
    candidates: Annotated[Path | None, typer.Option(help="TOML list of sensors to run it again with.")] = None,
    page: Annotated[Path | None, typer.Option("--out", help="Write the explanation as a page, FILE.html.")] = None,
    json: Json = False,
) -> None:
    """Name the gate that each failed threat fell through, and the sensor that would have caught it."""
    from rampart.ledger import write_text
    from rampart.pipeline import read_candidates
    from rampart.study.explain import explain_recording
    from rampart.study.explain.page import explain_page
    from rampart.study.explain.words import describe

    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise InputError("expected a file name that ends in .html", path=page)
    extra = read_candidates(candidates) if candidates is not None else ()
    with quiet_or(f"explaining {recording}", quiet=json):
        answer = explain_recording(recording, extra)
    if page is not None:
        write_text(page, explain_page(answer))
        answer["files"] = [str(page)]
    if json:
        print_json(answer)
        return
    for line in describe(answer):
        out.print(line)
    if page is not None:
        out.print(f"  {page}")
