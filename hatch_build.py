"""Build hook: the operator's page, from ``web/`` into the package. Nothing of it is committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program, by make page, outside of a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

STATIC = Path("src/rampart/serve/static")
NODE = 18


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the page with node and npm, where they are.

    ``RAMPART_BUILD_UI=1`` makes it an error if that fails, ``0`` leaves the page out. Without the variable the package
    is built without the page and says so.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are gathered; from a source archive, in which the page is, nothing is built."""
        del version, build_data
        root, wish = Path(self.root), os.environ.get("RAMPART_BUILD_UI", "")
        built = root / STATIC / "index.html"
        if wish == "0" or (root / "PKG-INFO").is_file():
            return
        try:
            build_page(root, root / STATIC)
        except PageError as error:
            if wish == "1":
                raise SystemExit(f"the page cannot be built: {error}") from None
            kept = "an earlier one is kept" if built.is_file() else "rampart serve will offer its API alone"
            self.app.display_warning(f"the operator's page is not built: {error}; {kept}")


class PageError(Exception):
    """Why there is no page, in one line."""


def build_page(root: Path, out: Path) -> None:
    """Build the page of a source tree into a folder; whole, or not at all.

    Raises
    ------
    PageError
        If node, npm or the packages of the page cannot be had.
    """
    if not (root / "web" / "package-lock.json").is_file():
        raise PageError("there is no web/package-lock.json")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PageError("node and npm are not on PATH")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = said.lstrip("v").partition(".")[0]
    if not major.isdigit() or int(major) < NODE:
        raise PageError(f"node {said} is too old, expected {NODE} or newer")
    with tempfile.TemporaryDirectory() as folder:  # a developer's own node_modules stay as they are
        work, made = Path(folder) / "web", Path(folder) / "static"
        shutil.copytree(root / "web", work, ignore=shutil.ignore_patterns("node_modules"))
        _run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], work,
             "npm ci failed: is the registry in reach, and package-lock.json in line with package.json?")  # fmt: skip
        _run([node, "build.mjs", str(made)], work, "the bundler failed")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(made, out)


def _run(command: list[str], folder: Path, fault: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        sys.stderr.write("\n".join(last) + "\n")
        raise PageError(fault)


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    try:
        build_page(here, here / STATIC)
    except PageError as error:
        raise SystemExit(f"the page cannot be built: {error}") from None
