"""Keep: how long journals stay on the disk."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from .history import segments

_log = logging.getLogger("rampart.serve")
SECOND = 1_000_000_000
DAY_NS = 86_400 * SECOND


def prune(state: Path, now_ns: int, keep_days: float, current: Path | None = None) -> int:
    """Remove segments whose last octet is older than so many days, and sessions that are left without any.

    The newest segment of the current session stays, whatever its age: it is written.

    Parameters
    ----------
    state : pathlib.Path
        Holds one folder per session.
    now_ns : int
        ns UTC, by the clock that stamps files.
    keep_days : float
    current : pathlib.Path or None
        The session that is written.

    Returns
    -------
    int
        How many segments were removed. What cannot be removed stays, and is tried again.
    """
    oldest_ns, removed = now_ns - round(keep_days * DAY_NS), 0
    for folder in sorted(path for path in state.glob("*") if path.is_dir()):
        found = segments(folder)
        if not found:
            continue
        for path in found[:-1] if folder == current else found:
            with suppress(OSError):
                if path.stat().st_mtime_ns < oldest_ns:
                    path.unlink()
                    removed += 1
        if folder != current and not segments(folder):
            with suppress(OSError):
                (folder / "snapshot.bin").unlink(missing_ok=True)
                folder.rmdir()
    if removed:
        _log.info("journal: %d segments older than %g days removed", removed, keep_days)
    return removed
