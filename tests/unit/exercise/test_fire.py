"""Simulated shots: only what was released is engaged, and the debrief says what that came to."""

import functools
import json

import pytest

from rampart.errors import InputError
from rampart.exercise.debrief import Log, debrief, with_findings
from rampart.exercise.debrief_page import debrief_page
from rampart.exercise.optimum import measure, play
from rampart.ledger.files import plain
from rampart.pipeline import build_places, load

SEED = 7


@functools.cache
def yardstick():
    return measure(load("embassy-rockets"), seed=SEED)


def flown(answer):
    return play(load("embassy-rockets"), answer, seed=SEED, run=0)["embassy"]


def report_of(desk, log=None):
    scenario = load("embassy-rockets")
    sites = {place.site.id: place.site for place in build_places(scenario)}
    return with_findings(debrief(scenario.name, SEED, sites, {"embassy": desk}, log or Log(), yardstick()))


def test_nothing_is_engaged_that_nobody_released():
    desk = flown(lambda *_: None)
    assert desk.proposals
    assert not desk.referee.shots
    assert {p.state for p in desk.proposals.values()} == {"gone"}
    assert desk.stocks()[0]["rounds"] == desk.place.effectors[0][1].rounds


def test_what_is_withheld_is_never_engaged_and_what_is_released_is():
    chosen = []

    def answer(desk, now_ns):
        for p in desk.proposals.values():
            if p.state == "waiting":
                chosen.append(p.track) if not chosen else None
                desk.act(p.track, "release" if p.track == chosen[0] else "withhold", "A", now_ns)

    desk = flown(answer)
    assert {shot.track for shot in desk.referee.shots} == {chosen[0]}
    assert sum(shot.rounds for shot in desk.referee.shots) == desk.place.effectors[0][1].rounds - desk.rounds[0]


def test_a_trainee_may_think_again_until_the_shot_is_under_way():
    refused = []

    def answer(desk, now_ns):
        for p in desk.proposals.values():
            if p.state == "waiting":
                desk.act(p.track, "withhold", "A", now_ns)
                desk.act(p.track, "release", "A", now_ns)
            elif p.state in ("fired", "hit"):
                with pytest.raises(InputError, match="too late"):
                    desk.act(p.track, "withhold", "A", now_ns)
                refused.append(p.track)
        with pytest.raises(InputError, match="not proposed"):
            desk.act(999, "release", "A", now_ns)

    assert flown(answer).referee.shots
    assert refused


def test_the_optimum_releases_what_endangers_and_nothing_else():
    stick = yardstick()
    desk = stick.optimum["embassy"]
    flights = desk.world.flights
    assert stick.wanted == {t["id"] for t in stick.undisturbed["threats"] if "north" in t["needed_zones"]}
    for proposal in desk.proposals.values():
        released = any(what == "release" for _, _, what in proposal.acts)
        assert released == (flights[proposal.flight].id in stick.wanted)


def test_the_same_raid_gives_the_same_debrief():
    def release(desk, now_ns):
        for p in desk.proposals.values():
            if p.state == "waiting":
                desk.act(p.track, "release", "A", now_ns)

    first, second = report_of(flown(release)), report_of(flown(release))
    assert json.dumps(plain(first)) == json.dumps(plain(second))


def test_the_debrief_names_what_was_left_undone():
    lazy = report_of(flown(lambda *_: None))
    assert lazy["shots"]["trainee"] == {
        "shots": 0, "rounds": 0, "rounds_at_what_endangered_nothing": 0, "leakers": len(yardstick().wanted),
    }  # fmt: skip
    assert any("not released" in line for line in lazy["findings"])
    ideal = report_of(yardstick().optimum["embassy"])
    assert ideal["shots"]["trainee"] == ideal["shots"]["optimum"]
    assert not any("not released" in line for line in ideal["findings"])


def test_alarms_are_counted_from_their_sound_to_their_answer():
    start_ms = build_places(load("embassy-rockets"))[0].site.start_ns * 1e-6
    steps = [
        (10.0, "a", "raised"), (12.0, "a", "upgraded"), (15.5, "a", "acknowledged"), (20.0, "a", "upgraded"),
        (30.0, "b", "raised"),
    ]  # fmt: skip
    log = Log(
        transitions=[
            {"time_ms": start_ms + 1e3 * at, "alarm": key, "what": what, "priority": "high", "text": "x", "by": "A"}
            for at, key, what in steps
        ]
    )
    alarms = report_of(flown(lambda *_: None), log)["alarms"]
    assert [(a["alarm"], a["at_s"], a["acknowledged_after_s"]) for a in alarms] == [
        ("a", 10.0, 5.5), ("a", 20.0, None), ("b", 30.0, None),
    ]  # fmt: skip


def test_the_page_is_whole_and_safe():
    log = Log(announcements=[{"at_s": 1.0, "who": "A", "text": "<script>alert(1)</script>"}])
    page = debrief_page(report_of(flown(lambda *_: None), log))
    assert "EXERCISE" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
