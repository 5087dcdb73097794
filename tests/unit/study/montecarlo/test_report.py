import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from rampart.study.montecarlo.export import write_exports
from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.result import StudyResult
from rampart.study.montecarlo.sensitivity import sobol_indices, tornado
from rampart.study.montecarlo.table import build


def drawn(points, n=40):
    """Rows as chance might give them: more threats, more leakers."""
    rng = np.random.Generator(np.random.Philox(8))
    runs, threats = [], []
    for point in points:
        count = dict(point.vary).get("threat.rocket.count", 3)
        for run in range(n):
            leaked = int(rng.binomial(count, 0.3))
            row = dict.fromkeys(build("runs", ()), 0)
            runs.append(
                row
                | {
                    "design": point.index,
                    "run": run,
                    "threats": count,
                    "leaked": leaked,
                    "rounds": 100 * count,
                    "pairs": count,
                    "in_time": count,
                    "destroyed": count - leaked,
                }
            )
            threats += [
                {"design": point.index, "run": run, "part": 0, "threat": k, "outcome": int(k < leaked), "zone": k % 2,
                 "east_m": int(rng.normal(0, 60)), "north_m": int(rng.normal(150, 60)), "needed": 1, "lead_ds": 200 + k}
                for k in range(count)
            ]  # fmt: skip
    return {"runs": build("runs", runs), "threats": build("threats", threats)}


@pytest.fixture(scope="module")
def result():
    plan = make_plan(
        "embassy-rockets",
        runs=40,
        seed=2,
        vary={"threat.rocket.count": [1, 4, 8], "effector.gun-1.rounds": [800, 1500]},
        overrides=["effector.gun-1.cost=5.0"],
    )
    return StudyResult(plan, {p.index: 40 for p in plan.points}, drawn(plan.points))


def test_the_page_stands_alone_and_is_well_formed(result, tmp_path):
    answer = write_exports(result, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert not re.search(r'(src|href)="', page)
    assert "<script" not in page
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)
    for head in ("In short", "Against threat.rocket.count", "How many leak", "raid by raid", "What moves it most",
                 "Cost against leakers", "Where they get through", "All measures", "To repeat it"):  # fmt: skip
        assert f"<h2>{head}" in page or head in page
    assert "nan" not in re.sub(r"<[^>]+>", " ", page).split()
    assert answer["designs"][2]["repeat"] in page
    assert {path.name for path in tmp_path.iterdir()} == {
        "measures.csv",
        "measures.parquet",
        "report.html",
        "study.json",
    }


def test_the_command_of_the_study_gives_the_same_plan(result):
    command = result.plan.study_command()
    assert command == (
        "rampart study embassy-rockets --runs 40 --seed 2 --vary threat.rocket.count=1,4,8 "
        "--vary effector.gun-1.rounds=800,1500 --set effector.gun-1.cost=5.0"
    )


def test_cost_is_what_the_parts_and_the_rounds_cost(result):
    assert result.measured[0]["cost"].value == 5.0
    plan = make_plan("embassy-rockets", runs=40, overrides=["effector.gun-1.cost_per_round=0.01"])
    alone = StudyResult(plan, {0: 40}, drawn(plan.points))
    assert alone.measured[0]["cost"].value == pytest.approx(0.01 * alone.measured[0]["rounds_mean"].value)


def test_the_tornado_names_what_moves_most_first(result):
    rows = tornado(result.points, result.measured, "leakers_mean")
    assert [row["key"] for row in rows] == ["threat.rocket.count", "effector.gun-1.rounds"]
    assert rows[0]["swing"] > 1.0 > rows[1]["swing"]


def test_sobol_indices_of_a_function_whose_indices_are_known():
    """Y = a + 2 b + a c, uniform and centred."""
    from scipy.stats import qmc

    n, rng = 2048, np.random.Generator(np.random.Philox(1))
    unit = qmc.Sobol(6, seed=rng).random(n)
    a, b = unit[:, :3], unit[:, 3:]
    blocks = [a, b]
    for i in range(3):
        mixed = a.copy()
        mixed[:, i] = b[:, i]
        blocks.append(mixed)
    x = np.concatenate(blocks) - 0.5
    found = sobol_indices("abc", x[:, 0] + 2.0 * x[:, 1] + x[:, 0] * x[:, 2], n)
    total = 1 / 12 + 4 / 12 + 1 / 144
    exact = {"a": (1 / 12 / total, (1 / 12 + 1 / 144) / total), "b": (4 / 12 / total,) * 2, "c": (0.0, 1 / 144 / total)}
    for key, (first, whole) in exact.items():
        assert found[key]["first"]["value"] == pytest.approx(first, abs=0.02)
        assert found[key]["total"]["value"] == pytest.approx(whole, abs=0.02)


def test_rows_after_an_early_end_count_for_nothing(result):
    early = replace(result, ends=dict.fromkeys(range(6), 25))
    assert [len(rows["run"]) for rows in early.run_rows] == [25] * 6
    assert early.results_sha256 != result.results_sha256


def test_a_table_can_be_asked_by_sql(result):
    pytest.importorskip("duckdb", reason="duckdb is not installed")
    from rampart.errors import InputError
    from rampart.study.montecarlo.query import ask

    sql = 'select "threat.rocket.count" as c, avg(leaked) as l from runs group by c order by c'
    found = ask(result, sql)
    assert found["columns"] == ["c", "l"]
    assert [row[0] for row in found["rows"]] == [1, 4, 8]
    with pytest.raises(InputError, match="--query"):
        ask(result, "select nonsense from nowhere")
    with pytest.raises(InputError, match="--query"):
        ask(result, "copy runs to '/tmp/not-allowed.csv'")
