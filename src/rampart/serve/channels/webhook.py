"""Webhook: each message as an HTTP POST, signed, until the other side says 2xx."""

from __future__ import annotations

import hashlib
import hmac
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import Field

from rampart.errors import InputError
from rampart.records import AlertStatus, Site
from rampart.records.spec import Number
from rampart.serve.delivery import Channel, ChannelError, Message, Out, OutSpec, Receipt, RefusalError, Setting
from rampart.wire.json_feed import Item

from .address import Address, read_address, read_secret, tls_client, url_of
from .http_client import HttpClient
from .json_desk import JsonDesk
from .words import Languages, check_languages

PORTS = {"http": 80, "https": 443}
#: Answers that say that this message is bad: it is not sent again. Every other failure may pass.
BAD_MESSAGE = (400, 406, 413, 415, 422)


def event_of(item: Item) -> str:
    """The name of an item's event: what is not actual says so first.

    >>> event_of(Item("warning", "W1", AlertStatus.EXERCISE, {}))
    'exercise-warning'
    """
    return item.kind if item.status == AlertStatus.ACTUAL else f"{item.status.label}-{item.kind}"


def sign(secret: bytes, time_s: int, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256 over the time, a full stop and the body.

    >>> sign(b"secret", 1625518819, b"{}")
    'v1=44b085ab3cbf5c3134a62a4767a064e2f9695dc459070191e0f729ba6d9a6e35'
    """
    return f"v1={hmac.new(secret, b'%d.' % time_s + body, hashlib.sha256).hexdigest()}"


class WebhookSpec(OutSpec):
    """``webhook``: warnings and zones as JSON by HTTP POST."""

    kind: Literal["webhook"]
    url: Annotated[str, url_of(PORTS, path=True)]  #: where to, http:// or https://
    secret_file: str | None = None  #: its first line signs the requests
    secret_env: str | None = None  #: environment variable that holds the secret
    ca_file: str | None = None  #: PEM: the authority that signed the server's certificate; the system's if not given
    certificate_file: str | None = None  #: PEM: our own certificate, where the server asks for one
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    languages: Languages = None  #: of the words; all there are if not given
    #: seconds between two HEAD requests that ask whether it is there; longer than 0.5 delays the alarm by as much
    probe_s: Annotated[Number, Field(ge=0.1, le=60)] = 0.5

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what = f"out {self.id!r}"
        if find_spec("h11") is None:
            raise InputError(f"{what}: webhook needs h11: pip install 'rampart[live]'")
        address = read_address(self.url, PORTS, path=True)
        files = {"ca": self.ca_file, "certificate": self.certificate_file, "key": self.key_file}
        if address.scheme == "http" and any(files.values()):
            raise InputError(f"{what}: ca_file, certificate_file and key_file are for https://")
        secret = read_secret(self.secret_file, self.secret_env, setting.folder, what)
        tls = tls_client(setting.folder, what, **files) if address.scheme == "https" else None
        desk = JsonDesk(
            site, setting, event_of, tags=check_languages(self.languages, what), pictures=False, renew=False
        )
        channel = WebhookChannel(address, HttpClient(address, tls), setting, secret.encode() if secret else None)
        return self.out(site, desk, channel, probe_s=self.probe_s)


class WebhookChannel(Channel):
    """POSTs over one connection. A 2xx is the acknowledgement; a message that is called bad is not sent again."""

    def __init__(self, address: Address, client: HttpClient, setting: Setting, secret: bytes | None = None) -> None:
        self.address, self._client, self._setting, self._secret = address, client, setting, secret

    async def open(self) -> None:
        """See that the server answers."""
        await self.probe()

    async def probe(self) -> None:
        """Any answer in HTTP will do."""
        await self._client.request("HEAD", ())

    async def send(self, message: Message) -> Receipt:
        """POST one message."""
        now_ns = self._setting.clock()
        headers = [
            ("Content-Type", message.content_type),
            ("Idempotency-Key", self._identity(message)),
            ("Rampart-Event", message.topic),
        ]
        if self._secret is not None:
            time_s = now_ns // 1_000_000_000
            headers += [
                ("Rampart-Timestamp", str(time_s)),
                ("Rampart-Signature", sign(self._secret, time_s, message.body)),
            ]
        status, _ = await self._client.request("POST", headers, message.body)
        if 200 <= status < 300:
            return Receipt(now_ns, acknowledged=True, by=f"HTTP {status}")
        if status in BAD_MESSAGE:
            raise RefusalError(f"HTTP {status}")
        raise ChannelError(f"{self.address.host}: answers HTTP {status}")

    def _identity(self, message: Message) -> str:
        """The same for each attempt at one message, and for no other message."""
        digest = hashlib.sha256(message.key.encode() + b"\0" + message.body).hexdigest()[:32]
        return f"{self._setting.session}-{digest}" if self._setting.session else digest

    async def close(self) -> None:
        """End the connection."""
        await self._client.close()
