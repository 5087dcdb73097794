"""CotDatagram: events as datagrams, to one host or to all of a multicast group."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from rampart.serve.delivery import Channel, ChannelError, Message, Receipt, RefusalError

from .address import Address

LARGEST = 65_507  #: octets of a datagram


class CotDatagram(Channel):
    """Sends each event as a datagram. Nobody answers: what holds is said again (`CotDesk`), since some get lost.

    Parameters
    ----------
    address : Address
        A host, or an IPv4 multicast group such as 239.2.3.1.
    interface : str or None
        IPv4 address of the interface by which a group is reached; the system's choice if not given.
    hops : int
        How far multicast goes; 1 is the own network.
    """

    def __init__(self, address: Address, *, interface: str | None = None, hops: int = 1) -> None:
        self.address, self._interface, self._hops = address, interface, hops
        self._socket: socket.socket | None = None
        self._to: tuple[object, ...] = ()

    async def open(self) -> None:
        """Look up the host and open a socket."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self.address.host, self.address.port, type=socket.SOCK_DGRAM
            )
            family, _, _, _, self._to = found[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            if ipaddress.ip_address(str(self._to[0])).is_multicast:
                self._join(self._socket, family)
        except OSError as error:
            raise ChannelError(f"{self.address}: {error.strerror or error}") from None

    def _join(self, line: socket.socket, family: int) -> None:
        """Set how far a group's datagrams go, and by which interface."""
        if family == socket.AF_INET6:
            line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self._hops)
            return
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self._hops)
        if self._interface is not None:
            line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self._interface))

    async def send(self, message: Message) -> Receipt:
        """Send an event."""
        if self._socket is None:
            raise ChannelError(f"{self.address}: not open")
        if len(message.body) > LARGEST:
            raise RefusalError(f"{message.key}: {len(message.body)} octets, a datagram has at most {LARGEST}")
        try:
            await asyncio.get_running_loop().sock_sendto(self._socket, message.body, self._to)
        except OSError as error:
            raise ChannelError(f"{self.address}: {error.strerror or error}") from None
        return Receipt()

    async def close(self) -> None:
        """Close the socket."""
        line, self._socket = self._socket, None
        if line is not None:
            line.close()
