"""The siren protocol: what is written is read, and what was touched is refused by a fixed reason."""

import base64
import json
from dataclasses import replace

import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase, TargetClass
from rampart.wire.message_error import MessageError
from rampart.wire.siren import (
    MAX_BYTES,
    Action,
    Announcement,
    Answer,
    Command,
    Marks,
    Report,
    Said,
    SigningKey,
    What,
    command_topic,
    device_topic,
    parse_topic,
    parse_trusted,
    seal,
    unseal,
)
from rampart.wire.siren.command import LONGEST_MS
from rampart.wire.siren.report import fields_of

pytest.importorskip("cryptography")
KEY = SigningKey("embassy", tuple(AlertStatus), bytes(range(32)))
OTHER = SigningKey("embassy", tuple(AlertStatus), bytes(range(1, 33)))
SOUND = Command(
    "embassy",
    "north",
    AlertStatus.EXERCISE,
    sequence=7,
    issued_ms=1_000_000,
    expires_ms=1_030_000,
    action=Action.SOUND,
    warning="embassy/W1",
    opened_ms=999_000,
    revision=2,
    phase=Phase.SHELTER,
    target_class=TargetClass.ROCKET,
    seconds=60.0,
    impact_ms=1_020_000,
    texts={"en": Said("h", "i", "s"), "ar": Said("\u200fم", "م", "م")},
    reason="",
)
HEARTBEAT = {
    "nonce": "n1", "clock_ms": 5, "heard_ms": None, "offset_ms": -3, "playing": "", "faults": ["player"],
    "battery_percent": 87.5, "mains": None, "refused": 0, "version": "1",
}  # fmt: skip


def reason(function, *args, **kwargs):
    with pytest.raises(MessageError) as caught:
        function(*args, **kwargs)
    return caught.value.reason


@pytest.mark.parametrize("action", list(Action))
def test_a_command_comes_back_as_it_was(action):
    command = SOUND if action is Action.SOUND else Command(
        "embassy", "north", AlertStatus.TEST, 7, 1_000, 2_000, action, device="roof-1",
        **({"warning": "embassy/W1", "opened_ms": 5, "reason": "horn stuck"} if action is Action.SILENCE else {}),
    )  # fmt: skip
    data = seal(command.payload(), KEY)
    opened = unseal(data, [OTHER.trusted, KEY.trusted])
    assert opened.key == KEY.trusted
    assert Command.read(opened.payload) == command
    assert seal(command.payload(), KEY) == data  # same command, same octets


def test_answers_announcements_and_reports_come_back():
    for said in (
        Answer("embassy", "north", "roof-1", "n1", 5),
        Announcement("embassy", 5),
        Report("embassy", "north", "roof-1", 3, What.HEARTBEAT, HEARTBEAT),
        Report("embassy", "north", "roof-1", 4, What.OFFLINE),
    ):
        assert type(said).read(unseal(seal(said.payload(), KEY), [KEY.trusted]).payload) == said
    assert set(fields_of(What.HEARTBEAT)) == set(HEARTBEAT)


def test_every_single_changed_octet_is_refused():
    data = seal(SOUND.payload(), KEY)
    for i in range(len(data)):
        for flipped in (data[i] ^ 1, data[i] ^ 0x20):
            changed = data[:i] + bytes([flipped]) + data[i + 1 :]
            why = reason(unseal, changed, [KEY.trusted])
            assert why in ("signature", "unknown_key", "not_ours", "unsigned"), (i, why)


def test_every_shortened_message_is_refused():
    data = seal(SOUND.payload(), KEY)
    for n in range(len(data)):
        assert reason(unseal, data[:n], [KEY.trusted]) in ("signature", "not_ours")


def test_who_may_speak():
    data = seal(SOUND.payload(), KEY)
    head, body = data.split(b"\n", 1)
    assert reason(unseal, data, []) == "unknown_key"
    assert reason(unseal, data, [OTHER.trusted]) == "unknown_key"
    assert reason(unseal, b"rampart-siren-1 unsigned\n" + body, [KEY.trusted]) == "unsigned"
    assert reason(unseal, body, [KEY.trusted]) == "unsigned"
    assert reason(unseal, b"", [KEY.trusted]) == "not_ours"
    assert reason(unseal, b"rampart-siren-2" + data[15:], [KEY.trusted]) == "not_ours"
    # another's signature under the name of a key that is believed
    forged = seal(SOUND.payload(), OTHER).replace(OTHER.trusted.id.encode(), KEY.trusted.id.encode())
    assert reason(unseal, forged, [KEY.trusted]) == "signature"
    # the same 64 octets, written otherwise
    signature = head.split(b" ")[2]
    spare = base64.b64encode(base64.b64decode(signature)).replace(b"==", b"")
    assert reason(unseal, head.replace(signature, spare) + b"\n" + body, [KEY.trusted]) == "signature"
    assert unseal(b"rampart-siren-1 unsigned\n" + body, [], allow_unsigned=True).key is None


