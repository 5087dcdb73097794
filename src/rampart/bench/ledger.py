"""``rampart bench ledger``: import and statistics of many incidents, in SQLite and in PostgreSQL."""

import csv
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

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

    Notes
    -----
    ``_s`` is time on the clock, ``_cpu_s`` that of the processor, of Rampart and of the database's server together:
    on a machine with other work on it the latter is what can be compared.
    """
    incidents, repeats = (INCIDENTS // 10, 3) if quick else (INCIDENTS, 5)
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
    clock = _Clock(place)
    drafts, read = clock.time(lambda: read_file(table, None, mistakes.append))
    made, written = clock.time(lambda: ledger.add(*drafts, now_ns=0))
    if mistakes:
        raise RunError(mistakes[0])
    claims = len(made["claims"])
    figures: dict[str, Any] = {
        "incidents": len(made["incidents"]),
        "claims": claims,
        "import_claims_per_s": claims / (read[0] + written[0]),
        "import_claims_per_cpu_s": claims / (read[1] + written[1]),
    }
    questions: dict[str, Any] = {
        "stats": lambda: ask(ledger),
        "stats_one_site": lambda: ask(ledger, site="site 7", since="2015-01-01"),
    }
    for name, question in questions.items():
        times = np.array([clock.time(question)[1] for _ in range(repeats)])
        figures[f"{name}_s"], figures[f"{name}_cpu_s"] = np.median(times, axis=0).tolist()
    found, (_, seconds) = clock.time(ledger.verify)
    return {**figures, "verify_cpu_s": seconds, "sound": found["ok"], "n": repeats, "load": os.getloadavg()[0]}


class _Clock:
    """Times on the clock and of the processor, the database server's with it."""

    def __init__(self, place: str) -> None:
        self._server = None
        for folder in parse_qs(urlsplit(place).query).get("host", []):
            self._server = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])

    def _cpu_s(self) -> float:
        own = process_time()
        if self._server is None:
            return own
        sleep(0.05)  # until the server has waited for the process of the connection that ended
        try:
            fields = Path(f"/proc/{self._server}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return own
        return own + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def time(self, act: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
        """What it gives, and seconds on the clock and of the processor."""
        before, started = self._cpu_s(), perf_counter()
        answer = act()
        passed = perf_counter() - started
        return answer, (passed, self._cpu_s() - before)
