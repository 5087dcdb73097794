"""``rampart incident``: the ledger of what happened and who says so. One module for each group of commands.

A module has ``COMMANDS``: names of commands and their functions, in the order in which the help lists them.
"""

import typer

from . import answers, checks, entry, findings, imports, inquest, links


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help="The ledger of incidents: what happened, and who says so.", rich_markup_mode=None)
    for module in (entry, findings, inquest, imports, answers, links, checks):
        for name, command in module.COMMANDS:
            group.command(name)(command)
    app.add_typer(group, name="incident")
