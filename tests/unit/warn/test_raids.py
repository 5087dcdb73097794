"""Raids: one alarm for a salvo. Approvals: two people for one warning."""

import pytest

from rampart.records import DecisionKind, DetectionFlag, Phase, Site, Warnings, decide
from rampart.warn import Approvals, Warner, group_raids

from .pictures import Clock, Rocket, site

SITE = Site("base", 0.5, 0.7, 30.0)


def test_a_salvo_is_one_raid_and_the_next_attack_another():
    clock = Clock(Warner(site()))
    salvo = [Rocket(track=t, impact=(0, n), sigma_m=30) for t, n in ((1, 1000), (2, -1000), (3, 1000))]
    clock.run(5.0, 29.5, *salvo)
    clock.run(30.0, 80.0)
    clock.run(95.0, 119.5, Rocket(track=4, impact_s=120.0, sigma_m=30))  # 54 s after the last release
    clock.run(120.0, 190.0)
    clock.run(250.0, 279.5, Rocket(track=5, impact_s=280.0, sigma_m=30))
    clock.run(280.0, 400.0)
    assert [int(r.raid) for r in clock.said if r.sequence == 0] == [1, 1, 1, 2]
    first, second = group_raids(clock.said)
    assert (first.zones, first.ended, first.tracks, first.phase) == ((), (0, 1), (1, 2, 3, 4), Phase.RELEASE)
    assert (second.number, second.tracks) == (2, (5,))


def test_a_raid_sums_up_what_is_in_force():
    rows = Warnings.build(
        4, number=[1, 2, 3, 1], zone=[0, 1, 2, 0], phase=[0, 1, 0, 2], raid=[1] * 4, time_ns=[1, 2, 3, 4],
        time_to_impact_s=[20.0, 12.0, 15.0, float("nan")], tracks=[(1,), (1, 2), (3,), (1,)], status=[1, 0, 1, 1],
    )  # fmt: skip
    [raid] = group_raids(rows)
    assert (raid.phase, raid.zones, raid.ended) == (Phase.SHELTER, (1, 2), (0,))
    assert (raid.opened_ns, raid.latest_ns, raid.first_impact_s, raid.status) == (1, 4, 12.0, 0)


def approve(gate, who, *, warning=1, time_ns=5, **more):
    gate.take(decide(SITE, 1, time_ns, DecisionKind.APPROVE, who, "seen on camera", warning=warning, **more))


@pytest.fixture
def gate():
    return Approvals(needed=2, valid_s=60.0)


def test_two_different_people_open_the_gate(gate):
    approve(gate, "A. Smith")
    approve(gate, "a.  smith")
    assert not gate.may_go(1, Phase.SHELTER, "siren", 6)
    approve(gate, "B. Jones")
    assert gate.may_go(1, Phase.SHELTER, "siren", 6)
    assert not gate.may_go(2, Phase.SHELTER, "siren", 6)


def test_an_approval_runs_out_and_counts_for_its_channel_only(gate):
    approve(gate, "A. Smith", channel="siren")
    approve(gate, "B. Jones", until_ns=20)
    assert gate.may_go(1, Phase.PREPARE, "siren", 19)
    assert not gate.may_go(1, Phase.PREPARE, "siren", 20)
    assert not gate.may_go(1, Phase.PREPARE, "cap", 19)
    assert not gate.may_go(1, Phase.PREPARE, "siren", 4)  # not before it was given
    gate.forget(60_000_000_006)
    assert gate.given(1, "siren", 6) == 0


def test_what_was_approved_in_an_exercise_lets_out_nothing_that_is_meant(gate):
    approve(gate, "A. Smith", flags=DetectionFlag.SIMULATED)
    approve(gate, "B. Jones", flags=DetectionFlag.TEST)
    assert gate.may_go(1, Phase.SHELTER, "siren", 6)
    assert not gate.may_go(1, Phase.SHELTER, "siren", 6, meant=True)


def test_the_end_of_a_warning_is_never_kept_back(gate):
    assert gate.may_go(1, Phase.CANCEL, "siren", 6)
    assert gate.may_go(1, Phase.RELEASE, "siren", 6, meant=True)


def test_other_decisions_are_no_approvals_and_a_restored_gate_knows_them_all(gate):
    gate.take(decide(site(), 1, 5, DecisionKind.WARN, "A. Smith", "seen", zones=["north"]))
    approve(gate, "B. Jones")
    other = Approvals(needed=2, valid_s=60.0)
    other.restore(gate.snapshot())
    assert gate.given(1, "siren", 6) == other.given(1, "siren", 6) == 1
