"""Entering by hand: incidents, claims, statuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .inquest import add_recording
from .options import (
    Attribution,
    Confidence,
    Counted,
    Db,
    Lat,
    Lon,
    Number,
    Outcome,
    Place,
    Published,
    Publisher,
    Radius,
    Reference,
    Source,
    Statement,
    Type,
    claim_of,
    now_ns,
    open_ledger,
    refuse_option,
)

if TYPE_CHECKING:
    from rampart.ledger.incidents import ClaimDraft


def add(
    time: Annotated[
        str | None, typer.Option(help="When, with zone: 2021-06-06T00:30+03:00, a day, FROM/TO, or unknown.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Place by which incidents are counted.")] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A recording: what it says becomes the incident, without other options but --key and --title.",
        ),
    ] = None,
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
    """Enter an incident by hand, with a first claim if type, count, outcome or statement are given; or a recording."""
    from rampart.ledger.incidents.drafts import read_incident

    if recording is not None:
        by_hand = (time, site, type_, count, outcome, publisher, statement, lat_deg, lon_deg, radius_m)
        if any(value is not None for value in by_hand):
            raise InputError(
                "--from takes time, site and all else from the recording; only --key and --title go with it"
            )
        add_recording(recording, key, title, db, json=json)
        return
    if time is None or site is None:
        raise InputError(
            f"missing --{'time' if time is None else 'site'}; expected --time and --site, or --from RECORDING"
        )
    claims: tuple[ClaimDraft, ...] = ()
    if any(value is not None for value in (type_, count, outcome, statement)):
        said = statement or " ".join(filter(None, (count, type_, outcome)))
        given = {"source": source, "publisher": publisher, "statement": said, "count": count, "type": type_}
        claims = (claim_of({**given, "outcome": outcome}),)
    place = {"lat_deg": lat_deg, "lon_deg": lon_deg, "radius_m": radius_m}
    draft = read_incident({"time": time, "site": site, "key": key, "title": title, **place}, claims, refuse_option)
    assert draft is not None  # refuse_option raises
    made = open_ledger(db).add([draft], now_ns=now_ns())
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
    draft = claim_of(
        {
            "source": source, "publisher": publisher, "reference": reference, "published": published,
            "statement": statement, "count": count, "type": type_, "outcome": outcome, "place": place,
            "lat_deg": lat_deg, "lon_deg": lon_deg, "radius_m": radius_m, "attribution": attribution,
            "confidence": confidence,
        }
    )  # fmt: skip
    number = open_ledger(db).add_claim(incident, draft, now_ns=now_ns())
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
    open_ledger(db).set_status(incident, status, reason, now_ns=now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "status": status})
    else:
        out.print(f"incident {incident}: {status}")


COMMANDS = (("add", add), ("claim", claim), ("status", status))
