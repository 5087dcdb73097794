"""Budget: hops of a warning, and the seconds left at the ear."""

import pytest

from rampart.records import Deliveries, Outcome, Phase
from rampart.serve.delivery import budgets

MS = 1_000_000


def row(
    number, peer, ack_ms, *, sequence=0, zone="north", phase=Phase.SHELTER, outcome=Outcome.ACKNOWLEDGED, sent_ms=130
):
    return Deliveries.build(
        site=["base"],
        number=[number],
        sequence=[sequence],
        zone=[zone],
        phase=[int(phase)],
        peer=[peer],
        outcome=[int(outcome)],
        sensor_ns=[1],
        received_ns=[1 + 100 * MS],
        decided_ns=[1 + 120 * MS],
        sent_ns=[1 + sent_ms * MS if sent_ms else 0],
        acknowledged_ns=[1 + ack_ms * MS if ack_ms else 0],
        arrival_ns=[1 + 20_000 * MS],
    )


def test_the_first_peer_that_has_it_counts():
    (found,) = budgets(Deliveries.concat([row(1, "slow", 5_000), row(1, "fast", 140)]))
    assert found.left_s.n == 1
    assert found.left_s.p50 == pytest.approx(19.86)
    assert found.hops["receipt"].p50 == pytest.approx(0.1)
    assert found.hops["decision"].p50 == pytest.approx(0.02)
    assert found.hops["acknowledgement"].worst == pytest.approx(4.87)


def test_only_some_peers():
    rows = Deliveries.concat([row(1, "siren", 5_000), row(1, "map", 140)])
    assert budgets(rows, peers=["siren"])[0].left_s.p50 == pytest.approx(15.0)


def test_a_warning_that_nobody_has_is_counted_and_not_averaged():
    lost = row(2, "fast", 0, outcome=Outcome.EXPIRED, sent_ms=0)
    (found,) = budgets(Deliveries.concat([row(1, "fast", 140), lost]))
    assert (found.warnings, found.undelivered, found.left_s.n) == (2, 1, 1)


def test_a_later_message_counts_where_the_first_was_superseded():
    rows = [row(1, "a", 0, outcome=Outcome.SUPERSEDED, sent_ms=0), row(1, "a", 900, sequence=1)]
    assert budgets(Deliveries.concat(rows))[0].left_s.p50 == pytest.approx(19.1)


def test_the_end_of_a_warning_is_no_call():
    assert budgets(row(1, "a", 140, phase=Phase.RELEASE)) == []


def test_zones_apart_and_low_is_bad():
    rows = [row(i, "a", 140 + 100 * i, zone=f"z{i % 2}") for i in range(1, 41)]
    north, south = budgets(Deliveries.concat(rows))
    assert (north.zone, south.zone) == ("z0", "z1")
    assert north.left_s.worst < north.left_s.p95 < north.left_s.p50
