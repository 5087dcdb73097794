"""The server's side: commands are said until they are acknowledged, and silence is an alarm."""

import pytest

from rampart.records import AlertStatus, Phase
from rampart.serve.siren.desk import Desk, DeskSettings, Publish
from rampart.serve.siren.effects import Now
from rampart.serve.siren.roster import Listed
from rampart.wire.siren import Report, SigningKey, What, device_topic, seal

from .rig import KEY, SECOND, START_S, Rig, sound

pytest.importorskip("cryptography")
MINE = SigningKey("embassy", (AlertStatus.TEST,), bytes(range(3, 35)))


def test_an_acknowledged_command_settles_at_once():
    rig = Rig()
    rig.connect()
    rig.order(sound(rig.server_s))
    assert [s.acknowledged for s in rig.settled] == [{"roof-1": "sounds"}]
    rig.pass_s(5.0)
    assert len([p for p in rig.published if p.topic.endswith("exercise") and p.data]) == 1


def test_silence_is_an_alarm_within_two_seconds():
    rig = Rig()
    rig.order(sound(rig.server_s))  # it never connected
    took = 0.0
    while not rig.settled:
        rig.pass_s(0.1)
        took += 0.1
    assert took <= 1.7
    assert len([p for p in rig.published if p.data]) == 3  # said three times
    assert rig.settled[0].missing == ("roof-1",)
    assert "did not acknowledge shelter of embassy/W1" in rig.trouble()
    rig.connect()
    rig.order(sound(rig.server_s, revision=1))
    assert not rig.trouble()


def test_a_later_command_takes_the_place_of_the_one_waited_for():
    rig = Rig()
    rig.order(sound(rig.server_s))
    rig.pass_s(0.2)
    rig.order(sound(rig.server_s, Phase.RELEASE, revision=1))
    rig.pass_s(2.0)
    assert rig.settled[0].superseded
    assert rig.settled[0].missing == ()
    assert rig.settled[1].missing == ("roof-1",)
    said = [p.data for p in rig.published if p.data]
    assert sum(b'"release"' in data for data in said) == 3
    assert sum(b'"shelter"' in data for data in said) == 1


def test_what_was_kept_is_cleared_when_it_has_expired():
    rig = Rig()
    rig.connect()
    rig.order(sound(rig.server_s, lives_s=5.0))
    assert rig.published[-1].retain
    assert rig.published[-1].expires_s == 5.0
    rig.pass_s(6.0)
    assert [p.topic for p in rig.published if p.retain and not p.data] == [
        "rampart/v1/embassy/siren/zone/north/exercise"
    ]


def test_sequences_grow_over_a_clock_that_is_set_back():
    rig = Rig()
    first = rig.desk.stamp(rig.server, 1.0)["sequence"]
    rig.server_off_s = -3600.0
    assert rig.desk.stamp(rig.server, 1.0)["sequence"] == first + 1


def test_a_server_that_woke_up_in_the_past_goes_on_behind_what_its_sirens_have_heard():
    rig = Rig()
    rig.connect()
    rig.order(sound(rig.server_s))
    rig.server_off_s = -7200.0  # it starts anew, and its clock is two hours behind
    rig.desk = Desk("embassy", KEY, [Listed("roof-1", "north")], DeskSettings(self_test_s=None), rig.server)
    rig.order(sound(rig.server_s, warning="embassy/W2", opened_ms=2))
    assert len(rig.rings) == 2
    assert rig.settled[-1].acknowledged == {"roof-1": "sounds"}


def test_a_refusal_is_told_by_its_reason():
    rig = Rig(trusted=(SigningKey("embassy", (AlertStatus.TEST,), KEY.seed).trusted,))
    rig.connect()
    rig.order(sound(rig.server_s))
    assert rig.settled[0].acknowledged == {"roof-1": "refused: not_allowed"}
    assert "refused as not_allowed" in rig.trouble()


