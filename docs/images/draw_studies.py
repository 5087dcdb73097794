"""Run the worked studies of docs/study.md and draw their pictures and tables anew.

``python docs/images/draw_studies.py [FOLDER [RUNS]]``: results are kept in FOLDER, and a stopped call goes on from
there; RUNS of each design point in place of those that each study asks for.
"""

import sys
import tempfile
from pathlib import Path

from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.report.bars import paired_difference
from rampart.study.montecarlo.report.curves import DRAWN, lines_of
from rampart.study.montecarlo.report.curves import _chart as draw_chart
from rampart.study.montecarlo.report.style import STYLE
from rampart.study.montecarlo.study import run_plan

HERE = Path(__file__).resolve().parent
STUDIES = HERE.parent.parent / "examples" / "studies"
#: name: scenario, runs, seed, what is varied, measures of the table.
WORKED = {
    "salvo": ("embassy-rockets", 200, 1, {"threat.rocket.count": [1, 2, 4, 8, 16]}),
    "delay": ("embassy-rockets", 200, 1, {"engage.release_delay_s": [0.0, 4.0, 8.0, 12.0]}),
    "second-radar": (STUDIES / "second_radar.toml", None, None, {}),
    "localisation": (STUDIES / "localisation.toml", None, None, {}),
    "drone-mix": (STUDIES / "drone_mix.toml", None, None, {}),
}
TOLD = ("p_no_leaker", "leakers_mean", "rounds_mean", "warned_in_time", "lead_s_p50", "person_minutes_mean",
        "casualties_mean", "cost")  # fmt: skip


def main() -> int:
    """Run what is missing, draw, print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    for name, (scenario, runs, seed, vary) in WORKED.items():
        plan = make_plan(scenario, runs=int(sys.argv[2]) if len(sys.argv) > 2 else runs, seed=seed, vary=vary)
        result = run_plan(plan, workers=2, out=folder / name)
        print(f"\n{name}: seed {plan.seed}, results {result.results_sha256[:16]}\n")
        print("| design point | n | " + " | ".join(TOLD) + " |\n|" + "---|" * (len(TOLD) + 2))
        for point, rows, found in zip(result.points, result.run_rows, result.measured, strict=True):
            cells = [told(found[measure].as_dict()) for measure in TOLD]
            print(f"| {point.label} | {len(rows['run'])} | " + " | ".join(cells) + " |")
        for point, against in zip(result.points, result.comparisons, strict=True):
            if against is not None:
                print(f"{point.label}: leakers {told(against['leakers'])}, McNemar {against['mcnemar']}")
                print(f"{point.label}: person-minutes {told(against['person_minutes'])}")
        keys = [key for key, values in vary.items() if len(values) > 2]
        drawing = (
            draw_chart(result, keys[0], lines_of(result, keys[0]), "leakers_mean", DRAWN["leakers_mean"], False)
            if keys
            else paired_difference(result, "person_minutes" if name == "localisation" else "leakers")
        )
        style = STYLE.replace("@media(prefers-color-scheme:dark)", "@media not all")
        opening = '<svg xmlns="http://www.w3.org/2000/svg" '
        (HERE / f"study-{name}.svg").write_text(
            drawing.replace("<svg ", opening, 1).replace("</title>", f"</title><style>{style}</style>", 1) + "\n",
            encoding="utf-8",
        )
    return 0


def told(measure: dict) -> str:
    """Value and interval."""
    if measure["value"] is None:
        return "-"
    return f"{measure['value']:.3g} [{measure['low']:.3g}, {measure['high']:.3g}]"


if __name__ == "__main__":
    sys.exit(main())