def test_long_and_hostile_octets():
    assert reason(unseal, b"x" * (MAX_BYTES + 1), [KEY.trusted]) == "too_long"
    long = replace(SOUND, texts={f"x{i}": Said("h" * 1000, "i" * 1000, "s" * 1000) for i in range(9)})
    assert reason(seal, long.payload(), KEY) == "too_long"
    for body in (b"[" * 5000, b'{"a":1,"a":2}', b'{"a":NaN}', b"[]", b"\xff", b"{", b'{"a":' + b"9" * 5000 + b"}"):
        data = b"rampart-siren-1 unsigned\n" + body
        assert reason(unseal, data, [], allow_unsigned=True) == "not_json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site", "a/b"), ("zone", "+"), ("device", "#"), ("status", "real"), ("sequence", 0), ("sequence", 2**53),
        ("sequence", 7.0), ("sequence", True), ("issued_ms", -1), ("expires_ms", 1_000_000),
        ("expires_ms", 1_000_001 + LONGEST_MS), ("action", "fire"), ("phase", "shoot"), ("class", 3),
        ("seconds", float("1e400")), ("seconds", -1.0), ("seconds", 601.0), ("seconds", "60"), ("impact_ms", "soon"),
        ("texts", []), ("texts", {"en": {"headline": "h"}}), ("texts", {"en": "h"}), ("warning", 3),
        ("warning", "line\nfeed"), ("reason", None), ("revision", -1), ("opened_ms", None),
        ("texts", {f"x{i}": {"headline": "", "instruction": "", "spoken": ""} for i in range(17)}),
        ("texts", {"en": {"headline": "\ud800", "instruction": "", "spoken": ""}}),
    ],
)  # fmt: skip
def test_what_has_not_the_form_is_refused_by_its_field(field, value):
    payload = {**SOUND.payload(), field: value}
    with pytest.raises(MessageError, match=field) as caught:
        Command.read(payload)
    assert caught.value.reason == "field"
    del payload[field]
    with pytest.raises(MessageError, match=field):
        Command.read(payload)


def test_a_signed_message_of_one_kind_is_no_message_of_another():
    assert reason(Command.read, Answer("embassy", "north", "roof-1", "n1", 5).payload()) == "kind"
    assert reason(Answer.read, SOUND.payload()) == "kind"
    assert reason(Report.read, SOUND.payload()) == "kind"


def test_further_keys_are_left_alone():
    assert Command.read({**SOUND.payload(), "colour": "red"}) == SOUND


def test_topics_are_taken_apart_and_nothing_else_is():
    topic = command_topic("embassy", "north", AlertStatus.EXERCISE)
    assert parse_topic(topic).status is AlertStatus.EXERCISE
    assert parse_topic(device_topic("embassy", "north", "roof-1", "answer")).device == "roof-1"
    for bad in (
        "",
        "a",
        topic + "/x",
        topic.replace("exercise", "loud"),
        topic.replace("v1", "v2"),
        "rampart/v1//siren/zone/n/test",
        device_topic("embassy", "north", "roof-1", "secret"),
        device_topic("embassy", "no rth", "roof-1", "report"),
    ):
        assert parse_topic(bad) is None


def test_keys_as_files_hold_them():
    assert SigningKey.parse(f"# ours\n\n{KEY.line}\n") == KEY
    assert parse_trusted(f"{KEY.trusted.line}\n{OTHER.trusted.line}\n") == (KEY.trusted, OTHER.trusted)
    assert base64.b64encode(KEY.seed).decode() not in KEY.trusted.line
    assert base64.b64encode(KEY.seed).decode() not in repr(KEY)
    for bad, says in (
        ("", "no public key"),
        ("hello", "no key"),
        (KEY.line, "private"),
        (KEY.trusted.line[:-6], ":1: "),
        (KEY.trusted.line.replace("embassy", "a/b"), "site"),
        (KEY.trusted.line.replace("actual", "loud"), "statuses"),
        (KEY.trusted.line.replace("ed25519", "hmac"), "no key"),
    ):
        with pytest.raises(InputError, match=says):
            parse_trusted(bad, "site.pub")
    with pytest.raises(InputError, match="public"):
        SigningKey.parse(KEY.trusted.line)


def test_what_a_key_may_say():
    key = SigningKey("*", (AlertStatus.EXERCISE,), bytes(32)).trusted
    assert key.allows("anywhere", AlertStatus.EXERCISE)
    assert not key.allows("anywhere", AlertStatus.ACTUAL)
    assert not KEY.trusted.allows("elsewhere")


def test_a_mark_is_resumed_once_and_only_after_a_restart():
    marks = Marks()
    marks.pass_by("t", 5)
    assert (marks.is_new("t", 5), marks.is_last("t", 5), marks.is_new("u", 5)) == (False, True, True)
    again = Marks(marks.plain())
    assert again.is_new("t", 5)
    again.pass_by("t", 5)
    assert not again.is_new("t", 5)
    assert not Marks(json.loads(json.dumps(marks.plain()))).is_new("t", 4)


def test_the_signature_is_that_of_rfc_8032():
    """Test vector 2 of section 7.1: what others wrote verifies what we sign."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = SigningKey("embassy", tuple(AlertStatus), seed)
    assert key.trusted.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
