"""The siren's state machine: what it sounds, what it refuses, and what it does when it does not know the time."""

from dataclasses import replace

import pytest

from rampart.records import AlertStatus, Phase
from rampart.wire.siren import Action, Answer, Command, SigningKey, command_topic, device_topic, seal

from .rig import KEY, OTHER, SECOND, START_S, Rig, sound

pytest.importorskip("cryptography")
PREPARE, SHELTER, RELEASE, CANCEL = Phase
ACTUAL, EXERCISE, TEST = AlertStatus


@pytest.fixture
def rig():
    rig = Rig()
    rig.connect()
    rig.pass_s(1.0)
    return rig


def test_shelter_sounds_is_acknowledged_and_ends_by_itself(rig):
    rig.hear(sound(rig.server_s, seconds=20.0))
    assert [phase for phase, _, _ in rig.rings] == [SHELTER]
    assert rig.done() == ["sounds"]
    rig.pass_s(19.5)
    assert not rig.stops
    rig.pass_s(1.0)
    assert rig.stops == ["time"]
    assert rig.said("stopped")[0]["seconds"] == pytest.approx(20.0, abs=0.15)


def test_a_sound_ends_where_the_command_expires_or_the_device_says(rig):
    rig.hear(sound(rig.server_s, seconds=60.0, lives_s=5.0))
    rig.pass_s(5.5)
    assert rig.stops == ["time"]
    rig.hear(sound(rig.server_s, seconds=600.0, lives_s=900.0, warning="embassy/W2"))
    rig.pass_s(181.0, 0.5)
    assert rig.stops == ["time", "time"]


def test_release_has_another_sound_and_ends_the_first(rig):
    rig.hear(sound(rig.server_s))
    rig.pass_s(2.0)
    rig.hear(sound(rig.server_s, RELEASE, revision=1, seconds=10.0))
    assert [phase for phase, _, _ in rig.rings] == [SHELTER, RELEASE]
    assert rig.stops == ["superseded"]


@pytest.mark.parametrize("late_s", [0.0, 1.0, 3600.0])
def test_an_expired_retained_message_is_never_played(late_s):
    rig = Rig()
    command = sound(rig.server_s, lives_s=30.0)
    rig.s += 30.0 + late_s
    rig.connect()
    rig.hear(command, retained=True)
    rig.pass_s(5.0)
    assert not rig.rings
    assert rig.refusals() == ["expired"]


def test_a_retained_message_waits_for_the_time_and_is_played_if_it_still_holds():
    rig = Rig(wrong_s=-400_000.0, desk=False)  # a small computer that wakes up in its own past
    command = sound(rig.server_s, lives_s=60.0)
    rig.s += 20.0
    rig.connect()
    rig.hear(command, retained=True)
    rig.pass_s(10.0)
    assert not rig.rings  # nobody says what time it is
    assert rig.said("held")[0]["why"] == "time_unknown"
    rig.server_up = True
    rig.pass_s(11.0)  # with the next heartbeat
    assert [phase for phase, _, _ in rig.rings] == [SHELTER]
    assert rig.said("fault")[-1]["fault"] == "clock_suspect"


def test_a_wrong_clock_of_its_own_stops_nothing_and_is_reported():
    for wrong_s in (-1e6, -3600.0, 3600.0, 1e6):
        rig = Rig(wrong_s=wrong_s)
        rig.connect()
        rig.hear(sound(rig.server_s))
        assert [phase for phase, _, _ in rig.rings] == [SHELTER]
        assert rig.said("fault")[0]["fault"] == "clock_suspect"
        assert "roof-1 fault: clock_suspect" in rig.trouble()
        rig.wrong_s = 0.0  # somebody set it
        rig.pass_s(11.0)
        assert rig.said("fault_over") == [{"fault": "clock_suspect"}]
        assert not rig.trouble()


def test_a_live_command_is_sounded_when_nobody_says_what_time_it_is():
    rig = Rig(desk=False)
    rig.connect()
    rig.hear(sound(rig.server_s))
    assert not rig.rings  # it asks first
    rig.pass_s(1.2)
    assert [phase for phase, _, _ in rig.rings] == [SHELTER]
    assert [r["clock"] for r in rig.reports if r["what"] == "acknowledgement"] == ["unknown"]
    rig.pass_s(40.0)
    rig.hear(sound(rig.server_s - 60.0))  # older: its sequence is behind
    rig.pass_s(2.0)
    assert len(rig.rings) == 1
    assert rig.refusals() == ["replayed"]


