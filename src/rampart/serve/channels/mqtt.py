"""MQTT: warnings, zones and tracks to a broker, MQTT 5 or 3.1.1."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field

from rampart.errors import InputError
from rampart.records import AlertStatus, Site
from rampart.records.spec import Number
from rampart.serve.delivery import (
    Channel,
    ChannelError,
    Message,
    Out,
    OutSpec,
    Receipt,
    RefusalError,
    Setting,
    Urgency,
)
from rampart.wire.json_feed import Item

from .address import Address, read_address, read_secret, tls_client, url_of
from .json_desk import JsonDesk
from .words import Languages, check_languages

ROOT = "rampart/v1"
WINDOW = 16  #: messages without the broker's acknowledgement; paho keeps no more than these
KEEPALIVE_S = 10
PORTS = {"mqtt": 1883, "mqtts": 8883}
RESERVED = ("exercise", "test")  #: no site may be called so: its topics would be those of an exercise


def topic_of(site: str, item: Item) -> str:
    """The topic of an item: what is not actual has a tree of its own; the service's status has one place for all.

    >>> topic_of("embassy", Item("zone", "north", AlertStatus.ACTUAL, {}))
    'rampart/v1/embassy/zone/north'
    >>> topic_of("embassy", Item("warning", "W1", AlertStatus.EXERCISE, {}))
    'rampart/v1/exercise/embassy/warning/W1'
    """
    if item.kind == "status":
        return f"{ROOT}/{level(site)}/status"
    tree = "" if item.status == AlertStatus.ACTUAL else f"{item.status.label}/"
    return f"{ROOT}/{tree}{level(site)}/{item.kind}/{level(item.name)}"


def level(name: str) -> str:
    """A name as one level of a topic: whatever means something to a broker is percent-encoded.

    >>> level("a/b+c#d")
    'a%2Fb%2Bc%23d'
    """
    return quote(name, safe="-_.~")


class MqttSpec(OutSpec):
    """``mqtt``: warnings, zones and tracks as JSON to a broker."""

    kind: Literal["mqtt"]
    url: Annotated[str, url_of(PORTS)]  #: mqtt://HOST[:PORT], or mqtts:// for TLS
    version: Literal["5", "3.1.1"] = "5"  #: of the protocol
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None  #: rampart-SITE-ID if not given
    user: Annotated[str, Field(min_length=1, max_length=256)] | None = None  #: name at the broker
    password_file: str | None = None  #: its first line is the password
    password_env: str | None = None  #: environment variable that holds the password
    ca_file: str | None = None  #: PEM: the authority that signed the broker's certificate; the system's if not given
    certificate_file: str | None = None  #: PEM: our own certificate, where the broker asks for one
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    languages: Languages = None  #: of the words; all there are if not given
    tracks: bool = True  #: whether tracks and predictions are sent
    track_s: Annotated[Number, Field(ge=0, le=60)] = 1.0  #: shortest time between two messages about the same track

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what = f"out {self.id!r}"
        if find_spec("aiomqtt") is None:
            raise InputError(f"{what}: mqtt needs aiomqtt: pip install 'rampart[live]'")
        if site.id in RESERVED:
            raise InputError(f"{what}: a site called {site.id!r} would use the topics of an {site.id}")
        address = read_address(self.url, PORTS)
        files = {"ca": self.ca_file, "certificate": self.certificate_file, "key": self.key_file}
        if address.scheme == "mqtt" and any(files.values()):
            raise InputError(f"{what}: ca_file, certificate_file and key_file are for mqtts://")
        password = read_secret(self.password_file, self.password_env, setting.folder, what)
        if password is not None and self.user is None:
            raise InputError(f"{what}: a password without a user")
        desk = JsonDesk(
            site,
            setting,
            lambda item: topic_of(site.id, item),
            tags=check_languages(self.languages, what),
            pictures=self.tracks,
            picture_s=self.track_s,
        )
        channel = MqttChannel(
            address,
            setting,
            desk,
            client_id=self.client_id or f"rampart-{site.id}-{self.id}",
            version=self.version,
            user=self.user,
            password=password,
            tls=tls_client(setting.folder, what, **files) if address.scheme == "mqtts" else None,
            timeout_s=self.timeout_s,
        )
        return self.out(site, desk, channel)


class MqttChannel(Channel):
    """A connection to a broker.

    Notes
    -----
    Warnings and states go with QoS 1: they count as acknowledged once the broker has taken them. Pictures go with
    QoS 0. The status of the service is said twice per second, retained, with QoS 1: that is how a broker that has
    stopped working is noticed; its last will says ``lost``. Each connection starts with a client of its own, so that
    nothing of the one before waits in it, and `WINDOW` bounds what it holds.
    """

    window = WINDOW

    def __init__(
        self,
        address: Address,
        setting: Setting,
        desk: JsonDesk,
        *,
        client_id: str,
        version: str = "5",
        user: str | None = None,
        password: str | None = None,
        tls: Any = None,
        timeout_s: float = 5.0,
    ) -> None:
        self.address, self.timeout_s = address, timeout_s
        self._setting, self._desk = setting, desk
        self._client_id, self._version = client_id, version
        self._user, self._password, self._tls = user, password, tls
        self._link: Any = None

    async def open(self) -> None:
        """Connect, and say that the service is there."""
        from .mqtt_link import connect

        self._link = await connect(
            self.address,
            client_id=self._client_id,
            version=self._version,
            user=self._user,
            password=self._password,
            tls=self._tls,
            will=self._status("lost"),
            timeout_s=self.timeout_s,
        )
        await self.probe()

    def _status(self, state: str) -> Message:
        now_ns = self._setting.clock()
        item = self._desk.feed.service(state, now_ns, stepped_ns=self._desk.stepped_ns)
        topic = topic_of(self._desk.site.id, item)
        return Message(topic, topic, item.octets(), now_ns, urgency=Urgency.STATE, retain=True)

    async def send(self, message: Message) -> Receipt:
        """Publish a message; warnings and states wait for the broker's acknowledgement."""
        if self._link is None:
            raise ChannelError("not connected")
        now_ns = self._setting.clock()
        left_s = math.ceil((message.expires_ns - now_ns) * 1e-9) if message.expires_ns else 0
        refusal = await self._link.publish_message(message, expires_s=max(left_s, 1) if message.expires_ns else 0)
        if refusal:
            raise RefusalError(f"the broker refused topic {message.topic}: {refusal}")
        asked = message.urgency != Urgency.PICTURE
        return Receipt(now_ns, acknowledged=asked, by="broker" if asked else "")

    async def probe(self) -> None:
        """Say how the service stands, and wait until the broker has it."""
        await self.send(self._status(self._desk.standing(self._setting.clock())))

    async def lost(self) -> None:
        """Raise once the broker has closed the connection."""
        await self._link.lost()

    async def leave(self) -> None:
        """Say that the service stops on purpose; the last will is not needed then."""
        if self._link is not None:
            await self.send(self._status("stopped"))
            self._link.leave()

    async def close(self) -> None:
        """Cut the connection."""
        link, self._link = self._link, None
        if link is not None:
            link.cut()
