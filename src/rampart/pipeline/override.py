"""Override: ``section.key=value`` from a command line, laid over a document before it is checked."""

import copy
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rampart.errors import InputError

from .document import Document, Place


def apply_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """A document with overrides laid over it.

    Parameters
    ----------
    document : Document
        As parsed.
    overrides : sequence of str
        ``key=value``, ``section.key=value`` or ``section.ID.key=value``; the value as in TOML, plain words as text.
        ``section.ID=false`` leaves that part out, ``section.ID=true`` keeps it.

    Raises
    ------
    InputError
        For a path that is unknown or fits more than one part, or a value that is not TOML.
    """
    if not overrides:
        return document
    data, lines = copy.deepcopy(document.data), dict(document.lines)
    left_out: list[tuple[str, int]] = []
    for override in overrides:
        path, sign, value = override.partition("=")
        if not sign or not path.strip():
            raise InputError(f"--set {override!r}: expected section.key=value")
        part = _part_named(data, path.strip())
        if part is not None:
            if parse_value(value) not in (True, False):
                raise InputError(f"--set {override}: is a part; expected true or false, or {path.strip()}.key=value")
            left_out = [p for p in left_out if p != part] + ([] if parse_value(value) else [part])
            continue
        table, place, key = _find(data, path.strip())
        table[key] = parse_value(value)
        lines.pop((*place, key), None)
    for section, i in sorted(left_out, reverse=True):  # from the end: the places of those before stay
        del data[section][i]
        lines = _without(lines, section, i)
    return replace(document, data=data, lines=lines)


def _part_named(data: dict[str, Any], path: str) -> tuple[str, int] | None:
    """The place of the part that a path ``section.ID`` names whole."""
    section, _, name = path.partition(".")
    parts = data.get(section)
    if not isinstance(parts, list):
        return None
    fits = [i for i, part in enumerate(parts) if isinstance(part, dict) and part.get("id") == name]
    return (section, fits[0]) if len(fits) == 1 else None


def _without(lines: dict[Place, int], section: str, i: int) -> dict[Place, int]:
    """The lines of what is left when part `i` of a section is taken out."""
    kept = {}
    for place, line in lines.items():
        if len(place) > 1 and place[0] == section and isinstance(place[1], int):
            if place[1] == i:
                continue
            if place[1] > i:
                place = (section, place[1] - 1, *place[2:])  # noqa: PLW2901
        kept[place] = line
    return kept


def parse_value(text: str) -> Any:
    """A value as TOML writes it; a plain word is text.

    >>> parse_value("[1.0, 2]"), parse_value("true"), parse_value("rotating")
    ([1.0, 2], True, 'rotating')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        if text.strip().replace("-", "").replace("_", "").replace(".", "").isalnum():
            return text.strip()
        raise InputError(f"{text!r} is no TOML value") from None


def _find(data: dict[str, Any], path: str) -> tuple[dict[str, Any], Place, str]:
    """The table a path points into, its place, and the key."""
    section, dot, rest = path.partition(".")
    if not dot:
        if isinstance(data.get(section), dict | list) or section in ("site", "zone", "sensor", "threat", "effector"):
            raise InputError(f"--set {path}: is a section; expected section.key")
        return data, (), section
    content = (
        data.setdefault(section, {}) if section in ("track", "predict", "warn", "engage", "referee", "study") else None
    )
    content = data.get(section) if content is None else content
    if isinstance(content, dict):
        return _descend(content, (section,), rest, path)
    if not isinstance(content, list):
        raise InputError(f"--set {path}: no section {section!r}")
    return _find_part(content, section, rest, path)


def _find_part(parts: list[Any], section: str, rest: str, path: str) -> tuple[dict[str, Any], Place, str]:
    named = [
        (i, part["id"]) for i, part in enumerate(parts) if isinstance(part, dict) and isinstance(part.get("id"), str)
    ]
    fits = [(i, name) for i, name in named if rest.startswith(name + ".")]
    if len(fits) == 1:
        i, name = fits[0]
        return _descend(parts[i], (section, i), rest[len(name) + 1 :], path)
    names = ", ".join(name for _, name in named)
    if len(fits) > 1 or (not fits and "." not in rest and len(parts) > 1):
        raise InputError(f"--set {path}: ambiguous; expected {section}.ID.key with ID one of {names}")
    if len(parts) == 1 and "." not in rest:
        return parts[0], (section, 0), rest
    raise InputError(f"--set {path}: no such {section}; expected one of {names}")


def _descend(table: dict[str, Any], place: Place, rest: str, path: str) -> tuple[dict[str, Any], Place, str]:
    *steps, key = rest.split(".")
    for step in steps:
        inner = table.get(step)
        if not isinstance(inner, dict):
            raise InputError(f"--set {path}: {step!r} is no table")
        table, place = inner, (*place, step)
    if not key:
        raise InputError(f"--set {path}: expected section.key=value")
    return table, place, key
