"""``rampart recording``: care of recordings - what is in them, parts of them, several as one, what may be shared."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.errors import InputError

from .answer import out, print_json, quiet_or
from .simulate import Json

Source = Annotated[Path, typer.Argument(help="A recording.mcap.")]
Target = Annotated[Path, typer.Option("--out", help="The file to write, FILE.mcap.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help="Care of recordings: info, verify, cut, merge, redact.", rich_markup_mode=None)
    for name, command in (
        ("info", info),
        ("verify", verify),
        ("cut", cut),
        ("merge", merge),
        ("redact", redact),
        ("export", export),
    ):
        group.command(name)(command)
    app.add_typer(group, name="recording")


def info(recording: Source, json: Json = False) -> None:
    """Say what is in a recording: times, sites, sensors, counts, hashes."""
    from rampart.ledger.care import survey

    with quiet_or(f"reading {recording}", quiet=json):
        answer = survey(recording)
    if json:
        print_json(answer)
        return
    for line in _info_words(answer):
        out.print(line, markup=False)


def _info_words(answer: dict[str, Any]) -> list[str]:
    seed = f", seed {answer['seed']}, run {answer['run']}" if answer["seed"] is not None else ""
    piece = "" if answer["piece"] == "whole" else f", {answer['piece']}"
    lines = [
        f"{answer['recording']}: {answer['name']}, {answer['kind']}{seed}{piece}, Rampart {answer['version']}",
        f"  {answer['first']} to {answer['last']}, {answer['duration_s'] or 0:.1f} s, {answer['size_bytes']:,} B",
    ]
    for site in answer["sites"]:
        said = f"{site['steps']:,} steps, {site['detections']:,} detections, {site['tracks']} confirmed tracks"
        lines.append(f"  {site['id']}: {said}, {site['warnings']} warning messages, {len(site['zones'])} zones")
        lines += [f"    {s['id']:<12} {s['kind']:<14} {s['detections']:>9,} detections" for s in site["sensors"]]
    if answer["flights"]:
        lines.append(f"  truth of {answer['flights']} flights, {answer['threats']} of them scored threats")
    lines.append(f"  file sha256   {answer['sha256']}")
    lines.append(f"  output sha256 {answer['output_sha256'] or 'none'}")
    return lines


def verify(
    recording: Source,
    replay: Annotated[bool, typer.Option(help="Step it through the chain again.")] = True,
    json: Json = False,
) -> None:
    """Check every checksum of a recording, and that the chain says the same again; exit code 1 if it does not."""
    from rampart.study.care import verify_recording

    with quiet_or(f"verifying {recording}", quiet=json):
        answer = verify_recording(recording, replay=replay)
    if json:
        print_json(answer)
    else:
        said = {True: "replays to the same output", False: "REPLAYS TO OTHER OUTPUT"}.get(answer["matches_recording"])
        said = said or f"not replayed ({answer['not_replayed']})"
        out.print(f"{recording}: every checksum is sound, {answer['messages']:,} messages, {said}", markup=False)
        out.print(f"  file sha256 {answer['sha256']}")
    if not answer["ok"]:
        raise typer.Exit(1)


def cut(
    recording: Source,
    target: Target,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Seconds since its start, or a time with zone; its beginning if left out."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="The same for the end.")] = None,
    json: Json = False,
) -> None:
    """Cut a stretch out of a recording; from its beginning it stays replayable, else it says that it is a fragment."""
    from rampart.study.care import cut_recording

    with quiet_or(f"cutting {recording}", quiet=json):
        start, end = (_moment(recording, name, text) for name, text in (("--from", from_), ("--to", to)))
        answer = cut_recording(recording, target, from_s=start, to_s=end)
    if json:
        print_json(answer)
        return
    kept = "replayable" if answer["replayable"] else f"a fragment: {answer['fragment']}"
    out.print(f"{target}: {answer['from_s']:g} to {answer['to_s']:g} s, {kept}", markup=False)


def _moment(recording: Path, name: str, text: str | None) -> float | None:
    """Seconds since run start."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _clock(recording, name, text)
    if not 0.0 <= seconds < 1e9:
        raise InputError(f"{name} {text!r}: expected seconds since the start, or a time with zone after it")
    return seconds


def _clock(recording: Path, name: str, text: str) -> float:
    from rampart.ledger import RecordingReader

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(f"{name} {text!r}: expected seconds since the start, or a time like 2021-07-05T21:10:00Z")
    start_ns = min((site.start_ns for site in RecordingReader(recording).sites), default=0)
    return moment.timestamp() - start_ns * 1e-9


def merge(
    recordings: Annotated[list[Path], typer.Argument(help="Two recordings or more.")],
    target: Target,
    json: Json = False,
) -> None:
    """Merge recordings of several sensors, sites or times: what came in is joined, and the chain runs on all of it."""
    from rampart.study.care import merge_recordings

    with quiet_or(f"merging {len(recordings)} recordings", quiet=json):
        answer = merge_recordings(recordings, target)
    if json:
        print_json(answer)
        return
    sites = ", ".join(answer["sites"])
    out.print(f"{target}: {answer['steps']:,} steps at {sites}, output {answer['output_sha256'][:16]}...", markup=False)


def redact(recording: Source, target: Target, json: Json = False) -> None:
    """Write what of a recording may be shared: what the threats did, nothing of own sensors, people and operators."""
    from rampart.ledger.care import redact_recording

    with quiet_or(f"redacting {recording}", quiet=json):
        answer = redact_recording(recording, target)
    if json:
        print_json(answer)
        return
    out.print(f"{target}: left out {', '.join(answer['left_out'])}", markup=False)


def export(
    session: Annotated[Path, typer.Argument(help="The folder of a live session's journal.")],
    target: Target,
    json: Json = False,
) -> None:
    """Make a recording of a live session's journal, so that it can be reported, cut, redacted and asked what if."""
    from rampart.serve.journal.export import export_journal

    with quiet_or(f"exporting {session}", quiet=json):
        answer = export_journal(session, target)
    if json:
        print_json(answer)
        return
    kept = f"a fragment: {answer['fragment']}" if answer["fragment"] else "replayable"
    out.print(f"{target}: {answer['steps']:,} steps, {kept}", markup=False)