def test_a_server_whose_clock_was_set_is_asked_and_believed(rig):
    rig.server_off_s = 7200.0
    rig.hear(sound(rig.server_s))
    assert len(rig.rings) == 1
    assert rig.said("held")[0]["why"] == "from_the_future"
    rig.server_off_s = -7200.0
    rig.hear(sound(rig.server_s, sequence=(START_S + 100_000) * 1000, warning="embassy/W2"))
    assert len(rig.rings) == 2
    assert rig.said("held")[1]["why"] == "expired"


def test_a_message_from_the_future_is_refused(rig):
    rig.hear(sound(rig.server_s + 5.0))
    rig.pass_s(3.0)
    assert not rig.rings
    assert rig.refusals() == ["from_the_future"]
    rig.hear(sound(rig.server_s))  # it left no mark
    assert len(rig.rings) == 1


def test_without_an_answer_what_the_known_time_speaks_against_is_refused(rig):
    rig.server_up = False
    rig.hear(sound(rig.server_s - 100.0))
    rig.pass_s(1.2)
    assert rig.refusals() == ["expired"]


def test_replayed_and_older_messages_are_refused_and_a_copy_is_only_acknowledged(rig):
    first = sound(rig.server_s)
    rig.hear(first)
    rig.hear(first)
    rig.hear(first, retained=True)
    assert rig.done() == ["sounds"] * 3
    assert len(rig.rings) == 1
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, RELEASE, revision=1))
    rig.hear(first)
    assert rig.refusals() == ["replayed"]
    assert [phase for phase, _, _ in rig.rings] == [SHELTER, RELEASE]


def test_wrong_site_zone_device_status_key_or_signature(rig):
    now_s = rig.server_s
    exercises = SigningKey("embassy", (EXERCISE,), bytes(range(2, 34)))
    rig.device.trusted = (KEY.trusted, exercises.trusted)
    north, south = command_topic("embassy", "north", EXERCISE), command_topic("embassy", "south", EXERCISE)
    own = device_topic("embassy", "north", "roof-1", "command")
    rig.hear(sound(now_s, zone="south"))
    rig.hear(sound(now_s, zone="south"), topic=south)
    rig.hear(sound(now_s, site="airport"))
    rig.hear(sound(now_s), topic=north.replace("embassy", "airport"))
    rig.hear(sound(now_s, status=ACTUAL), topic=north)
    rig.hear(sound(now_s, status=ACTUAL), key=exercises)
    rig.hear(sound(now_s, device="roof-2"), topic=own)
    rig.hear(sound(now_s), key=OTHER)
    rig.hear(None, topic=north, data=seal(sound(now_s).payload(), None))
    rig.hear(None, topic=north, data=seal(sound(now_s).payload(), KEY).replace(b"shelter", b"prepare"))
    rig.hear(None, topic=north, data=b'{"action":"sound"}')
    rig.hear(None, topic="rampart/v1/embassy/other", data=seal(sound(now_s).payload(), KEY))
    rig.hear(None, topic=north, data=seal(Answer("embassy", "north", "roof-1", "n0", 1).payload(), KEY))
    assert not rig.rings
    assert rig.device.refused == 13
    told = [f["reason"] for f in rig.said("refused")]
    assert told == [
        "wrong_zone", "wrong_site", "wrong_status", "not_allowed", "wrong_device", "unknown_key", "unsigned",
        "signature", "unknown_topic", "kind",
    ]  # fmt: skip
    rig.hear(sound(now_s))
    assert len(rig.rings) == 1


def test_a_flood_of_rubbish_is_told_of_once_in_ten_seconds(rig):
    for i in range(1000):
        rig.hear(None, topic=command_topic("embassy", "north", EXERCISE), data=b"x%d" % i)
    assert len(rig.said("refused")) == 1
    rig.pass_s(11.0)
    rig.hear(None, topic=command_topic("embassy", "north", EXERCISE), data=b"x")
    assert [f["count"] for f in rig.said("refused")] == [1, 1000]


