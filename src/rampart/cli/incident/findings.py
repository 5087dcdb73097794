"""What is known beside claims: events within an incident, and files of evidence by their hash."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, Lat, Lon, Number, Place, Radius, now_ns, open_ledger, refuse_option

Kind = Annotated[str | None, typer.Option(help="launch, detection, warning, siren, interception, impact, debris, ...")]
Note = Annotated[str | None, typer.Option(help="A few words.")]
Metres = Annotated[float | None, typer.Option(help="Half axis of the ellipse around the position.")]


def event(
    incident: Number,
    kind: Kind = None,
    time: Annotated[str | None, typer.Option(help="When, with zone, or FROM/TO.")] = None,
    place: Place = None,
    lat_deg: Lat = None,
    lon_deg: Lon = None,
    radius_m: Radius = None,
    semi_major_m: Metres = None,
    semi_minor_m: Metres = None,
    azimuth_deg: Annotated[float | None, typer.Option(help="Of the longer axis, clockwise from north.")] = None,
    probability: Annotated[float | None, typer.Option(help="With which the point lies in the ellipse.")] = None,
    track: Annotated[str | None, typer.Option(help="Track that it belongs to.")] = None,
    note: Note = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Enter what happened within an incident; without --kind list it."""
    from rampart.ledger.incidents.answers import describe_incident
    from rampart.ledger.incidents.findings import read_event

    given = {
        "kind": kind, "time": time, "place": place, "lat_deg": lat_deg, "lon_deg": lon_deg, "radius_m": radius_m,
        "semi_major_m": semi_major_m, "semi_minor_m": semi_minor_m, "azimuth_deg": azimuth_deg,
        "probability": probability, "track": track, "note": note,
    }  # fmt: skip
    ledger = open_ledger(db)
    if kind is None:
        if any(value is not None for value in given.values()):
            raise InputError("--kind is missing; without any option the events are listed")
        _list("events", describe_incident(ledger, incident)["events"], incident, json)
        return
    draft = read_event(given, refuse_option)
    assert draft is not None  # refuse_option raises
    [number] = ledger.add_findings(incident, [draft], now_ns=now_ns())["events"]
    if json:
        print_json({"schema": 1, "incident": incident, "event": number})
    else:
        out.print(f"event {number} of incident {incident}")


def evidence(
    incident: Number,
    files: Annotated[list[Path] | None, typer.Argument(help="Files; only names and hashes are kept.")] = None,
    kind: Annotated[
        str, typer.Option(help="recording, tracks, predictions, photo, video, audio, document or other.")
    ] = "other",
    note: Note = None,
    check: Annotated[
        Path | None, typer.Option(help="Folder with the files: say which are still what they were.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Enter files of evidence by their SHA-256; without files list them, or check them; exit code 1 if one changed."""
    from rampart.ledger.incidents.answers import describe_incident
    from rampart.ledger.incidents.findings import evidence_of

    ledger = open_ledger(db)
    if files:
        if check is not None:
            raise InputError("--check is about files that are in the ledger already")
        drafts = [evidence_of(path, kind, note) for path in files]
        numbers = ledger.add_findings(incident, (), drafts, now_ns=now_ns())["evidence"]
        if json:
            print_json({"schema": 1, "incident": incident, "evidence": numbers})
            return
        for number, draft in zip(numbers, drafts, strict=True):
            out.print(f"evidence {number} of incident {incident}: {draft.name} {draft.sha256}", markup=False)
        return
    rows = describe_incident(ledger, incident)["evidence"]
    if check is not None:
        rows = [{**row, "found": _found(check / row["name"], row["sha256"])} for row in rows]
    _list("evidence", rows, incident, json)
    if any(row.get("found", "same") != "same" for row in rows):
        raise typer.Exit(1)


def _found(path: Path, sha256: str) -> str:
    from rampart.ledger.fingerprint import hash_file

    if not path.is_file():
        return "missing"
    return "same" if hash_file(path)[0] == sha256 else "changed"


def _list(name: str, rows: list[dict[str, Any]], incident: int, json: bool) -> None:
    from rampart.ledger.incidents.answers import event_words, evidence_words

    if json:
        print_json({"schema": 1, "incident": incident, name: rows})
        return
    for row in rows:
        out.print(event_words(row) if name == "events" else evidence_words(row), markup=False)


COMMANDS = (("event", event), ("evidence", evidence))
