"""Arrow: pyarrow, loaded when a table is first asked for - a single run never does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .table import Table


def arrow(part: str = "") -> Any:
    """The package, or a part of it such as ``parquet``."""
    return import_module(f"pyarrow.{part}" if part else "pyarrow")


def to_arrow(rows: Table) -> Any:
    """A table as ``pyarrow.Table``."""
    pa = arrow()
    return pa.table({key: pa.array(column) for key, column in rows.items()})
