"""The incident ledger: what happened, who says so, and a history in which a changed entry shows.

Nothing outside this package imports SQLAlchemy or alembic, and nothing of the chain imports this package.
"""

from .database import Database, default_place
from .drafts import ClaimDraft, IncidentDraft
from .fields import Count, Span, parse_count, parse_span
from .findings import EventDraft, EvidenceDraft, evidence_of
from .store import Ledger

__all__ = [
    "ClaimDraft",
    "Count",
    "Database",
    "EventDraft",
    "EvidenceDraft",
    "IncidentDraft",
    "Ledger",
    "Span",
    "default_place",
    "evidence_of",
    "parse_count",
    "parse_span",
]
