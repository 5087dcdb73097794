"""Supply: battery and mains, as the machine or a probe of the owner's knows them."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterable
from pathlib import Path

from .device import Power

SYSTEM = Path("/sys/class/power_supply")
_PROBE_S = 5.0
_MOST_BYTES = 10_000


def read_system(folder: Path = SYSTEM) -> Power:
    """What Linux knows of the supply; nothing known where there is no such folder."""
    percent, mains = None, None
    with contextlib.suppress(OSError):
        for entry in sorted(folder.iterdir()):
            kind = _text(entry / "type")
            if kind == "Battery" and (capacity := _text(entry / "capacity")).isdigit():
                percent = min(float(capacity), 100.0 if percent is None else percent)
            elif kind in ("Mains", "USB") and (online := _text(entry / "online")).isdigit():
                mains = bool(mains) or int(online) > 0
    return Power(percent, mains)


def parse_probe(lines: Iterable[str]) -> tuple[Power, dict[str, str]]:
    """What a probe printed: ``battery_percent 87``, ``mains on``, ``fault NAME what is wrong``, a line each.

    >>> parse_probe(["battery_percent 87", "mains off", "fault horn coil open"])
    (Power(battery_percent=87.0, mains=False), {'horn': 'coil open'})
    """
    percent, mains, faults = None, None, {}
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if word == "battery_percent":
            with contextlib.suppress(ValueError):
                value = float(rest)
                percent = value if math.isfinite(value) and 0.0 <= value <= 100.0 else None
        elif word == "mains" and rest in ("on", "off"):
            mains = rest == "on"
        elif word == "fault" and rest:
            name, _, detail = rest.partition(" ")
            faults[name[:40]] = detail[:200]
    return Power(percent, mains), faults


async def run_probe(argv: tuple[str, ...]) -> tuple[Power, dict[str, str]]:
    """Run the owner's probe; one that fails is itself a fault."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return Power(), {"probe": f"cannot be run: {error.strerror or error}"}
    try:
        async with asyncio.timeout(_PROBE_S):
            out, _ = await process.communicate()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return Power(), {"probe": f"no end within {_PROBE_S:g} s"}
    if process.returncode:
        return Power(), {"probe": f"ended with {process.returncode}"}
    return parse_probe(out[:_MOST_BYTES].decode("utf-8", "replace").splitlines())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""
