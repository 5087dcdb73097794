"""Seals: the head of the history, signed and time-stamped, kept elsewhere so that a cut-off end shows."""

from .key import load_private_key, load_public_key, make_key
from .seal import Seal, against
from .stamp import TimeStamp, load_authorities, read_stamp, stamp_request

__all__ = [
    "Seal",
    "TimeStamp",
    "against",
    "load_authorities",
    "load_private_key",
    "load_public_key",
    "make_key",
    "read_stamp",
    "stamp_request",
]
