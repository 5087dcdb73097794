"""Connection: a TCP or TLS stream that holds little, and that says in one line why it failed."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from contextlib import suppress

from rampart.serve.delivery import ChannelError

from .address import Address

HELD = 64 * 1024  #: octets that may wait in the process, and again in the kernel, before a write waits
PIECE = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on closing, forget what has not left
_IN_ORDER = struct.pack("ii", 0, 0)


async def connect(address: Address, *, tls: ssl.SSLContext | None = None, server_name: str | None = None) -> Connection:
    """Connect.

    Parameters
    ----------
    address : Address
        Host and port.
    tls : ssl.SSLContext or None
        As `tls_client` makes it: authority and name are checked.
    server_name : str or None
        Name in the certificate, where it is not the host's.

    Raises
    ------
    ChannelError
        If nobody listens, or the certificate is not believed.
    """
    try:
        reader, writer = await asyncio.open_connection(
            address.host,
            address.port,
            ssl=tls,
            server_hostname=(server_name or address.host) if tls is not None else None,
            limit=PIECE,
        )
    except OSError as error:  # TLS errors are among them
        told = f"no TLS: {words(error)}" if tls and isinstance(error, ConnectionResetError) else words(error)
        raise ChannelError(f"{address}: {told}") from None
    return Connection(reader, writer)


class Connection:
    """An open stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._in_order = reader, writer, False
        self._socket: socket.socket = writer.get_extra_info("socket")
        writer.transport.set_write_buffer_limits(high=HELD)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HELD)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    def write(self, octets: bytes) -> None:
        """Let octets leave, after all that were written before."""
        if self._writer.is_closing():
            raise ChannelError("the connection is closed")
        self._writer.write(octets)

    async def flush(self) -> None:
        """Wait until there is room for more.

        Raises
        ------
        ChannelError
            If the connection is lost.
        """
        try:
            await self._writer.drain()
        except OSError as error:
            raise ChannelError(words(error)) from None

    async def read(self) -> bytes:
        """A piece of what comes; nothing at the end.

        Raises
        ------
        ChannelError
            If the connection is lost.
        """
        try:
            return await self._reader.read(PIECE)
        except OSError as error:
            raise ChannelError(words(error)) from None

    def leave(self) -> None:
        """From now on, ending it lets what was written leave: nobody will say it again."""
        self._in_order = True
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _IN_ORDER)

    async def end(self) -> None:
        """End it at once; what has not left is not sent, unless we `leave`."""
        if not self._in_order:
            self._writer.transport.abort()
            return
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def words(error: OSError) -> str:
    """An error of a connection on one line.

    >>> import errno
    >>> words(ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 8087)"))
    'Connection refused'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}".replace("_", " ").lower().replace("tls:", "TLS:")
    if isinstance(error, ConnectionResetError):
        return "reset the connection"
    known = error.errno is not None and error.errno > 0  # a failed look-up of a name has numbers of its own
    text = os.strerror(error.errno) if known and error.errno else error.strerror or str(error) or type(error).__name__
    return " ".join(text.split())
