"""Reader: octets as a message that keeps the rules."""

from __future__ import annotations

from typing import Any

from rampart.wire.message_error import MessageError

from .frame import MAX_BYTES
from .rules import check_message
from .schema import protobuf, require_schema


def read_message(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read one message, without its length.

    Parameters
    ----------
    data : bytes
        As `FrameStream` gives it.
    max_bytes : int
        A longer one is refused unread.

    Returns
    -------
    protobuf message
        A `SapientMessage`.

    Raises
    ------
    MessageError
        ``too_long``, ``not_sapient``, or a reason of `Fault`.
    """
    if len(data) > max_bytes:
        raise MessageError("too_long", f"{len(data)} octets, at most {max_bytes} are read")
    message = require_schema()()
    try:
        message.ParseFromString(data)
    except protobuf("message").DecodeError as error:
        raise MessageError("not_sapient", str(error)) from None
    check_message(message)
    return message
