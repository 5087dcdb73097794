"""CAP files: whole or not at all, signed, for lost coverage too, and named when the folder is no good."""

import os
import time

import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, Outcome, Phase, ZoneStates
from rampart.serve.channels.cap_files import CapFilesSpec
from rampart.serve.delivery import Dispatcher, Setting
from rampart.wire.cap import read_alert

from .raid import SECOND, START, outputs, warning


def spec(**keys):
    return CapFilesSpec(
        id="cap", kind="cap_files", **{"folder": "cap", "sender": "rampart@base.invalid", "languages": ["en"], **keys}
    )


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come about in time"
        time.sleep(0.02)


class Folder:
    def __init__(self, site, folder, *, now=None, live=False, **keys):
        self.path, self.now = folder / "cap", now or [START]
        out = spec(**keys).build(site, Setting(lambda: self.now[0], live=live, folder=folder))
        self.dispatcher = Dispatcher([out], lambda: self.now[0])

    def __enter__(self):
        self.dispatcher.start()
        return self

    def __exit__(self, *_):
        self.dispatcher.stop()

    def tell(self, *warnings, **options):
        self.dispatcher.tell("embassy", outputs(*warnings, **options))

    def alerts(self):
        return [read_alert(path.read_bytes()) for path in sorted(self.path.glob("*.xml"))]

    def ready(self):
        until(lambda: self.dispatcher.health()[0].state == "up")
        return self


def watched(yes, now_ns=START):
    return ZoneStates.build(
        zone=[0], time_ns=[now_ns], since_ns=[now_ns], state=[1 if yes else 0], watched=[yes], status=[1]
    )


def test_each_message_is_a_file_and_counts_when_it_is_on_the_disk(site, tmp_path):
    with Folder(site, tmp_path) as folder:
        folder.ready()
        folder.tell(warning(1, 0, phase=Phase.PREPARE))
        folder.tell(warning(1, 1, time_ns=START + SECOND))
        folder.tell(warning(1, 2, phase=Phase.RELEASE, time_ns=START + 2 * SECOND, reason="it passed"))
        until(lambda: folder.dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 3)
        alerts = folder.alerts()
    assert [alert.msg_type for alert in alerts] == ["Alert", "Update", "Cancel"]
    assert alerts[2].references == (alerts[0].reference, alerts[1].reference)
    assert {alert.status for alert in alerts} == {"Exercise"}
    assert [path.name for path in sorted(folder.path.iterdir())] == [f"{a.identifier}.xml" for a in alerts]


def test_the_end_of_what_was_never_written_is_not_written(site, tmp_path):
    with Folder(site, tmp_path) as folder:
        folder.tell(warning(1, 1, phase=Phase.CANCEL), warning(2, 0, 1))
        until(lambda: len(folder.alerts()) == 1)
        assert not folder.dispatcher.alarms()


def test_cover_that_is_lost_and_back_is_said(site, tmp_path):
    from dataclasses import replace

    with Folder(site, tmp_path) as folder:
        for yes in (True, False, True):
            folder.ready()
            folder.now[0] += SECOND
            folder.dispatcher.tell("embassy", replace(outputs(now_ns=folder.now[0]), zones=watched(yes, folder.now[0])))
        until(lambda: len(folder.alerts()) == 2)
        lost, back = folder.alerts()
    assert (lost.msg_type, lost.info[0].certainty, lost.info[0].response_type) == ("Alert", "Observed", ("Monitor",))
    assert back.msg_type == "Cancel"
    assert "AllClear" not in back.info[0].response_type


def test_a_zone_that_was_never_watched_is_said_after_a_while_and_again(site, tmp_path):
    from dataclasses import replace

    with Folder(site, tmp_path) as folder:
        folder.dispatcher.tell("embassy", replace(outputs(now_ns=START), zones=watched(False)))
        time.sleep(1.3)
        assert not folder.alerts()
        for count, later_s in ((1, 31), (2, 31 + 241)):
            folder.now[0] = START + later_s * SECOND
            folder.dispatcher.tell("embassy", outputs(now_ns=folder.now[0]))
            until(lambda count=count: len(folder.alerts()) == count)
        assert [a.msg_type for a in folder.alerts()] == ["Alert", "Update"]


def test_a_folder_that_cannot_be_written_is_named_and_what_holds_comes_later(site, tmp_path):
    with Folder(site, tmp_path) as folder:
        folder.ready()
        folder.path.rmdir()
        folder.path.write_text("in the way")
        until(folder.dispatcher.alarms)
        assert str(folder.path) in folder.dispatcher.health()[0].reason
        folder.tell(warning(1))
        folder.path.unlink()
        until(lambda: folder.path.is_dir() and len(folder.alerts()) == 1)
        until(lambda: not folder.dispatcher.alarms())


def test_a_file_in_the_place_of_ours_is_no_way_elsewhere(site, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    with Folder(site, tmp_path) as folder:
        folder.ready()
        name = "embassy.W1.0.20250615T150640.000Z.xml"
        (folder.path / f".{name}.part").symlink_to(outside)
        folder.tell(warning(1))
        until(folder.dispatcher.alarms)
        assert outside.read_text() == "as it was"


def test_old_files_of_ours_go_and_no_others(site, tmp_path):
    (tmp_path / "cap").mkdir()
    names = ["embassy.W1.0.20200101T000000.000Z.xml", "embassy.W2.0.20250101T000000.000Z.xml", "notes.xml"]
    for name, age_days in zip(names, (400, 1, 400), strict=True):
        path = tmp_path / "cap" / name
        path.write_text("x")
        os.utime(path, (START / SECOND - age_days * 86_400,) * 2)
    with Folder(site, tmp_path, keep_days=30) as folder:
        folder.ready()
    assert sorted(path.name for path in folder.path.iterdir()) == sorted(names[1:])


def test_only_a_live_sender_says_actual(site, tmp_path):
    for live, sender in ((False, "rampart@base.invalid"), (True, "rampart@base.mil")):
        with Folder(site, tmp_path / str(live), live=live, sender=sender) as folder:
            folder.tell(warning(1, status=AlertStatus.ACTUAL))
            until(lambda folder=folder: len(folder.alerts()) == 1)
            assert folder.alerts()[0].status == ("Actual" if live else "Exercise")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"key_file": "key.pem"}, "go together"),
        ({"key_file": "key.pem", "certificate_file": "no.pem"}, "cannot be read"),
        ({"key_file": "bad.pem", "certificate_file": "bad.pem"}, "cannot sign"),
        ({"languages": ["xx"]}, "expected one of"),
        ({"folder": "bad.pem"}, "is a file"),
    ],
)
def test_what_is_wrong_is_named_at_the_start(site, tmp_path, keys, why):
    (tmp_path / "bad.pem").write_text("no key")
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(InputError, match=why) as refusal:
        spec(**keys).build(site, Setting(lambda: START, folder=tmp_path))
    assert "out 'cap'" in str(refusal.value)


def test_a_live_sender_in_nobodys_domain_is_refused(site, tmp_path):
    with pytest.raises(InputError, match="address of your own"):
        spec().build(site, Setting(lambda: START, live=True, folder=tmp_path))
