import numpy as np
import pytest

from rampart.errors import InputError
from rampart.pipeline import StudySpec, load
from rampart.study.montecarlo.design import design_points
from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.vary import parse_vary, to_toml


def test_commas_in_brackets_and_quotes_belong_to_the_value():
    assert parse_vary(['a.b=[1, 2],"x,y"', "c=true"]) == {"a.b": ([1, 2], "x,y"), "c": (True,)}


@pytest.mark.parametrize("text", ["a", "a=", "=1", "a=1,1"])
def test_what_is_no_variation_is_refused(text):
    with pytest.raises(InputError, match="--vary"):
        parse_vary([text])


def test_every_combination_is_a_point_and_its_overrides_give_it_again():
    points = design_points(StudySpec(), {"threat.rocket.count": (1, 2), "warn.miss_cost": (0.1, 1000.0)}, 0)
    assert [point.index for point in points] == [0, 1, 2, 3]
    scenario = load("embassy-rockets", overrides=points[2].set)
    assert scenario.parts["threat"][0].count == 2
    assert scenario.stages["warn"].miss_cost == 0.1


def test_values_survive_toml():
    for value in (0.1, 1e-9, 3, True, 'a "quoted" word', [1.5, [2, "x"]]):
        assert parse_vary([f"k={to_toml(value)}"])["k"][0] == value


def test_tornado_moves_one_key_at_a_time():
    study = StudySpec(design="tornado", range={"warn.miss_cost": [10.0, 20.0], "threat.rocket.count": [1, 4]})
    assert [dict(p.vary) for p in design_points(study, {}, 0)] == [
        {},
        {"warn.miss_cost": 10.0},
        {"warn.miss_cost": 20.0},
        {"threat.rocket.count": 1},
        {"threat.rocket.count": 4},
    ]


@pytest.mark.parametrize("design", ["sobol", "latin_hypercube"])
def test_space_filling_designs_stay_inside_and_fill(design):
    study = StudySpec(design=design, points=64, range={"a": [1.0, 3.0], "b": [1, 4]})
    rows = [dict(p.vary) for p in design_points(study, {}, 3)]
    a, b = np.array([r["a"] for r in rows]), np.array([r["b"] for r in rows])
    assert len(rows) == 64
    assert a.min() >= 1.0
    assert a.max() <= 3.0
    # one point in each of 64 strips: both designs promise that for each key
    assert len(np.unique(np.floor((a - 1.0) / 2.0 * 64))) == 64
    assert {int(v) for v in b} == {1, 2, 3, 4}
    assert rows == [dict(p.vary) for p in design_points(study, {}, 3)]


def test_saltelli_blocks_exchange_one_column_each():
    study = StudySpec(design="saltelli", points=8, range={"a": [0.0, 1.0], "b": [0.0, 1.0]})
    values = np.array([[dict(p.vary)[k] for k in "ab"] for p in design_points(study, {}, 0)]).reshape(4, 8, 2)
    a, b, ab, ba = values
    np.testing.assert_array_equal(ab[:, 0], b[:, 0])
    np.testing.assert_array_equal(ab[:, 1], a[:, 1])
    np.testing.assert_array_equal(ba[:, 0], a[:, 0])
    np.testing.assert_array_equal(ba[:, 1], b[:, 1])


def test_a_part_can_be_left_out():
    points = make_plan("embassy-rockets", runs=1, vary={"effector.gun-1": [True, False]}).points
    assert [p.label for p in points] == ["with gun-1", "without gun-1"]
    assert [len(load("embassy-rockets", overrides=p.set).parts["effector"]) for p in points] == [1, 0]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"threat.rocket.cuont": [1]}, r"--vary threat.rocket.cuont=1: .*unknown key 'cuont'; did you mean 'count'"),
        ({"threat.rokcet.count": [1]}, r"--vary threat.rokcet.count=1: no such threat; expected one of rocket"),
        ({"threat.rocket.count": ["x"]}, r"--vary threat.rocket.count=\"x\": .*count = 'x'"),
        ({"threat.rocket": [False]}, r"leaves no \[\[threat\]\]"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(vary, said):
    with pytest.raises(InputError, match=said):
        make_plan("embassy-rockets", runs=1, vary=vary)


def test_no_runs_and_no_threats_are_refused():
    with pytest.raises(InputError, match="0 runs, expected at least 1"):
        make_plan("embassy-rockets", runs=0)
    bare = load("embassy-rockets", overrides=["threat.rocket=false"])
    with pytest.raises(InputError, match=r"has no \[\[threat\]\]"):
        make_plan(bare, runs=1)


@pytest.mark.parametrize(
    "row",
    [
        {"design": "sobol"},
        {"range": {"a": [1, 2]}},
        {"design": "sobol", "points": 7, "range": {"a": [1, 2]}},
        {"design": "tornado", "range": {"a": [2, 1]}},
    ],
)
def test_a_study_block_that_cannot_be_run_is_refused(row):
    with pytest.raises(ValueError, match="expected"):
        StudySpec.model_validate(row)
