"""Fingerprint: SHA-256 and size of a file."""

import hashlib
from pathlib import Path

from rampart.errors import InputError


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and size [bytes], of a file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    return digest.hexdigest(), size
