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
    recording: Annotated[
        Path | None, typer.Argument(help="A recording.mcap of a simulated run; with --incident where its file is now.")
    ] = None,
    incident: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="An incident of the ledger, from confirmed impacts and reports."),
    ] = None,
    candidates: Annotated[Path | None, typer.Option(help="TOML list of sensors to run it again with.")] = None,
    page: Annotated[Path | None, typer.Option("--out", help="Write the explanation as a page, FILE.html.")] = None,
    db: Annotated[str | None, typer.Option("--db", help="Ledger of --incident, as of rampart incident.")] = None,
    json: Json = False,
) -> None:
    """Name the gate that each failed threat fell through, and the sensor that would have caught it."""
    if incident is not None:
        if candidates is not None or page is not None:
            raise InputError("--candidates and --out need truth: they go with a recording, not with --incident")
        _incident(incident, recording, db, json=json)
        return
    if recording is None:
        raise InputError("expected a recording, or --incident ID")
    _recording(recording, candidates, page, json=json)


def _incident(number: int, recording: Path | None, db: str | None, *, json: bool) -> None:
    from rampart.ledger.inquest.dossier import open_dossier
    from rampart.study.explain.incident import explain_incident, incident_words

    from .incident.options import open_ledger

    with quiet_or(f"explaining incident {number}", quiet=json):
        answer = explain_incident(open_dossier(open_ledger(db).incident(number), recording))
    if json:
        print_json(answer)
        return
    for line in incident_words(answer):
        out.print(line, markup=False)


def _recording(recording: Path, candidates: Path | None, page: Path | None, *, json: bool) -> None:
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
