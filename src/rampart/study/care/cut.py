"""Cut: a stretch of a recording. From its beginning it stays replayable; from any later moment it is a fragment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.ledger import Batch, RecordingReader, RecordingWriter
from rampart.ledger.care.redact import refuse_same
from rampart.ledger.fingerprint import hash_file
from rampart.ledger.recording import HEADER_TOPIC, SUMMARY_TOPIC
from rampart.study.replay import replay_batches

NS = 1_000_000_000
_MOMENTS = ("first_detection_s", "confirmed_s", "first_warning_s")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time within a recording, both ends included, seconds since run start."""

    from_s: float
    to_s: float

    def holds(self, seconds: float) -> bool:
        """Whether a moment lies within."""
        return self.from_s - 1e-9 <= seconds <= self.to_s + 1e-9


def cut_recording(path: str | Path, out: str | Path, *, from_s: float | None, to_s: float | None) -> dict[str, Any]:
    """Write what lies between two moments of a recording.

    Parameters
    ----------
    path, out : str or pathlib.Path
        The recording, and the file to write.
    from_s, to_s : float or None
        Seconds since run start, both included; None for its beginning and its end.

    Returns
    -------
    dict
        What ``rampart recording cut --json`` prints.

    Raises
    ------
    InputError
        If nothing lies between them, or the recording was redacted or is damaged.
    """
    reader = RecordingReader(path)
    refuse_same(reader.path, Path(out))
    first_s, last_s = _ends(reader)
    stretch = Stretch(first_s if from_s is None else from_s, last_s if to_s is None else to_s)
    if stretch.to_s < first_s or stretch.from_s > last_s or stretch.to_s < stretch.from_s:
        raise InputError(
            f"nothing lies between {stretch.from_s:g} and {stretch.to_s:g} s; it goes from {first_s:g} to {last_s:g} s",
            path=reader.path,
        )
    why = _why_fragment(reader, stretch, first_s)
    digest = None
    if not why:
        digest, why = _digest(reader, stretch)
    sha256, _ = hash_file(reader.path)
    facts = {"of_sha256": sha256, "from_s": stretch.from_s, "to_s": stretch.to_s}
    header = dict(reader.header)
    header["scenario"] = {**header["scenario"], "duration_s": max(min(stretch.to_s, _length(header)), 1e-3)}
    header["fragment" if why else "cut"] = {**facts, **({"why": why} if why else {})}
    with RecordingWriter(out, header=header) as writer:
        for topic, message in _kept(reader, stretch):
            writer.copy(topic, _now_ns(message), message)
        writer.summary(_summary(reader.summary, stretch, digest))
    made, size = hash_file(Path(out))
    return {
        "schema": 1, "out": str(out), "sha256": made, "size_bytes": size, "from_s": stretch.from_s,
        "to_s": stretch.to_s, "replayable": not why, "fragment": why or None, "output_sha256": digest,
    }  # fmt: skip


def _start_ns(reader: RecordingReader) -> int:
    return min((site.start_ns for site in reader.sites), default=0)


def _now_ns(message: Mapping[str, Any]) -> int:
    stamp = message["timestamp"]
    return int(stamp["sec"]) * NS + int(stamp["nsec"])


def _length(header: Mapping[str, Any]) -> float:
    return float(header["scenario"].get("duration_s") or float("inf"))


def _ends(reader: RecordingReader) -> tuple[float, float]:
    """First and last step [s]."""
    contents, start_ns = reader.verify(), _start_ns(reader)
    if not contents.batches:
        raise InputError("holds no step: there is nothing to cut", path=reader.path)
    return tuple(round((ns - start_ns) / NS, 9) for ns in (contents.first_ns, contents.last_ns))  # type: ignore[return-value]


def _why_fragment(reader: RecordingReader, stretch: Stretch, first_s: float) -> str:
    for piece in ("fragment", "redacted"):
        if reader.header.get(piece):
            return f"it was cut from a recording that is itself {'a fragment' if piece == 'fragment' else 'redacted'}"
    if stretch.from_s > first_s:
        return "it begins after the recording does: the chain had seen what is left out"
    return ""


def _digest(reader: RecordingReader, stretch: Stretch) -> tuple[str | None, str]:
    """Checksum of the outputs up to the cut, and why there is none."""
    start_ns = _start_ns(reader)

    def until(batches: Iterator[Batch]) -> Iterator[Batch]:
        return (b for b in batches if (b.now_ns - start_ns) / NS <= stretch.to_s + 1e-9)

    whole = replay_batches(reader, reader.batches(), keep=False)
    if whole.matches is False:
        return None, "the recording itself does not replay with this version"
    part = replay_batches(reader, until(reader.batches()), keep=False)
    return part.output_sha256, ""


def _kept(reader: RecordingReader, stretch: Stretch) -> Iterator[tuple[str, dict[str, Any]]]:
    """Messages within the stretch, steps counted anew; flights that were in the air."""
    start_ns, base = _start_ns(reader), None
    for topic, message in reader.messages():
        if topic in (HEADER_TOPIC, SUMMARY_TOPIC):
            continue
        if topic.endswith("/truth"):
            if message["time_s"][0] <= stretch.to_s and message["time_s"][-1] >= stretch.from_s:
                yield topic, message
            continue
        if not stretch.holds((_now_ns(message) - start_ns) / NS):
            if topic.endswith("/detections"):
                base = (base or 0) + 1
            continue
        yield topic, {**message, "step": int(message["step"]) - (base or 0)}


def _summary(summary: Mapping[str, Any], stretch: Stretch, digest: str | None) -> dict[str, Any]:
    """What of the score holds for the stretch; counts over the whole run do not."""
    threats = [
        _so_far(t, stretch.to_s)
        for t in summary.get("threats") or ()
        if t["launch_s"] <= stretch.to_s and t["arrival_s"] >= stretch.from_s
    ]
    shots = [s for s in summary.get("shots") or () if stretch.holds(s["intercept_s"])]
    return {
        **{key: value for key, value in summary.items() if key not in ("timing", "recording", "report", "alerts")},
        "duration_s": min(float(summary.get("duration_s") or stretch.to_s), stretch.to_s),
        "threats": threats, "shots": shots, "warnings": None, "tracks": None, "output_sha256": digest,
    }  # fmt: skip


def _so_far(threat: Mapping[str, Any], to_s: float) -> dict[str, Any]:
    """A threat as it stood at the cut."""
    done = dict(threat)
    if threat["arrival_s"] <= to_s:
        return done
    for name in _MOMENTS:
        if done.get(name) is not None and done[name] > to_s:
            done[name] = None
    if done.get("first_warning_s") is None:
        done |= {"warning_lead_s": None, "warned_zones": []}
    done["outcome"] = "flying"
    return done