def test_exercise_and_test_sound_only_where_that_is_enabled():
    for statuses in (set(), {ACTUAL}, {ACTUAL, EXERCISE}, {ACTUAL, TEST}):
        rig = Rig(frozenset(statuses))
        rig.connect()
        for i, status in enumerate((TEST, EXERCISE, ACTUAL)):
            rig.hear(sound(rig.server_s, status=status, warning=f"embassy/W{i}"))
            rig.pass_s(0.2)
        assert {status for _, status, _ in rig.rings} == statuses
        assert rig.done().count("not_enabled") == 3 - len(statuses)


def test_an_actual_warning_goes_before_an_exercise(rig):
    rig.hear(sound(rig.server_s, status=EXERCISE))
    rig.pass_s(1.0)
    rig.hear(sound(rig.server_s, status=ACTUAL, warning="embassy/W2", seconds=5.0, lives_s=60.0))
    assert rig.stops == ["superseded"]
    rig.hear(sound(rig.server_s, RELEASE, status=EXERCISE, revision=1))
    assert rig.done()[-1] == "overridden"
    rig.pass_s(10.0)  # it has sounded, but it is still in force
    rig.hear(sound(rig.server_s, status=EXERCISE, warning="embassy/W3"))
    assert rig.done()[-1] == "overridden"
    rig.hear(sound(rig.server_s, RELEASE, status=ACTUAL, warning="embassy/W2", revision=1, seconds=2.0))
    rig.pass_s(3.0)
    rig.hear(sound(rig.server_s, status=EXERCISE, warning="embassy/W4"))
    assert rig.done()[-1] == "sounds"


def test_shelter_is_not_ended_by_a_prepare_nor_by_the_release_of_another_warning(rig):
    rig.hear(sound(rig.server_s))
    for phase in (PREPARE, RELEASE, CANCEL):
        rig.pass_s(0.2)
        rig.hear(sound(rig.server_s, phase, warning="embassy/W2"))
    assert rig.done() == ["sounds", "kept", "kept", "kept"]
    assert not rig.stops


def test_a_message_said_again_does_not_sound_again_but_an_update_goes_on(rig):
    rig.hear(sound(rig.server_s, seconds=10.0))
    rig.pass_s(5.0)
    rig.hear(sound(rig.server_s, seconds=10.0))  # a new sequence, the same message of the same warning
    assert rig.done() == ["sounds", "kept"]
    rig.hear(sound(rig.server_s, seconds=10.0, sequence=(START_S + 50) * 1000, revision=1))
    assert len(rig.rings) == 1
    rig.pass_s(9.0)
    assert not rig.stops
    rig.pass_s(2.0)
    assert rig.stops == ["time"]
    # a server that started anew and uses the name again
    rig.hear(sound(rig.server_s, sequence=(START_S + 99) * 1000, opened_ms=2))
    assert len(rig.rings) == 2


def silence(rig, warning=""):
    stamp = {"sequence": round(rig.server_s * 1e3), "issued_ms": round(rig.server_s * 1e3)}
    command = Command(
        "embassy", "north", EXERCISE, expires_ms=stamp["issued_ms"] + 9000, action=Action.SILENCE, warning=warning,
        opened_ms=1, **stamp,
    )  # fmt: skip
    rig.hear(command)


def test_what_is_silenced_stays_silent_until_its_phase_rises(rig):
    rig.hear(sound(rig.server_s, PREPARE))
    rig.pass_s(0.2)
    silence(rig, "embassy/W1")
    assert rig.stops == ["silence"]
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, PREPARE, revision=1))
    assert rig.done() == ["sounds", "stopped", "silenced"]
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, SHELTER, revision=2))
    assert rig.done()[-1] == "sounds"
    rig.pass_s(0.2)
    silence(rig, "embassy/W9")
    assert rig.done()[-1] == "kept"
    silence_all = rig.stops[:]
    rig.pass_s(0.2)
    silence(rig)
    assert len(rig.stops) == len(silence_all) + 1
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, RELEASE, revision=3))
    assert rig.done()[-1] == "sounds"


