"""FeedSpec: what every ``[[feed]]`` of a site file has."""

from __future__ import annotations

import ipaddress
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from rampart.errors import InputError
from rampart.records import Site
from rampart.records.spec import Identifier, Positive, Spec

from .reader import Reader


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("expected addresses or networks such as 192.0.2.7 or 192.0.2.0/24") from None
    return text


def read_listening(text: str) -> tuple[str, int]:
    """Address and port of ``udp://ADDRESS[:PORT]``: 8600 if none is given, a free one for 0.

    Raises
    ------
    ValueError
        For anything else.

    Examples
    --------
    >>> read_listening("udp://127.0.0.1"), read_listening("udp://239.1.2.3:8601")
    (('127.0.0.1', 8600), ('239.1.2.3', 8601))
    """
    expected = "expected udp://ADDRESS[:PORT] with an own IPv4 address, 0.0.0.0 or a multicast group"
    try:
        url = urlsplit(text)
        host, port = str(ipaddress.IPv4Address(url.hostname or "")), url.port
    except ValueError:
        raise ValueError(expected) from None
    if url.scheme != "udp" or url.path not in ("", "/") or url.query or url.fragment or "@" in text:
        raise ValueError(expected)
    return host, 8600 if port is None else port


def _listening(text: str) -> str:
    read_listening(text)
    return text


#: Where a feed listens: udp://ADDRESS[:PORT].
Listens = Annotated[str, AfterValidator(_listening)]


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


#: Who may send; everybody who can reach the port if not given.
Senders = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_listed)]


class FeedSpec(Spec):
    """What every ``[[feed]]`` has. Kinds are a closed list."""

    id: Identifier  #: what health and counters call it
    site: Identifier | None = None
    silent_s: Positive = 5.0  #: without a packet for so long it counts as silent

    @abstractmethod
    def inlet(self) -> Mapping[str, Any]:
        """What the receiver is told: ``transport`` (``udp`` or ``stream``), ``host, port`` and what else it takes."""

    @abstractmethod
    def reader(self, site: Site) -> Reader:
        """What turns its packets into reports of a site.

        Raises
        ------
        InputError
            If it names sensors that the site has not, or a package is missing.
        """

    def sensors_named(self) -> Mapping[str, str]:
        """Sensors of the site that it carries -> how the sender calls them."""
        return {}

    def find_sensor(self, site: Site, name: str) -> int:
        """Index of a sensor of the site; InputError if it has none of that id."""
        for i, model in enumerate(site.sensors):
            if model.id == name:
                return i
        known = ", ".join(model.id for model in site.sensors) or "none at all"
        raise InputError(f"feed {self.id!r}: site {site.id!r} has no sensor {name!r}; expected one of {known}")
