"""The messages of Dstl's harness are read and written again."""

import json

import pytest

from rampart.wire.sapient import FrameStream, faults, read_message, read_reply, require_schema, write_message

pytest.importorskip("sapient_msg", reason="sapient-msg is not installed")

NAMES = (
    "Alert", "AlertAck", "DetectionReport", "Registration", "RegistrationAck", "StatusReport",
    "Task.ClassificationThreshold.High", "Task.DetectionThreshold.Medium", "Task.Follow", "Task.LookAt", "Task.Mode",
    "Task.Request.Registration", "Task.Request.Start", "Task.Request.Status", "TaskAck.Follow", "TaskAck.LookAt",
    "TaskAck.ModeChange", "TaskAck.NotSupported", "TaskAck.Request.Registration", "TaskAck.Request.Status",
)  # fmt: skip


@pytest.fixture
def sample(shared_data):
    json_format = pytest.importorskip("google.protobuf.json_format")

    def find(name):
        text = shared_data(f"sapient/{name}.json").read_text(encoding="utf-8-sig")
        return json_format.Parse(text, require_schema()()), json.loads(text)

    return find


def test_no_sample_is_forgotten(shared_data):
    assert {path.stem for path in shared_data("sapient").glob("*.json")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_keeps_the_rules(name, sample):
    message, _ = sample(name)
    assert faults(message) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read_and_written_again(name, sample):
    message, said = sample(name)
    data = write_message(message)
    (octets,) = FrameStream().feed(data)
    again = read_message(octets)
    assert again == message
    assert write_message(again) == data
    assert again.node_id == said["nodeId"]


def test_replies_are_known_for_what_they_are(sample):
    ack = read_reply(sample("AlertAck")[0])
    assert (ack.alert_id, ack.status, ack.reasons) == (
        "01H4R63D7NVN8444Z5M77WEBY8",
        "accepted",
        ("Alert was accepted.",),
    )
    order = read_reply(sample("Task.LookAt")[0])
    assert (order.task_id, order.control, order.command) == ("01H4R63D7NVN8444Z5M77WEBY6", "start", "look_at")
    request = read_reply(sample("Task.Request.Status")[0])
    assert (request.command, request.request) == ("request", "Status")
    assert read_reply(sample("RegistrationAck")[0]).accepted
    for name in ("DetectionReport", "StatusReport", "Registration", "TaskAck.LookAt"):
        assert read_reply(sample(name)[0]) is None
