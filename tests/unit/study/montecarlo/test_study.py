import json
from collections import Counter

import numpy as np
import pyarrow.parquet as parquet
import pytest

import rampart
from rampart.errors import InputError
from rampart.study.montecarlo.chunk import Chunk, run_chunk
from rampart.study.montecarlo.drive import Schedule, ends_at
from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.store import Store, chunks_left, plan_of_folder
from rampart.study.montecarlo.study import run_plan
from rampart.study.montecarlo.table import concat, empty

pytestmark = pytest.mark.compiled  # whole raids, many of them

SCENARIO, SETTINGS = "embassy-rockets", ("duration_s=45.0",)
VARY = {"threat.rocket.count": [1, 2]}


def plan(runs=4, **more):
    return make_plan(SCENARIO, runs=runs, seed=5, vary=VARY, overrides=SETTINGS, **more)


@pytest.fixture(scope="module")
def whole():
    return run_plan(plan())


def test_a_run_of_a_study_is_the_run_of_that_number(whole):
    for point, count in enumerate([1, 2]):
        for run in range(2):
            alone = rampart.run(
                rampart.load(SCENARIO, overrides=[*SETTINGS, f"threat.rocket.count={count}"]), seed=5, run=run
            ).summary
            rows = whole.run_rows[point]
            outcomes = Counter(threat["outcome"] for threat in alone["threats"])
            assert rows["threats"][run] == count == len(alone["threats"])
            assert {name: rows[name][run] for name in ("destroyed", "leaked", "outside")} == {
                name: outcomes[name] for name in ("destroyed", "leaked", "outside")
            }
            assert rows["rounds"][run] == sum(e["rounds_used"] for e in alone["effectors"])
            assert rows["missed"][run] == alone["warnings"]["missed"]
            leads = [t["warning_lead_s"] for t in alone["threats"] if t["needed_zones"]]
            kept = whole.threat_rows[point]
            mine = kept["lead_ds"][(kept["run"] == run) & (kept["needed"] == 1)]
            assert mine == pytest.approx([10 * lead for lead in leads], abs=0.5)


def test_design_points_share_their_raids(whole):
    one, two = whole.threat_rows
    first = two["threat"] == 0
    np.testing.assert_array_equal(one["east_m"], two["east_m"][first])
    np.testing.assert_array_equal(one["north_m"], two["north_m"][first])


def test_chunks_may_be_cut_and_ordered_in_any_way(whole):
    mine = plan()
    parts = [run_chunk(mine, c) for c in (Chunk(1, 3, 4), Chunk(0, 0, 3), Chunk(1, 0, 3), Chunk(0, 3, 4))]
    store = Store(None)
    for part in parts:
        store.add(part)
    rows = {name: store.read(name) for name in ("runs", "threats")}
    for name in rows:
        for key, column in whole.rows[name].items():
            np.testing.assert_array_equal(rows[name][key], column)


def test_a_study_goes_on_where_it_was_stopped(whole, tmp_path):
    folder = tmp_path / "s"
    calls = []

    def stop(progress):
        calls.append(progress.fresh)
        if len(calls) > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(), out=folder, progress=stop)
    kept = Store(folder).done_runs()
    some = sum(len(runs) for runs in kept.values())
    (folder / "chunks" / "runs-1-0-4.parquet.part").write_bytes(b"half a file")
    again = run_plan(plan_of_folder(folder), out=folder)
    assert 0 < some <= 8
    assert again.counts["runs_done"] == 8 - some
    assert again.results_sha256 == whole.results_sha256
    more = run_plan(plan_of_folder(folder, runs=6), out=folder)
    assert more.counts["runs_done"] == 4
    assert [len(rows["run"]) for rows in more.run_rows] == [6, 6]
    assert not list(folder.rglob("*.part"))


