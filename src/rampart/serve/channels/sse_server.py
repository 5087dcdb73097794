"""SseServer: the HTTP side of server-sent events, by Starlette and uvicorn."""

from __future__ import annotations

import asyncio
import hmac
import re
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from rampart.serve.delivery import ChannelError

from .sse_hub import Hub, Listener

#: At an address of this machine only, a request that names another host was led here by a foreign page.
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
SEND_S = 5.0  #: a client that takes nothing for so long is let go


class SseServer:
    """Listens at one address until it is stopped.

    Parameters
    ----------
    hub : Hub
        Who is told what.
    host, port : str, int
        Where to listen.
    token : str or None
        What clients must show, as ``Authorization: Bearer TOKEN`` or ``?token=TOKEN``.
    origins : sequence of str
        Of pages that may listen besides our own.
    tls : tuple or None
        Files of certificate and key.
    timeout_s : float
        Of its start.
    """

    def __init__(
        self,
        hub: Hub,
        host: str,
        port: int,
        *,
        token: str | None = None,
        origins: Sequence[str] = (),
        tls: tuple[str, str | None] | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self._transports: dict[Any, asyncio.Transport] = {}
        hosts = OWN_NAMES | {host} if host in OWN_NAMES else frozenset()
        stream = _Stream(hub, token, frozenset(origins), hosts, self._transports)
        app = Starlette(routes=[Route("/events", stream), Route("/healthz", _healthz)])
        certificate, key = tls or (None, None)
        config = uvicorn.Config(
            app,
            http=_protocol(self._transports),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            h11_max_incomplete_event_size=16_384,
            timeout_graceful_shutdown=1,
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        ChannelError
            If the address cannot be had.
        """
        where = f"{self._host}:{self._port}"
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            listening = socket.create_server(found[0][4][:2], family=found[0][0], backlog=128)
        except OSError as error:
            raise ChannelError(f"cannot listen at {where}: {error.strerror or error}") from None
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))
        while not self._server.started:
            if self._task.done():
                listening.close()
                raise ChannelError(f"cannot listen at {where}: {self._task.exception() or 'stopped'}")
            await asyncio.sleep(0.01)

    async def ended(self) -> None:
        """Return once it listens no more."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """End it, and every connection."""
        self._server.should_exit = self._server.force_exit = True
        for transport in list(self._transports.values()):
            transport.abort()
        if self._task is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._task, 1.0)


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's business."""
        yield


def _protocol(transports: dict[Any, asyncio.Transport]) -> type[H11Protocol]:
    """Uvicorn's protocol, except that a connection can be found by its client's address, and be cut."""

    class Known(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")
            transports[self._peer[:2]] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            transports.pop(self._peer[:2], None)

    return Known


async def _healthz(request: Any) -> JSONResponse:
    del request
    return JSONResponse({"status": "ok"})


class _Stream:
    """``GET /events``."""

    def __init__(
        self,
        hub: Hub,
        token: str | None,
        origins: frozenset[str],
        hosts: frozenset[str],
        transports: dict[Any, asyncio.Transport],
    ) -> None:
        self._hub, self._token, self._origins, self._hosts = hub, token, origins, hosts
        self._transports = transports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        listener = self._hub.join(headers.get("last-event-id", "") or _query(scope, "last_event_id"))
        gone = asyncio.create_task(_gone(receive))
        try:
            await self._talk(listener, gone, send, headers.get("origin"))
        except (TimeoutError, OSError):
            listener.cut = True
        finally:
            gone.cancel()
            self._hub.leave(listener)
            if listener.cut and scope.get("client"):  # what waits in its socket would keep it open
                transport = self._transports.get(tuple(scope["client"])[:2])
                if transport is not None:
                    _cut(transport)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> PlainTextResponse | None:
        origin, host = headers.get("origin"), headers.get("host", "")
        if self._hosts and re.sub(r":\d+$", "", host) not in self._hosts:
            return PlainTextResponse("no such host\n", 421)
        if scope["method"] != "GET":
            return PlainTextResponse("expected GET\n", 405)
        if origin is not None and origin not in self._origins and origin.partition("://")[2] != host:
            return PlainTextResponse("pages of this origin may not listen\n", 403)
        if self._token is not None:
            shown = headers.get("authorization", "").removeprefix("Bearer ") or _query(scope, "token")
            if not hmac.compare_digest(shown.encode(), self._token.encode()):
                return PlainTextResponse("a token is needed\n", 401)
        if len(self._hub.listeners) >= self._hub.clients:
            return PlainTextResponse("too many listeners\n", 503)
        return None

    async def _talk(self, listener: Listener, gone: asyncio.Task[None], send: Send, origin: str | None) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        if origin is not None:
            headers += [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
        while not gone.done():
            taking = asyncio.ensure_future(listener.take())
            await asyncio.wait({taking, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                return
            octets = taking.result()
            if listener.cut:
                return
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": octets, "more_body": True})


def _cut(transport: asyncio.Transport) -> None:
    """End a connection, and throw away what the kernel still holds for it."""
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _query(scope: Scope, name: str) -> str:
    values = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name, [""])
    return values[0]
