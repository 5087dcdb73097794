"""``rampart replay``: step a recording's batches through the chain again."""

from pathlib import Path
from typing import Annotated

import typer

from rampart.errors import RunError

from .answer import out, print_json, quiet_or
from .simulate import Json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("replay")(replay_command)


def replay_command(
    recording: Annotated[Path, typer.Argument(help="A recording.mcap.")],
    json: Json = False,
) -> None:
    """Replay a recording: the same batches through the same chain, without truth."""
    from rampart.study.replay import replay

    with quiet_or(f"replaying {recording}", quiet=json):
        answer = replay(recording)
    if json:
        print_json({"schema": 1, **answer, "differences": []})
    else:
        same = "the same output" if answer["matches_recording"] else "OTHER output than recorded"
        out.print(f"{recording}: {answer['steps']} steps, {same}, sha256 {answer['output_sha256'][:16]}...")
    if not answer["matches_recording"]:
        raise RunError(f"{recording}: the replay gave other output than the recording holds")
