"""A PostgreSQL server of our own for a while: in a temporary folder, on a Unix socket, ended by its process id."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any

from rampart.errors import InputError, RunError

#: Where Debian keeps the programs of each version.
_DEBIAN = Path("/usr/lib/postgresql")

_START_S = 60.0


def find_programs() -> Path:
    """Folder with ``initdb`` and ``postgres``: of the PATH, else the newest of Debian's.

    Raises
    ------
    InputError
        If PostgreSQL is not installed.
    """
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in _DEBIAN.glob("*/bin/initdb")]
    if not folders:
        raise InputError(
            "PostgreSQL is not installed: no initdb on the PATH or in /usr/lib/postgresql (apt: postgresql)"
        )
    return max(folders, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)


def _unprivileged() -> dict[str, Any]:
    """As whom to run: the server refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise InputError("PostgreSQL does not run as root, and there is no user postgres or nobody")


@contextmanager
def private_server() -> Iterator[str]:
    """Start a server, give the URL of its one database, end the server and delete the folder.

    Raises
    ------
    InputError
        If PostgreSQL is not installed.
    RunError
        If it does not start.
    """
    programs, who = find_programs(), _unprivileged()
    folder = Path(mkdtemp(prefix="rampart-pg-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    try:
        environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
        common: dict[str, Any] = {"cwd": folder, "env": environment, "stdout": subprocess.PIPE, **who}
        made = subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "rampart", "-A", "trust", "-E", "UTF8", "--no-sync"],
            stderr=subprocess.STDOUT, check=False, text=True, **common,
        )  # fmt: skip
        if made.returncode:
            raise RunError(f"initdb failed: {made.stdout.strip()[-300:]}")
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", "max_connections=20")
        words = [word for setting in settings for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *words], stderr=log, **{**common, "stdout": log}
            )
        try:
            _wait(programs, folder, server)
            yield f"postgresql://rampart@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: what it holds is thrown away
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = monotonic() + _START_S
    ready: list[str | Path] = [programs / "pg_isready", "-q", "-h", folder]
    while subprocess.run(ready, check=False).returncode:
        if server.poll() is not None or monotonic() > until:
            raise RunError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-300:]}")
        sleep(0.05)
