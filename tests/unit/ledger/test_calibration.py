"""Calibration: predictions that are honest look honest, and those that are not do not."""

from dataclasses import asdict

import numpy as np
import pytest

from rampart.ledger.incidents import IncidentDraft, Ledger, Span
from rampart.ledger.incidents.findings import EventDraft, EvidenceDraft
from rampart.ledger.inquest.calibration import calibration, pairs_of, wilson
from rampart.ledger.inquest.calibration_page import render_calibration
from rampart.ledger.inquest.draft import FIRST, LAST
from rampart.ledger.inquest.ellipse import Ellipse, rank

NOW = 1_622_916_000_000_000_000
METRE_DEG = 1.0 / 110_900.0  # of latitude, near 33 degrees north


def predicted(track, note=f"{LAST}, 2.0 s before: rocket-1", ellipse=None, lat=33.0):
    e = ellipse or Ellipse(200.0, 80.0, 30.0)
    return EventDraft("impact", Span(NOW, NOW, 0), None, lat, 44.0, e.semi_major_m, note, track, *asdict(e).values())


def found(track, north_m=0.0, east_m=0.0, radius_m=None):
    lon = 44.0 + east_m * METRE_DEG / np.cos(np.radians(33.0))
    return EventDraft(
        "impact", Span(NOW, NOW, 0), None, 33.0 + north_m * METRE_DEG, float(lon), radius_m, "crater", track
    )


def rows(*drafts):
    return [{**draft.row(), "id": i} for i, draft in enumerate(drafts, start=1)]


def test_an_ellipse_and_its_covariance_are_the_same():
    e = Ellipse(300.0, 100.0, 140.0, 0.5)
    again = Ellipse.of(e.covariance, 0.5)
    assert (again.semi_major_m, again.semi_minor_m) == pytest.approx((300.0, 100.0))
    assert again.azimuth_deg == pytest.approx(140.0)


def test_a_find_on_the_edge_of_the_ellipse_has_its_content_as_rank():
    ellipse = Ellipse(200.0, 80.0, 0.0, 0.9)
    (pair,) = pairs_of(1, rows(predicted("s/T1", ellipse=ellipse), found("s/T1", north_m=200.0)))
    assert pair.rank == pytest.approx(0.9, abs=0.003)
    assert pair.miss_m == pytest.approx(200.0, rel=0.01)
    assert (pair.known, pair.before_s) == ("last", 2.0)


def test_a_coarse_find_widens_the_ellipse():
    fine, coarse = (
        pairs_of(1, rows(predicted("s/T1"), found("s/T1", east_m=300.0, radius_m=r)))[0].rank for r in (None, 400.0)
    )
    assert coarse < fine


def test_a_find_without_a_track_counts_only_where_it_can_be_of_one():
    alone = rows(predicted("s/T1"), predicted("s/T1", f"{FIRST}, 20.0 s before: rocket-1"), found(None))
    assert [p.known for p in pairs_of(1, alone)] == ["last", "first_warning"]
    assert pairs_of(1, rows(predicted("s/T1"), predicted("s/T2"), found(None))) == []
    assert pairs_of(1, rows(predicted("s/T1"), found(None), found(None, 50.0))) == []
    assert pairs_of(1, rows(predicted("s/T1"), found("s/T2"))) == []


def test_wilson():
    assert wilson(0, 0) == (None, None)
    low, high = wilson(0, 20)
    assert low == 0.0
    assert high == pytest.approx(0.1611, abs=1e-4)  # Wilson 1927, by hand: z2 / (n + z2)


@pytest.fixture
def ledger(tmp_path):
    """Sixty honest impacts, forty of a simulation whose ellipses are three times too small."""
    dice = np.random.default_rng(7)
    ellipse = Ellipse(200.0, 80.0, 30.0)
    book = Ledger(str(tmp_path / "l.sqlite"))
    drafts = []
    for i in range(100):
        east, north = dice.multivariate_normal((0.0, 0.0), ellipse.covariance * (1.0 if i < 60 else 9.0))
        kind = "received data: x" if i < 60 else "simulation: y"
        evidence = EvidenceDraft("recording", "r.mcap", f"{i:064x}", 1, kind)
        events = (predicted("s/T1", ellipse=ellipse), found("s/T1", north, east))
        drafts.append(IncidentDraft("s", events=events, evidence=(evidence,)))
    book.add(drafts, now_ns=0)
    return book


def test_honest_predictions_look_honest_and_simulated_ones_stay_apart(ledger):
    answer = calibration(ledger)
    real, made_up = (answer[name]["known"]["last"] for name in ("real", "simulated"))
    assert (real["n"], made_up["n"]) == (60, 40)
    for c in real["coverage"]:
        assert c["low"] <= c["claimed"] <= c["high"]
    assert real["uniform_p"] > 0.05
    ninety = next(c for c in made_up["coverage"] if c["claimed"] == 0.9)
    assert ninety["high"] < 0.6
    assert made_up["uniform_p"] < 1e-6
    assert sum(real["rank_histogram"]) == 60
    page = render_calibration(answer)
    assert "Real impacts: 60" in page
    assert "Simulated impacts: 40" in page


def test_ranks_of_the_very_distribution_are_even():
    dice = np.random.default_rng(3)
    covariance = Ellipse(900.0, 40.0, 77.0).covariance
    ranks = [rank(p, covariance) for p in dice.multivariate_normal((0.0, 0.0), covariance, 2000)]
    assert np.abs(np.histogram(ranks, 10, (0, 1))[0] - 200).max() < 60
