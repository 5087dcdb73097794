"""Link: one connection to a broker, by aiomqtt. What it adds: a bound, refusals, and an end that is one."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from rampart.serve.delivery import ChannelError, Message, Urgency

from .address import Address

KEEPALIVE_S = 10
_NODELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # without it an acknowledgement may wait for 40 ms
_QUIET = logging.getLogger("rampart.mqtt")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # health says what there is to say, and paho's lines hold topics and addresses


async def connect(
    address: Address,
    *,
    client_id: str,
    version: str,
    user: str | None,
    password: str | None,
    tls: Any,
    will: Message,
    timeout_s: float,
) -> Link:
    """Connect to a broker.

    Raises
    ------
    ChannelError
        If it refuses, is not there, or is no broker.
    """
    protocol = aiomqtt.ProtocolVersion.V5 if version == "5" else aiomqtt.ProtocolVersion.V311
    clean = {"clean_start": True} if version == "5" else {"clean_session": True}
    link = Link(
        address.host,
        address.port,
        username=user,
        password=password,
        identifier=client_id,
        protocol=protocol,
        will=aiomqtt.Will(will.topic, will.body, qos=1, retain=True),
        tls_context=tls,
        keepalive=KEEPALIVE_S,
        timeout=timeout_s,
        max_queued_incoming_messages=1,
        max_queued_outgoing_messages=64,
        socket_options=[_NODELAY],
        logger=_QUIET,
        **clean,
    )
    # The connection is made in a thread that cannot be stopped: what comes of it late must not be left open.
    opening = asyncio.ensure_future(link.__aenter__())
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(lambda task: link.cut() if task.cancelled() or task.exception() is None else None)
        link.cut()
        raise
    except (aiomqtt.MqttError, OSError, ValueError) as error:
        link.cut()
        raise ChannelError(f"{address}: {_reason(error)}") from None
    return link


class Link(aiomqtt.Client):
    """A client that knows of each message what the broker answered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._early: dict[int, str] = {}
        self._disconnected.add_done_callback(_seen)  # nobody may be waiting for it
        # paho leaves a socket open whose handshake failed, and lets one wait for as long as a connection may be idle
        self._client._create_socket = self._connected_socket  # type: ignore[method-assign]
        self._tls = options["tls_context"]
        self._v5 = options["protocol"] == aiomqtt.ProtocolVersion.V5

    def _connected_socket(self) -> Any:
        """A socket to the broker, in a thread: open and shaken hands with, or closed again."""
        plain = socket.create_connection((self._hostname, self._port), self.timeout)
        if self._tls is None:
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=self._hostname)
        except BaseException:
            plain.close()
            raise

    async def publish_message(self, message: Message, *, expires_s: int) -> str:
        """Publish; returns why the broker refused, or nothing once it has the message (QoS 0: once it has left).

        Raises
        ------
        ChannelError
            If the connection is lost.
        """
        qos = 0 if message.urgency == Urgency.PICTURE else 1
        info = self._client.publish(
            message.topic, message.body, qos, message.retain, self._properties_of(message, expires_s)
        )
        if info.rc != 0:
            raise ChannelError(f"the broker cannot be written to (code {info.rc})")
        if info.mid in self._early:
            return self._early.pop(info.mid)
        answer = self._answers[info.mid] = asyncio.get_running_loop().create_future()
        try:
            return await answer
        finally:
            self._answers.pop(info.mid, None)

    def _properties_of(self, message: Message, expires_s: int) -> Properties | None:
        if not self._v5:
            return None
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = message.content_type
        properties.PayloadFormatIndicator = 1
        if expires_s:
            properties.MessageExpiryInterval = expires_s
        return properties

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any = None) -> None:
        refusal = str(reason_code) if getattr(reason_code, "is_failure", False) else ""
        answer = self._answers.get(mid)
        if answer is None:
            self._early[mid] = refusal
        elif not answer.done():
            answer.set_result(refusal)

    async def lost(self) -> None:
        """Raise once the connection is gone."""
        try:
            async for _ in self.messages:
                pass
        except aiomqtt.MqttError as error:
            raise ChannelError(f"the broker closed the connection: {_reason(error.__cause__ or error)}") from None

    def leave(self) -> None:
        """End the connection in order: the broker does not say the will."""
        self._client.disconnect()

    def cut(self) -> None:
        """End the connection at once, whatever its state: the broker says the will."""
        open_socket: Any = self._client.socket()
        if open_socket is None:
            return
        with suppress(OSError, AttributeError):
            open_socket.shutdown(socket.SHUT_RDWR)
        with suppress(Exception):  # it reads the end and closes its side
            self._client.loop_read()


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _seen(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()
