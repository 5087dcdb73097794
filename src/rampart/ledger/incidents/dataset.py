"""Data sets of incidents with their claims, as one TOML or JSON document; those that come with Rampart."""

import json
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from rampart.errors import InputError

from .drafts import ClaimDraft, IncidentDraft, read_claim, read_incident

#: What one import adds.
Drafts = tuple[list[IncidentDraft], list[ClaimDraft]]

_EXAMPLES = files(__package__) / "examples"


def examples() -> list[str]:
    """Names of the data sets that come with Rampart.

    >>> examples()
    ['iraq-2021']
    """
    return sorted(item.name.removesuffix(".toml") for item in _EXAMPLES.iterdir() if item.name.endswith(".toml"))


def read_example(name: str) -> Drafts:
    """A data set that comes with Rampart.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name not in examples():
        raise InputError(f"no example {name!r}; expected one of {', '.join(examples())}")
    document = tomllib.loads((_EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    return read_document(document, f"{name}.toml", _raise)


def _raise(message: str) -> None:
    raise InputError(message)


def load_document(path: Path) -> Any:
    """The data of a TOML or JSON file.

    Raises
    ------
    InputError
        If it cannot be read or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 at byte {error.start}", path=path) from None
    except (ValueError, RecursionError) as error:  # of tomllib and json: with line and column
        raise InputError(str(error) or "is nested too deep", path=path) from None


def read_document(document: Mapping[str, Any], name: object, complain: Callable[[str], None]) -> Drafts:
    """Incidents and published figures of a document; each mistake is told of with its place in it.

    Parameters
    ----------
    document : mapping
        ``schema`` = 1, ``incident``: a list of incidents, each with a list ``claim``; ``figure``: a list of claims.
    name : object
        Of the file, for messages.
    complain : callable
        Called with one line for each mistake.
    """
    if document.get("schema") != 1:
        complain(f"{name}: schema: expected 1")
        return [], []
    for key in sorted(document.keys() - {"schema", "incident", "figure"}):
        complain(f"{name}: {key}: unknown; expected schema, incident and figure")
    incidents, figures = [], []
    for number, given in enumerate(_tables(document, "incident", str(name), complain), 1):
        place = f"{name}: incident {number}"
        claims = _claims(given, "claim", place, complain)
        rest = {key: value for key, value in given.items() if key != "claim"}
        draft = read_incident(rest, tuple(claims), _at(place, complain))
        if draft is not None:
            incidents.append(draft)
    for draft_number, claim in enumerate(_claims(document, "figure", str(name), complain), 1):
        if claim.figure is None or claim.count is None:
            complain(f"{name}: figure {draft_number}: figure and count are needed")
        figures.append(claim)
    return incidents, figures


def _claims(given: Mapping[str, Any], key: str, name: str, complain: Callable[[str], None]) -> list[ClaimDraft]:
    read = []
    for number, table in enumerate(_tables(given, key, name, complain), 1):
        claim = read_claim(table, _at(f"{name}: {key} {number}", complain))
        if claim is not None:
            read.append(claim)
    return read


def _at(place: str, complain: Callable[[str], None]) -> Callable[[str, str], None]:
    return lambda key, message: complain(f"{place}: {key}: {message}")


def _tables(given: Mapping[str, Any], key: str, name: str, complain: Callable[[str], None]) -> list[Mapping[str, Any]]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        complain(f"{name}: {key}: expected a list of tables")
        return []
    return value
