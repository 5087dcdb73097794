"""Files: a run written to a folder as summary, recording, warnings and report."""

from pathlib import Path
from typing import Any

import rampart
from rampart.ledger import Collector, RecordingWriter, make_header, write_json
from rampart.ledger.report import write_report
from rampart.pipeline import Scenario, build_places

from .alerts import FOLDER, write_alerts
from .montecarlo.background import Background
from .run import run as run_scenario
from .site_run import Progress

RECORDING, REPORT, SUMMARY = "recording.mcap", "report.html", "summary.json"


def run_to_folder(
    scenario: Scenario,
    folder: Path,
    *,
    seed: int,
    run: int = 0,
    effectors: bool = True,
    background: Background | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run a scenario once and write ``recording.mcap``, ``warnings/*.xml``, ``report.html`` and ``summary.json``.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    folder : pathlib.Path
        Where to write; made if it is not there. Each file is written whole or not at all, the summary last.
    seed, run : int
        As in `rampart.run`.
    effectors : bool
        False leaves simulated effectors out.
    background : Background or None
        As in `rampart.run`.
    progress : callable or None
        As in `rampart.run`.

    Returns
    -------
    dict
        The summary as written.
    """
    header = make_header(
        scenario={**scenario.resolved(), "folder": str(scenario.folder)},
        scenario_toml=scenario.text,
        seed=seed,
        run=run,
        version=rampart.__version__,
        sites=[place.site for place in build_places(scenario)],
    )
    header |= {"effectors": effectors, "overrides": list(scenario.overrides)}
    collector = Collector(header)
    with RecordingWriter(folder / RECORDING, header=header) as writer:
        done = run_scenario(
            scenario,
            seed=seed,
            run=run,
            effectors=effectors,
            background=background,
            recorders=(writer, collector),
            progress=progress,
        )
        alerts = {"folder": FOLDER, "messages": write_alerts(folder / FOLDER, done.sites)}
        summary = {**done.summary, "recording": RECORDING, "report": REPORT, "alerts": alerts}
        for recorder in (writer, collector):
            recorder.summary(summary)
    write_report(folder / REPORT, collector.record())
    write_json(folder / SUMMARY, summary)
    return summary
