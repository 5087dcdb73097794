"""Incidents that are one, or two, or only look alike."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, Number, now_ns, open_ledger, refuse_option

Other = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="Number of the other incident.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Ids = Annotated[list[int] | None, typer.Option(help="Number of what moves; repeatable.")]


def duplicates(
    least: Annotated[float, typer.Option(min=0.01, max=1.0, help="Score from which on a pair is shown.")] = 0.1,
    db: Db = None,
    json: Json = False,
) -> None:
    """Propose incidents that may be one, by time, place and type. Nothing is merged."""
    from rampart.ledger.incidents.duplicates import find_duplicates

    pairs = find_duplicates(open_ledger(db), least)
    if json:
        print_json({"schema": 1, "pairs": pairs})
        return
    for pair in pairs:
        one, other = pair["incidents"]
        where = "same site" if pair["same_site"] else "other site"
        if pair["distance_km"] is not None:
            where += f", {pair['distance_km']:g} km apart"
        out.print(
            f"{one} and {other}: score {pair['score']:.2f}; {pair['gap_h']:g} h apart, {where}, "
            f"{' and '.join(pair['types'])}"
        )
    if pairs:
        one, other = pairs[0]["incidents"]
        out.print(f"if they are one: rampart incident merge {other} {one} --reason ...; if not: incident apart")
    else:
        out.print("no two incidents look alike")


def merge(incident: Number, into: Other, reason: Reason, db: Db = None, json: Json = False) -> None:
    """Put all that is said and known of an incident to another; the first is closed and no longer counted."""
    from rampart.ledger.incidents.links import merge as merge_incidents

    moved = merge_incidents(open_ledger(db), incident, into, _line(reason), now_ns=now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "into": into, "moved": moved})
    else:
        out.print(f"incident {incident} is merged into {into}: {_words(moved)}")


def split(
    incident: Number,
    reason: Reason,
    claim: Ids = None,
    event: Ids = None,
    evidence: Ids = None,
    time: Annotated[str | None, typer.Option(help="When it was, if not when the other was.")] = None,
    site: Annotated[str | None, typer.Option(help="Its site, if not the other's.")] = None,
    title: Annotated[str | None, typer.Option(help="A few words.")] = None,
    key: Annotated[str | None, typer.Option(help="Name of your own for it.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Make an incident of its own of some claims, events and evidence of another."""
    from rampart.ledger.incidents.drafts import INCIDENT_FIELDS, read_fields
    from rampart.ledger.incidents.links import split as split_incident

    given = {"time": time, "site": site, "title": title, "key": key}
    draft = read_fields(given, INCIDENT_FIELDS, refuse_option)
    if time is not None and "time" not in draft:
        draft["time"] = None  # said to be unknown
    parts = {"claim": claim or [], "event": event or [], "evidence": evidence or []}
    made = split_incident(open_ledger(db), incident, draft, parts, _line(reason), now_ns=now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "split": made, "moved": parts})
    else:
        out.print(f"incident {made} is split from {incident}: {_words(parts)}")


def apart(incident: Number, other: Other, reason: Reason, db: Db = None, json: Json = False) -> None:
    """Say that two incidents are not one: they are not proposed again."""
    from rampart.ledger.incidents.links import keep_apart

    keep_apart(open_ledger(db), incident, other, _line(reason), now_ns=now_ns())
    if json:
        print_json({"schema": 1, "incident": incident, "apart_from": other})
    else:
        out.print(f"incidents {incident} and {other} are two")


def _line(reason: str) -> str:
    from rampart.ledger.incidents.fields import parse_text

    line = None
    try:
        line = parse_text(500)(reason)
    except InputError as error:
        refuse_option("reason", str(error))
    if line is None:
        raise InputError("--reason: says nothing")
    return line


def _words(moved: dict[str, Any]) -> str:
    said = [f"{name} {', '.join(map(str, ids))}" for name, ids in moved.items() if ids]
    return "; ".join(said) or "nothing moved"


COMMANDS = (("duplicates", duplicates), ("merge", merge), ("split", split), ("apart", apart))
