"""JsonDesk: the encoder of the channels that speak JSON - MQTT, webhooks, server-sent events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import AlertStatus, Row, Site, ZoneState
from rampart.serve.delivery import Encoder, Message, Setting, Urgency
from rampart.serve.delivery.bulletin import SECOND_NS, Bulletin, read_bulletin
from rampart.serve.delivery.encoder import STALLED_S
from rampart.wire.json_feed import Item, JsonFeed

PICTURE_S = 10.0  #: how long a track or prediction may be shown
LEASE_S = 600.0  #: how long a zone's state may be believed without a word more
RENEW_S = 240.0  #: when it is said again
_NOTHING = (ZoneState.UNKNOWN.label, ZoneState.QUIET.label)

TopicOf = Callable[[Item], str]


@dataclass(slots=True)
class _Standing:
    """How a zone stands in one tree of topics (actual, exercise, test)."""

    state: str
    since_ns: int
    said_ns: int
    warning: Item | None = None
    bulletin: Bulletin | None = None
    reason: str = ""


class JsonDesk(Encoder):
    """Warnings as events, zones as states, tracks and predictions as pictures, all in JSON.

    Parameters
    ----------
    site : Site
        Whose chain is heard.
    setting : Setting
        Mode and session.
    topic : callable
        Where an item goes.
    tags : sequence of str or None
        Languages.
    pictures : bool
        Whether tracks and predictions are told at all.
    picture_s : float
        Shortest time between two pictures of the same track.
    renew : bool
        Whether the state of a zone is said again after `RENEW_S`; if not, it holds until it changes.
    """

    def __init__(
        self,
        site: Site,
        setting: Setting,
        topic: TopicOf,
        *,
        tags: tuple[str, ...] | None = None,
        pictures: bool = True,
        picture_s: float = 1.0,
        renew: bool = True,
    ) -> None:
        self.feed = JsonFeed(site, live=setting.live, session=setting.session, tags=tags)
        self.site, self._topic = site, topic
        self._pictures, self._picture_ns = pictures, round(picture_s * SECOND_NS)
        self._renew = renew
        self._shown: dict[int, int] = {}  # track -> last told of [ns]
        self._zones: dict[tuple[int, AlertStatus], _Standing] = {}

    def standing(self, now_ns: int) -> str:
        """How the service stands: ``starting``, ``up``, or ``stalled`` where nothing is heard of the chain."""
        if self.stepped_ns == 0:
            return "starting"
        return "stalled" if now_ns - self.stepped_ns > STALLED_S * SECOND_NS else "up"

    def encode(self, outputs: Outputs) -> Iterator[Message]:
        """Warnings with their zones first, then other zones, then the picture."""
        for row in outputs.warnings:
            yield from self._warning(row)
        for row in outputs.zones:
            yield from self._zone(row)
        if self._pictures:
            yield from self._picture(outputs)

    def tick(self, now_ns: int) -> Iterator[Message]:
        """Say again how zones stand, as long as the chain is alive."""
        self._shown = {key: at for key, at in self._shown.items() if now_ns - at < 60 * SECOND_NS}
        if not self._renew or now_ns - self.stepped_ns > STALLED_S * SECOND_NS:
            return
        for (zone, status), standing in list(self._zones.items()):
            if now_ns - standing.said_ns > RENEW_S * SECOND_NS:
                yield self._stand(zone, status, standing, now_ns)

    def _warning(self, row: Row) -> Iterator[Message]:
        bulletin = read_bulletin(self.site, row)
        item = self.feed.warning(row, bulletin.expires_ns)
        yield self._message(item, bulletin.name, bulletin.decided_ns, bulletin.expires_ns, Urgency.WARNING, bulletin)
        standing = _Standing(bulletin.phase.label, bulletin.decided_ns, 0, item, bulletin, str(item.content["reason"]))
        yield from self._move(int(row.zone), item.status, standing, bulletin.decided_ns)

    def _zone(self, row: Row) -> Iterator[Message]:
        """What the chain says of a zone, unless its warning has just said the same."""
        state, status, now_ns = ZoneState(int(row.state)), AlertStatus(int(row.status)), int(row.time_ns)
        status = self.feed.status_of(status)
        before = self._zones.get((int(row.zone), status))
        behind = before if before is not None and state > ZoneState.QUIET else None
        if before is not None and before.state == state.label and before.said_ns == now_ns:
            return
        standing = _Standing(state.label, int(row.since_ns), 0, reason=str(row.reason))
        if behind is not None:
            standing.warning, standing.bulletin = behind.warning, behind.bulletin
        yield from self._move(int(row.zone), status, standing, now_ns)

    def _move(self, zone: int, status: AlertStatus, standing: _Standing, now_ns: int) -> Iterator[Message]:
        """Say how a zone stands in one tree, and that nothing holds in any other where something did."""
        yield self._stand(zone, status, standing, now_ns)
        for other in AlertStatus:
            left = self._zones.get((zone, other))
            if other != status and left is not None and left.state not in _NOTHING:
                state = standing.state if standing.state in _NOTHING else ZoneState.UNKNOWN.label
                yield self._stand(zone, other, _Standing(state, now_ns, 0), now_ns)

    def _stand(self, zone: int, status: AlertStatus, standing: _Standing, now_ns: int) -> Message:
        """The state of a zone, as it now is in one tree."""
        standing.said_ns = now_ns
        self._zones[zone, status] = standing
        expires_ns = now_ns + round(LEASE_S * SECOND_NS)
        item = self.feed.zone(
            zone,
            standing.state,
            status,
            now_ns,
            since_ns=standing.since_ns,
            expires_ns=expires_ns,
            warning=standing.warning.content if standing.warning else None,
            reason=standing.reason,
        )
        key, until_ns = f"{item.kind}/{item.name}/{item.status.label}", expires_ns if self._renew else 0
        return self._message(item, key, now_ns, until_ns, Urgency.STATE, standing.bulletin, retain=True)

    def _picture(self, outputs: Outputs) -> Iterator[Message]:
        """Tracks that were not told of lately, and where they come down."""
        now_ns, tracks, predictions = outputs.now_ns, outputs.tracks, outputs.predictions
        due = [n for n in tracks.number.tolist() if now_ns - self._shown.get(n, -self._picture_ns) >= self._picture_ns]
        if not due:
            return
        self._shown |= dict.fromkeys(due, now_ns)
        if len(due) < len(tracks):
            tracks = tracks.take(np.isin(tracks.number, due))
            predictions = predictions.take(np.isin(predictions.track, due))
        expires_ns = now_ns + round(PICTURE_S * SECOND_NS)
        for items in (self.feed.tracks(tracks), self.feed.predictions(predictions, outputs.tracks)):
            for item in items:
                key = f"{item.kind}/{item.name}/{item.status.label}"
                yield self._message(item, key, now_ns, expires_ns, Urgency.PICTURE)

    def _message(
        self,
        item: Item,
        key: str,
        now_ns: int,
        expires_ns: int,
        urgency: Urgency,
        bulletin: Bulletin | None = None,
        *,
        retain: bool = False,
    ) -> Message:
        topic = self._topic(item)
        return Message(
            key,
            topic,
            item.octets(),
            now_ns,
            expires_ns,
            urgency,
            retain=retain,
            bulletin=bulletin,
            extra={"kind": item.kind, "status": item.status.label},
        )
