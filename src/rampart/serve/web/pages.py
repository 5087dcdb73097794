"""Pages: the built files of the display, from the package, by name; nothing else of the disk is ever served."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
ABSENT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Rampart</title><h1>The display is not built</h1>"
    "<p>This installation was made without network for the page's packages. The API works: see <a href=docs>/docs</a>."
    "<p>To build the page: in the source tree, <code>make page</code>, or install again with a network."
)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to send."""

    body: bytes
    packed: bytes | None  #: gzip of it; None where that is no smaller
    media_type: str
    etag: str


def folder() -> Path:
    """Where the built page lies."""
    return Path(str(files("rampart.serve"))) / "static"


def read_assets(place: Path | None = None) -> dict[str, Asset]:
    """The files of the page by their names; none where it is not built."""
    place = place or folder()
    if not (place / "index.html").is_file():
        return {}
    return {path.name: _asset(path) for path in sorted(place.iterdir()) if path.suffix in TYPES}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    packed = gzip.compress(body, 6, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(body, packed if len(packed) < 0.9 * len(body) else None, TYPES[path.suffix], etag)
