"""Export: a live session's journal as a recording, which all that reads recordings can take up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.ledger import OutputDigest, RecordingWriter, make_header
from rampart.serve.core import Worked

from .history import is_journal, read_header
from .replay import replay_journal, set_up


def export_journal(folder: Path, out: Path) -> dict[str, Any]:
    """Make every step of a session again, and record what went in and what came out.

    Parameters
    ----------
    folder : pathlib.Path
        Of the session.
    out : pathlib.Path
        The recording to write.

    Returns
    -------
    dict
        What ``rampart recording export --json`` prints.

    Raises
    ------
    InputError
        If it holds no journal, or the chain says something else now than it did then: nothing is written.

    Notes
    -----
    A session that took up the state of an earlier one, or has gaps, gives a fragment: its chain had seen what is not
    in it.
    """
    if not is_journal(folder):
        raise InputError("expected the folder of a live session's journal", path=folder)
    head = read_header(folder)
    setup = set_up(head, folder)
    scenario = {**head["scenario"], "folder": head["folder"]}
    header = make_header(
        scenario=scenario, scenario_toml="", seed=0, run=0, version=str(head.get("version", "")),
        sites=[place.site for place in setup.places],
    )  # fmt: skip
    header |= {"seed": None, "run": None, "live": True, "effectors": False, "session": str(head.get("session", ""))}
    why = "" if head.get("fresh") else "the session went on with the state of an earlier one"
    steps: list[tuple[str, int, Worked]] = []

    def take(site: str, now_ns: int, worked: Worked | None) -> None:
        if worked is not None:
            steps.append((site, now_ns, worked))

    found = replay_journal(folder, take)
    if found.different:
        site, step = found.different[0]
        raise InputError(f"step {step} of {site} gives other output than it did live: not exported", path=folder)
    if found.gaps or found.failed:
        why = why or f"the journal has {found.gaps} gaps and {found.failed} failed steps"
    digest = OutputDigest()
    with RecordingWriter(out, header={**header, **({"fragment": {"why": why}} if why else {})}) as writer:
        for site, now_ns, worked in steps:
            said = worked.outputs
            writer.batch(
                site, now_ns, worked.detections, decisions=worked.decisions, heard=worked.heard,
                external=worked.external,
            )  # fmt: skip
            writer.outputs(site, now_ns, said.tracks, said.predictions, said.warnings, said.engagements)
            writer.states(site, now_ns, said.health, said.zones)
            digest.update(said.tracks, said.predictions, said.warnings, said.engagements)
        whole = None if why else digest.hexdigest()
        writer.summary({"schema": 1, "scenario": scenario.get("name"), "output_sha256": whole})
    return {"schema": 1, "out": str(out), "steps": len(steps), "fragment": why or None, "output_sha256": whole}
