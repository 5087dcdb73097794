"""Inquest: from recordings to incidents, from incidents to after-action reports and to how good predictions were."""

from .case import Case, read_case
from .draft import drafts_of

__all__ = ["Case", "drafts_of", "read_case"]