def test_reports_must_be_signed_where_the_list_has_a_key():
    rig = Rig(listed=[Listed("roof-1", "north", MINE.trusted)])  # the siren does not sign
    rig.connect()
    rig.order(sound(rig.server_s))
    assert set(rig.desk.bad_reports) == {"unsigned"}
    rig.pass_s(2.0)
    assert rig.settled[0].missing == ("roof-1",)
    rig = Rig(key=MINE)
    rig.connect()
    rig.order(sound(rig.server_s))
    assert rig.settled[0].acknowledged == {"roof-1": "sounds"}
    forged = Report("embassy", "north", "roof-2", 1, What.OFFLINE)
    rig.desk.hear(rig.server, device_topic("embassy", "north", "roof-1", "presence"), seal(forged.payload(), MINE))
    assert rig.desk.bad_reports == {"wrong_device": 1}


def test_a_kept_heartbeat_shows_no_life():
    rig = Rig()
    rig.connect()
    rig.pass_s(12.0)
    kept = seal(Report("embassy", "north", "roof-1", 9, What.HEARTBEAT, _last_heartbeat(rig)).payload(), None)
    rig.device.connected = False
    for _ in range(60):
        rig.s += 1.0
        rig.desk.hear(rig.server, device_topic("embassy", "north", "roof-1", "report"), kept)
    assert "no heartbeat for" in rig.trouble()


def _last_heartbeat(rig):
    last = [r for r in rig.reports if r["what"] == "heartbeat"][-1]
    return {k: v for k, v in last.items() if k not in ("kind", "site", "zone", "device", "number", "what")}


def test_battery_mains_faults_and_the_last_will_are_told():
    rig = Rig()
    rig.connect()
    rig.device.power = type(rig.device.power)(12.0, False)
    rig.take(rig.device.set_fault("horn", "coil open"))
    rig.pass_s(11.0)
    said = rig.trouble()
    assert "battery at 12 %" in said
    assert "runs on its battery" in said
    assert "fault: horn (coil open)" in said
    rig.take(rig.device.clear_fault("horn"))
    rig.device.power = type(rig.device.power)(90.0, True)
    rig.pass_s(11.0)
    assert not rig.trouble()
    rig.desk.hear(rig.server, rig.device.presence_topic, rig.device.presence(What.OFFLINE))
    assert rig.trouble() == "roof-1 is off the broker"


def test_the_daily_self_test_is_silent_and_its_failure_is_told():
    three = 3 * 3600.0
    rig = Rig(settings=DeskSettings(self_test_s=three))
    rig.connect()
    until_s = (three - rig.server_s) % 86_400
    rig.s += until_s - 1.0
    rig.pass_s(0.5)
    assert not rig.tests
    rig.pass_s(1.0)
    assert len(rig.tests) == 1
    assert not rig.rings
    rig.take(rig.device.self_tested(rig.tests[0], {"player": "ok", "wave": "cannot be written"}))
    assert "self-test failed (wave: cannot be written)" in rig.trouble()
    rig.s += 86_400
    rig.pass_s(11.0)
    assert len(rig.tests) == 2
    rig.take(rig.device.self_tested(rig.tests[1], {"player": "ok", "wave": "ok"}))
    assert not rig.trouble()


def test_without_a_list_whoever_asks_is_taken_for_a_siren_and_otherwise_is_told_of():
    rig = Rig(listed=[])
    rig.desk.hear(rig.server, rig.device.presence_topic, rig.device.presence(What.OFFLINE))
    assert not rig.desk.sirens  # what somebody left with the broker long ago
    rig.connect()
    rig.order(sound(rig.server_s))
    assert rig.settled[0].acknowledged == {"roof-1": "sounds"}
    rig = Rig(listed=[Listed("gate", "south")])
    rig.connect()
    assert rig.device.link.state.value == "up"  # it is answered all the same
    assert "roof-1 is not in the list (zone north)" in rig.trouble()
    rig.order(sound(rig.server_s))
    assert rig.settled[0].acknowledged == {}


def test_rubbish_is_counted():
    desk = Desk("embassy", KEY, [], DeskSettings(), Now(0, START_S * SECOND))
    topic = device_topic("embassy", "north", "roof-1", "report")
    for data in (b"x", b"{}", b"rampart-siren-1 unsigned\n{}", b"rampart-siren-1 unsigned\nnull"):
        assert desk.hear(Now(0, START_S * SECOND), topic, data) == []
    assert desk.bad_reports == {"not_ours": 1, "unsigned": 1, "kind": 1, "not_json": 1}
    assert not any(isinstance(o, Publish) for o in desk.hear(Now(0, 0), "somewhere/else", b"x"))
