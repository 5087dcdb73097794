"""``rampart replay``: step a recording's batches through the chain again, as they were or with something changed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rampart.errors import InputError, RunError

from .answer import out, print_json, quiet_or
from .simulate import Json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("replay")(replay_command)


def replay_command(
    recording: Annotated[Path, typer.Argument(help="A recording.mcap, or the folder of a live session's journal.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="What if: section.key=value, several at once with commas between; sensor.ID.enabled=false takes a "
            "sensor away. Each --set is a row of the table.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Replay a recording: the same batches through the same chain, without truth; with --set, what would differ."""
    from rampart.serve.journal.history import is_journal
    from rampart.study.counterfactual import compare_recording

    if is_journal(recording):
        _replay_journal(recording, set_ or [], json=json)
        return
    with quiet_or(f"replaying {recording}", quiet=json):
        answer = compare_recording(recording, set_ or [])
    if json:
        print_json(answer)
    else:
        _tell(answer)
    if answer["matches_recording"] is False:
        raise RunError(f"{recording}: the replay gave other output than the recording holds")


def _replay_journal(folder: Path, changes: list[str], *, json: bool) -> None:
    """A live session again, compared with the digest of each of its steps."""
    from rampart.serve.journal.replay import replay_journal

    if changes:
        raise InputError("--set is for recordings, not for journals", path=folder)
    with quiet_or(f"replaying {folder}", quiet=json):
        found = replay_journal(folder)
    if json:
        print_json({"schema": 1, "journal": str(folder), **found.answer()})
    else:
        same = "OTHER output than live" if found.different else "the same output as live"
        gaps = f", {found.gaps} gaps" if found.gaps else ""
        out.print(f"{folder}: {found.steps} steps{gaps}, {same}, sha256 {found.output_sha256[:16]}...", markup=False)
    if found.different:
        site, step = found.different[0]
        raise RunError(f"{folder}: from step {step} of {site} on the replay gave other output than the live run")


def _tell(answer: dict[str, Any]) -> None:
    said = {True: "the same output", False: "OTHER output than recorded", None: "a fragment, from a cold start"}
    same = said[answer["matches_recording"]]
    name = f"{answer['recording']}: {answer['steps']} steps"
    out.print(f"{name}, {same}, sha256 {answer['output_sha256'][:16]}...", markup=False)
    if answer["differences"]:
        for line in ("", *_table(answer["differences"]), *_changes(answer["differences"])):
            out.print(line, markup=False)


_HEADS = ("with", "detections", "tracks", "warnings", "", "seconds earlier", "people warned", "missed", "false")


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows under their heads, as wide as they need; words to the left, figures to the right."""
    from rampart.study.counterfactual.answer import settings_words

    cells = [
        (
            settings_words(row["set"]),
            "simulated anew" if row["basis"] == "simulated" else "as recorded",
            _arrow(row["tracks"]),
            _arrow(row["warnings"]),
            f"+{row['warnings_added']} -{row['warnings_removed']}",
            _seconds(row["seconds"]),
            _arrow(row["people_warned"]),
            _arrow(row["missed"]),
            _arrow(row["false"]),
        )
        for row in rows
    ]
    wide = [max(map(len, column)) for column in zip(_HEADS, *cells, strict=True)]
    left = (0, 1)
    return [
        "  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, wide, strict=True)))
        for line in (_HEADS, *cells)
    ]


def _arrow(both: dict[str, Any] | None) -> str:
    if both is None:
        return "-"
    before, after = (f"{value:,.0f}" for value in (both["before"], both["after"]))
    return before if before == after else f"{before} -> {after}"


def _seconds(seconds: dict[str, Any]) -> str:
    if seconds["mean"] is None:
        return "-"
    mean, low, high = (round(seconds[name], 1) + 0.0 for name in ("mean", "least", "most"))  # no minus before nothing
    return f"{low:+.1f}" if low == high else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _changes(rows: list[dict[str, Any]]) -> list[str]:
    """Alarm by alarm what moved, and what was measured on what."""
    from rampart.study.counterfactual.answer import settings_words

    lines = []
    for row in rows:
        lines += ["", settings_words(row["set"])]
        lines += [f"  {_change(change)}" for change in row["changes"]]
        if not row["changes"]:
            lines.append("  every warning as it was" + (", to the last bit" if row["same_output"] else ""))
        lines += [f"  note: {note}" for note in row["notes"]]
    return lines


def _change(change: dict[str, Any]) -> str:
    old, new = change["first_s"]["before"], change["first_s"]["after"]
    where = f"{change['site']}/{change['zone']} ({change['people']:,.0f} people)"
    if old is None:
        return f"{where}: warned at {new:.1f} s, which it was not"
    if new is None:
        return f"{where}: not warned, where it was at {old:.1f} s"
    moved = "earlier" if new < old else "later"
    return f"{where}: warned at {new:.1f} s instead of {old:.1f} s, {abs(old - new):.1f} s {moved}"
