"""``rampart users``: who may look at the display and decide there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rampart.errors import InputError

from .answer import err, out, print_json
from .simulate import Json

if TYPE_CHECKING:
    from rampart.serve.web.accounts import Accounts

Users = Annotated[
    Path | None, typer.Option("--users", help="File of accounts; RAMPART_USERS or the user's configuration otherwise.")
]
Name = Annotated[str, typer.Argument(help="Letters, digits, dots, dashes and underscores.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help="Accounts of the display: viewers, operators, admins.", rich_markup_mode=None)
    for name, command in (("add", add), ("list", list_), ("remove", remove)):
        group.command(name)(command)
    app.add_typer(group, name="users")


def _open(given: Path | None) -> tuple[Path, "Accounts"]:
    from rampart.serve.web.accounts import Accounts, default_path

    path = given or default_path()
    return path, Accounts.read(path)


def _write(accounts: "Accounts", path: Path) -> None:
    try:
        accounts.write(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None


def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, operator or admin.")] = "viewer",
    users: Users = None,
    json: Json = False,
) -> None:
    """Make an account, or give one a new token. The token is shown once: only a hash of it is kept."""
    from rampart.serve.web.roles import Role

    path, accounts = _open(users)
    try:
        chosen = Role.of(role)
    except ValueError as error:
        raise InputError(f"--role: {error}") from None
    token = accounts.add(name, chosen)
    _write(accounts, path)
    if json:
        print_json({"schema": 1, "name": name, "role": chosen.label, "token": token, "users": str(path)})
        return
    err.print(f"{name} is {chosen.label} in {path}; the token is shown once:", markup=False)
    out.print(token, markup=False)


def list_(users: Users = None, json: Json = False) -> None:
    """List the accounts."""
    path, accounts = _open(users)
    rows = [{"name": account.name, "role": account.role.label} for account in accounts.sorted()]
    if json:
        print_json({"schema": 1, "users": rows})
        return
    for row in rows:
        out.print(f"{row['name']:<40}  {row['role']}", markup=False)
    if not rows:
        err.print(f"no accounts in {path}", markup=False)


def remove(name: Name, users: Users = None, json: Json = False) -> None:
    """Take an account away. A service that runs must be started again to know."""
    path, accounts = _open(users)
    accounts.remove(name)
    _write(accounts, path)
    if json:
        print_json({"schema": 1, "removed": name})
    else:
        out.print(f"{name} is removed", markup=False)
