"""Answer: what a command says. JSON on stdout and nothing else, or words for people; progress goes to stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from rampart.errors import InputError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(answer: dict[str, Any]) -> None:
    """One JSON object on stdout, nan as null."""
    from rampart.ledger.files import plain

    sys.stdout.write(json.dumps(plain(answer), allow_nan=False) + "\n")


@contextmanager
def output_folder(given: Path | None, name: str) -> Iterator[Path]:
    """The folder a command writes to: the one given, or ``./rampart-out/<name>``; made if it is not there.

    If the command fails, the folders made for it go again, so that bad input leaves nothing behind.
    """
    folder = given if given is not None else Path("rampart-out") / name
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError("is a file, expected a folder", path=folder) from None
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=folder) from None
    try:
        yield folder
    except BaseException:
        with suppress(OSError):  # not empty: what is whole stays
            for path in made:
                path.rmdir()
        raise


@contextmanager
def quiet_or(status: str, *, quiet: bool) -> Iterator[None]:
    """Show a spinner with a text on stderr, where that is a terminal and not `quiet`."""
    if quiet or not err.is_terminal:
        yield
    else:
        with err.status(status):
            yield
