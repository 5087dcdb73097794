"""What the ledger answers: lists, one incident, statistics."""

from __future__ import annotations

from typing import Annotated

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json

from .options import Db, Number, open_ledger


def list_(db: Db = None, json: Json = False) -> None:
    """List the incidents of the ledger."""
    from rampart.ledger.incidents.answers import list_rows

    rows = list_rows(open_ledger(db))
    if json:
        print_json({"schema": 1, "incidents": rows})
        return
    for row in rows:
        out.print(
            f"{row['id']:>5}  {row['time']:<35}  {row['site']:<18}  {row['claims']:>2} claims  {row['title'] or ''}",
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
    since: Annotated[str | None, typer.Option(help="From this day or time on; UTC if it names no zone.")] = None,
    until: Annotated[str | None, typer.Option(help="To the end of this day, or this time.")] = None,
    site: Annotated[str | None, typer.Option(help="Only of this site.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only those whose likeliest type this is.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Count what the ledger recorded, and list beside it what was reported."""
    from rampart.ledger.incidents.answers import ask, statistics_words

    answer = ask(open_ledger(db), since=since, until=until, site=site, kind=type_)
    if json:
        print_json(answer)
        return
    for line in statistics_words(answer):
        out.print(line, markup=False)


COMMANDS = (("list", list_), ("show", show), ("stats", stats))
