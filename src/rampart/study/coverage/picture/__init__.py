"""Picture: a coverage as one PNG."""

from .sheet import draw

__all__ = ["draw"]
