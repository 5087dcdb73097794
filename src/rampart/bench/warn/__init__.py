"""``rampart bench warn``: whom warnings reach, whom they spare, and what that costs.

Four parts: thousands of small raids on a compound through the whole chain; some of them again under other policies;
raids on a region of 600,000 people whose land is divided into 25, 127, 250 and 1,700 zones, the same raids for all of
them, as the warning threshold moves; and hours in which nothing happens.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from rampart.bench.kept import each_kept
from rampart.errors import InputError

from . import compound, economics, exchange, quiet
from .figure import draw, families_of
from .toll import toll

FIRST_SEED = 0
RUNS, QUICK_RUNS = 10_000, 40
POLICY_RUNS = 250  #: of the small raids
REGION_SEED = 500_000
REGION_RUNS = {"rockets": 400, "mortars": 400, "drones": 150}
SKY_SEED = 900_000
HOURS, QUICK_HOURS = 75.0, 0.5
#: Raids on the region in a quick run, as a share of all of them.
QUICK_SHARE = 0.02


def run(
    *,
    quick: bool = False,
    runs: int | None = None,
    hours: float | None = None,
    workers: int = 2,
    keep: Path | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Run the raids and sum up.

    Parameters
    ----------
    quick : bool
        40 small raids, 3 to 8 of each family, half an hour of quiet: about a minute.
    runs : int or None
        Small raids in place of 10,000; the others in proportion, at least as many as a quick run has.
    hours : float or None
        Simulated hours of quiet in place of 75.
    workers : int
        Processes; the figures do not depend on it.
    keep : pathlib.Path or None
        File that takes each raid as it ends, with ``-compound``, ``-rockets`` ... before its suffix; what is in it is
        not run again.
    out : pathlib.Path or None
        Folder for the figure, ``economics.svg``.

    Raises
    ------
    InputError
        If `keep` or `out` cannot be used.
    """
    if out is not None:
        _make(out)
    share = QUICK_SHARE if quick and runs is None else (runs or RUNS) / RUNS
    raids = runs or (QUICK_RUNS if quick else RUNS)
    simulated = hours or (QUICK_HOURS if quick else HOURS)

    def each(name: str, work: Any, first: int, count: int) -> list[dict[str, Any]]:
        path = keep.with_name(f"{keep.stem}-{name}{keep.suffix}") if keep else None
        return each_kept(f"warn {name}", work, range(first, first + count), workers=workers, keep=path)

    small = each("compound", compound.score_raid, FIRST_SEED, raids)
    results = [_row("compound", FIRST_SEED, raids, compound.figures(small))]
    for kind, found in compound.by_kind(small).items():
        results.append(_row(f"compound, {kind}", FIRST_SEED, raids, found))
    some = min(max(round(share * POLICY_RUNS), 5), POLICY_RUNS)
    others = each("policies", exchange.exchange, FIRST_SEED, some)
    results.append(_row("policies", FIRST_SEED, some, exchange.figures(others)))
    for family, most in REGION_RUNS.items():
        count = min(max(round(share * most), 3), most)
        tolls = each(family, partial(raid_on_region, family), REGION_SEED, count)
        results.append(_row(family, REGION_SEED, count, economics.figures(family, tolls)))
    skies = each("quiet", quiet.watch_sky, SKY_SEED, max(round(simulated * 3600.0 / quiet.RUN_S), 1))
    results.append(_row("quiet", SKY_SEED, len(skies), quiet.figures(skies)))
    if out is not None:
        draw(out / "economics.svg", families_of(results))
    return {"results": results}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be used as a folder: {error.strerror}", path=str(folder)) from None


def raid_on_region(family: str, seed: int) -> dict[str, Any]:
    """One raid of a family, with its seed and what it cost."""
    started = process_time()
    found = toll(family, seed)
    return {"seed": seed, "cpu_s": round(process_time() - started, 3), **found}


def _row(name: str, first_seed: int, count: int, found: dict[str, Any]) -> dict[str, Any]:
    seeds = f"{first_seed}..{first_seed + count - 1}"
    return {"name": name, "ours": {"seeds": seeds, **found}, "peer": None, "ratio": None}
