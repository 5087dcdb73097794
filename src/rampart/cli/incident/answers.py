"""What the ledger answers: lists, one incident, statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, Number, open_ledger, write_whole

Since = Annotated[str | None, typer.Option(help="From this day or time on; UTC if it names no zone.")]
Until = Annotated[str | None, typer.Option(help="To the end of this day, or this time.")]
OfSite = Annotated[str | None, typer.Option("--site", help="Only of this site.")]
OfType = Annotated[str | None, typer.Option("--type", help="Only those whose likeliest type this is, or unknown.")]
OfOutcome = Annotated[
    str | None, typer.Option("--outcome", help="Only those whose likeliest outcome this is, or unknown.")
]
OfStatus = Annotated[str | None, typer.Option("--status", help="Only open, under_investigation or closed ones.")]


def list_(
    since: Since = None,
    until: Until = None,
    site: OfSite = None,
    type_: OfType = None,
    outcome: OfOutcome = None,
    status: OfStatus = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """List the incidents of the ledger."""
    from rampart.ledger.incidents.answers import asked_for, list_rows

    asked = asked_for(since=since, until=until, site=site, kind=type_, outcome=outcome, status=status)
    rows = list_rows(open_ledger(db), asked)
    if json:
        print_json({"schema": 1, "incidents": rows})
        return
    for row in rows:
        out.print(
            f"{row['id']:>5}  {row['time']:<35}  {row['site']:<18}  {row['claims']:>2} claims  "
            f"{row['status'].replace('_', ' '):<19}  {row['title'] or ''}",
            markup=False,
        )


def show(incident: Number, db: Db = None, json: Json = False) -> None:
    """Show an incident: its claims, and what follows from them."""
    from rampart.ledger.incidents.answers import describe_incident, incident_words

    answer = describe_incident(open_ledger(db), incident)
    if json:
        print_json(answer)
        return
    for line in incident_words(answer):
        out.print(line, markup=False)


def stats(
    since: Since = None,
    until: Until = None,
    site: OfSite = None,
    type_: OfType = None,
    outcome: OfOutcome = None,
    status: OfStatus = None,
    trace: Annotated[bool, typer.Option(help="Name the incidents and claims behind every figure.")] = False,
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, json or parquet: a table with a row for each figure, or the answer."),
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="File for it: .csv, .json, .parquet, or .svg or .html for a drawing.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Count what the ledger recorded, and list beside it what was reported."""
    from rampart.ledger.incidents.answers import ask, statistics_words

    filters = {"since": since, "until": until, "site": site, "kind": type_, "outcome": outcome, "status": status}
    form = _form(form, out_file, json)
    answer = ask(open_ledger(db), **filters, trace=trace or form in ("csv", "parquet"))
    if out_file is not None:
        asked = ", ".join(f"{name} {value}" for name, value in filters.items() if value is not None)
        _save(answer, form, out_file, asked or "all incidents")
        if json:
            print_json({**answer, "out": str(out_file)})
        else:
            out.print(str(out_file), markup=False)
    elif form == "csv":
        from rampart.ledger.incidents.export import figure_rows, to_csv

        typer.echo(to_csv(figure_rows(answer)), nl=False)
    elif form == "json":
        print_json(answer)
    else:
        for line in statistics_words(answer):
            out.print(line, markup=False)


_FORMS = ("csv", "json", "parquet", "svg", "html")


def _form(form: str | None, out_file: Path | None, json: bool) -> str:
    """In which form to answer: as asked, else as the file's name ends, else in words."""
    if form is not None and form not in _FORMS:
        raise InputError(f"--format: {form!r} is not known; expected one of {', '.join(_FORMS)}")
    if out_file is not None:
        ends = out_file.suffix.lower().removeprefix(".")
        if (form or ends) not in _FORMS:
            raise InputError(f"--out: {out_file} ends in none of .{', .'.join(_FORMS)}; expected one, or --format")
        return form or ends
    if form not in (None, "csv", "json"):
        raise InputError(f"--format {form}: expected --out FILE")
    if json and form == "csv":
        raise InputError("--json and --format csv are two answers: expected one")
    return "json" if json else form or "words"


def _save(answer: dict[str, Any], form: str, path: Path, asked: str) -> None:
    from json import dumps

    from rampart.ledger.incidents.export import figure_rows, to_csv, write_parquet
    from rampart.ledger.incidents.plot import draw_statistics, page

    if form == "parquet":
        write_parquet(figure_rows(answer), path)
        return
    words = {
        "csv": lambda: to_csv(figure_rows(answer)),
        "json": lambda: dumps(answer) + "\n",
        "svg": lambda: draw_statistics(answer) + "\n",
        "html": lambda: page(answer, asked),
    }[form]()
    write_whole(path, words.encode())


COMMANDS = (("list", list_), ("show", show), ("stats", stats))
