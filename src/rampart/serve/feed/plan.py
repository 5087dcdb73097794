"""FeedPlan: the feeds of a site file, gone through before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.pipeline import Place, Scenario

from .intake import Intake
from .spec import FeedSpec

#: No sensor of a site stands farther from its origin: a tangent plane is of no use there, and the place is a mistake.
FARTHEST_M = 500_000.0


@dataclass(frozen=True)
class FeedPlan:
    """Feeds in the order of the file, which is their number everywhere.

    Attributes
    ----------
    specs : tuple of FeedSpec
    sites : tuple of str
        Site.id of each feed.
    intakes : mapping
        What takes in the packets of each site, by Site.id.
    inlets : tuple of mapping
        What the receiver is told of each feed, with its number as ``feed``.
    """

    specs: tuple[FeedSpec, ...]
    sites: tuple[str, ...]
    intakes: Mapping[str, Intake]
    inlets: tuple[Mapping[str, Any], ...]


def plan_feeds(scenario: Scenario, places: Sequence[Place]) -> FeedPlan:
    """Check the feeds of a site file, and build what reads them.

    Parameters
    ----------
    scenario : Scenario
        The file.
    places : sequence of Place
        Its sites.

    Raises
    ------
    InputError
        For a site without sensors or a sensor that no feed carries, one that stands on another continent, two feeds on
        one port or of one sensor, or a feed that cannot be built.
    """
    sites = {place.site.id: place.site for place in places}
    specs: tuple[FeedSpec, ...] = tuple(_with_file(spec, scenario) for spec in scenario.parts["feed"])
    owners = tuple(spec.site or next(iter(sites)) for spec in specs)
    if not specs:
        raise InputError("no [[feed]]: a live site needs at least one", path=scenario.path)
    inlets = tuple({"feed": i, **spec.inlet()} for i, spec in enumerate(specs))
    _check_ports(specs, inlets, scenario.path)
    for place in places:
        _check_sensors(
            place, [spec for spec, owner in zip(specs, owners, strict=True) if owner == place.site.id], scenario.path
        )
    try:
        readers = [spec.reader(sites[owner]) for spec, owner in zip(specs, owners, strict=True)]
    except InputError as error:
        raise InputError(str(error), path=scenario.path) from None
    intakes = {site: Intake({i: reader for i, reader in enumerate(readers) if owners[i] == site}) for site in sites}
    return FeedPlan(specs, owners, intakes, inlets)


def _with_file(spec: Any, scenario: Scenario) -> Any:
    """A feed that names a file names it relative to the site file."""
    name = getattr(spec, "file", None)
    return spec if name is None else spec.model_copy(update={"file": str(scenario.folder / name)})


def _check_ports(specs: Sequence[FeedSpec], inlets: Sequence[Mapping[str, Any]], path: str) -> None:
    taken: dict[tuple[str, int], str] = {}
    for spec, inlet in zip(specs, inlets, strict=True):
        if inlet["transport"] != "udp" or not inlet["port"]:
            continue
        host, port = str(inlet["host"]), int(inlet["port"])
        for (other, other_port), name in taken.items():
            if port == other_port and (host == other or "0.0.0.0" in (host, other)):
                raise InputError(
                    f"feed {spec.id!r}: listens at {host}:{port}, and so does feed {name!r}; expected a port each",
                    path=path,
                )
        taken[host, port] = spec.id


def _check_sensors(place: Place, specs: Sequence[FeedSpec], path: str) -> None:
    site = place.site
    if not site.sensors:
        raise InputError(f"site {site.id!r}: no [[sensor]]: it would see nothing", path=path)
    for model in site.sensors:
        away_m = float(np.linalg.norm(model.position_enu))
        if away_m > FARTHEST_M:
            raise InputError(
                f"sensor {model.id!r}: stands {away_m / 1000:,.0f} km from the origin of site {site.id!r}, expected at "
                f"most {FARTHEST_M / 1000:.0f} km",
                path=path,
            )
    carried: dict[str, str] = {}
    for spec in specs:
        for sensor in spec.sensors_named():
            if sensor in carried:
                raise InputError(
                    f"feed {spec.id!r}: sensor {sensor!r} is carried by feed {carried[sensor]!r} already", path=path
                )
            carried[sensor] = spec.id
    for model in site.sensors:
        if model.id not in carried:
            raise InputError(f"sensor {model.id!r} of site {site.id!r}: no [[feed]] carries it", path=path)
