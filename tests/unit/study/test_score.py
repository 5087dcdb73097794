"""The referee's score, on a run made by hand: every word of the scoring rules once."""

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.pipeline import Outputs, Place, World
from rampart.records import (
    Detections,
    Engagements,
    Fate,
    Flight,
    Phase,
    Predictions,
    Site,
    Tracks,
    TrackStatus,
    Warnings,
    Zone,
)
from rampart.study.score import Scorer
from rampart.study.site_run import Look, SiteRun

S = 1_000_000_000
SQUARE = np.array([[-100.0, -100.0], [100.0, -100.0], [100.0, 100.0], [-100.0, 100.0]])
SITE = Site(
    "base",
    0.5,
    0.5,
    0.0,
    zones=(Zone("mid", SQUARE, shelter_time_s=10.0, defended=True), Zone("far", SQUARE + np.array([0.0, 5000.0]))),
)


def straight(name, y, *, threat=True, speed=50.0, end=0.0):
    """A flight along north = y from east 3,000 m, at 50 m/s, down at east = `end`."""
    duration = (3000.0 - end) / speed
    return Flight(
        name,
        name,
        "base",
        "fixed_wing",
        threat,
        False,
        np.array([0.0, duration]),
        np.array([[3000.0, y, 100.0], [end, y, 0.0]]),
        np.array([[-speed, 0.0, 0.0]] * 2),
        -10.0,
        fate=Fate.IMPACT,
    )


def track_rows(number, flight, times, offset=(0.0, 0.0, 0.0)):
    share = np.array(times)[:, None] / flight.end_s
    position = flight.position_enu[0] * (1 - share) + flight.position_enu[-1] * share + offset
    return [
        Tracks.build(
            number=[number],
            time_ns=[round(t * S)],
            updated_ns=[round(t * S)],
            state=[[*p, -50.0, 0.0, 0.0]],
            status=[TrackStatus.CONFIRMED],
            class_probability=np.eye(9)[[4]],
        )
        for t, p in zip(times, position, strict=True)
    ]


def message(number, phase, when, tracks, zone=0):
    return Warnings.build(
        number=[number], zone=[zone], phase=[phase], time_ns=[round(when * S)], tracks=[tuple(tracks)]
    )


def scorer(flights, tracks=(), warnings=(), seen=(), ended=None):
    """A finished run: `seen` are (time, flight) of detections that show a flight."""
    place = Place(SITE, Environment.standard(latitude_rad=0.5), (), (), ())
    run = SiteRun(place, World(tuple(flights), ()))
    records = sorted([*tracks, *warnings], key=lambda r: int(r.time_ns[0]))
    for record in records:
        out = [kind.empty() for kind in (Tracks, Predictions, Warnings, Engagements)]
        out[0 if isinstance(record, Tracks) else 2] = record
        run.outputs.append(Outputs(int(record.time_ns[0]), *out, {}, None))
    for when, flight in seen:
        rows = Detections.build(time_ns=[round(when * S)], received_ns=[round(when * S)])
        run.looks.append(Look(round(when * S), rows, np.array([0]), np.array([flight])))
    run.ended_s = np.full(len(flights), np.inf) if ended is None else np.array(ended, float)
    return Scorer(run, 250.0, 100.0)


def test_a_drone_needs_the_zones_whose_radius_it_enters():
    score = scorer([straight("d-1", 150.0), straight("d-2", 250.0)])
    (need,) = score.needs(0)
    assert need.zone == 0
    # 150 m north: within 100 m of the square where east < 100 + sqrt(100^2 - 50^2)
    assert need.arrival_s == pytest.approx((3000 - 100 - np.sqrt(7500)) / 50, abs=0.1)
    assert score.needs(1) == []


def test_three_detections_in_time_make_a_pair_observable():
    flight = straight("d-1", 0.0)
    arrival = (3000 - 200) / 50
    latest = arrival - 10.0 - 2.0
    assert scorer([flight], seen=[(t, 0) for t in (1, 2, latest - 0.2)]).threats()[0]["observable"]
    assert not scorer([flight], seen=[(t, 0) for t in (1, 2, latest + 0.2)]).threats()[0]["observable"]


