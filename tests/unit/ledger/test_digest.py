from rampart.ledger import OutputDigest
from rampart.records import Engagements, Predictions, Tracks, Warnings


def digest(*steps):
    d = OutputDigest()
    for step in steps:
        d.update(*step)
    return d.hexdigest()


def step(numbers):
    return Tracks.build(number=numbers), Predictions.empty(), Warnings.empty(), Engagements.empty()


def test_order_and_content_count():
    assert digest(step([1, 2])) == digest(step([1, 2]))
    assert (
        len({digest(step([1, 2])), digest(step([2, 1])), digest(step([1]), step([2])), digest(step([2]), step([1]))})
        == 4
    )


def test_steps_in_which_nothing_is_said_do_not_count():
    assert digest(step([1]), step([]), step([2])) == digest(step([1]), step([2]))
