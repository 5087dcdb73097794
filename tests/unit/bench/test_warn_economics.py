"""Economics of warnings: ratios, intervals and the figure, on made-up tolls."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from rich.console import Console

from rampart.bench.warn import compound, economics, exchange, quiet
from rampart.bench.warn import run as run_warn
from rampart.bench.warn.economics import ALARMED, LATE, MINUTES, Tolls
from rampart.bench.warn.figure import draw, families_of
from rampart.bench.warn.region import COUNTS
from rampart.bench.warn.toll import MEASURES, THRESHOLDS
from rampart.cli.warn_table import warn_tables
from rampart.errors import InputError


def raids(n=60, late_fine=0.0):
    """Finer zones alarm fewer, cautious thresholds alarm more; the finest set misses `late_fine` people a raid."""
    rng, found = np.random.default_rng(4), []
    for _ in range(n):
        size, table = rng.uniform(0.5, 1.5), []
        for k, _count in enumerate(COUNTS):
            rows = []
            for j in range(len(THRESHOLDS)):
                alarmed = size * 1000.0 / 2**k * (1 + 0.1 * j)
                late = late_fine * max(11 - j, 0) if k == 3 else 0.0
                rows.append([alarmed, 0.5 * alarmed, 0.3 * alarmed, late, 0.0, 2.0, 1.0 + 0.1 * j])
            table.append(rows)
        found.append({"threats": 2, "endangered": 200.0, "table": table, "cpu_s": 0.5})
    assert len(found[0]["table"][0][0]) == len(MEASURES)
    return found


def test_ratio_of_paired_raids_is_sharper_than_either_mean():
    tolls = Tolls("rockets", raids())
    ratio = tolls.ratio(ALARMED, (0, 10), (3, 10))
    assert ratio == {"value": 8.0, "low": 8.0, "high": 8.0}
    mean = tolls.mean(ALARMED, 0, 10)
    assert mean["low"] < mean["value"] < mean["high"]
    assert mean["high"] - mean["low"] == pytest.approx(2 * 1.96 * 1000 * 2.0 * np.sqrt(1 / 12 / 60), rel=0.25)


def test_fall_is_taken_at_equal_misses():
    even = economics.figures("rockets", raids())["fall_25_to_1700"]
    assert even["threshold_1700"] == even["threshold_25"] == 0.003
    assert even["person_alarms"]["value"] == pytest.approx(8.0)
    uneven = economics.figures("rockets", raids(late_fine=2.0))["fall_25_to_1700"]
    assert uneven["missed_people_25"] == uneven["missed_people_1700"] == 0.0
    assert uneven["threshold_1700"] < uneven["threshold_25"]  # the finer map has to be more cautious
    assert uneven["person_alarms"]["value"] < 8.0


def test_figures_say_what_is_missed_of_whom():
    found = economics.figures("mortars", raids(n=10, late_fine=1.0))
    assert found["raids"] == 10
    fine = found["zones"]["1700"]["not_in_time"]
    assert fine["value"] == pytest.approx(1.0 / 200.0)
    assert found["casualties_without_over_with"]["shelter spares 0.8"] == pytest.approx(1 / (1 - 0.995 * 0.8), rel=1e-3)
    assert [row["threshold"] for row in found["curves"]["25"]] == list(THRESHOLDS)


def test_nobody_in_danger_is_no_division_by_zero():
    empty = [{**raid, "endangered": 0.0} for raid in raids(n=3)]
    assert np.isnan(economics.figures("rockets", empty)["zones"]["25"]["not_in_time"]["value"])


def test_median_area_leaves_out_raids_without_one():
    some = raids(n=9)
    for raid in some[:4]:
        for rows in raid["table"]:
            for row in rows:
                row[economics.OVER] = None
    assert economics.figures("rockets", some)["zones"]["250"]["warned_over_needed_area"]["n"] == 5


def test_cheapest_threshold_for_so_many_misses():
    tolls = Tolls("rockets", raids(n=5, late_fine=1.0))
    assert tolls.cheapest(0, 0.0) == 0
    assert tolls.cheapest(3, 0.0) == 11
    assert tolls.table[:, 3, :, LATE].sum() > 0
    assert tolls.table[:, 3, :, MINUTES].min() > 0


def test_figure_is_well_formed_and_has_a_dot_for_each_threshold(tmp_path):
    results = [{"name": f, "ours": economics.figures(f, raids(n=4))} for f in ("rockets", "mortars", "drones")]
    results.append({"name": "quiet", "ours": {"hours": 1}})
    draw(tmp_path / "e.svg", families_of(results))
    root = ET.fromstring((tmp_path / "e.svg").read_text())
    dots = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == 3 * len(COUNTS) * len(THRESHOLDS) + 1


def test_tables_for_people_name_every_goal_and_map():
    pair = {"observable": True, "told_s": 12.0, "in_force": True, "in_time": True}
    threat = {"arrival_s": 40.0, "first_s": 10.0, "third_s": 11.0, "pairs": [pair]}
    counts = {"issued": 1, "false": 0, "unneeded": 0, "missed": 0, "missed_all": 0, "duplicate": 0}
    small = [{"kind": "shell", "duration_s": 60.0, "threats": [threat], "warnings": counts, "flicker": 0,
              "messages": 2, "prepared_only": 0, "cpu_s": 0.1}] * 600  # fmt: skip
    policy = {
        "issued": 2,
        "unneeded": 1,
        "prepared_only": 1,
        "observable": 1,
        "late": 0,
        "flicker": 0,
        "delays_s": [1.5],
    }
    others = [{"seed": 0, "cpu_s": 0.1, "policies": dict.fromkeys(exchange.POLICIES, policy)}]
    results = [
        {"name": "compound", "ours": {"seeds": "0..599", **compound.figures(small)}},
        {"name": "policies", "ours": exchange.figures(others)},
        {"name": "rockets", "ours": economics.figures("rockets", raids(n=6))},
        {"name": "quiet", "ours": quiet.figures([{"seed": 1, "warnings": 0, "sheltered": 0, "cpu_s": 4.0}] * 144)},
    ]
    console = Console(width=160, record=True, file=io.StringIO())
    for table in warn_tables(results):
        console.print(table)
    text = console.export_text()
    assert "0 of 600" in text
    assert "at most 0.50 %" in text
    assert "at most 0.999 per 24 h" in text
    assert "rockets: person-alarms, 25 over 1,700 zones" in text
    assert "prepare_probability = 0.2" in text


def test_a_week_without_false_warning_costs_504_hours():
    found = quiet.figures([{"seed": 1, "warnings": 0, "sheltered": 0, "cpu_s": 3.6}] * 4)
    assert found["false_warnings"]["hours"] == 2.0
    assert found["cpu_h"] == pytest.approx(0.004)
    assert found["cpu_h_for_1_per_168_h"] == pytest.approx(1.008)


def test_a_folder_that_is_a_file_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="cannot be used as a folder"):
        run_warn(quick=True, out=tmp_path / "x")
