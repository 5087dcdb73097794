"""Rows of flights that others flew: what is summed up of them."""

from types import SimpleNamespace

import numpy as np

from rampart.bench import outside


def test_the_ratio_of_a_row_is_its_worst_share(monkeypatch):
    shares = np.array(outside.SHARES)
    flown = SimpleNamespace(flight=np.zeros(len(shares)), share=shares, take=lambda where: shares[where])
    monkeypatch.setattr(
        outside, "CELLS", (("flown", lambda: "", None, 0.0), ("absent", lambda: "not there", None, 0.0))
    )
    monkeypatch.setattr(outside, "fly_cell", lambda *_: flown)
    found, absent = outside.rows(
        lambda at: {"impact_over_bound": 1.0 + at.sum()}, lambda _: {"inside": 0.9}, quick=True
    )
    assert found["ratio"] == 1.0 + shares.max()
    assert found["ours"]["tracks"] == 1
    assert found["ours"]["ellipses"] == {"inside": 0.9}
    assert absent == {"name": "absent", "ours": {"skipped": "not there"}, "peer": None, "ratio": None}
