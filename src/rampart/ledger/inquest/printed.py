"""Printed: a page as PDF, by whichever browser of the Chromium family is on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from rampart.errors import InputError, RunError

#: Names under which such browsers are installed; the environment's ``RAMPART_BROWSER`` comes first.
BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
    "brave-browser",
)  # fmt: skip
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WAIT_S = 90.0


def find_browser() -> str | None:
    """The program that prints; None if there is none."""
    named = os.environ.get("RAMPART_BROWSER")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in BROWSERS)
    here = (path for path in _APPLICATIONS if Path(path).is_file())
    return next((path for path in found if path), None) or next(here, None)


def print_page(page: str, path: Path) -> None:
    """Write a self-contained page as a PDF file, whole or not at all.

    Parameters
    ----------
    page : str
        HTML. It is read from a file in an empty profile; the browser is given no network.
    path : pathlib.Path
        The file.

    Raises
    ------
    InputError
        If there is no browser, or the file cannot be written.
    RunError
        If the browser fails.
    """
    browser = find_browser()
    if browser is None:
        raise InputError(
            "PDF needs Chromium, Chrome or Edge (RAMPART_BROWSER names it), and none is here; "
            "write .html and print that from any browser", path=path)  # fmt: skip
    with TemporaryDirectory(prefix="rampart-print-") as folder:
        source, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            browser, "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--no-pdf-header-footer",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile",
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            f"--print-to-pdf={printed}", source.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=_WAIT_S, check=True)
            done = printed.read_bytes()
        except subprocess.TimeoutExpired:
            raise RunError(f"{browser} did not print within {_WAIT_S:.0f} s") from None
        except (subprocess.CalledProcessError, OSError) as error:
            raise RunError(f"{browser} could not print the page: {type(error).__name__}") from None
    if not done.startswith(b"%PDF-"):
        raise RunError(f"{browser} gave no PDF")
    _write(path, done)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"cannot write: {error.strerror}", path=path) from None
