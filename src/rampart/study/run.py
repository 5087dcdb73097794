"""Run: one draw of a scenario, from seed to summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rampart.ledger import OutputDigest, Recorder
from rampart.pipeline import Place, Purpose, Scenario, build_chain, build_places, build_world, load, stream

from .referee import Referee
from .site_run import Progress, SiteRun, run_site
from .summary import summarise

if TYPE_CHECKING:
    from .montecarlo.background import Background


@dataclass(frozen=True)
class Run:
    """One run: what it left, site by site, and its summary (schema 1, `docs/reference`)."""

    scenario: Scenario
    seed: int
    run: int
    sites: tuple[SiteRun, ...]
    summary: dict[str, Any]


def run(
    scenario: Scenario | str | Path,
    *,
    seed: int = 0,
    run: int = 0,
    effectors: bool = True,
    referee: bool = True,
    background: "Background | None" = None,
    recorders: Sequence[Recorder] = (),
    progress: Progress | None = None,
) -> Run:
    """Run a scenario once.

    Parameters
    ----------
    scenario : Scenario or str or pathlib.Path
        A scenario, the name of a built-in one, or a file.
    seed, run : int
        Root seed and number of the run: the same two give the same `output_sha256` on any machine.
    effectors : bool
        False leaves simulated effectors out.
    referee : bool
        False lets nobody decide outcomes and score: the summary then has no threats.
    background : Background or None
        Recorded detections that are mixed into the scans of the sensors.
    recorders : sequence of Recorder
        Told everything, e.g. a `RecordingWriter`.
    progress : callable or None
        Told of every step: site id, seconds since run start, `Outputs`.

    Returns
    -------
    Run

    Examples
    --------
    >>> summary = run("bdsc-rocket", seed=1).summary
    >>> summary["threats"][0]["engagements"]
    0
    """
    if not isinstance(scenario, Scenario):
        scenario = load(scenario)
    started = perf_counter()
    sites = simulate(
        scenario,
        seed=seed,
        run=run,
        effectors=effectors,
        referee=referee,
        background=background,
        recorders=recorders,
        progress=progress,
    )
    digest = OutputDigest()
    for site_run in sites:
        for out in site_run.outputs:
            digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
    summary = summarise(scenario, seed, run, sites, digest.hexdigest(), scored=referee)
    summary["timing"]["wall_s"] = round(perf_counter() - started, 3)
    return Run(scenario, seed, run, sites, summary)


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    run: int = 0,
    effectors: bool = True,
    referee: bool = True,
    background: "Background | None" = None,
    recorders: Sequence[Recorder] = (),
    progress: Progress | None = None,
    places: Sequence[Place] | None = None,
    world_places: Sequence[Place] | None = None,
    debris: bool = True,
) -> tuple[SiteRun, ...]:
    """Run a scenario without summing up: what each site's run left, for who scores thousands of runs his own way.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    seed, run, effectors, referee, background, recorders, progress
        As in `run`.
    places : sequence of Place or None
        What `build_places` gave, for who runs a scenario many times.
    world_places : sequence of Place or None
        The same as the simulated sensors are built from, where that differs.
    debris : bool
        Let pieces of what is destroyed fall. They have dice of their own: nothing else changes without them.
    """
    places = build_places(scenario) if places is None else places
    if world_places is None:
        world_places = [background.quiet(place) for place in places] if background else places
    sites = []
    for entity, (place, world_place) in enumerate(zip(places, world_places, strict=True)):
        world = build_world(world_place, seed=seed, run=run)
        if background is not None:
            world = background.mix(place, world, seed=seed, run=run)
        chain = build_chain(scenario, place, engage=effectors, seed=seed, run=run)
        judge = None
        if referee:
            purposes = (Purpose.OUTCOME, Purpose.DEBRIS) if debris else (Purpose.OUTCOME,)
            dice = (stream(seed, run, purpose, entity) for purpose in purposes)
            judge = Referee(place, world, scenario.stages["referee"], *dice)
        for recorder in recorders:
            recorder.truth(place.site.id, world.flights)
        sites.append(
            run_site(
                place,
                world,
                chain,
                judge,
                duration_s=scenario.head.duration_s,
                recorders=recorders,
                progress=progress,
            )
        )
    return tuple(sites)
