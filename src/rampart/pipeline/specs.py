"""The parts of a scenario file that belong to no stage: sites, zones, the referee."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from rampart.records.spec import Identifier, NonNegative, Number, Path2, Positive, Spec


class OriginSpec(Spec):
    """Where the site's east-north-up frame touches the Earth (WGS-84)."""

    lat_deg: Annotated[Number, Field(ge=-89.9, le=89.9)]
    lon_deg: Annotated[Number, Field(ge=-180, le=180)]
    height_m: Annotated[Number, Field(ge=-500, le=9000)]  #: above mean sea level


class SiteSpec(Spec):
    """``[[site]]``: one place, one frame, one chain."""

    id: Identifier
    name: str = ""
    origin: OriginSpec  #: where its east-north-up frame touches the Earth
    terrain: str | None = None  #: an .hgt tile; flat where not given
    terrain_radius_m: Positive = 20_000.0  #: of the terrain read around the origin; its edge goes on beyond
    wind: str | None = None  #: a profile CSV; calm where not given


class ZoneSpec(Spec):
    """``[[zone]]``: people who are warned together."""

    id: Identifier
    site: Identifier | None = None
    name: str = ""
    polygon_en_m: Annotated[Path2, Field(min_length=3)]  #: corners, not closed
    population: NonNegative = 0.0  #: people who are warned
    shelter_time_s: NonNegative = 15.0  #: what they need to reach shelter
    warn_radius_m: NonNegative = 100.0  #: danger radius added around the polygon
    defended: bool = False  #: simulated effectors protect it


class RefereeSpec(Spec):
    """``[referee]``: how a simulated run is scored."""

    match_radius_m: Positive = 250.0  #: a track is matched to the truth nearest within this


class HeadSpec(Spec):
    """The keys above the first section."""

    schema_: Literal[1] = Field(alias="schema")  #: of the file's form; the first key
    name: Identifier
    description: str = ""  #: one line for people
    start: AwareDatetime  #: second 0 of the run, e.g. 2021-07-05T21:00:00Z
    duration_s: Annotated[Positive, Field(le=7 * 86_400)]  #: length of the run
    zones: str | None = None  #: a GeoJSON file, instead of or beside ``[[zone]]``
