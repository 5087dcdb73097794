"""Which edition a source sends."""

import pytest

from rampart.errors import InputError
from rampart.wire.asterix import Datagram, Decoder, Editions, category, encode_block

BELOW_SEA = {"010": {"SAC": 1, "SIC": 2}, "140": {"TOD": 1.0}, "090": {"FL": -1.0}}


def level(editions, port=None):
    block = encode_block(category(48), [BELOW_SEA])
    (batch,) = Decoder(editions).decode([Datagram(block, 0, port)]).batches
    return float(batch.columns["090/FL"][0])


def test_by_category_port_and_source():
    assert level(Editions()) == -1.0
    assert level(Editions.parse(["048=1.21"])) == 4095.0
    assert level(Editions.parse(["048@8600=1.21"]), port=8600) == 4095.0
    assert level(Editions.parse(["048@8600=1.21"]), port=8601) == -1.0
    assert level(Editions.parse(["048@1/2=1.21"])) == 4095.0
    assert level(Editions.parse(["048@1/3=1.21"])) == -1.0
    assert level(Editions.parse(["048@8600=1.32", "048@1/2=1.21"]), port=8600) == 4095.0


@pytest.mark.parametrize("text", ["048", "048=", "x=1.2", "048@a=1.21", "048@1/2/3=1.21", "=1.21", ""])
def test_unreadable(text):
    with pytest.raises(InputError, match="expected CATEGORY=EDITION"):
        Editions.parse([text])


@pytest.mark.parametrize("text", ["048=2.0", "021=2.1"])
def test_unknown(text):
    with pytest.raises(InputError, match="expected one of"):
        Editions.parse([text])
