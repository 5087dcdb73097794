"""Cursor on Target: tracks, impact ellipses and warned zones to a TAK server or onto the network."""

from __future__ import annotations

import ipaddress
import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rampart.errors import InputError
from rampart.records import Site
from rampart.records.spec import Number
from rampart.serve.delivery import Out, OutSpec, Setting
from rampart.wire.cot import CotFeed

from .address import read_address, tls_client, url_of
from .cot_datagram import CotDatagram
from .cot_desk import CotDesk
from .cot_stream import CotStream

PORTS = {"tcp": 8087, "tls": 8089, "udp": 6969}


def _address_of_interface(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError("expected the IPv4 address of an interface of this machine") from None


class CotSpec(OutSpec):
    """``cot``: Cursor on Target to a TAK server (tcp, tls) or as datagrams (udp, to one host or a multicast group)."""

    kind: Literal["cot"]
    url: Annotated[str, url_of(PORTS)]  #: tcp://HOST[:PORT], tls://HOST[:PORT] or udp://HOST[:PORT]
    ca_file: str | None = None  #: PEM: the authority that signed the server's certificate; the system's if not given
    certificate_file: str | None = None  #: PEM: our own certificate; tls:// needs it
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    #: tls: the name in the other side's certificate, where it is not the host's
    server_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")] | None = None
    ping: bool = True  #: whether the server is asked for an answer; each warning then waits for one
    tracks: bool = True  #: whether tracks, impact ellipses and reach corridors are sent
    track_s: Annotated[Number, Field(ge=0, le=60)] = 1.0  #: shortest time between two events about the same track
    launch_points: bool = False  #: whether it is shown where things came from
    #: height of the geoid above the ellipsoid at the site; without it heights are those above mean sea level
    undulation_m: Annotated[Number, Field(ge=-120, le=100)] | None = None
    #: udp, multicast: IPv4 address of the interface of this machine; the system's choice if not given
    interface: Annotated[str, AfterValidator(_address_of_interface)] | None = None
    hops: Annotated[int, Field(ge=1, le=255)] = 1  #: udp, multicast: routers that may pass it on, and one
    repeat_s: Annotated[Number, Field(ge=1, le=600)] = 5.0  #: udp: how often what holds is said again

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what, address = f"out {self.id!r}", read_address(self.url, PORTS)
        files = {"ca": self.ca_file, "certificate": self.certificate_file, "key": self.key_file}
        if address.scheme != "tls" and (any(files.values()) or self.server_name):
            raise InputError(f"{what}: ca_file, certificate_file, key_file and server_name are for tls://")
        if address.scheme == "tls" and self.certificate_file is None:
            raise InputError(f"{what}: tls:// needs certificate_file: a TAK server asks who we are")
        if address.scheme != "udp" and self.interface:
            raise InputError(f"{what}: interface is for udp://")
        feed = CotFeed(
            site,
            undulation_m=math.nan if self.undulation_m is None else self.undulation_m,
            live=setting.live,
            session=setting.session,
            launch_points=self.launch_points,
        )
        datagrams = address.scheme == "udp"
        desk = CotDesk(
            site,
            feed,
            pictures=self.tracks,
            picture_s=self.track_s,
            repeat_s=self.repeat_s if datagrams else None,
            declaration=datagrams,
        )
        if datagrams:
            channel = CotDatagram(address, interface=self.interface, hops=self.hops)
            return self.out(site, desk, channel)
        tls = tls_client(setting.folder, what, **files) if address.scheme == "tls" else None
        name = f"rampart.{site.id}.{self.id}-ping"
        stream = CotStream(address, setting.clock, name=name, tls=tls, server_name=self.server_name, ping=self.ping)
        return self.out(site, desk, stream)
