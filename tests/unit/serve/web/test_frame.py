"""Frames: columns as they were, times exact, and a snapshot with the deltas after it."""

import contextlib
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.errors import DecodeError
from rampart.records import PredictionKind, Predictions
from rampart.serve.web.frame import TABLES, Frame, decode, encode
from rampart.serve.web.picture import DRIFT_M, SitePicture


def table(name, n, seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    out = {}
    for column, (dtype, _, _) in TABLES[name].items():
        out[column] = rng.integers(0, 100, n).astype("<" + dtype)
    out["id"] = np.arange(n, dtype="<u4")
    return out


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_frame_comes_back(tracks, predictions, seed):
    tables = {"tracks": table("tracks", tracks, seed), "predictions": table("predictions", predictions, seed)}
    octets = encode(Frame({"kind": "delta", "seq": 3}, tables, {"tracks": [7, 9]}))
    back = decode(octets)
    assert back.head == {"kind": "delta", "seq": 3}
    assert back.removed["tracks"] == [7, 9]
    for name, columns in tables.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(back.tables[name][column], values)


def test_columns_lie_where_a_browser_can_view_them():
    octets = encode(Frame({"kind": "delta"}, {"tracks": table("tracks", 3, 1)}))
    assert (8 + int.from_bytes(octets[4:8], "little")) <= len(octets)
    assert len(octets) % 8 == 0


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_other_octets_are_refused(octets):
    with pytest.raises(DecodeError):
        decode(b"RMP\x01" + octets) if not octets.startswith(b"\0\0\0\0") else decode(b"x" + octets)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_a_damaged_frame_is_refused_or_read(seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    octets = bytearray(encode(Frame({"kind": "delta"}, {"tracks": table("tracks", 3, 1)})))
    octets[int(rng.integers(len(octets)))] ^= int(rng.integers(1, 256))
    with contextlib.suppress(DecodeError):
        decode(bytes(octets))


def applied(held, frame):
    """What a page makes of a frame."""
    for name, rows in frame.tables.items():
        have = {} if frame.head["kind"] == "snapshot" else held[name]
        for number in frame.removed.get(name, ()):
            have.pop(number)
        for i, number in enumerate(rows["id"].tolist()):
            have[number] = tuple(rows[column][i].item() for column in rows)
        held[name] = have


def test_a_snapshot_and_the_deltas_after_it_give_the_next_snapshot(steps, behind):
    picture = SitePicture(behind.places[0].site)
    held, joined = {}, False
    for i, outputs in enumerate(steps):
        picture.take(outputs)
        delta = picture.delta({})
        if joined and delta is not None:
            applied(held, decode(encode(delta)))
        if i == 40:
            applied(held, decode(encode(picture.snapshot({}))))
            joined = True
    fresh = {}
    applied(fresh, decode(encode(picture.snapshot({}))))
    assert {name: repr(sorted(rows.items())) for name, rows in held.items()} == {
        name: repr(sorted(rows.items())) for name, rows in fresh.items()
    }


def test_a_track_that_may_fall_or_fly_on_has_the_likelier_of_its_two_predictions(steps, behind):
    picture, seen = SitePicture(behind.places[0].site), 0
    for i, outputs in enumerate(steps):
        p, twice = outputs.predictions, outputs.predictions
        if len(p):
            reach = p.replace(
                kind=np.full(len(p), PredictionKind.REACH, np.int8), weight=p.weight + (0.1 if i % 2 else -0.1)
            )
            twice = Predictions.concat([p, reach])
        picture.take(dataclasses.replace(outputs, predictions=twice))
        delta = picture.delta({})
        if delta is not None and len(sent := delta.tables["predictions"]["id"]):
            assert len(set(sent.tolist())) == len(sent)
            kinds = set(delta.tables["predictions"]["kind"].tolist())
            assert kinds == {int(PredictionKind.REACH if i % 2 else PredictionKind.IMPACT)}
            seen += 1
    assert seen > 20


def test_a_row_flown_straight_on_stays_near_the_track(steps, behind):
    """What a display shows between two rows is off by little more than what is promised."""
    picture, shown, sent = SitePicture(behind.places[0].site), 0, 0
    for outputs in steps:
        picture.take(outputs)
        delta = picture.delta({})
        sent += 0 if delta is None else len(delta.tables["tracks"]["id"])
        rows = picture.tables["tracks"]
        for i, number in enumerate(rows["id"].tolist()):
            j = int(np.flatnonzero(outputs.tracks.number == number)[0])
            dt = outputs.tracks.time_ns[j] * 1e-9 - rows["t"][i] * 1e-3
            place = [rows[c][i] + dt * rows[v][i] for c, v in (("e", "ve"), ("n", "vn"), ("u", "vu"))]
            assert np.linalg.norm(place - outputs.tracks.state[j, :3]) <= DRIFT_M + 0.05
            shown += 1
    assert 50 < sent < shown


def test_the_page_knows_the_same_columns():
    from pathlib import Path

    from rampart.serve.web.frame import typescript

    page = Path(__file__).parents[4] / "web" / "src" / "schema.ts"
    if not page.is_file():
        pytest.skip("no web/src/schema.ts beside the tests")
    assert page.read_text(encoding="utf-8") == typescript()
