"""Document: a TOML file as data, with the line of each key, so that an error can name its place."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rampart.errors import InputError

_MAX_BYTES = 4 << 20
_HEADER = re.compile(r"^\s*\[(\[?)\s*([A-Za-z0-9_\-.]+)\s*\]?\]")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_\-]+)\"?\s*=")

Place = tuple[str | int, ...]  #: e.g. ("sensor", 0, "range_sigma_m")


@dataclass(frozen=True)
class Document:
    """Parsed TOML and where each key stands.

    Attributes
    ----------
    data : dict
        As `tomllib` gives it.
    path : str
        The file as errors name it.
    lines : dict
        Line, from 1, of each section and key.
    """

    data: dict[str, Any]
    path: str
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int | None:
        """The line of the longest known part of a place."""
        while place:
            if place in self.lines:
                return self.lines[place]
            place = place[:-1]
        return None

    def error(self, message: str, place: Place = ()) -> InputError:
        """An `InputError` that names the file and the line of a place."""
        return InputError(message, path=self.path, line=self.line_of(place))


def _locate(text: str) -> dict[Place, int]:
    lines: dict[Place, int] = {}
    counts: dict[str, int] = {}
    section: Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            name = header[2]
            section = (name, counts.get(name, 0)) if header[1] else tuple(name.split("."))
            counts[name] = counts.get(name, 0) + 1
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            lines.setdefault((*section, key[1]), number)
    return lines


def read_text(path: Path) -> str:
    """The text of a file a user named.

    Raises
    ------
    InputError
        If it is missing, a directory, unreadable, too large, empty or not UTF-8.
    """
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= _MAX_BYTES else None
    except FileNotFoundError:
        raise InputError("no such file", path=path) from None
    except IsADirectoryError:
        raise InputError("is a directory, expected a file", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if raw is None:
        raise InputError(f"has {size} bytes, expected at most {_MAX_BYTES}", path=path)
    if not raw.strip():
        raise InputError("is empty", path=path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8 text", path=path, line=line) from None


def parse_document(text: str, path: str) -> Document:
    """Parse TOML text.

    Raises
    ------
    InputError
        With file and line, if the text is not TOML.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        message = str(error).split(" (at ")[0]
        raise InputError(f"not TOML: {message}", path=path, line=int(found[1]) if found else None) from None
    except RecursionError:
        raise InputError("not TOML: nested too deeply", path=path, line=_deepest_line(text)) from None
    except ValueError as error:
        raise InputError(f"not TOML: {error}", path=path) from None
    return Document(data, path, _locate(text))


def _deepest_line(text: str) -> int:
    """The line with the most opening brackets: where nesting went too deep."""
    counts = [line.count("[") + line.count("{") for line in text.splitlines()]
    return counts.index(max(counts)) + 1
