"""Merging, splitting, duplicates; events and evidence: nothing is lost, nothing is silent."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.ledger.incidents import (
    ClaimDraft,
    EventDraft,
    EvidenceDraft,
    IncidentDraft,
    Ledger,
    evidence_of,
    parse_count,
    parse_span,
)
from rampart.ledger.incidents.answers import ask, describe_incident, incident_words, list_rows
from rampart.ledger.incidents.dataset import read_example
from rampart.ledger.incidents.duplicates import find_duplicates
from rampart.ledger.incidents.findings import read_event
from rampart.ledger.incidents.links import keep_apart, merge, split


def told(count, kind="rocket"):
    return ClaimDraft("press", f"{count} came.", count=parse_count(count), type=kind)


ONE = IncidentDraft(
    site="Base", time=parse_span("2021-07-07T12:30+03:00"), lat_deg=33.79, lon_deg=42.44, radius_m=5000.0,
    claims=(told("14"), told("30")), events=(EventDraft("siren", parse_span("2021-07-07T12:31+03:00")),),
    evidence=(EvidenceDraft("photo", "a.jpg", "ab" * 32, 9),),
)  # fmt: skip


@pytest.fixture
def ledger(ledger_place):
    made = Ledger(ledger_place)
    other = replace(ONE, time=parse_span("2021-07-07T12:33+03:00"), claims=(told("14"),), events=(), evidence=())
    made.add([ONE, other, replace(other, site="Port", lat_deg=30.0, lon_deg=47.0)], now_ns=0)
    return made


def test_a_merge_moves_everything_and_counts_once(ledger):
    assert merge(ledger, 1, 2, "one salvo", now_ns=5) == {"claim": [1, 2], "event": [1], "evidence": [1]}
    whole = describe_incident(ledger, 2)
    assert [claim["id"] for claim in whole["claims"]] == [1, 2, 3]
    assert (len(whole["events"]), len(whole["evidence"])) == (1, 1)
    gone = describe_incident(ledger, 1)
    assert (gone["claims"], gone["status"]) == ([], "closed")
    assert gone["statuses"][-1]["reason"] == "merged into incident 2: one salvo"
    assert any("incident 1 was merged into 2: one salvo" in line for line in incident_words(gone))
    recorded = ask(ledger)["recorded"]
    assert (recorded["total"], recorded["incidents"]) == (2, [2, 3])
    assert recorded["weapons"]["rocket"]["claims"] == [1, 2, 3, 4]
    assert [row["id"] for row in list_rows(ledger)] == [2, 3]
    assert ledger.verify()["ok"]
    for act in (
        lambda: merge(ledger, 1, 3, "x", now_ns=6), lambda: merge(ledger, 3, 1, "x", now_ns=6),
        lambda: ledger.add_claim(1, told("2"), now_ns=6), lambda: ledger.set_status(1, "open", "x", now_ns=6),
        lambda: ledger.add_findings(1, [EventDraft("siren")], now_ns=6),
    ):  # fmt: skip
        with pytest.raises(InputError, match="incident 1 was merged into incident 2"):
            act()
    with pytest.raises(InputError, match="into itself"):
        merge(ledger, 2, 2, "x", now_ns=6)


def test_a_split_takes_what_it_is_told(ledger):
    made = split(ledger, 1, {"title": "The second salvo"}, {"claim": [2], "event": [1]}, "an hour later", now_ns=5)
    assert made == 4
    new, old = describe_incident(ledger, 4), describe_incident(ledger, 1)
    assert ([c["id"] for c in new["claims"]], [c["id"] for c in old["claims"]]) == ([2], [1])
    assert (new["time"], new["site"], new["lat_deg"]) == (old["time"], "Base", 33.79)
    assert (len(new["events"]), len(old["events"]), len(old["evidence"])) == (1, 0, 1)
    assert new["statuses"][0]["reason"] == "split from incident 1: an hour later"
    assert ledger.verify()["ok"]
    with pytest.raises(InputError, match="claim 2 is not of incident 1"):
        split(ledger, 1, {}, {"claim": [2]}, "x", now_ns=6)
    with pytest.raises(InputError, match="nothing to split off"):
        split(ledger, 1, {}, {"claim": []}, "x", now_ns=6)
    assert split(ledger, 1, {"time": None, "key": "late"}, {"claim": [1]}, "x", now_ns=6) == 5
    assert describe_incident(ledger, 5)["time"] is None
    with pytest.raises(InputError, match="'late' is in the ledger already"):
        split(ledger, 1, {"key": "late"}, {"evidence": [1]}, "x", now_ns=6)


def test_duplicates_are_proposed_with_reasons_until_somebody_decides(ledger):
    before = ledger.verify()
    [pair] = find_duplicates(ledger)
    assert pair == {
        "incidents": [1, 2], "score": pytest.approx(0.97, abs=0.02), "gap_h": 0.05, "distance_km": 0.0,
        "same_site": True, "types": ["rocket", "rocket"],
    }  # fmt: skip
    assert ledger.verify() == before
    keep_apart(ledger, 2, 1, "two groups", now_ns=5)
    assert find_duplicates(ledger) == []
    assert ledger.verify()["ok"]


def test_what_was_split_is_not_proposed_again(ledger):
    split(ledger, 1, {}, {"claim": [2]}, "two salvos", now_ns=5)
    assert [1, 4] not in [pair["incidents"] for pair in find_duplicates(ledger)]


@pytest.mark.parametrize(
    ("change", "proposed"),
    [
        ({"time": parse_span("2021-07-07T13:30+03:00")}, True),
        ({"time": parse_span("2021-07-08T12:30+03:00")}, False),
        ({"time": parse_span("2021-07-07+03:00")}, True),
        ({"time": parse_span("2021-07+03:00")}, False),
        ({"time": None}, False),
        ({"lat_deg": 33.90}, True),
        ({"lat_deg": 35.0}, False),
        ({"lat_deg": None, "lon_deg": None}, True),
        ({"lat_deg": None, "lon_deg": None, "site": "Port"}, False),
        ({"claims": (told("3", "drone"),)}, True),
        ({"claims": ()}, True),
    ],
)
def test_what_looks_alike(tmp_path, change, proposed):
    ledger = Ledger(str(tmp_path / "l.sqlite"))
    ledger.add([ONE, replace(ONE, **change)], now_ns=0)
    assert bool(find_duplicates(ledger)) == proposed


def test_a_simulation_is_listed_and_counts_for_nothing(ledger_place):
    recording = EvidenceDraft("recording", "r.mcap", "ef" * 32, 9, "simulation: bdsc-rocket, seed 5")
    ledger = Ledger(ledger_place)
    ledger.add([ONE, replace(ONE, evidence=(recording,)), replace(ONE, claims=(told("2", "drone"),))], now_ns=0)
    assert [(row["id"], row["simulated"]) for row in list_rows(ledger)] == [(1, False), (2, True), (3, False)]
    assert ask(ledger)["recorded"]["incidents"] == [1, 3]
    [pair] = find_duplicates(ledger)
    assert (pair["incidents"], pair["types"]) == ([1, 3], ["rocket", "drone"])


def test_the_incidents_of_2021_are_all_different(tmp_path):
    ledger = Ledger(str(tmp_path / "l.sqlite"))
    ledger.add(*read_example("iraq-2021"), now_ns=0)
    assert find_duplicates(ledger) == []


places = st.tuples(st.floats(33.0, 33.5), st.floats(44.0, 44.5)) | st.just((None, None))
drafts = st.builds(
    lambda hour, place, kind: IncidentDraft(
        "Base", time=None if hour is None else parse_span(f"2021-07-07T{hour:02d}:00Z"),
        lat_deg=place[0], lon_deg=place[1], claims=() if kind is None else (told("1", kind),),
    ),
    st.none() | st.integers(0, 23), places, st.sampled_from([None, "rocket", "drone"]),
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(drafts, min_size=2, max_size=6), st.randoms())
def test_proposals_do_not_depend_on_the_order_of_entry(tmp_path_factory, made, random):
    folder = tmp_path_factory.mktemp("ledgers")
    keyed = [replace(draft, key=f"k{n}") for n, draft in enumerate(made)]
    scores = []
    for name in ("one", "two"):
        ledger = Ledger(str(folder / name))
        ledger.add(keyed, now_ns=0)
        key = {row["id"]: row["key"] for row in ledger.incidents()}
        pairs = find_duplicates(ledger, 0.01)
        scores.append({frozenset(key[n] for n in pair["incidents"]): pair["score"] for pair in pairs})
        random.shuffle(keyed)
    assert scores[0] == scores[1]


def test_evidence_is_a_hash_of_what_the_file_held(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture" * 300_000)
    draft = evidence_of(path, "photo", "from the roof")
    assert draft == EvidenceDraft(
        "photo", "a.jpg", hashlib.sha256(path.read_bytes()).hexdigest(), 2_100_000, "from the roof"
    )
    with pytest.raises(InputError, match="'picture' is not known; expected one of recording"):
        evidence_of(path, "picture")
    with pytest.raises(InputError, match="cannot be read"):
        evidence_of(tmp_path / "none", "photo")


def test_a_file_is_evidence_once(ledger):
    photo = EvidenceDraft("photo", "a.jpg", "ab" * 32, 9)
    other = replace(photo, sha256="cd" * 32)
    for drafts, expected in (([photo], r"a\.jpg is evidence 1 of incident 1 already"), ([other, other], "given twice")):
        with pytest.raises(InputError, match=expected):
            ledger.add_findings(1, (), drafts, now_ns=1)
    assert ledger.add_findings(1, (), [other], now_ns=1)["evidence"] == [2]
    assert ledger.add_findings(2, (), [photo], now_ns=1)["evidence"] == [3]


def test_an_event_is_read_as_people_write_it():
    wrong = []
    assert read_event({"kind": "impact", "time": "2021-07-07", "lat_deg": "95", "lon_deg": "3", "probability": "2"},
                      lambda key, message: wrong.append((key, message))) is None  # fmt: skip
    assert [key for key, _ in wrong] == ["time", "lat_deg", "probability"]
    read = read_event({"kind": "impact", "semi_major_m": 120, "semi_minor_m": 40, "probability": 0.9}, lambda *_: None)
    assert (read.semi_major_m, read.probability) == (120.0, 0.9)