def test_warned_missed_and_lead():
    flight = straight("d-1", 0.0)
    tracks, seen = track_rows(1, flight, range(5, 50)), [(t, 0) for t in range(5, 50)]
    told = scorer([flight], tracks, [message(1, Phase.PREPARE, 20, [1])], seen)
    (threat,) = told.threats()
    assert threat["warned_zones"] == ["mid"]
    assert threat["warning_lead_s"] == pytest.approx(56.0 - 20.0, abs=0.1)
    assert threat["outcome"] == "leaked"
    assert told.warning_counts() == {
        "issued": 1, "false": 0, "unneeded": 0, "missed": 0, "missed_all": 0, "duplicate": 0,
    }  # fmt: skip
    silent = scorer([flight], tracks, [], seen)
    assert silent.warning_counts()["missed"] == silent.warning_counts()["missed_all"] == 1
    unseen = scorer([flight], [], [], [])
    assert unseen.warning_counts()["missed"] == 0
    assert unseen.warning_counts()["missed_all"] == 1


def test_a_release_is_no_warning_and_late_is_missed():
    flight = straight("d-1", 0.0)
    tracks, seen = track_rows(1, flight, range(5, 59)), [(t, 0) for t in range(5, 59)]
    for warning in (message(1, Phase.RELEASE, 20, [1]), message(1, Phase.SHELTER, 57, [1])):
        assert scorer([flight], tracks, [warning], seen).warning_counts()["missed"] == 1


def test_false_unneeded_and_duplicate():
    threat, bird = straight("d-1", 0.0), straight("b-1", 2000.0, threat=False)
    tracks = [*track_rows(1, threat, range(5, 50)), *track_rows(2, bird, range(5, 50))]
    warnings = [
        message(1, Phase.SHELTER, 10, [2]),  # a bird: false
        message(2, Phase.SHELTER, 11, [7]),  # nothing at all: false
        message(3, Phase.SHELTER, 12, [1], zone=1),  # a real threat, a zone it does not need
        message(4, Phase.SHELTER, 13, [1]),  # needed
        message(5, Phase.SHELTER, 14, [1]),  # again the same track and zone
    ]
    counts = scorer([threat, bird], tracks, warnings).warning_counts()
    assert (counts["issued"], counts["false"], counts["unneeded"], counts["duplicate"]) == (5, 2, 1, 1)


def test_warning_soon_after_a_cancel_is_a_duplicate():
    threat = straight("d-1", 0.0)
    tracks = track_rows(1, threat, range(5, 50))
    for again, duplicates in ((35, 1), (45, 0)):
        warnings = [message(1, Phase.SHELTER, 9, [8]), message(1, Phase.CANCEL, 10, [8])]
        warnings.append(message(2, Phase.SHELTER, again, [1]))
        assert scorer([threat], tracks, warnings).warning_counts()["duplicate"] == duplicates


def test_a_track_belongs_to_the_flight_nearest_in_most_of_its_updates():
    a, b = straight("a", 0.0), straight("b", 600.0)
    near = track_rows(1, a, range(5, 30), offset=(0.0, 100.0, 0.0))
    far = track_rows(2, b, range(5, 30), offset=(0.0, 300.0, 0.0))
    swapped = [*track_rows(3, b, range(5, 20)), *track_rows(3, a, range(20, 40))]
    matches = scorer([a, b], [*near, *far, *swapped]).matches
    assert matches.flight_of == {1: 0, 2: -1, 3: 0}
    assert matches.confirmed == {1, 2, 3}
    assert scorer([a, b], [*near, *far, *swapped]).track_counts()["false"] == 1


def test_outcomes():
    inside, outside = straight("in", 0.0), straight("out", 0.0, end=500.0)
    assert [t["outcome"] for t in scorer([inside, outside]).threats()] == ["leaked", "outside"]
    assert [t["outcome"] for t in scorer([inside, outside], ended=[30.0, np.inf]).threats()] == ["destroyed", "outside"]
    late = scorer([inside])
    late.duration_s = 10.0
    assert late.threats()[0]["outcome"] == "flying"
