"""Real rockets and a real meteorite, as `rampart bench flights` predicts them; see README.md."""

import pytest

from rampart.bench import flights
from rampart.bench.flight_list import load_list

pytestmark = pytest.mark.compiled


def test_apogees_of_real_rockets_from_four_seconds_of_coast(shared_data):
    folder = shared_data("rockets").parent
    specs = load_list()[0].climb
    rows = [flights._climb(spec, folder)["ours"] for spec in specs]
    assert [row["status"] for row in rows] == ["predicted"] * 4
    summary = flights._summary(rows)
    assert summary["mean_absolute_error"] <= 0.02
    assert summary["inside_90"]["k"] >= 3
    assert all(row["until_s"] - row["coast_start_s"] == pytest.approx(4.0) for row in rows)
    # an interval that holds because it says nothing would be none
    assert summary["half_width"] < 0.06


def test_the_logs_own_apogees_are_without_spikes(shared_data):
    folder = shared_data("rockets").parent
    tops = {"bella_lui": 458.97, "ndrt_2020": 1320.36, "andromeda": 3438.55, "prometheus": 3892.0}
    for spec in load_list()[0].climb:
        assert flights.apogee_of(*spec.read(folder)) == pytest.approx(tops[spec.id], rel=0.001)


def test_the_murrili_meteorite(shared_data):
    folder = shared_data("meteor").parent
    [spec] = load_list()[0].fall
    row = flights._fall(spec, folder)
    assert row["miss_m"] == pytest.approx(248.0, abs=60.0)
    assert row["without_over_with"] > 5.0
    assert row["inside_90"]
    assert row["ellipse_90_major_m"] < 1000.0
