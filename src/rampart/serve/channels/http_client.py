"""HttpClient: requests over one connection, by h11 on asyncio's own sockets. Everything it reads is bounded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from rampart.serve.delivery import ChannelError

from .address import Address

LONGEST_ANSWER = 64 * 1024
Headers = Sequence[tuple[str, str]]


class HttpClient:
    """Requests to one server, one after the other.

    Parameters
    ----------
    address : Address
        ``http`` or ``https``, with path and query.
    tls : ssl.SSLContext or None
        For ``https``.

    Notes
    -----
    The connection is kept as long as the server keeps it, and made anew for the next request otherwise. A redirect is
    not followed. Nothing is asked of a proxy.
    """

    def __init__(self, address: Address, tls: ssl.SSLContext | None = None) -> None:
        self.address, self._tls = address, tls
        self._lock = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._http: Any = None

    async def request(self, method: str, headers: Headers, body: bytes = b"") -> tuple[int, bytes]:
        """Ask, and give status and body of the answer.

        Raises
        ------
        ChannelError
            If there is no answer, or it is none of HTTP.
        OSError
            If there is no connection.
        """
        import h11

        async with self._lock:
            kept = self._http is not None
            try:
                return await self._exchange(h11, method, headers, body)
            except (ConnectionError, EOFError):
                await self.close()
                if not kept:
                    raise ChannelError(f"{self.address.host}: closed the connection without an answer") from None
            except h11.RemoteProtocolError as error:
                await self.close()
                raise ChannelError(f"{self.address.host}: does not answer in HTTP: {error}") from None
            except BaseException:
                await self.close()  # half an exchange cannot be gone on with
                raise
            # a kept connection that the server ended meanwhile: once more over a new one
            try:
                return await self._exchange(h11, method, headers, body)
            except BaseException as error:
                await self.close()
                if isinstance(error, EOFError | h11.RemoteProtocolError):
                    raise ChannelError(f"{self.address.host}: closed the connection without an answer") from None
                raise

    async def _exchange(self, h11: Any, method: str, headers: Headers, body: bytes) -> tuple[int, bytes]:
        if self._http is None:
            await self._connect(h11)
        http, writer = self._http, self._writer
        assert writer is not None
        host = self.address.host if ":" not in self.address.host else f"[{self.address.host}]"
        fields = [("Host", f"{host}:{self.address.port}"), ("User-Agent", "rampart"), *headers]
        if body:
            fields.append(("Content-Length", str(len(body))))
        request = h11.Request(method=method, target=self.address.path, headers=fields)
        writer.write(http.send(request) + (http.send(h11.Data(body)) if body else b"") + http.send(h11.EndOfMessage()))
        await writer.drain()
        status, parts, size = 0, [], 0
        while True:
            event = await self._event(h11)
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                size += len(event.data)
                parts.append(bytes(event.data))
                if size > LONGEST_ANSWER:
                    raise ChannelError(f"{self.address.host}: answers with more than {LONGEST_ANSWER} octets")
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError
        if http.our_state is h11.MUST_CLOSE or http.their_state is h11.MUST_CLOSE or http.their_state is h11.CLOSED:
            await self.close()
        else:
            http.start_next_cycle()
        return status, b"".join(parts)

    async def _event(self, h11: Any) -> Any:
        assert self._reader is not None
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(await self._reader.read(16_384))

    async def _connect(self, h11: Any) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            self.address.host,
            self.address.port,
            ssl=self._tls,
            server_hostname=self.address.host if self._tls else None,
            limit=LONGEST_ANSWER,
        )
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=16_384)

    async def close(self) -> None:
        """End the connection."""
        writer, self._writer, self._reader, self._http = self._writer, None, None, None
        if writer is not None:
            with suppress(Exception):
                writer.transport.abort()
