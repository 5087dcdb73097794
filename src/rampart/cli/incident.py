"""``rampart incident``: the ledger of what happened and who says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rampart.errors import InputError

from .answer import err, out, print_json
from .simulate import Json

if TYPE_CHECKING:
    from rampart.ledger.incidents import ClaimDraft, Ledger

Db = Annotated[
    str | None, typer.Option("--db", help="File or sqlite:///FILE; RAMPART_DB or the user's data folder otherwise.")
]
Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="Number of the incident, as incident list shows it.")]
Source = Annotated[str, typer.Option(help="Who says so: official, press, claiming_group, observer, sensor, ...")]
Publisher = Annotated[str | None, typer.Option(help="Name of who published it.")]
Reference = Annotated[str | None, typer.Option(help="Where it can be read.")]
Published = Annotated[str | None, typer.Option(help="When it was published, with zone.")]
Statement = Annotated[str | None, typer.Option(help="What is said, shortly and in your words.")]
Counted = Annotated[str | None, typer.Option(help="How many: 3, >=4, 2-3.")]
Type = Annotated[str | None, typer.Option("--type", help="rocket, shell, mortar, missile or drone.")]
Outcome = Annotated[str | None, typer.Option(help="landed, intercepted or partly.")]
Place = Annotated[str | None, typer.Option(help="Where, in words.")]
Lat = Annotated[float | None, typer.Option(help="Latitude, WGS 84.")]
Lon = Annotated[float | None, typer.Option(help="Longitude, WGS 84.")]
Radius = Annotated[float | None, typer.Option(help="Radius within which the position is known.")]
Attribution = Annotated[str | None, typer.Option(help="Whom the source names as having done it.")]
Confidence = Annotated[float | None, typer.Option(help="0.01 to 0.99, in place of the source's reliability.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help="The ledger of incidents: what happened, and who says so.", rich_markup_mode=None)
    for name, command in (
        ("add", add), ("claim", claim), ("status", status), ("import", import_), ("list", list_), ("show", show),
        ("stats", stats), ("verify", verify),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="incident")


def _ledger(place: str | None) -> Ledger:
    from rampart.ledger.incidents import Ledger, default_place

    return Ledger(place or default_place(os.environ))


def _now_ns() -> int:
    from time import time_ns

    return time_ns()


def _option(name: str, message: str) -> None:
    raise InputError(f"--{name.replace('_', '-')}: {message}")


def _claim(given: dict[str, Any]) -> ClaimDraft:
    from rampart.ledger.incidents.drafts import read_claim

    draft = read_claim(given, _option)
    assert draft is not None  # _option raises
    return draft


def add(
    time: Annotated[str, typer.Option(help="When, with zone: 2021-06-06T00:30+03:00, a day, FROM/TO, or unknown.")],
    site: Annotated[str, typer.Option(help="Place by which incidents are counted.")],
    key: Annotated[str | None, typer.Option(help="Name of your own for the incident.")] = None,
    title: Annotated[str | None, typer.Option(help="A few words.")] = None,
    type_: Type = None,
    count: Counted = None,
    outcome: Outcome = None,
    source: Source = "observer",
    publisher: Publisher = None,
    statement: Statement = None,
    lat_deg: Lat = None,
    lon_deg: Lon = None,
    radius_m: Radius = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Enter an incident by hand, with a first claim if type, count, outcome or statement are given."""
    from rampart.ledger.incidents.drafts import read_incident

    claims: tuple[ClaimDraft, ...] = ()
    if any(value is not None for value in (type_, count, outcome, statement)):
        said = statement or " ".join(filter(None, (count, type_, outcome)))
        given = {"source": source, "publisher": publisher, "statement": said, "count": count, "type": type_}
        claims = (_claim({**given, "outcome": outcome}),)
    place = {"lat_deg": lat_deg, "lon_deg": lon_deg, "radius_m": radius_m}
    draft = read_incident({"time": time, "site": site, "key": key, "title": title, **place}, claims, _option)
    assert draft is not None  # _option raises
    made = _ledger(db).add([draft], now_ns=_now_ns())
    answer = {"schema": 1, "incident": made["incidents"][0], "claims": made["claims"]}
    if json:
        print_json(answer)
    else:
        out.print(f"incident {answer['incident']}")


def claim(
    incident: Number,
    source: Source,
    statement: Annotated[str, typer.Option(help="What is said, shortly and in your words.")],
    publisher: Publisher = None,
    reference: Reference = None,
    published: Published = None,
    count: Counted = None,
    type_: Type = None,
    outcome: Outcome = None,
    place: Place = None,
    lat_deg: Lat = None,
    lon_deg: Lon = None,
    radius_m: Radius = None,
    attribution: Attribution = None,
    confidence: Confidence = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Enter what one more source says of an incident."""
    draft = _claim(
        {
            "source": source, "publisher": publisher, "reference": reference, "published": published,
            "statement": statement, "count": count, "type": type_, "outcome": outcome, "place": place,
            "lat_deg": lat_deg, "lon_deg": lon_deg, "radius_m": radius_m, "attribution": attribution,
            "confidence": confidence,
        }
    )  # fmt: skip
    number = _ledger(db).add_claim(incident, draft, now_ns=_now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "claim": number})
    else:
        out.print(f"claim {number} on incident {incident}")


def status(
    incident: Number,
    status: Annotated[str, typer.Argument(help="open, under_investigation or closed.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """Set the status of an incident, with the reason."""
    _ledger(db).set_status(incident, status, reason, now_ns=_now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "status": status})
    else:
        out.print(f"incident {incident}: {status}")


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
    made = _ledger(db).add(incidents, figures, now_ns=_now_ns())
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


def list_(db: Db = None, json: Json = False) -> None:
    """List the incidents of the ledger."""
    from rampart.ledger.incidents.answers import list_rows

    rows = list_rows(_ledger(db))
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

    answer = describe_incident(_ledger(db), incident)
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

    answer = ask(_ledger(db), since=since, until=until, site=site, kind=type_)
    if json:
        print_json(answer)
        return
    for line in statistics_words(answer):
        out.print(line, markup=False)


def verify(
    head: Annotated[str | None, typer.Option(help="Head hash from before: shows a history cut off since.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Check the history's chain of hashes, and that the tables say the same; exit code 1 if not."""
    found = _ledger(db).verify(head)
    if json:
        print_json({"schema": 1, **found})
    elif found["ok"]:
        out.print(f"sound: {found['entries']} entries, head {found['head']}")
    else:
        for fault in found["faults"]:
            out.print(fault["message"], markup=False)
    if not found["ok"]:
        raise typer.Exit(1)
