"""``rampart coverage``: where a site's sensors see a kind of target, and how long before it arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .answer import out, output_folder, print_json, quiet_or
from .simulate import Json, Set


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("coverage")(coverage)


def coverage(
    site: Annotated[str, typer.Argument(help="Scenario or site file, or the name of a built-in scenario.")],
    kind: Annotated[str, typer.Option(help="Kind of target, e.g. multirotor.")],
    height_m: Annotated[float, typer.Option(help="Height of its flight above the ground.")],
    out_folder: Annotated[Path | None, typer.Option("--out", help="Folder to write to.")] = None,
    site_id: Annotated[str | None, typer.Option("--site", help="Which site of the file, if it has several.")] = None,
    cell_m: Annotated[float, typer.Option(help="Side of the map's cells.")] = 50.0,
    extent_km: Annotated[float, typer.Option(help="Side of the map; ways to the zones start half of it out.")] = 20.0,
    detections: Annotated[int, typer.Option(help="Seen: at least so many detections ...")] = 3,
    within_s: Annotated[float, typer.Option(help="... within so many seconds ...")] = 5.0,
    p: Annotated[float, typer.Option("--p", help="... with this probability.")] = 0.9,
    speed_ms: Annotated[float | None, typer.Option(help="Instead of the kind's usual speed.")] = None,
    rcs_dbsm: Annotated[float | None, typer.Option(help="Instead of the middle of the kind's band.")] = None,
    emits: Annotated[bool | None, typer.Option("--emits/--silent", help="Whether a radio link can be heard.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="TOML list of sensors that could be added.")] = None,
    gain_s: Annotated[float, typer.Option(min=0.1, help="Seconds of warning below which an addition is none.")] = 1.0,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Map where a kind of target is seen, and say how many seconds before it reaches each zone."""
    import numpy as np

    from rampart.pipeline import Candidate, load, read_candidates
    from rampart.study.coverage import Rule, plan_coverage
    from rampart.study.coverage.addition import Addition
    from rampart.study.coverage.files import write_coverage

    scenario = load(site, overrides=set_ or [])
    parts = scenario.parts
    extra: tuple[Candidate, ...] = ()
    if candidates is not None:
        extra = read_candidates(candidates, [s.id for s in parts["sensor"]], [s.id for s in parts["site"]])
    with quiet_or(f"coverage of {scenario.name}", quiet=json):
        cover = plan_coverage(
            scenario, kind, height_m, site_id=site_id, cell_m=cell_m, extent_km=extent_km,
            rule=Rule(detections, within_s, p), speed_ms=speed_ms, rcs_dbsm=rcs_dbsm, emits=emits,
        )  # fmt: skip
        more: dict[str, Any] = {}
        added: list[tuple[str, Any]] = []
        if extra:
            mine = [c for c in extra if c.spec.site in (None, cover.place.site.id)]
            more["addition"] = Addition(cover, mine, gain_s).plain()
            chosen = (more["addition"]["cheapest"] or {"add": ()})["add"]
            added = [(c.id, np.array(c.spec.position_enu_m)) for c in mine if c.id in chosen]
        with output_folder(out_folder, f"coverage-{scenario.name}") as folder:
            said = write_coverage(cover, folder, more, added)
    if json:
        print_json(said)
    else:
        tell(said, folder)


def tell(said: dict[str, Any], folder: Path) -> None:
    """Say in words what was found, and where it is written."""
    seen = said["seen"]
    rule = f"{seen['detections']} detections within {seen['within_s']:g} s, p {seen['p']:g}"
    out.print(
        f"{said['site']}: {said['kind'].replace('_', ' ')} at {said['height_m']:g} m, {said['speed_ms']:.0f} m/s, "
        f"{said['rcs_dbsm']:g} dBsm; seen: {rule}"
    )
    for name, sensor in said["sensors"].items():
        shares = [(gate, f"{share:.0%}") for gate, share in list(sensor.get("gates", {}).items())[:3] if share >= 0.005]
        gates = ", ".join(f"{gate} {share}" for gate, share in shares)
        out.print(f"  {name:<12} {sensor['area_km2']:9.1f} km2{f'   not seen because of {gates}' if gates else ''}")
    for name, zone in said["zones"].items():
        out.print(f"  {name:<16} {_zone_words(zone)}")
    if "addition" in said:
        _tell_addition(said["addition"])
    for note in said["notes"]:
        out.print(f"  note: {note}")
    for name in said["files"]:
        out.print(f"  {folder / name}")


def _zone_words(zone: dict[str, Any]) -> str:
    worst, late, of = zone["seconds_before_arrival_min"], zone["bearings_too_late"], zone["bearings"]
    if not any(zone["by_bearing"]["seconds"]):
        return "from no bearing seen before arrival"
    words = f"at worst {worst:.0f} s before arrival" if worst > 0 else "at worst not seen before arrival"
    words += f" (from {zone['worst_bearing_deg']:.0f} degrees)"
    if late:
        words += f", {late} of {of} bearings later than the {zone['shelter_time_s']:g} s that shelter takes"
    return words


def _tell_addition(addition: dict[str, Any]) -> None:
    if not addition["options"]:
        out.print("  no addition from the list raises the worst case")
    for option in addition["options"]:
        proof = "cheapest there is" if option["proven"] else f"no set costs less than {option['bound']:g}"
        out.print(
            f"  add {' + '.join(option['add'])} (cost {option['cost']:g}): at worst "
            f"{option['seconds_before_arrival_min']:.0f} s before arrival; {proof}, greedy {option['greedy_cost']:g}"
        )
