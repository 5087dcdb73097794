"""Compiled code on disk goes stale when a callee changes; `rampart.physics._jit` must notice."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rampart.physics import _jit

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


PACKAGE = Path(_jit.__file__).resolve().parent.parent


def imported(path: Path) -> set[Path]:
    """The files of the package that a file imports from, the decorator's own left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        words = (node.module or "").split(".") if node.module else []
        if node.level:
            base = path.parents[node.level - 1]
        elif words[:1] == ["rampart"]:
            base, words = PACKAGE, words[1:]
        else:
            continue
        whole = base.joinpath(*words)
        for candidate in (whole.with_suffix(".py"), *(whole / f"{alias.name}.py" for alias in node.names)):
            if candidate.is_file():
                found.add(candidate.resolve())
    return found - {PACKAGE / "physics" / "_jit.py"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("_kernels*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_hash_covers_every_file_a_kernel_imports_from(path):
    """Directly or by way of another kernel file; else a change there would leave stale machine code."""
    todo, needed = [path.resolve()], set()
    while todo:
        for file in imported(todo.pop()) - needed:
            needed.add(file)
            todo.append(file)
    missed = needed - set(_jit._reachable(path.resolve()))
    assert not missed
