"""The report of a study: one page that needs nothing beside it."""

from .page import write_report

__all__ = ["write_report"]
