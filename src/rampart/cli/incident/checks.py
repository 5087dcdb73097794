"""Whether the history is what it was: checking it, and sealing it so that others can check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rampart.cli.answer import out, print_json
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, now_ns, open_ledger, write_whole

if TYPE_CHECKING:
    from rampart.ledger.incidents.seals import Seal


def verify(
    head: Annotated[str | None, typer.Option(help="Head hash from before: shows a history cut off since.")] = None,
    seal: Annotated[Path | None, typer.Option(help="Seal from before: shows that, too, and one written anew.")] = None,
    public_key: Annotated[Path | None, typer.Option(help="PEM file: believe seals of this key only.")] = None,
    authority: Annotated[
        Path | None, typer.Option(help="PEM file: believe time stamps of these certificates only.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Check the history's chain of hashes, and that the tables say the same; exit code 1 if not."""
    from rampart.ledger.incidents.seals import Seal, load_authorities, load_public_key

    if seal is None and (public_key is not None or authority is not None):
        raise InputError("--public-key and --authority are about a seal: expected --seal FILE")
    found = open_ledger(db).verify(
        head,
        seal=None if seal is None else Seal.load(seal),
        public_key=None if public_key is None else load_public_key(public_key),
        authorities=() if authority is None else load_authorities(authority),
    )
    if json:
        print_json({"schema": 1, **found})
    elif found["ok"]:
        out.print(f"sound: {found['entries']} entries, head {found['head']}")
        for line in _seal_words(found.get("seal")):
            out.print(line, markup=False)
    else:
        for fault in found["faults"]:
            out.print(fault["message"], markup=False)
    if not found["ok"]:
        raise typer.Exit(1)


def _seal_words(told: dict[str, Any] | None) -> list[str]:
    if told is None:
        return []
    believed = "the key given" if told["key_given"] else "a key that was not checked: --public-key"
    lines = [
        f"sealed at entry {told['entries']} by key {told['key']}, {believed}; {told['entries_since']} entries since"
    ]
    for stamp in told["time_stamps"]:
        who = "" if stamp["trusted"] else ", which was not checked: --authority"
        lines.append(f"  stamped {stamp['time']} by {stamp['authority']}{who}")
    return lines


def seal(
    key: Annotated[Path | None, typer.Option(help="Private Ed25519 key, a PEM file.")] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Seal to write; rampart-out/ledger-seal-N.json otherwise.")
    ] = None,
    make_key: Annotated[Path | None, typer.Option(help="Make a key in this file and FILE.pub, and no seal.")] = None,
    request: Annotated[Path | None, typer.Option(help="Write a request for a time stamp (RFC 3161) too.")] = None,
    stamp: Annotated[
        Path | None, typer.Option(help="Add the answer of a time-stamping authority to the seal --out.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Write out the head of the history, signed: kept elsewhere, it shows a history cut off or written anew."""
    from rampart.ledger.incidents import seals

    if sum(given is not None for given in (key, make_key, stamp)) != 1:
        raise InputError("expected one of --key FILE, --make-key FILE and --stamp FILE")
    if make_key is not None:
        beside = seals.make_key(make_key)
        _say({"schema": 1, "key": str(make_key), "public_key": str(beside)}, f"{make_key} and {beside}", json)
        return
    if stamp is not None:
        if out_file is None or request is not None:
            raise InputError("--stamp: expected --out with the seal that it is for, and no --request")
        made, place = _stamped(out_file, stamp), out_file
        write_whole(place, made.text().encode())
    else:
        assert key is not None
        made = open_ledger(db).seal(seals.load_private_key(key), now_ns=now_ns())
        place = out_file or Path("rampart-out") / f"ledger-seal-{made.entries}.json"
        write_whole(place, made.text().encode(), new=True)
    if request is not None:
        write_whole(request, seals.stamp_request(made.imprint), new=True)
    answer = {
        "schema": 1, "out": str(place), "entries": made.entries, "head": made.head, "at_ns": made.at_ns,
        "key": made.key_id, "time_stamps": len(made.time_stamps), "request": None if request is None else str(request),
    }  # fmt: skip
    _say(answer, f"{place}: entry {made.entries}, key {made.key_id}, {len(made.time_stamps)} time stamps", json)


def _stamped(place: Path, answer: Path) -> Seal:
    """A seal with one more time stamp, which must be about it."""
    from rampart.ledger.incidents.seals import Seal, read_stamp

    seal = Seal.load(place)
    try:
        octets = answer.read_bytes()
        told = read_stamp(octets)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=answer) from None
    except InputError as error:
        raise InputError(str(error), path=answer) from None
    if told.imprint != seal.imprint:
        raise InputError(f"is not about the seal {place}", path=answer)
    return replace(seal, time_stamps=(*seal.time_stamps, octets))


def _say(answer: dict[str, Any], words: str, json: bool) -> None:
    if json:
        print_json(answer)
    else:
        out.print(words, markup=False)


COMMANDS = (("verify", verify), ("seal", seal))
