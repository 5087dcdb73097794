"""The program ``rampart``: commands, errors and exit codes.

Exit codes: 0 done, 1 ran and failed, 2 bad input with a one-line message.
"""

import sys
from typing import Annotated, Any

import typer

import rampart
from rampart.errors import InputError, RampartError

from . import (
    benchmark,
    coverage,
    exercise,
    explain,
    feed,
    incident,
    inspect,
    recording,
    replay,
    serve,
    simulate,
    siren,
    study,
    track,
    users,
)

app = typer.Typer(
    name="rampart",
    help="The open C-RAM: sense, track, predict and warn of rockets, artillery, mortars and drones. Interception is "
    "simulated only. Uncertified; never the only warning path.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    simulate, study, inspect, track, coverage, explain, replay, recording, incident, exercise, serve, feed, siren,
    users, benchmark,
):  # fmt: skip
    module.register(app)

#: What typer raises for arguments that do not fit; it gives the class no public name.
_ArgumentError: type[Exception] = typer.BadParameter.__mro__[2]


@app.callback(invoke_without_command=True)
def program(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Without a command: the version, or the help."""
    if version:
        sys.stdout.write(f"{rampart.__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stderr.write(f"{context.get_help()}\n")
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; bad input and failures become one line and an exit code."""
    try:
        code = app(standalone_mode=False)
    except _ArgumentError as error:
        _stop(_say(error), 2)
    except InputError as error:
        _stop(error, 2)
    except RampartError as error:
        _stop(error, 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        _stop("stopped", 130)
    else:
        sys.exit(code)


def _say(error: Any) -> str:
    """What is wrong with the arguments, on one line."""
    command = getattr(getattr(error, "ctx", None), "command_path", "rampart")
    return f"{' '.join(error.format_message().split()).rstrip('.')}; {command} --help says more"


def _stop(reason: object, code: int) -> None:
    sys.stderr.write(f"rampart: {reason}\n")
    sys.exit(code)
