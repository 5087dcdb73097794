"""Tasks: background work that ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.2


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, which aiomqtt uses, swallows a cancellation that comes at
    the very moment at which what it waits for is done.
    """
    rest = {task for task in tasks if not task.done()}
    while rest:
        for task in rest:
            task.cancel()
        _, rest = await asyncio.wait(rest, timeout=_AGAIN_S)
