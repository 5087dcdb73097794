"""Incidents of the ledger: the newest first, and a ledger that is gone stops nothing."""

from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger
from rampart.serve.web import incidents
from rampart.serve.web.incidents import LedgerIncidents


def test_it_lists_what_is_there_and_outlives_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(incidents, "KEPT_S", 0.0)
    monkeypatch.setattr(incidents, "CALIBRATION_KEPT_S", 0.0)
    place = tmp_path / "ledger.sqlite"
    assert LedgerIncidents(str(place)).rows() == []
    Ledger(str(place)).add([IncidentDraft(site="embassy", claims=(ClaimDraft("press", "Two rockets."),))], now_ns=0)
    listed = LedgerIncidents(str(place))
    assert [row["site"] for row in listed.rows()] == ["embassy"]
    assert listed.calibration()["real"]["impacts"] == 0
    place.write_bytes(b"no database at all" * 100)
    assert [row["site"] for row in listed.rows()] == ["embassy"]
    assert listed.calibration()["simulated"]["impacts"] == 0
    assert LedgerIncidents(str(place)).calibration() == {}
