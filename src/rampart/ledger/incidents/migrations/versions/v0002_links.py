"""Merged and distinct incidents; ellipses and tracks of events."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: No command of version 0001 entered an event: there is no row that these columns could be missing from.
_OF_EVENTS = (
    ("track", sa.Text), ("semi_major_m", sa.Double), ("semi_minor_m", sa.Double), ("azimuth_deg", sa.Double),
    ("probability", sa.Double),
)  # fmt: skip


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "link",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incident_id", sa.Integer, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("other_id", sa.Integer, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_link_incident_id", "link", ["incident_id"])
    for name, kind in _OF_EVENTS:
        op.add_column("event", sa.Column(name, kind))


def downgrade() -> None:
    """Take them away again."""
    for name, _ in reversed(_OF_EVENTS):
        op.drop_column("event", name)
    op.drop_table("link")
