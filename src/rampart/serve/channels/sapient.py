"""SAPIENT: tracks as detections and warnings as alerts to a fusion node or the Apex middleware, as BSI Flex 335 v2."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Annotated, Literal

from pydantic import Field

from rampart.errors import InputError
from rampart.records import Site
from rampart.records.spec import Number
from rampart.serve.delivery import Out, OutSpec, Setting
from rampart.wire.sapient import SapientFeed, SapientSession, require_schema

from .address import read_address, tls_client, url_of
from .sapient_desk import SapientDesk
from .sapient_link import SapientLink

PORTS = {"tcp": 5020, "tls": 5020}
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


class SapientSpec(OutSpec):
    """``sapient``: detections and alerts of one fusion node. It sends no task and takes none."""

    kind: Literal["sapient"]
    url: Annotated[str, url_of(PORTS)]  #: tcp://HOST[:PORT] or tls://HOST[:PORT]
    ca_file: str | None = None  #: PEM: authority of the other side's certificate; the system's if not given
    certificate_file: str | None = None  #: PEM: our own certificate, where the other side asks for one
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    #: tls: the name in the other side's certificate, where it is not the host's
    server_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")] | None = None
    #: UUID of this node; made of the site's id if not given
    node_id: Annotated[str, Field(pattern=_UUID)] | None = None
    register_first: bool = True  #: whether we register, and send nothing before that is acknowledged
    acknowledges: bool = False  #: whether the other side answers each alert (AlertAck); then each waits for its answer
    status_s: Annotated[Number, Field(ge=0.5, le=60)] = 5.0  #: time between two status reports
    tracks: bool = True  #: whether tracks are sent
    track_s: Annotated[Number, Field(ge=0.1, le=60)] = 1.0  #: time between two reports of all tracks
    launch_points: bool = False  #: whether detections say where the object came from
    #: height of the geoid above the ellipsoid at the site; without it heights are those above mean sea level
    undulation_m: Annotated[Number, Field(ge=-120, le=100)] | None = None

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what, address = f"out {self.id!r}", read_address(self.url, PORTS)
        try:
            require_schema()
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
        files = {"ca": self.ca_file, "certificate": self.certificate_file, "key": self.key_file}
        if address.scheme != "tls" and (any(files.values()) or self.server_name):
            raise InputError(f"{what}: ca_file, certificate_file, key_file and server_name are for tls://")
        feed = SapientFeed(
            site,
            undulation_m=math.nan if self.undulation_m is None else self.undulation_m,
            live=setting.live,
            session=setting.session,
            node_id=self.node_id or "",
            launch_points=self.launch_points,
            version=version("rampart"),
            status_interval_s=self.status_s,
        )
        link = SapientLink(
            address,
            setting.clock,
            SapientSession(feed),
            tls=tls_client(setting.folder, what, **files) if address.scheme == "tls" else None,
            server_name=self.server_name,
            register=self.register_first,
            acknowledges=self.acknowledges,
        )
        return self.out(site, SapientDesk(site, feed, pictures=self.tracks, picture_s=self.track_s), link)
