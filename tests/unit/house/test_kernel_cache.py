"""Compiled code on disk goes stale when a callee changes; `rampart.physics._jit` must notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLEE = """
from rampart.physics._jit import kernel

@kernel
def factor():
    return {value}
"""
CALLER = """
from rampart.physics._jit import kernel
from _kernels_callee import factor

@kernel
def scaled(x):
    return factor() * x
"""


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """Two kernel files, the one calling the other; named as kernels are, on a path of their own."""
    folder = tmp_path / "rooms"
    folder.mkdir()
    return folder


def write(folder: Path, value: float) -> None:
    """The two modules; only the callee changes with `value`."""
    (folder / "_kernels_callee.py").write_text(CALLEE.format(value=value), encoding="utf-8")
    (folder / "_kernels.py").write_text(CALLER, encoding="utf-8")


def scaled(folder: Path, cache: Path) -> tuple[float, int]:
    """What a fresh process gets for scaled(2.0), and how many of its answers came from the cache on disk."""
    code = "import _kernels as k; print(k.scaled(2.0), sum(k.scaled.stats.cache_hits.values()))"
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    value, hits = done.stdout.split()
    return float(value), int(hits)


def test_a_changed_callee_is_compiled_anew_into_its_caller(rooms, tmp_path):
    cache = tmp_path / "cache"
    write(rooms, 3.0)
    assert scaled(rooms, cache) == (6.0, 0)
    assert scaled(rooms, cache) == (6.0, 1)  # really cached: else the rest proves nothing
    write(rooms, 5.0)
    assert scaled(rooms, cache) == (10.0, 0)


def test_every_kernel_file_of_the_package_has_a_folder_of_its_own_sources(tmp_path):
    """The hash of a room's kernels depends on the kernels of each room they are built from."""
    from rampart.physics import _jit

    package = Path(_jit.__file__).parent.parent
    physics = package / "physics" / "_kernels.py"
    for path in sorted(package.rglob("_kernels*.py")):
        reached = _jit._reachable(path.resolve())
        assert path.resolve() in reached
        if "rampart.physics" in path.read_text(encoding="utf-8"):
            assert physics in reached
