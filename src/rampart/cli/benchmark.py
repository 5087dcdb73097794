"""``rampart bench NAME``: figures, side by side with peers where these are installed."""

from typing import Annotated, Any

import typer

from rampart.errors import InputError

from .answer import out, print_json, quiet_or
from .simulate import Json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("bench")(bench)


def bench(
    name: Annotated[str, typer.Argument(help="flight, track, impact, flights, chain, asterix, coverage or scenarios.")],
    quick: Annotated[bool, typer.Option(help="Fewer repeats and seeds.")] = False,
    json: Json = False,
) -> None:
    """Run a benchmark and print its figures."""
    from rampart.bench import NAMES, run

    if name not in NAMES:
        raise InputError(f"no benchmark {name!r}; expected one of {', '.join(NAMES)}")
    with quiet_or(f"bench {name}", quiet=json):
        answer = run(name, quick=quick)
    if json:
        print_json(answer)
        return
    out.print(f"{name}: {answer['machine']['processor']}, Python {answer['machine']['python']}")
    for row in answer["results"]:
        ratio = "" if row.get("ratio") is None else f"  ratio {row['ratio']:.3g}"
        out.print(f"{row['name']}: {_words(row['ours'])}{_against(row.get('peer'))}{ratio}")


def _words(figures: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_figure(value)}" for key, value in figures.items())


def _against(peer: dict[str, Any] | None) -> str:
    return f"  |  peer: {_words(peer)}" if peer else ""


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, dict):
        return "{" + _words(value) + "}"
    return str(value)
