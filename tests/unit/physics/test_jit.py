"""The kernel decorator and its cache."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from rampart.physics import _jit

SCRIPT = "import sys; sys.path.insert(0, {folder!r}); import upper; print(upper.outer(1.0))"


def run_outer(folder: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-c", SCRIPT.format(folder=str(folder))]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_change_in_a_callee_of_another_file_is_seen(tmp_path: Path) -> None:
    head = "from rampart.physics._jit import kernel\n"
    lower = tmp_path / "_kernels_lower.py"
    lower.write_text(head + "@kernel\ndef inner(x):\n    return x + 1.0\n")
    (tmp_path / "upper.py").write_text(
        head + "from _kernels_lower import inner\n@kernel\ndef outer(x):\n    return 10.0 * inner(x)\n"
    )
    assert run_outer(tmp_path) == "20.0"
    lower.write_text(head + "@kernel\ndef inner(x):\n    return x + 2.0\n")
    assert run_outer(tmp_path) == "30.0"


def test_the_cache_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "upper.py").write_text(
        "from rampart.physics._jit import kernel\n@kernel\ndef outer(x):\n    return 2.0 * x\n"
    )
    assert run_outer(tmp_path) == "2.0"
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.nb*")}
    assert before
    assert run_outer(tmp_path) == "2.0"
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.nb*")} == before


def test_rooms_named_in_a_kernel_count_as_its_sources() -> None:
    room = Path(_jit.__file__).parent
    reachable = _jit._reachable(room.parent / "physics" / "_kernels_flight.py")
    assert {room / "_kernels.py", room / "_kernels_flight.py", room / "constants.py"} <= set(reachable)


def test_an_unwritable_place_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    _jit.cache_folder.cache_clear()
    try:
        folder = _jit.cache_folder(Path(_jit.__file__))
        assert folder is not None
        assert Path(folder).is_relative_to(tmp_path / "home")
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
        _jit.cache_folder.cache_clear()
        assert _jit.cache_folder(Path(_jit.__file__)) is None
    finally:
        _jit.cache_folder.cache_clear()


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX")
def test_a_folder_open_to_all_is_not_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = _jit._hash_of(Path(_jit.__file__))
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    _jit.cache_folder.cache_clear()
    try:
        assert _jit.cache_folder(Path(_jit.__file__)) is None
    finally:
        _jit.cache_folder.cache_clear()


def test_bare_and_with_options() -> None:
    @_jit.kernel
    def bare(x):
        return x + 1.0

    @_jit.kernel(inline="always")
    def with_options(x):
        return bare(x) + 1.0

    assert with_options(1.0) == 3.0


@pytest.mark.parametrize("option", ["fastmath", "parallel"])
def test_options_that_change_bits_are_refused(option: str) -> None:
    with pytest.raises(ValueError, match="bits"):
        _jit.kernel(**{option: True})


def test_other_users_of_numba_keep_their_cache_folder() -> None:
    before = numba.config.CACHE_DIR
    _jit.kernel(lambda x: x)
    assert before == numba.config.CACHE_DIR
