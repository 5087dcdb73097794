"""The display: what a page gets, when, and what becomes of one that does not listen."""

import asyncio
import time

import numpy as np
import pytest

from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger
from rampart.records import Health, HealthState
from rampart.serve.delivery import PeerHealth, PeerState
from rampart.serve.web.alarm_store import AlarmStore
from rampart.serve.web.client import ALARM_BYTES, PICTURE_BYTES, Client
from rampart.serve.web.display import Display
from rampart.serve.web.frame import decode
from rampart.serve.web.gate import Person
from rampart.serve.web.history import History
from rampart.serve.web.incidents import LedgerIncidents
from rampart.serve.web.roles import Role

SOCKET = "ws://127.0.0.1:8080/ws"
PERSON = Person("viewer", Role.VIEWER)


def frames_until(socket, wanted, most=60):
    seen = []
    for _ in range(most):
        seen.append(decode(socket.receive_bytes()))
        if wanted(seen[-1].head):
            return seen
    raise AssertionError(f"not seen: {[f.head['kind'] for f in seen]}")


def wait(condition, seconds=20.0):
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def until(steps, wanted):
    for i, outputs in enumerate(steps):
        if wanted(outputs):
            return i
    raise AssertionError


def test_a_raid_reaches_the_page_as_one_alarm_and_ends(client, behind, steps, as_role):
    with client.websocket_connect(SOCKET, headers=as_role(Role.OPERATOR)) as socket:
        first = decode(socket.receive_bytes()).head
        assert first["kind"] == "snapshot"
        assert first["mode"] == "exercise"
        for outputs in steps[: until(steps, lambda o: len(o.warnings)) + 1]:
            behind.tell(outputs)
        seen = frames_until(socket, lambda h: h["kind"] == "alarms" and h["alarms"])
        alarm = seen[-1].head["alarms"][0]
        assert alarm["state"] == "unacknowledged"
        assert "north" in alarm["zones"]
        answer = client.post(f"/api/v1/alarms/{alarm['id']}/acknowledge", headers=as_role(Role.OPERATOR))
        assert answer.json()["state"] == "acknowledged"
        frames_until(socket, lambda h: h["kind"] == "alarms" and h["alarms"][0]["state"] == "acknowledged")
        for outputs in steps:
            if outputs.now_ns > behind.now_ns:
                behind.tell(outputs)
    alarms = client.get("/api/v1/alarms", headers=as_role(Role.VIEWER)).json()
    raid = [t for t in alarms["log"] if t["alarm"] == "embassy/raid-1"]
    assert [t["what"] for t in raid][:2] == ["raised", "acknowledged"]
    assert {t["priority"] for t in raid} >= {"critical"}
    assert len({t["alarm"] for t in raid}) == 1


def test_the_api_tells_what_the_chain_says(client, behind, steps, as_role):
    for outputs in steps[:70]:
        behind.tell(outputs)
    headers, last = as_role(Role.VIEWER), steps[69]
    tracks = client.get("/api/v1/tracks", headers=headers).json()["tracks"]
    assert len(tracks) == int(last.tracks.shown.sum()) > 0
    row = last.tracks[int(np.flatnonzero(last.tracks.shown)[0])]
    assert tracks[0]["id"] == f"embassy/T{row.number}"
    assert tracks[0]["position_enu_m"] == pytest.approx(row.state[:3].tolist(), abs=0.06)
    predictions = client.get("/api/v1/predictions?site=embassy", headers=headers).json()["predictions"]
    assert {p["kind"] for p in predictions} == {"impact"}
    warnings = client.get("/api/v1/warnings", headers=headers).json()
    assert warnings["warnings"][0]["phase"] == "shelter"
    assert {z["zone"]: z["state"] for z in warnings["zones"]}["north"] == "shelter"
    assert client.get("/api/v1/tracks?site=nowhere", headers=headers).status_code == 422
    assert client.get("/api/v1/incidents", headers=headers).json() == {"schema": 1, "incidents": []}


def test_after_a_restart_the_page_begins_with_what_holds(behind, steps, tmp_path):
    i = next(i for i, outputs in enumerate(steps) if len(outputs.warnings))
    store = AlarmStore(tmp_path / "alarms.json", "abc")
    first = Display(behind, alarm_store=store)
    behind.tell(steps[i])
    first._send_pictures()
    alarm = first.board.entries()[0]
    first.acknowledge(alarm["id"], "A. Smith")
    behind.held = steps[i]
    second = Display(behind, alarm_store=AlarmStore(store.path, "abc"))
    assert second.pictures["embassy"].warnings.keys() == first.pictures["embassy"].warnings.keys()
    assert [(a["id"], a["state"], a["by"]) for a in second.board.entries()] == [
        (alarm["id"], "acknowledged", "A. Smith")
    ]


