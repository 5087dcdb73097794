"""JsonDesk: zones in each tree of topics, pictures at their pace, words that say what they are."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rampart.records import AlertStatus, DetectionFlag, Phase, Predictions, Tracks, TrackStatus, ZoneState, ZoneStates
from rampart.serve.channels.json_desk import JsonDesk
from rampart.serve.channels.mqtt import topic_of
from rampart.serve.delivery import Setting, Urgency

from .raid import SECOND, START, outputs, warning

ACTUAL, EXERCISE = int(AlertStatus.ACTUAL), int(AlertStatus.EXERCISE)


def desk(site, live=True, **options):
    return JsonDesk(site, Setting(lambda: START, live=live, session="s"), lambda i: topic_of(site.id, i), **options)


def zone_row(state, status=EXERCISE, zone=0, now_ns=START, warning=0):
    return ZoneStates.build(
        zone=[zone],
        time_ns=[now_ns],
        since_ns=[now_ns],
        state=[int(state)],
        watched=[state != ZoneState.UNKNOWN],
        status=[status],
        warning=[warning],
    )


def step(*warnings, zones=(), tracks=None, now_ns=START):
    said = outputs(*warnings, now_ns=now_ns, tracks=tracks)
    return replace(said, zones=ZoneStates.concat(zones))


def states(messages):
    return [(m.topic, json.loads(m.body)["state"]) for m in messages if m.urgency == Urgency.STATE]


def test_a_warning_and_its_zone_once_each(site):
    messages = list(desk(site).encode(step(warning(1), zones=[zone_row(ZoneState.SHELTER, warning=1)])))
    assert [m.urgency for m in messages] == [Urgency.WARNING, Urgency.STATE]
    said = json.loads(messages[1].body)
    assert (said["state"], said["warning"], said["sequence"]) == ("shelter", "embassy/W1", 0)
    assert said["words"]["ckb"]["headline"]
    assert messages[0].expires_ns == START + 620 * SECOND


def test_after_an_exercise_the_zones_of_both_trees_are_quiet(site):
    made = desk(site)
    said = states(made.encode(step(zones=[zone_row(ZoneState.QUIET, ACTUAL)])))
    said += states(made.encode(step(warning(1, status=EXERCISE))))
    said += states(made.encode(step(warning(1, 1, phase=Phase.RELEASE, status=EXERCISE), now_ns=START + SECOND)))
    said += states(made.encode(step(zones=[zone_row(ZoneState.QUIET, ACTUAL, now_ns=START + 60 * SECOND)])))
    assert said == [
        ("rampart/v1/embassy/zone/north", "quiet"),
        ("rampart/v1/exercise/embassy/zone/north", "shelter"),
        ("rampart/v1/exercise/embassy/zone/north", "release"),
        ("rampart/v1/embassy/zone/north", "quiet"),
        ("rampart/v1/exercise/embassy/zone/north", "quiet"),
    ]


def test_a_warning_that_turns_out_to_be_an_exercise_leaves_nothing_standing_as_actual(site):
    made = desk(site)
    list(made.encode(step(warning(1, status=ACTUAL))))
    said = states(made.encode(step(warning(1, 1, status=EXERCISE))))
    assert said == [
        ("rampart/v1/exercise/embassy/zone/north", "shelter"),
        ("rampart/v1/embassy/zone/north", "unknown"),
    ]


def test_an_exercise_says_nothing_of_a_zone_that_is_warned_in_earnest(site):
    made = desk(site)
    list(made.encode(step(warning(1, zone=0, status=ACTUAL))))
    said = states(made.encode(step(warning(2, zone=1, status=EXERCISE))))
    assert said == [("rampart/v1/exercise/embassy/zone/south", "shelter")]


def test_zones_are_said_again_while_the_chain_is_alive_and_no_longer(site):
    made = desk(site)
    list(made.encode(step(zones=[zone_row(ZoneState.QUIET)])))
    made.stepped_ns = START
    assert not list(made.tick(START + 5 * SECOND))
    later = START + 250 * SECOND
    assert not list(made.tick(later))  # nobody has heard of the chain since
    made.stepped_ns = later - SECOND
    (again,) = made.tick(later)
    assert json.loads(again.body)["state"] == "quiet"
    assert again.expires_ns == later + 600 * SECOND
    assert made.standing(later) == "up"
    assert made.standing(later + 60 * SECOND) == "stalled"


def tracks(*numbers, now_ns=START, flags=0, status=TrackStatus.CONFIRMED):
    n = len(numbers)
    return Tracks.build(
        n,
        number=numbers,
        time_ns=[now_ns] * n,
        state=np.tile([100.0, 200.0, 300.0, 10.0, 0.0, -5.0], (n, 1)),
        covariance=np.tile(np.eye(6) * 4.0, (n, 1, 1)),
        class_probability=np.tile(np.eye(9)[0], (n, 1)),
        existence=[0.9] * n,
        status=[int(status)] * n,
        flags=[flags] * n,
    )


def test_a_track_is_told_of_once_per_second(site):
    made = desk(site, picture_s=1.0)
    told = []
    for i in range(30):
        now_ns = START + i * SECOND // 10
        told += list(made.encode(step(tracks=tracks(1, 2, now_ns=now_ns), now_ns=now_ns)))
    assert len(told) == 6
    said = json.loads(told[0].body)
    assert (said["id"], said["class"], said["sigma_enu_m"]) == ("embassy/T1", "rocket", [2.0, 2.0, 2.0])
    assert said["lat_deg"] == pytest.approx(33.3 + np.rad2deg(200 / 6.36e6), abs=2e-5)
    assert told[0].urgency == Urgency.PICTURE


def test_what_is_simulated_is_in_the_tree_of_exercises(site):
    made = desk(site)
    for flag, tree in (
        (0, "v1/embassy"),
        (DetectionFlag.SIMULATED, "exercise/embassy"),
        (DetectionFlag.TEST, "test/embassy"),
    ):
        (message,) = made.encode(step(tracks=tracks(10 + int(flag), flags=int(flag))))
        assert tree in message.topic


def test_a_prediction_goes_with_its_track(site):
    found = Predictions.build(
        1,
        track=[1],
        time_ns=[START],
        impact_enu=[[0.0, 150.0, 0.0]],
        impact_ns=[START + 20 * SECOND],
        impact_sigma_s=[0.4],
        ellipse_major_m=[float("nan")],
    )
    said = replace(step(tracks=tracks(1, flags=int(DetectionFlag.SIMULATED))), predictions=found)
    track, prediction = (json.loads(m.body) for m in desk(site).encode(said))
    assert prediction["track"] == track["id"]
    assert prediction["status"] == "exercise"
    assert prediction["ellipse_major_m"] is None  # not a number, so not known


def test_what_is_not_live_is_never_actual(site):
    messages = list(desk(site, live=False).encode(step(warning(1, status=ACTUAL), tracks=tracks(1))))
    assert {json.loads(m.body)["status"] for m in messages} == {"exercise"}
    assert all("/exercise/" in m.topic for m in messages)


def test_an_operators_warning_has_no_probability(site):
    said = warning(1).replace(probability=[float("nan")], time_to_impact_s=[float("nan")])
    message = next(iter(desk(site).encode(step(said))))
    body = json.loads(message.body)
    assert (body["probability"], body["seconds_to_impact"], body["arrival"]) == (None, None, None)
    assert message.expires_ns == START + 600 * SECOND
