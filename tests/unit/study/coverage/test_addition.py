from itertools import combinations

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.pipeline import parse_scenario, read_candidates
from rampart.study.coverage import plan_coverage
from rampart.study.coverage.addition import Addition

from .test_plan import RADAR, SITE

pytestmark = pytest.mark.compiled

LIST = """
schema = 1
[[candidate]]
id = "rf"
kind = "direction_finder"
positions_enu_m = [[2500.0, 0.0, 10.0], [-2500.0, 0.0, 10.0], [0.0, 2500.0, 10.0], [0.0, -2500.0, 10.0]]
max_range_m = 4000.0
cost = 2.0
[[candidate]]
id = "far"
kind = "radar3d"
position_enu_m = [500.0, 500.0, 20.0]
minimum_radial_speed_ms = 2.0
reference_range_m = 15000.0
cost = 7.0
[[candidate]]
id = "eye"
kind = "camera"
position_enu_m = [0.0, 0.0, 8.0]
"""


@pytest.fixture
def addition(tmp_path):
    (tmp_path / "list.toml").write_text(LIST)
    scenario = parse_scenario(SITE + RADAR.replace("= 3.0", "= 25.0"), "here.toml")
    cover = plan_coverage(scenario, "multirotor", 60.0, cell_m=200.0, extent_km=16.0)
    return Addition(cover, read_candidates(tmp_path / "list.toml", ["r1"], ["s"]))


def test_no_cheaper_set_does_as_well(addition):
    """Every subset of the six, one by one."""
    n = len(addition.sights)
    costs = [c.cost for c in addition.candidates]
    every = [s for k in range(n + 1) for s in combinations(range(n), k)]
    worst = {s: float(addition.seconds(s).min()) for s in every}
    options = addition.options()
    assert len(options) >= 3
    for option in options:
        assert option.proven
        assert option.cost == min(sum(costs[j] for j in s) for s in every if worst[s] >= option.worst_s - 1e-9)
        assert option.greedy_cost >= option.cost >= option.bound - 1e-9
    assert options[-1].worst_s == pytest.approx(max(worst.values()), abs=addition.gain_s)
    assert (np.diff([o.cost for o in options]) > 0).all()
    assert (np.diff([o.worst_s for o in options]) > 0).all()


def test_an_addition_never_takes_seconds_away(addition):
    alone = addition.seconds([])
    for j in range(len(addition.sights)):
        assert (addition.seconds([j]) >= alone).all()


def test_the_answer_names_the_cheapest_first(addition):
    said = addition.plain()
    assert said["cheapest"] == said["options"][0]
    assert said["cheapest"]["seconds_before_arrival_min"] > said["seconds_before_arrival_min"]
    assert [c["id"] for c in said["candidates"]] == ["rf-1", "rf-2", "rf-3", "rf-4", "far", "eye"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema = 1\n", "list.toml: no \\[\\[candidate\\]\\]"),
        ("schema = 1\ncandidate = []\n", "no \\[\\[candidate\\]\\]"),
        ("schema = 2\n", "schema = 2, expected 1"),
        (LIST.replace("cost = 7.0", "cost = 0.0"), "list.toml:15: candidate number 2: cost = 0.0"),
        (LIST.replace('"far"', '"r1"'), "list.toml:10: candidate 'r1': there is a sensor of that id"),
        (LIST.replace('kind = "camera"', 'kind = "unicorn"'), "list.toml:18: sensor 'eye': sensor has no kind"),
        (LIST.replace("max_range_m", "max_rnge_m"), "list.toml:7: .*unknown key 'max_rnge_m'"),
        (LIST + "sector_width_deg = 0.0\n", "list.toml:20: .*sector_width_deg = 0.0"),
        (LIST + 'site = "t"\n', "site = 't', expected one of s"),
        (
            LIST.replace("positions_enu_m = [[2500.0, 0.0, 10.0], ", "positions_enu_m = []\n#"),
            "positions_enu_m is empty",
        ),
    ],
)
def test_a_bad_list_names_file_and_line(tmp_path, text, words):
    (tmp_path / "list.toml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_candidates(tmp_path / "list.toml", ["r1"], ["s"])