def test_a_phase_without_a_sound_ends_what_sounds_in_silence():
    rig = Rig(phases=frozenset({SHELTER}))
    rig.connect()
    rig.hear(sound(rig.server_s, PREPARE))
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, SHELTER, revision=1))
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, RELEASE, revision=2))
    assert rig.done() == ["phase_off", "sounds", "phase_off"]
    assert rig.stops == ["superseded"] or rig.stops == ["silence"]
    assert rig.device.bell.sounding is None


def test_a_kept_release_of_what_was_never_heard_here_is_silent():
    rig = Rig()
    rig.connect()
    rig.hear(sound(rig.server_s, RELEASE), retained=True)
    assert rig.done() == ["kept"]
    rig.pass_s(0.2)
    rig.hear(sound(rig.server_s, RELEASE, warning="embassy/W2"))
    assert rig.done()[-1] == "sounds"


def test_after_a_restart_it_goes_on_with_what_holds_and_plays_nothing_twice(rig):
    first, second = sound(rig.server_s, lives_s=60.0), sound(rig.server_s + 0.5, revision=1, lives_s=60.0)
    rig.hear(first)
    rig.pass_s(1.0)
    rig.hear(second)
    again = Rig(marks=rig.kept[-1])
    again.s = rig.s + 5.0
    again.connect()
    again.hear(first)
    assert again.refusals() == ["replayed"]
    again.hear(second, retained=True)
    assert len(again.rings) == 1
    again.hear(second, retained=True)
    assert len(again.rings) == 1


def test_a_lost_link_alarms_at_both_ends_and_is_not_the_sound_of_a_threat(rig):
    assert not rig.trouble()
    rig.server_up = False
    rig.pass_s(32.0)
    assert [f["seconds"] for f in rig.said("link_lost")] == [pytest.approx(30.0, abs=0.2)]
    assert rig.device.faults["link_lost"]
    assert "no heartbeat for 3" in rig.trouble()
    assert not rig.rings
    rig.server_up = True
    rig.pass_s(11.0)
    assert rig.said("link_up")[-1]["seconds"] > 30.0
    assert "link_lost" not in rig.device.faults
    assert not rig.trouble()


def test_a_siren_that_can_speak_but_not_hear_is_lost_to_the_server():
    rig = Rig()
    rig.device.connected = True
    for _ in range(5):
        effects = rig.device.tick(rig.now)
        for effect in effects:
            if hasattr(effect, "data"):
                rig.desk.hear(rig.server, effect.topic, effect.data)  # the answers never arrive
        rig.s += 10.0
    assert "no heartbeat" in rig.trouble()


def test_answers_that_were_not_asked_for_are_not_believed(rig):
    nonce = next(r["nonce"] for r in rig.reports if r["what"] == "heartbeat")
    answer = Answer("embassy", "north", "roof-1", nonce, round((rig.server_s + 9e6) * 1e3))
    topic = device_topic("embassy", "north", "roof-1", "answer")
    before = rig.device.link.time.now_ms(rig.now.steady_ns)
    rig.hear(None, topic=topic, data=seal(answer.payload(), KEY))
    rig.hear(None, topic=topic, data=seal(replace(answer, nonce="guess").payload(), KEY))
    assert rig.device.link.time.now_ms(rig.now.steady_ns) == before
    assert rig.refusals() == ["stale_answer"]


def test_a_player_that_fails_is_a_fault_at_both_ends():
    rig = Rig(player_fails="no program that plays waves")
    rig.connect()
    rig.order(sound(rig.server_s))
    assert rig.done() == ["failed"]
    assert "shelter of embassy/W1: no program" in rig.trouble()
    assert rig.device.faults["player"]


def test_a_cleared_topic_says_nothing(rig):
    rig.hear(sound(rig.server_s))
    rig.hear(None, topic=command_topic("embassy", "north", EXERCISE), data=b"", retained=True)
    assert not rig.stops
    assert not rig.refusals()


def test_due_is_when_the_next_thing_happens(rig):
    rig.hear(sound(rig.server_s, seconds=3.0))
    assert rig.device.due_ns() == pytest.approx(rig.now.steady_ns + 3 * SECOND, abs=SECOND / 100)
