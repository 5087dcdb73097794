"""Export: a live session's journal becomes a recording that replays."""

import pytest

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.serve.journal import history, replay_journal
from rampart.serve.journal.export import export_journal
from rampart.study.replay import replay

from .test_journal import Radar, Service, live_site, order, until

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    with Service(live_site(), state=folder) as service, Radar(service) as radar:
        radar.turn(10)
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        radar.turn(5, range_m=4600.0)
        return service.journal_folder


def test_a_session_becomes_a_recording_that_replays(session, tmp_path):
    out = tmp_path / "night.mcap"
    told = export_journal(session, out)
    assert told["fragment"] is None
    assert told["steps"] == replay_journal(session).steps
    assert replay(out)["matches_recording"]
    reader = RecordingReader(out)
    assert reader.header["live"]
    assert sum(len(rows) for _, _, rows in reader.decisions()) == 1
    assert sum(len(rows) for _, _, rows in reader.warnings()) >= 1


def test_what_says_something_else_now_is_not_exported(session, tmp_path, monkeypatch):
    whole = history.unpack_decisions
    monkeypatch.setattr(history, "unpack_decisions", lambda data: (*whole(data)[:2], whole(data)[2].replace(phase=[0])))
    with pytest.raises(InputError, match="gives other output than it did live"):
        export_journal(session, tmp_path / "night.mcap")
    assert not (tmp_path / "night.mcap").exists()


def test_what_is_no_session_is_refused(tmp_path):
    with pytest.raises(InputError, match="live session's journal"):
        export_journal(tmp_path, tmp_path / "night.mcap")
