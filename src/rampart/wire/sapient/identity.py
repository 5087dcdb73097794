"""Identity: the UUIDs and ULIDs that SAPIENT asks for, made from names and times, so the same run gives the same."""

from __future__ import annotations

import hashlib

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MS_NS = 1_000_000


def make_uuid(*names: str) -> str:
    """A UUID of version 4 in form, whose bits are a hash (SHA-256) of the names.

    Receivers check the version, and no version that says "hash" passes their check.

    >>> make_uuid("rampart", "embassy")
    '2807636f-a90a-49ef-a471-c7e984e2588a'
    """
    raw = bytearray(_digest(names)[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def make_ulid(time_ns: int, *names: str) -> str:
    """A ULID of that time, to the millisecond, whose other 80 bits are a hash (SHA-256) of the names.

    >>> make_ulid(1_625_518_819_600_000_000, "embassy", "T3")
    '01F9W7HJ8GFQ7CKG75HQD25VKW'
    """
    milliseconds = max(time_ns, 0) // _MS_NS & (1 << 48) - 1
    value = milliseconds << 80 | int.from_bytes(_digest(names)[:10], "big")
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def _digest(names: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\x1f".join(names).encode()).digest()
