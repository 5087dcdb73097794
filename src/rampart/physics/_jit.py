"""The decorator of every compiled kernel.

numba keeps compiled code on disk, but it only looks at the file of the function itself: a change in a callee that
lives in another file leaves stale machine code behind. So each kernel is cached in a folder whose name is a hash of all
sources its code can come from: the ``_kernels*.py`` and ``constants.py`` of its own room and of every room it names,
and this file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

_PACKAGE = Path(__file__).resolve().parent.parent
_SOURCES = ("_kernels*.py", "constants.py", "_jit.py")
_ROOM = re.compile(r"\brampart\.(\w+)|from\s+(rampart)\s+import")


def kernel(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a function with numba: lazy signatures, cached on disk, without the GIL, strict IEEE arithmetic.

    Parameters
    ----------
    function : callable, optional
        The kernel; left out when options are given (``@kernel(inline="always")``).
    **options
        Passed on to `numba.njit`. ``fastmath`` and ``parallel`` are refused: their bits differ between machines.

    Notes
    -----
    Division follows numpy (``1 / 0`` is inf, nothing is raised): a kernel reports trouble by a status, and a test for
    zero in each division would keep LLVM from vectorising loops. With ``NUMBA_DISABLE_JIT=1`` the plain function runs.

    Examples
    --------
    >>> @kernel
    ... def double(x):
    ...     return 2.0 * x
    >>> double(3.0)
    6.0
    """
    if options.get("fastmath") or options.get("parallel"):
        raise ValueError("a kernel must not use fastmath or parallel: its bits would differ between machines")
    if function is None:
        return lambda f: kernel(f, **options)
    # _nrt is said though it is numba's own default: a callee would inherit its caller's
    settings = {"nogil": True, "error_model": "numpy", "_nrt": True, **options}
    source = Path(function.__code__.co_filename)
    folder = None if numba.config.DISABLE_JIT or not source.is_file() else cache_folder(source)
    if folder is None:
        return numba.njit(**settings)(function)
    # numba reads this setting once, when the dispatcher is made; other users of numba in the process keep their own.
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = folder
    try:
        return numba.njit(cache=True, **settings)(function)
    finally:
        numba.config.CACHE_DIR = before


def leaf(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a `kernel` that makes no array and returns none: references to arrays are not counted in it.

    numba counts a reference for each array that is passed on and for each view of one, atomically. In the small kernels
    that are called for every pair, mode or step these counts were a third of the time. What has called such a kernel
    holds its arrays until it returns; so nothing is lost, and every number stays the same.

    Parameters
    ----------
    function, **options
        As for `kernel`.

    Notes
    -----
    numba refuses to compile one that makes an array or returns a view. Not refused, but a leak, would be to call a
    kernel that returns an array: tests/unit/physics/test_leaves.py reads the sources for that.

    Examples
    --------
    >>> @leaf
    ... def double_all(x):
    ...     for i in range(x.size):
    ...         x[i] *= 2.0
    """
    return kernel(function, _nrt=False, **options)


@cache
def cache_folder(source: Path) -> str | None:
    """Folder for the compiled code of the kernels in one file; None where no safe folder can be written."""
    name = _hash_of(source)
    for base in _bases():
        folder = base / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK) and _is_ours(folder):
            return str(folder)
    return None


def _bases() -> list[Path]:
    """Candidate places, best first: numba's own setting, the user's cache, a private folder for temporary files."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(named)]
    bases = []
    if named := os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA"):
        bases.append(Path(named) / "rampart" / "kernels")
    with contextlib.suppress(RuntimeError):  # no home folder known
        bases.append(Path.home() / ".cache" / "rampart" / "kernels")
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    bases.append(Path(tempfile.gettempdir()) / f"rampart-kernels-{owner}")
    return bases


def _is_ours(folder: Path) -> bool:
    """Cached code is unpickled and run, so a folder that another user can write to or swap is not trusted."""
    if not hasattr(os, "getuid"):
        return True
    own, parent = folder.stat(), folder.parent.stat()
    swappable = parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX
    return own.st_uid == os.getuid() and not own.st_mode & stat.S_IWOTH and not swappable


def _hash_of(source: Path) -> str:
    """Hash of every source file that can end up in the machine code of the kernels in `source`."""
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    for path in _reachable(source.resolve()):
        digest.update(path.name.encode() + b"\0" + path.parent.name.encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _reachable(source: Path) -> list[Path]:
    """The file, the kernel sources beside it, and those of every room they name, on and on."""
    found: set[Path] = set()
    todo = [source, *_beside(source)]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for match in _ROOM.finditer(path.read_text(encoding="utf-8")):
            # "from rampart import x" could name any room: then all of them count
            todo.extend(_kernel_sources(_PACKAGE / match[1] if match[1] else _PACKAGE))
    return sorted(found)


@cache
def _kernel_sources(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for pattern in _SOURCES for path in folder.rglob(pattern)))


def _beside(source: Path) -> list[Path]:
    return [path for pattern in _SOURCES for path in source.parent.glob(pattern)]
