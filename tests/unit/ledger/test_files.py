import json

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.ledger import plain, write_json, write_text


def test_json_is_plain_and_whole(tmp_path):
    path = write_json(tmp_path / "new" / "summary.json", {"lead_s": np.float32("nan"), "n": np.int64(2), "ok": True})
    assert json.loads(path.read_text()) == {"lead_s": None, "n": 2, "ok": True}
    assert [p.name for p in path.parent.iterdir()] == ["summary.json"]


def test_what_is_no_data_is_refused():
    with pytest.raises(TypeError, match="object is no plain data"):
        plain({"x": [object()]})


def test_arrays_become_lists():
    assert plain(np.array([[1.0, np.inf], [2.0, 3.0]])) == [[1.0, None], [2.0, 3.0]]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/x\.json: cannot write"):
        write_text(tmp_path / "file" / "x.json", "")
