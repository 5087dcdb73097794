"""Files that are there whole or not at all."""

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError


def plain(value: Any) -> Any:
    """Plain JSON data: numpy numbers and arrays become numbers and lists, tuples lists, nan and infinity None.

    Parameters
    ----------
    value : object
        Nested mappings, sequences, numbers, text, None.

    Raises
    ------
    TypeError
        For anything else: a file must not hold the ``repr`` of some object.

    Examples
    --------
    >>> plain({"lead_s": np.float64("nan"), "zones": ("north",), "n": np.int64(3)})
    {'lead_s': None, 'zones': ['north'], 'n': 3}
    """
    if value is None or isinstance(value, bool | str | int):
        return value if not isinstance(value, int) or isinstance(value, bool) else int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} is no plain data")


def write_text(path: str | Path, text: str) -> Path:
    """Write a text file whole or not at all: to ``<path>.part`` first, then renamed.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder is made if missing.
    text : str
        Written as UTF-8 with the line ends it has.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"cannot write: {error.strerror}", path=path) from None
    return path


def write_json(path: str | Path, data: Any) -> Path:
    """Write plain data as one JSON document, whole or not at all; nan and infinity become null.

    See `write_text` for errors.
    """
    return write_text(path, json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