def test_a_ledger_that_is_gone_is_an_alarm_and_stops_nothing(display, behind, steps, tmp_path):
    place = tmp_path / "ledger.sqlite"
    Ledger(str(place)).add([IncidentDraft(site="embassy", claims=(ClaimDraft("press", "Two rockets."),))], now_ns=0)
    said = []
    end = LedgerIncidents(str(place)).watch(lambda fault: (said.append(fault), display.part("ledger", fault)))
    try:
        wait(lambda: said == [""])
        place.unlink()
        wait(lambda: len(said) == 2)
        behind.tell(steps[20])
        display._send_pictures()
        assert [(a["id"], a["title"], a["priority"]) for a in display.board.entries() if "ledger" in a["id"]] == [
            ("embassy/ledger", "LEDGER DEGRADED", "low")
        ]
    finally:
        end()


def test_health_says_ok_only_while_all_is_well(client, behind, steps):
    assert client.get("/healthz").json()["status"] == "degraded"  # no step yet
    behind.tell(steps[0])
    assert client.get("/healthz").json() == {"status": "ok", "mode": "exercise", "sensors": {"r1": "ok"}}
    behind.dead = [PeerHealth("mqtt-1", "mqtt", PeerState.DOWN, 1, "refused")]
    assert client.get("/healthz").json()["status"] == "degraded"
    behind.dead = []
    behind.now_ns += 5_000_000_000
    assert client.get("/healthz").json()["status"] == "degraded"  # the chain makes no step


def test_parts_that_fail_are_alarms_and_end(display, behind, steps):
    behind.tell(steps[0])
    behind.dead = [PeerHealth("mqtt-1", "mqtt", PeerState.DOWN, 1, "refused")]
    behind.rows = Health.build(
        1, time_ns=[1], part=["recording"], state=[int(HealthState.DOWN)], since_ns=[1], reason=["disk full"]
    )
    display._check_parts()
    display._send_pictures()
    found = {e["id"]: e for e in display.board.entries()}
    assert found["channel/mqtt-1"]["priority"] == "high"
    assert found["embassy/recording"]["text"] == "disk full"
    behind.dead = [PeerHealth("mqtt-1", "mqtt", PeerState.UP, 2)]
    behind.rows = behind.rows.replace(state=np.array([int(HealthState.OK)], np.int8))
    display._check_parts()
    display._send_pictures()
    assert {e["id"]: e["state"] for e in display.board.entries()} == {
        "channel/mqtt-1": "returned",
        "embassy/recording": "returned",
    }


def test_decisions_are_taken_and_nonsense_is_refused_in_a_line(client, behind, as_role):
    headers = as_role(Role.OPERATOR)
    good = {"site": "embassy", "what": "hold", "reason": "second salvo", "zones": ["north"], "minutes": 2.0}
    assert client.post("/api/v1/decisions", json=good, headers=headers).json()["who"] == "operator"
    site, decided = behind.decided[0]
    assert site == "embassy"
    assert int(decided[0].until_ns) == behind.now_ns + 120_000_000_000
    for change in (
        {"site": "x"}, {"zones": ["x"]}, {"zones": []}, {"reason": " "}, {"what": "fire"}, {"who": "me"},
        {"minutes": -1}, {"minutes": "2"},
    ):  # fmt: skip
        answer = client.post("/api/v1/decisions", json={**good, **change}, headers=headers)
        assert answer.status_code == 422, change
        assert "\n" not in answer.json()["error"]
    assert len(behind.decided) == 1


def test_the_mode_of_what_has_none_to_change_stays(client, as_role):
    answer = client.post("/api/v1/mode", json={"mode": "actual", "reason": "x"}, headers=as_role(Role.ADMIN))
    assert answer.status_code == 422


def test_metrics_are_read_by_prometheus(client, behind, steps, as_role):
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")
    behind.tell(steps[0])
    text = client.get("/metrics", headers=as_role(Role.VIEWER)).text
    families = {f.name: f for f in parser.text_string_to_metric_families(text)}
    assert families["rampart_steps"].type == "counter"
    assert families["rampart_part_up"].samples[0].value == 1.0
    assert "rampart_display_clients" in families


