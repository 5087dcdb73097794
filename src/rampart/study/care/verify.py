"""Verify: every checksum, every count, and whether the chain says the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rampart.ledger import RecordingReader
from rampart.ledger.care.survey import piece_of
from rampart.ledger.fingerprint import hash_file
from rampart.study.replay import replay_batches


def verify_recording(path: str | Path, *, replay: bool = True) -> dict[str, Any]:
    """Read everything, compare every checksum, and replay what can be replayed.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording.
    replay : bool
        False leaves the chain out.

    Returns
    -------
    dict
        What ``rampart recording verify --json`` prints; ``ok`` is False only if the chain says something else now.

    Raises
    ------
    InputError
        At the first byte that is not as it was written.
    """
    reader = RecordingReader(path)
    contents = reader.verify()
    sha256, size = hash_file(reader.path)
    piece = piece_of(reader.header)
    matches, output, why = None, None, _not_replayed(reader, piece, replay)
    if not why:
        done = replay_batches(reader, reader.batches(), keep=False)
        matches, output = done.matches, done.output_sha256
    return {
        "schema": 1,
        "recording": str(path),
        "ok": matches is not False,
        "sha256": sha256,
        "size_bytes": size,
        "piece": piece,
        "checksums": "sound",
        "messages": sum(contents.messages.values()),
        "batches": contents.batches,
        "detections": contents.detections,
        "matches_recording": matches,
        "output_sha256": output,
        "not_replayed": why or None,
    }


def _not_replayed(reader: RecordingReader, piece: str, replay: bool) -> str:
    if not replay:
        return "not asked for"
    if piece == "redacted":
        return "redacted: what the sensors reported is no part of it"
    if piece == "fragment":
        return "a fragment: the chain had begun before it"
    return "" if reader.summary.get("output_sha256") else "it holds no checksum of its outputs"
