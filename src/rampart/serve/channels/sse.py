"""SSE: warnings, zones and tracks as server-sent events, for browsers and for `curl -N`."""

from __future__ import annotations

import ipaddress
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rampart.errors import InputError
from rampart.records import Site
from rampart.records.spec import Number
from rampart.serve.delivery import Channel, Message, Out, OutSpec, Receipt, Setting

from .address import read_octets, read_secret
from .json_desk import JsonDesk
from .sse_hub import Hub
from .webhook import event_of
from .words import Languages, check_languages

BEAT_S = 0.5  #: between two words on how the service stands


def _origin(text: str) -> str:
    scheme, found, host = text.partition("://")
    if scheme not in ("http", "https") or not found or not host or "/" in host or not text.isprintable():
        raise ValueError("expected origins such as http://127.0.0.1:8080")
    return text


Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]


class SseSpec(OutSpec):
    """``sse``: an HTTP endpoint, ``/events``, that many clients may listen to."""

    kind: Literal["sse"]
    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"  #: address to listen at
    port: Annotated[int, Field(ge=1, le=65535)] = 8081  #: port to listen at
    certificate_file: str | None = None  #: PEM: needed, with a token, at any address but this machine's own
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    token_file: str | None = None  #: its first line is what clients must show
    token_env: str | None = None  #: environment variable that holds it
    origins: Origins = ()  #: of the pages of other servers that may listen, e.g. http://map.example:8080
    clients: Annotated[int, Field(ge=1, le=1000)] = 50  #: who may listen at once
    client_kib: Annotated[int, Field(ge=16, le=65536)] = 1024  #: what may wait for a slow client before it is cut off
    languages: Languages = None  #: of the words; all there are if not given
    tracks: bool = True  #: whether tracks and predictions are sent
    track_s: Annotated[Number, Field(ge=0, le=60)] = 1.0  #: shortest time between two messages about the same track

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what = f"out {self.id!r}"
        for package in ("starlette", "uvicorn"):
            if find_spec(package) is None:
                raise InputError(f"{what}: sse needs {package}: pip install 'rampart[live]'")
        token = read_secret(self.token_file, self.token_env, setting.folder, what)
        if not _own(self.host) and (token is None or self.certificate_file is None):
            raise InputError(f"{what}: host {self.host!r} is open to others: that needs certificate_file and a token")
        desk = JsonDesk(
            site,
            setting,
            event_of,
            tags=check_languages(self.languages, what),
            pictures=self.tracks,
            picture_s=self.track_s,
        )
        hub = Hub(setting.session or "0", setting.clock, client_bytes=self.client_kib * 1024, clients=self.clients)
        tls = _server_tls(self, setting.folder, what)
        return self.out(site, desk, SseChannel(self, hub, desk, setting, token, tls), probe_s=BEAT_S)


def _own(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _server_tls(spec: SseSpec, folder: Path, what: str) -> tuple[str, str | None] | None:
    if spec.certificate_file is None:
        return None
    for file in (spec.certificate_file, spec.key_file):
        if file is not None:
            read_octets(file, folder, what)
    certificate, key = str(folder / spec.certificate_file), str(folder / spec.key_file) if spec.key_file else None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        raise InputError(f"{what}: no good certificate or key: {error}") from None
    return certificate, key


class SseChannel(Channel):
    """The server. It is up while it listens; what each client gets is the hub's work."""

    def __init__(
        self, spec: SseSpec, hub: Hub, desk: JsonDesk, setting: Setting, token: str | None, tls: Any = None
    ) -> None:
        self.spec, self.hub = spec, hub
        self._desk, self._setting, self._token, self._tls = desk, setting, token, tls
        self._server: Any = None

    async def open(self) -> None:
        """Start to listen."""
        from .sse_server import SseServer

        self._server = SseServer(
            self.hub,
            self.spec.host,
            self.spec.port,
            token=self._token,
            origins=self.spec.origins,
            tls=self._tls,
            timeout_s=self.spec.timeout_s,
        )
        await self._server.start()

    async def send(self, message: Message) -> Receipt:
        """Hand a message to every client."""
        now_ns = self._setting.clock()
        self.hub.publish(message)
        return Receipt(now_ns)

    async def probe(self) -> None:
        """Tell every client how the service stands."""
        self._say(self._desk.standing(self._setting.clock()))

    def _say(self, state: str) -> None:
        item = self._desk.feed.service(state, self._setting.clock(), stepped_ns=self._desk.stepped_ns)
        self.hub.say(event_of(item), item.octets())

    async def lost(self) -> None:
        """Return once the server has stopped."""
        await self._server.ended()

    async def leave(self) -> None:
        """Tell every client that the service stops."""
        self._say("stopped")

    async def close(self) -> None:
        """Stop to listen, and let all clients go."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