def test_the_reference_names_every_route_and_loads_nothing_from_elsewhere(client):
    document, page = client.get("/openapi.json").json(), client.get("/docs").text
    for path in document["paths"]:
        assert path in page
    assert "//" not in page.replace("<!doctype", "")
    assert "<script" not in page


def test_looking_back_gives_the_frames_that_were_sent(display, behind, steps):
    for outputs in steps[20:70]:
        behind.tell(outputs)
        display._send_pictures()
    history = display.history["embassy"]
    first_ms, last_ms = history.span()
    assert last_ms > first_ms > 0
    assert "raised" in {e["what"] for e in history.events()}
    rest, frames = history.between(last_ms, last_ms), []
    while rest:
        length = int.from_bytes(rest[:4], "little")
        frames.append(decode(rest[4 : 4 + length]))
        rest = rest[4 + length :]
    assert frames[0].head["kind"] == "snapshot"
    assert frames[1].head["kind"] == "alarms"
    assert frames[1].head["alarms"][0]["id"] == "embassy/raid-1"
    held = set(frames[0].tables["tracks"]["id"].tolist())
    for frame in (f for f in frames[1:] if f.head["kind"] == "delta"):
        held = (held - set(frame.removed.get("tracks", ()))) | set(frame.tables["tracks"]["id"].tolist())
    assert held == set(display.pictures["embassy"].tables["tracks"]["id"].tolist()) != set()


def test_history_is_bounded():
    history = History(kept_s=60.0, most_bytes=1000)
    for i in range(100):
        history.add(1e3 * i, b"x" * 100, key=i % 10 == 0)
    assert history.bytes <= 1000
    assert history.between(0.0, 1e9)[4:104] == b"x" * 100
    assert History().between(0.0, 1.0) == b""
    assert History().span() == (0.0, 0.0)


def test_history_goes_round_and_gives_what_was_put(tmp_path):
    history, dice, put = History(kept_s=1e6, most_bytes=5000), np.random.default_rng(4), []
    for i in range(400):
        octets = dice.bytes(int(dice.integers(1, 900)))
        put.append(octets)
        history.add(1e3 * i, octets, key=True)
        assert history.bytes <= 5000
        kept = history.between(*history.span())
        sizes, at = [], 0
        while at < len(kept):
            length = int.from_bytes(kept[at : at + 4], "little")
            sizes.append(kept[at + 4 : at + 4 + length])
            at += 4 + length
        assert sizes == put[-len(sizes) :]
        assert len(sizes) >= min(i + 1, 3)
    history.add(1e6, b"x" * 6000)
    assert history.lost == 1


def taken(client, snapshot=lambda: [b"S"]):
    return asyncio.run(asyncio.wait_for(client.take(snapshot), 1.0))


def test_who_comes_gets_a_snapshot_first_and_pictures_after_it():
    client = Client(PERSON, time.monotonic)
    client.picture(b"1")
    assert taken(client) == [b"S"]
    client.picture(b"2")
    client.picture(b"3")
    assert taken(client) == [b"2", b"3"]


def test_a_slow_page_gets_a_snapshot_for_all_it_missed_and_no_alarm_less():
    client = Client(PERSON, time.monotonic)
    taken(client)
    for i in range(100):
        client.picture(b"p" * (PICTURE_BYTES // 10))
        client.alarm(b"a%d" % i)
        assert client.waiting_bytes <= PICTURE_BYTES + ALARM_BYTES
    said = taken(client)
    assert said[:100] == [b"a%d" % i for i in range(100)]
    assert said[100:] == [b"S"]


def test_a_page_that_takes_no_alarms_is_cut_off():
    client = Client(PERSON, time.monotonic)
    for _ in range(20):
        client.alarm(b"a" * (ALARM_BYTES // 10))
    assert client.cut
    assert client.waiting_bytes <= ALARM_BYTES
    assert taken(client) == []


def test_a_page_may_ask_for_fewer_pictures_and_gets_every_alarm():
    now = [0.0]
    client = Client(PERSON, lambda: now[0])
    client.rate_hz = 2.0
    assert taken(client) == [b"S"]
    client.picture(b"1")
    client.alarm(b"a")
    assert taken(client) == [b"a"]
    now[0] = 0.6
    assert taken(client) == [b"S"]
