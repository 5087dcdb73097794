"""Options that several commands of the ledger share, and what they are turned into."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rampart.errors import InputError

if TYPE_CHECKING:
    from rampart.ledger.incidents import ClaimDraft, Ledger

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        help="File, sqlite:///FILE or postgresql://USER@HOST/NAME; RAMPART_DB or the user's data folder otherwise.",
    ),
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


def open_ledger(place: str | None) -> Ledger:
    """The ledger at a place, or at the one that the environment or the user's data folder gives."""
    from rampart.ledger.incidents import Ledger, default_place

    return Ledger(place or default_place(os.environ))


def now_ns() -> int:
    """Clock of the machine [ns UTC]."""
    from time import time_ns

    return time_ns()


def refuse_option(name: str, message: str) -> None:
    """Refuse what an option says."""
    raise InputError(f"--{name.replace('_', '-')}: {message}")


def claim_of(given: dict[str, Any]) -> ClaimDraft:
    """A claim from the texts of the options."""
    from rampart.ledger.incidents.drafts import read_claim

    draft = read_claim(given, refuse_option)
    assert draft is not None  # refuse_option raises
    return draft


def write_whole(path: Path, octets: bytes, *, new: bool = False) -> None:
    """A whole file or none; a new one never in place of another."""
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if new and path.exists():
            raise InputError("is there already, and is not written over", path=path)
        beside.write_bytes(octets)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
