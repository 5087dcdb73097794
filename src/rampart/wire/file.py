"""File: octets from disk, or one line that says why not."""

from pathlib import Path

from rampart.errors import InputError


def read_file(path: str | Path, size: int = -1) -> bytes:
    """The octets of a file.

    Parameters
    ----------
    path : path
        What to read.
    size : int
        At most so many octets from the start; all by default.

    Raises
    ------
    InputError
        If it is absent, empty, a folder or unreadable.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(size)
    except IsADirectoryError:
        raise InputError("a folder; expected a file", path=path) from None
    except FileNotFoundError:
        raise InputError("no such file", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None
    if not data:
        raise InputError("empty file", path=path)
    return data
