"""Writer: a message as framed octets."""

from __future__ import annotations

from typing import Any

from .frame import frame
from .rules import check_message


def write_message(message: Any) -> bytes:
    """Write a `SapientMessage` with its length in front. The same message gives the same octets.

    Raises
    ------
    MessageError
        If it breaks a rule: what we would not read, we do not send.
    """
    check_message(message)
    return frame(message.SerializeToString(deterministic=True))
