"""``rampart bench ledger``: import and statistics of many incidents, in SQLite and in PostgreSQL."""

import csv
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from rampart.errors import InputError, RunError
from rampart.ledger.incidents import Ledger
from rampart.ledger.incidents.answers import ask
from rampart.ledger.incidents.fields import OUTCOMES, SOURCES, TYPES
from rampart.ledger.incidents.rows import read_file

from . import say
from .postgres import private_server

#: Size of the goal: incidents, and claims about each.
INCIDENTS, CLAIMS = 100_000, 3

_COLUMNS = (
    "key", "site", "time", "source", "publisher", "statement", "count", "type", "outcome", "confidence", "published",
)  # fmt: skip


def write_claims(path: Path, incidents: int, claims: int, seed: int) -> None:
    """Write a table of made-up incidents, each with claims that contradict each other.

    Parameters
    ----------
    path : pathlib.Path
        Of the CSV file.
    incidents, claims : int
        How many, and claims about each.
    seed : int

    Notes
    -----
    True counts are geometric with mean 6; a claim says the truth in half the cases, else up to 9 more or less, one in
    six "at least". A third have a publisher of 400, an eighth a confidence of their own.
    """
    rng = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for number in range(incidents):
            day = np.datetime64("2010-01-01") + int(rng.integers(5000))
            when = f"{day}T{rng.integers(24):02d}:{rng.integers(60):02d}+03:00"
            truth, kind = int(rng.geometric(1 / 6)), TYPES[rng.integers(len(TYPES))]
            site = f"site {rng.integers(60)}"
            for k in range(claims):
                told = truth if rng.random() < 0.5 else max(0, truth + int(rng.integers(-9, 10)))
                table.writerow(
                    (
                        f"i{number}", site, when, SOURCES[rng.integers(len(SOURCES))],
                        f"paper {rng.integers(400)}" if rng.random() < 1 / 3 else "", f"Claim {k} on {number}.",
                        f">={told}" if rng.random() < 1 / 6 else told,
                        kind if rng.random() < 0.9 else TYPES[rng.integers(len(TYPES))],
                        OUTCOMES[rng.integers(len(OUTCOMES))] if rng.random() < 0.5 else "",
                        f"{rng.uniform(0.05, 0.95):.2f}" if rng.random() < 1 / 8 else "", f"{day}+03:00",
                    )
                )  # fmt: skip


def run(*, quick: bool = False) -> dict[str, Any]:
    """Time the import of a table and statistics over all of it.

    Parameters
    ----------
    quick : bool
        A tenth of the incidents.
    """
    incidents, repeats = (INCIDENTS // 10, 2) if quick else (INCIDENTS, 5)
    results = []
    with TemporaryDirectory() as folder, ExitStack() as stack:
        table = Path(folder) / "claims.csv"
        write_claims(table, incidents, CLAIMS, seed=0)
        places = {"sqlite": str(Path(folder) / "ledger.sqlite")}
        try:
            places["postgresql"] = stack.enter_context(private_server())
        except (InputError, RunError) as error:
            say(f"without PostgreSQL: {error}")
        for name, place in places.items():
            results.append({"name": name, "ours": _measure(place, table, repeats), "peer": None, "ratio": None})
    return {"results": results}


def _measure(place: str, table: Path, repeats: int) -> dict[str, Any]:
    ledger, mistakes = Ledger(place), list[str]()
    started = perf_counter()
    incidents, figures = read_file(table, None, mistakes.append)
    read = perf_counter()
    made = ledger.add(incidents, figures, now_ns=0)
    written = perf_counter()
    if mistakes:
        raise RunError(mistakes[0])
    seconds = {"stats_s": _median(repeats, lambda: ask(ledger))}
    seconds["stats_one_site_s"] = _median(repeats, lambda: ask(ledger, site="site 7", since="2015-01-01"))
    claims = len(made["claims"])
    began = perf_counter()
    sound = ledger.verify()["ok"]
    return {
        "incidents": len(made["incidents"]),
        "claims": claims,
        "import_s": written - started,
        "read_s": read - started,
        "import_claims_per_s": claims / (written - started),
        **seconds,
        "verify_s": perf_counter() - began,
        "sound": sound,
        "n": repeats,
    }


def _median(repeats: int, act: Any) -> float:
    times = []
    for _ in range(repeats):
        started = perf_counter()
        act()
        times.append(perf_counter() - started)
    return float(np.median(times))
