"""Slots: frozen records that are made quickly, as stages make some in every step of every raid."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

_Kind = TypeVar("_Kind", bound=type)


def initialiser(kind: type, names: Sequence[str], fields: Mapping[str, Any] | None = None) -> Any:
    """`__init__` of a frozen class that fills its slots directly.

    The one that `dataclass` writes asks `object.__setattr__` for each field, which takes seven times as long.

    Parameters
    ----------
    kind : type
        A class with slots.
    names : sequence of str
        Its fields, in order.
    fields : mapping or None
        The dataclass fields by name, where some have defaults.
    """
    space: dict[str, Any] = {f"set_{name}": kind.__dict__[name].__set__ for name in names}
    heads, lines = [], []
    for name in names:
        field = (fields or {}).get(name)
        head, line = name, f"    set_{name}(self, {name})"
        if field is not None and field.default is not dataclasses.MISSING:
            head, space[f"default_{name}"] = f"{name}=default_{name}", field.default
        elif field is not None and field.default_factory is not dataclasses.MISSING:
            head, space[f"make_{name}"] = f"{name}=missing", field.default_factory
            line = f"    set_{name}(self, make_{name}() if {name} is missing else {name})"
        heads.append(head)
        lines.append(line)
    space["missing"] = dataclasses.MISSING
    exec(f"def __init__(self, {', '.join(heads)}):\n" + "\n".join(lines), space)
    return space["__init__"]


def swift(kind: _Kind) -> _Kind:
    """Let a frozen dataclass with slots fill them directly.

    Examples
    --------
    >>> @swift
    ... @dataclasses.dataclass(frozen=True, slots=True)
    ... class Pair:
    ...     one: int
    ...     two: int = 2
    ...     rest: list = dataclasses.field(default_factory=list)
    >>> Pair(1), Pair(two=4, one=3, rest=[5])
    (Pair(one=1, two=2, rest=[]), Pair(one=3, two=4, rest=[5]))
    """
    fields: Any = {field.name: field for field in dataclasses.fields(kind)}
    kind.__init__ = initialiser(kind, tuple(fields), fields)  # type: ignore[misc]
    return kind
