"""Vary: ``key=a,b,c`` from a command line, and values as the overrides that `rampart run` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rampart.errors import InputError
from rampart.pipeline import parse_value

Values = tuple[Any, ...]


def parse_vary(texts: Sequence[str]) -> dict[str, Values]:
    """Keys and the values each takes.

    Parameters
    ----------
    texts : sequence of str
        ``key=a,b,c``, values as in TOML; a comma inside brackets or quotes belongs to the value.

    Raises
    ------
    InputError
        For a text without values, or a key given twice.

    Examples
    --------
    >>> parse_vary(["threat.rocket.count=1,2", "threat.rocket.impact_en_m=[0, 0],[5, 5]"])
    {'threat.rocket.count': (1, 2), 'threat.rocket.impact_en_m': ([0, 0], [5, 5])}
    """
    found: dict[str, Values] = {}
    for text in texts:
        key, sign, values = text.partition("=")
        key = key.strip()
        if not sign or not key or not values.strip():
            raise InputError(f"--vary {text!r}: expected key=a,b,c")
        if key in found:
            raise InputError(f"--vary {text!r}: {key} is varied twice")
        found[key] = tuple(parse_value(part) for part in _split(values))
        if len({repr(v) for v in found[key]}) < len(found[key]):
            raise InputError(f"--vary {text!r}: a value stands there twice")
    return found


def _split(text: str) -> list[str]:
    """The text between commas that are in no bracket and no quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[{":
            depth += 1
        elif c in "]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts]


def to_toml(value: Any) -> str:
    """A value as TOML writes it, so that ``--set key=value`` gives it again to the bit.

    >>> to_toml([0.1, "north", True])
    '[0.1, "north", true]'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_toml(v) for v in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {to_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
