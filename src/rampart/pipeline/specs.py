"""The parts of a scenario file that belong to no stage: sites, zones, the referee."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, field_validator, model_validator

from rampart.physics.area import polygon_fault
from rampart.records import SHELTER_TIMES, shelter_times
from rampart.records.spec import Identifier, NonNegative, Number, Path2, Positive, Share, Spec, as_tuple


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
    shelter_time_s: NonNegative | None = None  #: what they need to reach shelter; 15 s if no time is given
    indoor_shelter_time_s: NonNegative | None = None  #: of people indoors, where that differs
    outdoor_shelter_time_s: NonNegative | None = None  #: of people outdoors; the slower ones decide when to warn
    warn_radius_m: NonNegative = 100.0  #: danger radius added around the polygon
    defended: bool = False  #: simulated effectors protect it
    parent: Identifier | None = None  #: id of the larger zone it belongs to: what is decided of that is of this, too

    @field_validator("polygon_en_m")
    @classmethod
    def _check_polygon(cls, corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        fault = polygon_fault(corners)
        if fault is not None:
            raise ValueError(f"expected a polygon; this one {fault}")
        return corners[:-1] if corners[0] == corners[-1] else corners

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        self.times()
        return self

    def tells_time(self) -> bool:
        """Whether the file says how long people need."""
        return any(getattr(self, name) is not None for name in SHELTER_TIMES)

    def times(self) -> dict[str, float]:
        """The times to shelter, by their names in `Zone`."""
        given = {name: getattr(self, name) for name in SHELTER_TIMES}
        return shelter_times(**given) if self.tells_time() else shelter_times(15.0)


class RefereeSpec(Spec):
    """``[referee]``: how a simulated run is scored."""

    match_radius_m: Positive = 250.0  #: a track is matched to the truth nearest within this
    debris_pieces: Annotated[int, Field(ge=0, le=1000)] = 10  #: of a destroyed threat, whose fall is scored


Bounds = Annotated[tuple[int | float, int | float], BeforeValidator(as_tuple)]


class CaseSpec(Spec):
    """``[[study.case]]``: the scenario with some values changed, by a name of its own."""

    name: Annotated[str, Field(min_length=1, max_length=80)]  #: for people
    set: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()  #: ``section.ID.key=value``, as for ``--set``


class StudySpec(Spec):
    """``[study]``: how many runs of which variations, unless the command line says otherwise."""

    runs: Annotated[int, Field(ge=1, le=100_000_000)] = 1000  #: of each design point
    seed: Annotated[int, Field(ge=0)] = 0  #: root of every random stream
    until: Annotated[Number, Field(gt=0, lt=0.5)] | None = None  #: Wilson half-width of `stop_on` that is enough
    stop_on: Literal["p_no_leaker", "p_warned_in_time"] = "p_no_leaker"  #: share that `until` speaks of
    design: Literal["grid", "tornado", "sobol", "latin_hypercube", "saltelli"] = "grid"  #: which points are run
    points: Annotated[int, Field(ge=2, le=65_536)] = 64  #: of `sobol`, `latin_hypercube` and `saltelli`
    vary: dict[str, Annotated[tuple[Any, ...], BeforeValidator(as_tuple), Field(min_length=1)]] = {}  #: key -> values
    range: dict[str, Bounds] = {}  #: key -> lowest and highest value; two whole numbers: only whole ones between
    case: Annotated[tuple[CaseSpec, ...], BeforeValidator(as_tuple)] = ()  #: each is run with every point
    harm_area_m2: Positive = 300.0  #: ground on which one arrival harms people in the open
    protection: Share = 0.8  #: share of harm that shelter takes away
    protection_low: Share = 0.67  #: least that is published: three times fewer casualties
    protection_high: Share = 0.89  #: most that is published: nine times fewer

    @model_validator(mode="after")
    def _check_design(self) -> Self:
        if self.design != "grid" and not self.range:
            raise ValueError(f"design = {self.design!r}, expected [study.range] with the keys it moves")
        if self.design == "grid" and self.range:
            raise ValueError("[study.range] belongs to another design than 'grid'; expected [study.vary]")
        if self.design in ("sobol", "saltelli") and self.points & (self.points - 1):
            raise ValueError(f"points = {self.points}, expected a power of two")
        for key, (low, high) in self.range.items():
            if low >= high:
                raise ValueError(f"range of {key!r}: [{low:g}, {high:g}], expected rising values")
        if len({case.name for case in self.case}) < len(self.case):
            raise ValueError("two cases have the same name")
        return self


class HeadSpec(Spec):
    """The keys above the first section."""

    schema_: Literal[1] = Field(alias="schema")  #: of the file's form; the first key
    name: Identifier
    description: str = ""  #: one line for people
    start: AwareDatetime  #: second 0 of the run, e.g. 2021-07-05T21:00:00Z; a live site needs none
    duration_s: Annotated[Positive, Field(le=7 * 86_400)]  #: length of the run; a live site needs none
    zones: str | None = None  #: a GeoJSON file, instead of or beside ``[[zone]]``
    mode: Literal["shadow", "exercise", "actual"] | None = None  #: of a live site; shadow if not given