def test_rows_left_twice_by_a_crash_count_once(whole, tmp_path):
    folder = tmp_path / "s"
    first = run_plan(plan(), out=folder)
    for name in ("runs", "threats"):
        (folder / f"{name}-0001.parquet").write_bytes((folder / f"{name}-0000.parquet").read_bytes())
    assert run_plan(plan(), out=folder).results_sha256 == first.results_sha256 == whole.results_sha256


def test_a_folder_with_another_study_is_refused(tmp_path):
    run_plan(plan(runs=1), out=tmp_path)
    with pytest.raises(InputError, match=r"holds another study \(seed 5"):
        run_plan(make_plan(SCENARIO, runs=1, seed=6, vary=VARY, overrides=SETTINGS), out=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"code": "0" * 16, "key": "x"}))
    with pytest.raises(InputError, match="with other code"):
        run_plan(plan(runs=1), out=tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="is no manifest"):
        plan_of_folder(tmp_path)


def test_a_full_disk_is_one_line_and_keeps_what_ended(tmp_path, monkeypatch):
    written = []

    def write(table, path, **how):
        if len(written) >= 2:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(table, path, **how)

    real = parquet.write_table
    monkeypatch.setattr(parquet, "write_table", write)
    with pytest.raises(InputError, match="No space left on device; what ended before is kept"):
        run_plan(plan(), out=tmp_path)
    monkeypatch.undo()
    assert sum(len(runs) for runs in Store(tmp_path).done_runs().values()) > 0
    assert not list(tmp_path.rglob("*.part"))


def test_workers_of_another_version_are_refused():
    from dataclasses import replace

    with pytest.raises(InputError, match="a worker runs other code"):
        run_chunk(replace(plan(), code="another"), Chunk(0, 0, 1))


def test_an_early_end_does_not_depend_on_the_order_of_chunks():
    good = np.full(1000, -1, dtype=np.int8)
    rng = np.random.Generator(np.random.Philox(2))
    truth = (rng.random(1000) < 0.9).astype(np.int8)
    expected = ends_at(truth, 0.04, 1000)
    assert 200 < expected < 1000
    good[300:] = truth[300:]
    assert ends_at(good, 0.04, 1000) == 1000  # nothing can be judged before the first runs are there
    good[:300] = truth[:300]
    assert ends_at(good, 0.04, 1000) == expected
    assert expected % 100 == 0


def test_points_that_know_enough_get_no_more_chunks():
    mine = plan(runs=1000, until=0.05)
    schedule = Schedule(mine, empty("runs"), 100)
    rows = empty("runs")
    rows = {key: np.zeros(300, column.dtype) for key, column in rows.items()} | {"run": np.arange(300, dtype="i4")}
    schedule._note(rows)
    assert schedule.end[0] == 200
    handed = [schedule.next_chunk() for _ in range(11)]
    assert [chunk.high for chunk in handed if chunk.point == 0] == [100, 200]


def test_chunks_left_are_those_with_a_run_missing():
    left = chunks_left(1, 3, np.array([0, 1, 2, 4]), 8)
    assert left == [Chunk(1, 3, 6), Chunk(1, 6, 8)]


def test_nothing_joined_is_nothing():
    assert len(concat("runs", [])["run"]) == 0


def test_tables_are_tidy_and_the_answer_has_its_keys(whole):
    runs, measures = whole.runs(), whole.measures()
    assert runs.column("threat.rocket.count").to_pylist() == [1] * 4 + [2] * 4
    assert {"design", "threat.rocket.count", "n", "measure", "value", "low", "high"} == set(measures.column_names)
    design = whole.answer()["designs"][1]
    assert {
        "p_no_leaker",
        "leakers_mean",
        "rounds_mean",
        "warned_in_time",
        "false_warnings_per_hour",
        "lead_s_p50",
        "cost",
    } <= set(design["measures"])
    assert all(set(m) == {"value", "low", "high"} for m in design["measures"].values())
    assert design["repeat"].endswith("--seed 5 --run 0 --set duration_s=45.0 --set threat.rocket.count=2")
