"""Languages of a channel's words."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from rampart.errors import InputError
from rampart.words import languages


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Languages = Annotated[tuple[str, ...], BeforeValidator(_tuple), Field(min_length=1, max_length=20)] | None


def check_languages(tags: tuple[str, ...] | None, what: str) -> tuple[str, ...] | None:
    """The tags, if there is a table of words for each.

    Raises
    ------
    InputError
        Naming the one that is not there.
    """
    for tag in tags or ():
        if tag not in languages():
            raise InputError(f"{what}: languages has {tag!r}, expected one of {', '.join(languages())}")
    return tags
