"""The board: what holds, and what has only just ended, before and after a restart."""

import numpy as np

from rampart.records import Phase, Site, Zone
from rampart.serve.service import Board

from .raid import SECOND, START, outputs, warning

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])


def board():
    return Board(
        [Site("embassy", 0.5, 0.5, 0.0, zones=(Zone("north", SQUARE, 1, 10.0), Zone("south", SQUARE, 1, 10.0)))]
    )


def said(board, **how):
    rows = board.said("embassy", **how).warnings
    return [(int(row.number), int(row.sequence), Phase(int(row.phase)).label) for row in rows]


def restarted(before):
    after = board()
    after.restore(before.snapshot())
    return after


def test_an_end_that_may_not_have_left_is_said_again_and_opens_nothing():
    one = board()
    one.take("embassy", outputs(warning()))
    one.take(
        "embassy", outputs(warning(sequence=1, phase=Phase.RELEASE, time_ns=START + SECOND), now_ns=START + SECOND)
    )
    after = restarted(one)
    for each in (one, after):
        assert said(each) == [(1, 0, "shelter"), (1, 1, "release")]
        assert said(each, ended=False) == []
        assert len(each.view("embassy").warnings) == each.open_warnings("embassy") == 0
    after.take("embassy", outputs(now_ns=START + 12 * SECOND))
    assert said(after) == []


def test_a_warning_that_opens_again_is_open_with_all_its_messages():
    one = board()
    for sequence, phase in enumerate((Phase.SHELTER, Phase.RELEASE, Phase.PREPARE)):
        at_ns = START + sequence * SECOND
        one.take("embassy", outputs(warning(sequence=sequence, phase=phase, time_ns=at_ns), now_ns=at_ns))
    for each in (one, restarted(one)):
        assert [row.sequence for row in each.view("embassy").warnings] == [2]
        assert said(each, ended=False) == [(1, 0, "shelter"), (1, 1, "release"), (1, 2, "prepare")]
