"""The first version of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _span(name: str) -> tuple[sa.Column, ...]:
    return (
        sa.Column(f"{name}_earliest_ns", sa.BigInteger),
        sa.Column(f"{name}_latest_ns", sa.BigInteger),
        sa.Column(f"{name}_offset_min", sa.Integer),
    )


def _place() -> tuple[sa.Column, ...]:
    return sa.Column("lat_deg", sa.Double), sa.Column("lon_deg", sa.Double), sa.Column("radius_m", sa.Double)


def _id(name: str = "id") -> sa.Column:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _incident(nullable: bool = False) -> sa.Column:
    return sa.Column("incident_id", sa.Integer, sa.ForeignKey("incident.id"), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "incident",
        _id(),
        sa.Column("key", sa.String(64), unique=True),
        sa.Column("title", sa.Text),
        sa.Column("site", sa.Text, nullable=False),
        *_span("time"),
        *_place(),
        sa.Column("status", sa.String(32), nullable=False),
    )
    op.create_index("ix_incident_time", "incident", ["time_earliest_ns", "time_latest_ns"])
    op.create_table(
        "event",
        _id(),
        _incident(),
        sa.Column("kind", sa.String(32), nullable=False),
        *_span("time"),
        sa.Column("place", sa.Text),
        *_place(),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "claim",
        _id(),
        _incident(nullable=True),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("publisher", sa.Text),
        sa.Column("reference", sa.Text),
        *_span("published"),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("count_low", sa.Integer),
        sa.Column("count_high", sa.Integer),
        sa.Column("type", sa.String(32)),
        sa.Column("outcome", sa.String(32)),
        sa.Column("place", sa.Text),
        *_place(),
        sa.Column("attribution", sa.Text),
        sa.Column("confidence", sa.Double),
        sa.Column("figure", sa.Text),
        *_span("period"),
    )
    op.create_table(
        "evidence",
        _id(),
        _incident(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "status",
        _id(),
        _incident(),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "history",
        _id("number"),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    for table in ("event", "claim", "evidence", "status"):
        op.create_index(f"ix_{table}_incident_id", table, ["incident_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("history", "status", "evidence", "claim", "event", "incident"):
        op.drop_table(table)
