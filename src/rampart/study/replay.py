"""Replay: a recording's batches through the same chain, without truth and without dice."""

from pathlib import Path
from typing import Any

from rampart.ledger import OutputDigest, RecordingReader
from rampart.pipeline import Outputs, build_chain, build_places, restore_scenario


def replay(path: str | Path) -> dict[str, Any]:
    """Step every recorded batch through a fresh chain.

    Parameters
    ----------
    path : str or pathlib.Path
        A recording.

    Returns
    -------
    dict
        ``output_sha256``, ``matches_recording`` and ``steps``.

    Raises
    ------
    InputError
        If it is no recording, is cut short, or was made with other settings than this version knows.
    """
    reader = RecordingReader(path)
    header = reader.header
    scenario = restore_scenario(header["scenario"], str(path))
    chains = {
        place.site.id: build_chain(scenario, place, engage=header["effectors"], live=header.get("live", False))
        for place in build_places(scenario)
    }
    digest, steps = OutputDigest(), 0
    for batch in reader.batches():
        out: Outputs = chains[batch.site_id].step(
            batch.now_ns, batch.detections, batch.external, decisions=batch.decisions, heard=batch.heard
        )
        digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
        steps += 1
    sha256 = digest.hexdigest()
    return {
        "output_sha256": sha256,
        "matches_recording": sha256 == reader.summary["output_sha256"],
        "steps": steps,
    }
