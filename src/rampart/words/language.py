"""Language: one file of texts, checked whole before the first word is said."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rampart.errors import InputError

from .plural import RULES

GROUPS = ("rocket", "shell", "drone", "unknown")
STATUSES = ("exercise", "test")
UNITS = ("seconds", "minutes")
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ZONE, _EVENT, _TIME = frozenset({"zone"}), frozenset({"event"}), frozenset({"time"})
_DANGER = {
    "headline": (_ZONE | _EVENT, _ZONE | _EVENT),
    "description": (_ZONE | _EVENT | _TIME, _ZONE | _EVENT | _TIME),
    "description_now": (_ZONE | _EVENT, _ZONE | _EVENT),
    "instruction": (frozenset[str](), frozenset[str]()),
    "spoken": (_ZONE | _EVENT | _TIME, _ZONE | _EVENT | _TIME),
    "spoken_now": (_ZONE | _EVENT, _ZONE | _EVENT),
}
_STATE = {
    "headline": (_ZONE | _EVENT, _ZONE),
    "description": (_ZONE | _EVENT, _ZONE),
    "instruction": (frozenset[str](), frozenset[str]()),
    "spoken": (_ZONE | _EVENT, _ZONE),
}
#: Kind of message -> field -> placeholders it may and must have.
MESSAGES: Mapping[str, Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "prepare": _DANGER,
    "shelter": _DANGER,
    "release": _STATE,
    "cancel": _STATE,
    "coverage_lost": _STATE,
    "coverage_back": _STATE,
}


@dataclass(frozen=True)
class Wording:
    """One message in one language.

    Attributes
    ----------
    language : str
        BCP 47 tag.
    event, headline, description, instruction : str
        For screens. A text from right to left starts with a right-to-left mark, and a name that runs the other way
        stands in directional isolates.
    spoken : str
        For voices: short, without marks.
    """

    language: str
    event: str
    headline: str
    description: str
    instruction: str
    spoken: str


@dataclass(frozen=True)
class Language:
    """The texts of one language.

    Attributes
    ----------
    tag : str
        BCP 47, e.g. ``"ckb"``.
    name : str
        In English.
    right_to_left : bool
        Direction of the script.
    reviewed : bool
        Whether somebody whose language it is has read the texts and put that in writing.
    """

    tag: str
    name: str
    right_to_left: bool
    reviewed: bool
    plural: str
    digits: str
    event: Mapping[str, str]
    status: Mapping[str, Mapping[str, str]]
    units: Mapping[str, Mapping[str, str]]
    messages: Mapping[str, Mapping[str, Any]]

    def text(self, message: str, field: str, group: str) -> str:
        """A text, that of the group of threats where there is one."""
        own = self.messages[message].get(group, {})
        return str(own.get(field) or self.messages[message][field])


def read_language(path: str | Path) -> Language:
    """Read a file of texts.

    Parameters
    ----------
    path : path
        A TOML file as those in ``rampart/words/languages``.

    Raises
    ------
    InputError
        For a file that is no TOML or lacks a text, and for a text that names what it must not or fails to name what it
        must.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from None
    return parse_language(text, str(path))


def parse_language(text: str, path: str) -> Language:
    """As `read_language`, of text at hand; `path` names it in errors."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"not TOML: {error}", path=path) from None
    try:
        return _language(data)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"bad table of words: {error}", path=path) from None


def languages() -> tuple[str, ...]:
    """Tags of the languages that come with Rampart, English first.

    >>> languages()
    ('en', 'ar', 'ckb', 'es')
    """
    found = {f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")}
    return tuple(sorted(found, key=lambda tag: (tag != "en", tag)))


@cache
def language(tag: str) -> Language:
    """The texts of a language that comes with Rampart.

    Raises
    ------
    InputError
        If there are none.
    """
    if tag not in languages():
        raise InputError(f"no words in language {tag!r}; there are {', '.join(languages())}")
    name = f"{tag}.toml"
    return parse_language((_folder() / name).read_text(encoding="utf-8"), f"rampart/words/languages/{name}")


def _folder() -> Any:
    return files("rampart.words") / "languages"


def _language(data: dict[str, Any]) -> Language:
    if data.pop("schema", None) != 1:
        raise ValueError("schema: expected 1")
    tag, plural, direction = data.pop("language"), data.pop("plural"), data.pop("direction")
    if not _TAG.fullmatch(tag):
        raise ValueError(f"language: {tag!r} is no BCP 47 tag")
    if plural not in RULES:
        raise ValueError(f"plural: {plural!r}; expected one of {', '.join(RULES)}")
    if direction not in ("ltr", "rtl"):
        raise ValueError(f"direction: {direction!r}; expected ltr or rtl")
    digits = data.pop("digits", "0123456789")
    if len(digits) != 10:
        raise ValueError("digits: expected ten")
    built = Language(
        tag,
        _said("name", data.pop("name")),
        direction == "rtl",
        data.pop("reviewed", False) is True,
        plural,
        digits,
        _texts("event", data.pop("event"), GROUPS),
        {status: _texts(status, data.pop(status), ("prefix", "spoken")) for status in STATUSES},
        {unit: _counted(unit, data.pop(unit), plural) for unit in UNITS},
        {message: _message(message, data.pop(message)) for message in MESSAGES},
    )
    if data:
        raise ValueError(f"unknown key {next(iter(data))!r}")
    return built


def _texts(place: str, table: Any, keys: tuple[str, ...]) -> dict[str, str]:
    if set(table) != set(keys):
        raise ValueError(f"{place}: expected {', '.join(keys)}; found {', '.join(map(str, table))}")
    return {key: _said(f"{place}.{key}", table[key]) for key in keys}


def _counted(unit: str, table: Any, plural: str) -> dict[str, str]:
    forms = _texts(unit, table, RULES[plural][0])
    for name, text in forms.items():
        _placeholders(f"{unit}.{name}", text, frozenset({"n"}), frozenset())
    if "{n}" not in forms[RULES[plural][0][-1]]:
        raise ValueError(f"{unit}: the last form must have {{n}}")
    return forms


def _message(place: str, table: Any) -> dict[str, Any]:
    rules = MESSAGES[place]
    groups = {key: value for key, value in table.items() if key in GROUPS}
    own = {key: value for key, value in table.items() if key not in GROUPS}
    _texts(place, own, tuple(rules))
    for where, texts in ((place, own), *((f"{place}.{group}", groups[group]) for group in groups)):
        for field, text in texts.items():
            if field not in rules:
                raise ValueError(f"{where}: unknown key {field!r}")
            _placeholders(f"{where}.{field}", _said(f"{where}.{field}", text), *rules[field])
    return {**own, **groups}


def _said(place: str, text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or text != text.strip() or "\n" in text:
        raise ValueError(f"{place}: expected one line of text")
    return text


def _placeholders(place: str, text: str, may: frozenset[str], must: frozenset[str]) -> None:
    named = set(_PLACEHOLDER.findall(text))
    if named - may or "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        raise ValueError(f"{place}: may only name {', '.join(sorted(may)) or 'nothing'}")
    if must - named:
        raise ValueError(f"{place}: must name {', '.join(sorted(must))}")
