"""Long benchmarks keep what they have done, and take up where they were stopped."""

import json
from importlib import import_module

import pytest

from rampart.bench import kept
from rampart.errors import InputError


def square(seed):
    return {"seed": seed, "square": seed * seed}


class Counted:
    def __init__(self):
        self.ran = []

    def __call__(self, seed):
        self.ran.append(seed)
        return square(seed)


def test_what_is_kept_is_not_run_again(tmp_path):
    work, path = Counted(), tmp_path / "runs.jsonl"
    first = kept.each_kept("squares", work, range(3), keep=path)
    again = kept.each_kept("squares", work, range(5), keep=path)
    assert work.ran == [0, 1, 2, 3, 4]
    assert again[:3] == first
    assert again == [square(seed) for seed in range(5)]


def test_a_row_that_was_cut_off_is_run_again(tmp_path):
    work, path = Counted(), tmp_path / "runs.jsonl"
    kept.each_kept("squares", work, range(3), keep=path)
    path.write_text(path.read_text()[:-5])
    assert kept.each_kept("squares", work, range(3), keep=path) == [square(seed) for seed in range(3)]
    assert work.ran == [0, 1, 2, 2]
    assert len(path.read_text().splitlines()) == 4


def test_the_number_of_processes_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "squares.py").write_text("def square(seed):\n    return {'seed': seed, 'square': seed * seed}\n")
    monkeypatch.syspath_prepend(tmp_path)
    alone = kept.each_kept("squares", square, range(4))
    path = tmp_path / "runs.jsonl"
    work = import_module("squares").square
    assert kept.each_kept("squares", work, range(4), workers=2, keep=path) == alone
    assert {json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"bench": "cubes", "code": "0"}\n', "another benchmark or of other code"),
        ("time,height\n", "no file of kept runs"),
        ("[]\n", "another benchmark"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, text, said):
    path = tmp_path / "runs.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        kept.each_kept("squares", square, range(3), keep=path)
    assert path.read_text() == text


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be used"):
        kept.each_kept("squares", square, range(3), keep=tmp_path)
