"""The program ``rampart``: commands, errors and exit codes.

Exit codes: 0 done, 1 ran and failed, 2 bad input with a one-line message.
"""

import sys

import typer

from rampart.errors import InputError, RampartError

from . import benchmark, inspect, replay, simulate, track

app = typer.Typer(
    name="rampart",
    help="The open C-RAM: sense, track, predict and warn of rockets, artillery, mortars and drones. Interception is "
    "simulated only. Uncertified; never the only warning path.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (simulate, inspect, track, replay, benchmark):
    module.register(app)


def main() -> None:
    """Run the command line; bad input and failures become one line and an exit code."""
    try:
        app()
    except InputError as error:
        _stop(error, 2)
    except RampartError as error:
        _stop(error, 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        _stop("stopped", 130)


def _stop(reason: object, code: int) -> None:
    sys.stderr.write(f"rampart: {reason}\n")
    sys.exit(code)
