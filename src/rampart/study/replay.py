"""Replay: a recording's batches through the same chain, without truth and without dice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.ledger import Batch, OutputDigest, RecordingReader
from rampart.pipeline import Outputs, build_chain, build_places, restore_scenario


@dataclass
class Replayed:
    """What came of a replay.

    Attributes
    ----------
    output_sha256 : str
        Of the replay.
    matches : bool or None
        Whether the recording says the same; None for a fragment, whose chain had begun before.
    steps : int
        How many batches.
    outputs : dict
        By site: what the chain said in each step in which it said something.
    """

    output_sha256: str = ""
    matches: bool | None = None
    steps: int = 0
    outputs: dict[str, list[Outputs]] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """As ``rampart replay --json`` prints it."""
        return {"output_sha256": self.output_sha256, "matches_recording": self.matches, "steps": self.steps}


def replay(path: str | Path) -> dict[str, Any]:
    """Step every recorded batch through a fresh chain.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording.

    Returns
    -------
    dict
        ``output_sha256``, ``matches_recording`` (None for a fragment) and ``steps``.

    Raises
    ------
    InputError
        If it is no recording, is cut short, was redacted, or was made with other settings than this version knows.
    """
    reader = RecordingReader(path)
    return replay_batches(reader, reader.batches(), keep=False).answer()


def replay_batches(reader: RecordingReader, batches: Iterable[Batch], *, keep: bool = True) -> Replayed:
    """Step batches of a recording through fresh chains; see `replay`.

    Parameters
    ----------
    reader : RecordingReader
        Whose header says what the chains are.
    batches : iterable of Batch
        In the order of the recording.
    keep : bool
        Keep what the chains said.
    """
    header = reader.header
    if header.get("redacted"):
        raise InputError("was redacted: what the sensors reported is no part of it, so nothing can be replayed",
                         path=reader.path)  # fmt: skip
    scenario = restore_scenario(header["scenario"], str(reader.path))
    drawn = {name: int(header.get(name) or 0) for name in ("seed", "run")}
    chains = {
        place.site.id: build_chain(scenario, place, engage=header["effectors"], live=header.get("live", False), **drawn)
        for place in build_places(scenario)
    }
    digest, done = OutputDigest(), Replayed()
    for batch in batches:
        out: Outputs = chains[batch.site_id].step(
            batch.now_ns, batch.detections, batch.external, decisions=batch.decisions, heard=batch.heard
        )
        digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
        done.steps += 1
        if keep and (len(out.tracks) or len(out.warnings) or len(out.engagements)):
            done.outputs.setdefault(batch.site_id, []).append(out)
    done.output_sha256 = digest.hexdigest()
    if not header.get("fragment"):
        done.matches = done.output_sha256 == reader.summary.get("output_sha256")
    return done
