"""WebServer: the web application at an address, in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from rampart.errors import InputError, RunError

from .accounts import Accounts
from .gate import Gate

KERNEL_BYTES = 128 << 10
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the display is to be had, and by whom.

    Attributes
    ----------
    host, port : str, int
        Where to listen; port 0 takes a free one.
    users : pathlib.Path or None
        File of accounts.
    certificate, key : pathlib.Path or None
        TLS.
    origins : tuple of str
        Origins of pages that may ask besides our own.
    names : tuple of str
        Names by which a public address is called, checked in the Host header.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    users: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self, accounts: Accounts) -> None:
        """Refuse a public address that is not safe.

        Raises
        ------
        InputError
            Saying what is missing.
        """
        if self.local:
            return
        if self.certificate is None:
            raise InputError(f"--host {self.host}: others can reach it; expected --certificate and --key (TLS)")
        if not len(accounts):
            raise InputError(f"--host {self.host}: others can reach it; expected an account (rampart users add)")

    def gate(self, accounts: Accounts) -> Gate:
        """Who may pass at this address."""
        hosts = frozenset(OWN_NAMES | {self.host}) if self.local else frozenset(self.names)
        return Gate(accounts, origins=frozenset(self.origins), hosts=hosts)


class WebServer:
    """Serves an application until it is stopped.

    Parameters
    ----------
    app : fastapi.FastAPI
        What is served.
    settings : WebSettings
        Where.
    """

    def __init__(self, app: FastAPI, settings: WebSettings) -> None:
        self._settings = settings
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=64 << 10,
            ws_ping_interval=5.0,
            ws_ping_timeout=15.0,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ssl_certfile=settings.certificate,
            ssl_keyfile=settings.key,
            timeout_graceful_shutdown=1,
            limit_concurrency=500,
            h11_max_incomplete_event_size=32_768,
        )
        self._server = _Quiet(config)
        self._thread: threading.Thread | None = None
        self.port = settings.port

    @property
    def url(self) -> str:
        """Where it is to be had."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"{'https' if self._settings.certificate else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """Listen.

        Raises
        ------
        InputError
            If the address cannot be had, or the certificate does not serve.
        """
        host, port = self._settings.host, self._settings.port
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            listening = socket.create_server(found[0][4][:2], family=found[0][0], backlog=256)
        except OSError as error:
            raise InputError(f"cannot listen at {host}:{port}: {error.strerror or error}") from None
        # what the kernel holds for a display that takes nothing: seconds of pictures, not minutes
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        self.port = listening.getsockname()[1]
        try:
            self._server.config.load()
        except OSError as error:
            listening.close()
            raise InputError(f"certificate or key: {error.strerror or error}") from None
        self._thread = threading.Thread(target=self._run, args=(listening,), name="display", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                listening.close()
                raise RunError("the display did not start")
            self._thread.join(0.01)

    def _run(self, listening: socket.socket) -> None:
        asyncio.run(self._server.serve(sockets=[listening]))

    def stop(self) -> None:
        """End every connection, and listen no more."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's business."""
        yield
