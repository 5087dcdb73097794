"""Codec: plain data - what snapshots are made of - as octets, exactly, arrays included."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

DEPTH_LIMIT = 32
Part = bytes | memoryview
_LENGTH = struct.Struct("<I")
_INT, _FLOAT = struct.Struct("<q"), struct.Struct("<d")


def encode(value: Any) -> bytes:
    """Plain data as octets.

    Parameters
    ----------
    value : object
        None, bool, int, float, str, bytes, list, tuple, dict with such keys, and numpy arrays and scalars; arrays of
        objects hold the same.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> decode(encode({"a": [1, 2.5, None], 3: (True, b"x", "y")}))
    {'a': [1, 2.5, None], 3: (True, b'x', 'y')}
    """
    return b"".join(encode_parts(value))


def encode_parts(value: Any) -> list[Part]:
    """The same in parts, large ones not copied: `value` must stand still as long as they are used."""
    out: list[Part] = []
    _write(out, value)
    return out


def _write(out: list[Part], value: Any) -> None:
    if value is None or value is True or value is False:
        out.append(b"n" if value is None else b"t" if value else b"f")
    elif isinstance(value, np.ndarray):
        _write_array(out, value)
    elif isinstance(value, np.generic):
        _write(out, value.item())
    elif isinstance(value, int):
        if -(1 << 63) <= value < 1 << 63:
            out.append(b"i" + _INT.pack(value))
        else:
            _block(out, b"I", str(int(value)).encode())
    elif isinstance(value, float):
        out.append(b"d" + _FLOAT.pack(value))
    elif isinstance(value, str):
        _block(out, b"s", value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes):
        _block(out, b"b", value)
    elif isinstance(value, list | tuple):
        out.append((b"l" if isinstance(value, list) else b"u") + _LENGTH.pack(len(value)))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        out.append(b"m" + _LENGTH.pack(len(value)))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise TypeError(f"{type(value).__name__} is no plain data")


def _block(out: list[Part], mark: bytes, data: Part) -> None:
    out.append(mark + _LENGTH.pack(len(data)))
    out.append(data)


def _write_array(out: list[Part], value: np.ndarray) -> None:
    if value.dtype.kind == "O":
        out.append(b"o")
        _write(out, list(value.shape))
        _write(out, value.ravel().tolist())
        return
    out.append(b"a")
    _write(out, value.dtype.str)
    _write(out, list(value.shape))
    _block(out, b"b", np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)


def decode(data: bytes) -> Any:
    """What `encode` was given.

    Raises
    ------
    ValueError
        If the octets are not whole, or none of ours.
    """
    try:
        value, end = _read(memoryview(data), 0, 0)
    except (IndexError, struct.error, TypeError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"no plain data: {error}") from None
    if end != len(data):
        raise ValueError("octets are left over")
    return value


def _read(data: memoryview, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEPTH_LIMIT:
        raise ValueError("nested too deep")
    mark, at = bytes(data[at : at + 1]), at + 1
    if mark in (b"n", b"t", b"f"):
        return (None if mark == b"n" else mark == b"t"), at
    if mark == b"i":
        return _INT.unpack_from(data, at)[0], at + 8
    if mark == b"d":
        return _FLOAT.unpack_from(data, at)[0], at + 8
    if mark in (b"s", b"b", b"I"):
        return _read_block(data, at, mark)
    if mark in (b"l", b"u"):
        return _read_list(data, at, depth, mark)
    if mark == b"m":
        return _read_map(data, at, depth)
    if mark in (b"a", b"o"):
        return _read_array(data, at, depth, mark)
    raise ValueError(f"unknown mark {mark!r}")


def _read_block(data: memoryview, at: int, mark: bytes) -> tuple[Any, int]:
    (n,) = _LENGTH.unpack_from(data, at)
    end = at + 4 + n
    if end > len(data):
        raise ValueError("cut off")
    octets = bytes(data[at + 4 : end])
    if mark == b"b":
        return octets, end
    text = octets.decode("utf-8", "surrogatepass")
    return (text if mark == b"s" else int(text)), end


def _read_list(data: memoryview, at: int, depth: int, mark: bytes) -> tuple[Any, int]:
    (n,) = _LENGTH.unpack_from(data, at)
    if n > len(data) - at:
        raise ValueError("cut off")
    at, items = at + 4, []
    for _ in range(n):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return (items if mark == b"l" else tuple(items)), at


def _read_map(data: memoryview, at: int, depth: int) -> tuple[Any, int]:
    (n,) = _LENGTH.unpack_from(data, at)
    at, found = at + 4, {}
    for _ in range(n):
        key, at = _read(data, at, depth + 1)
        found[key], at = _read(data, at, depth + 1)
    return found, at


def _read_array(data: memoryview, at: int, depth: int, mark: bytes) -> tuple[Any, int]:
    if mark == b"a":
        kind, at = _read(data, at, depth + 1)
        shape, at = _read(data, at, depth + 1)
        octets, at = _read(data, at, depth + 1)
        return np.frombuffer(octets, np.dtype(kind)).reshape(shape).copy(), at
    shape, at = _read(data, at, depth + 1)
    items, at = _read(data, at, depth + 1)
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape), at
