"""Broker: where the MQTT broker is and how to come in, from a URL and files to what aiomqtt takes."""

from __future__ import annotations

import logging
import math
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rampart.errors import InputError

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LOCAL = ("localhost", "127.0.0.1", "::1")
KEEPALIVE_S = 5
_NODELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # without it a message may wait 40 ms for an acknowledgement
_QUIET = logging.getLogger("rampart.siren")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # events and health say what there is to say


@dataclass(frozen=True)
class Broker:
    """A broker and how to come in.

    Attributes
    ----------
    host, port : str, int
        Where.
    tls : ssl.SSLContext or None
        For ``mqtts``: TLS 1.2 or newer, its certificate and name are checked.
    username, password : str or None
        Who we are.
    version : str
        ``"5"`` or ``"3.1.1"``.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    version: str = "5"

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return self.host in _LOCAL

    @property
    def url(self) -> str:
        """For people: without who we are."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtt' if self.tls is None else 'mqtts'}://{host}:{self.port}"

    def client(self, identifier: str, will_topic: str | None = None, will: bytes = b"") -> Any:
        """An aiomqtt client that remembers nothing between connections: nothing old may be waiting for it."""
        aiomqtt = mqtt_library()
        five = self.version == "5"
        version = aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311
        fresh: dict[str, Any] = {"clean_start": True} if five else {"clean_session": True}
        return aiomqtt.Client(
            self.host,
            self.port,
            username=self.username,
            password=self.password,
            identifier=identifier,
            protocol=version,
            will=None if will_topic is None else aiomqtt.Will(will_topic, will, qos=1, retain=True),
            timeout=5.0,
            keepalive=KEEPALIVE_S,
            tls_context=self.tls,
            max_queued_incoming_messages=1000,
            socket_options=[_NODELAY],
            logger=_QUIET,
            **fresh,
        )

    def expiry(self, seconds: float) -> Any:
        """MQTT 5: the broker drops the message after so many seconds; None where it cannot."""
        if self.version != "5":
            return None
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = Properties(PacketTypes.PUBLISH)
        properties.MessageExpiryInterval = max(1, math.ceil(seconds))
        return properties


def mqtt_library() -> Any:
    """The package aiomqtt.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import aiomqtt
    except ImportError:
        raise InputError("MQTT needs aiomqtt: pip install 'rampart[live]'") from None
    return aiomqtt


def parse_broker(
    url: str,
    *,
    ca_file: Path | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    user: str | None = None,
    password_file: Path | None = None,
    version: str = "5",
) -> Broker:
    """A broker from its URL, ``mqtt[s]://HOST[:PORT]``.

    Raises
    ------
    InputError
        If it is none, or a file cannot be used.

    Examples
    --------
    >>> parse_broker("mqtt://127.0.0.1").url
    'mqtt://127.0.0.1:1883'
    """
    expected = "expected mqtt://HOST or mqtts://HOST, with :PORT if it is another"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError(f"broker {url!r}: {expected}") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
        raise InputError(f"broker {url!r}: {expected}")
    if version not in ("5", "3.1.1"):
        raise InputError(f"MQTT version {version!r}: expected 5 or 3.1.1")
    tls = _context(ca_file, certificate, certificate_key) if parts.scheme == "mqtts" else None
    if tls is None and (ca_file or certificate or certificate_key):
        raise InputError(f"broker {url!r}: certificates are of use only with mqtts://")
    if password_file is not None and user is None:
        raise InputError(f"broker {url!r}: a password without a user")
    password = None if password_file is None else _password(password_file)
    return Broker(parts.hostname, port or _PORTS[parts.scheme], tls, user, password, version)


def _context(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        named = next((str(path) for path in (ca_file, certificate) if path is not None), None)
        raise InputError(f"certificate cannot be used: {error}", path=named) from None
    return context


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from None
