"""The tables of the ledger, as the newest migration leaves them."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()


def _span(name: str) -> tuple[Column, Column, Column]:
    """Columns of a time that is known between two bounds [ns UTC], and the zone of the spot [minutes east of UTC]."""
    return (
        Column(f"{name}_earliest_ns", BigInteger),
        Column(f"{name}_latest_ns", BigInteger),
        Column(f"{name}_offset_min", Integer),
    )


def _place() -> tuple[Column, Column, Column]:
    """Columns of a position [degrees, WGS 84] and of the radius within which it is meant [m]."""
    return Column("lat_deg", Double), Column("lon_deg", Double), Column("radius_m", Double)


def _incident(nullable: bool = False) -> Column:
    return Column("incident_id", Integer, ForeignKey("incident.id"), nullable=nullable, index=True)


incident = Table(
    "incident",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(64), unique=True),
    Column("title", Text),
    Column("site", Text, nullable=False),
    *_span("time"),
    *_place(),
    Column("status", String(32), nullable=False),
)
Index("ix_incident_time", incident.c.time_earliest_ns, incident.c.time_latest_ns)

#: What happened within an incident: a launch, a siren, an impact; with the ellipse in which a point is known to lie.
event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _incident(),
    Column("kind", String(32), nullable=False),
    *_span("time"),
    Column("place", Text),
    *_place(),
    Column("note", Text),
    Column("track", Text),
    Column("semi_major_m", Double),
    Column("semi_minor_m", Double),
    Column("azimuth_deg", Double),
    Column("probability", Double),
)

#: Without an incident it is a published figure about a whole time.
claim = Table(
    "claim",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _incident(nullable=True),
    Column("source", String(32), nullable=False),
    Column("publisher", Text),
    Column("reference", Text),
    *_span("published"),
    Column("statement", Text, nullable=False),
    Column("count_low", Integer),
    Column("count_high", Integer),
    Column("type", String(32)),
    Column("outcome", String(32)),
    Column("place", Text),
    *_place(),
    Column("attribution", Text),
    Column("confidence", Double),
    Column("figure", Text),
    *_span("period"),
)

#: A file that something is known from: a recording, tracks, a photo, by its hash.
evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _incident(),
    Column("kind", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("note", Text),
)

#: Each status that an incident had, with the reason.
status = Table(
    "status",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _incident(),
    Column("status", String(32), nullable=False),
    Column("reason", Text),
    Column("at_ns", BigInteger, nullable=False),
)

#: What two incidents were found to be: one (``merged``: all of the first went into the other), or not (``distinct``).
link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _incident(),
    Column("other_id", Integer, ForeignKey("incident.id"), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text),
    Column("at_ns", BigInteger, nullable=False),
)

#: Every change, in order, each hashed over the one before. Rows are only ever added.
history = Table(
    "history",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("action", String(16), nullable=False),
    Column("subject", String(16), nullable=False),
    Column("subject_id", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

#: The tables that the history tells of, by name.
SUBJECTS = {table.name: table for table in (incident, event, claim, evidence, status, link)}
