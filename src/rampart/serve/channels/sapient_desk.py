"""SapientDesk: what the chain of one site says, as SAPIENT messages that wait for another node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import AlertStatus, Row, Site, Tracks, TrackStatus
from rampart.serve.delivery import Bulletin, Encoder, Message, Urgency
from rampart.serve.delivery.bulletin import SECOND_NS, read_bulletin
from rampart.wire.sapient import SapientFeed, write_message
from rampart.words import Notice

TYPE = "application/x-protobuf"
FRESH_S = 0.9  #: receivers refuse what is older
CLOSING_S = 60.0  #: how long it may take to say that cover is back
NOTICE_S = 600.0  #: how long lost cover stands if it is not said again
Say = Callable[[int], Any]  #: the message as it is said at a time, ns UTC


class SapientDesk(Encoder):
    """Warnings and lost cover as alerts, all tracks of a step as one row of detections.

    Receivers refuse messages that are old, so an alert is written anew when it leaves: `Message.extra` has ``say``,
    which makes it, and ``number``, its warning.

    Parameters
    ----------
    site : Site
        Whose chain is heard.
    feed : SapientFeed
        Makes the messages.
    pictures : bool
        Whether tracks are told at all.
    picture_s : float
        Time between two rows of detections. Tracks that ended between them are in the next.
    """

    def __init__(self, site: Site, feed: SapientFeed, *, pictures: bool = True, picture_s: float = 1.0) -> None:
        self.site, self.feed = site, feed
        self._pictures, self._picture_ns = pictures, round(picture_s * SECOND_NS)
        self._told_ns = -self._picture_ns
        self._ended = Tracks.empty()

    def encode(self, outputs: Outputs) -> Iterator[Message]:
        """The messages of one step: alerts, then detections."""
        for row in outputs.warnings:
            yield from self._warning(row)
        if self._pictures and len(outputs.tracks):
            yield from self._picture(outputs)

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Iterator[Message]:
        """A zone without cover is an alert that stands until it is cleared."""
        lost = notice == Notice.COVERAGE_LOST
        say = partial(_notice, self.feed, notice, zone, status)
        until_ns = now_ns + round((NOTICE_S if lost else CLOSING_S) * SECOND_NS)
        yield self._alert(say, now_ns, until_ns, Urgency.STATE)

    def _warning(self, row: Row) -> Iterator[Message]:
        bulletin = read_bulletin(self.site, row)
        say = partial(self.feed.alert, row)
        for urgency in (Urgency.WARNING, Urgency.STATE):
            yield self._alert(say, bulletin.decided_ns, bulletin.expires_ns, urgency, bulletin)

    def _alert(
        self, say: Say, now_ns: int, until_ns: int, urgency: Urgency, bulletin: Bulletin | None = None
    ) -> Message:
        message = say(now_ns)
        extra = {"say": say, "alert": message.alert.alert_id, "number": bulletin.number if bulletin else None}
        octets = write_message(message)
        key = message.alert.alert_id
        return Message(key, "alert", octets, now_ns, until_ns, urgency, TYPE, bulletin=bulletin, extra=extra)

    def _picture(self, outputs: Outputs) -> Iterator[Message]:
        tracks, now_ns = outputs.tracks, outputs.now_ns
        if now_ns - self._told_ns < self._picture_ns:
            ended = tracks.status == TrackStatus.DELETED
            if ended.any():
                self._ended = Tracks.concat([self._ended, tracks.take(ended)])
            return
        self._told_ns = now_ns
        if len(self._ended):
            before = self._ended.take(~np.isin(self._ended.number, tracks.number))
            tracks = Tracks.concat([tracks, before.replace(time_ns=np.full(len(before), now_ns))])
            self._ended = Tracks.empty()
        until_ns = now_ns + round(FRESH_S * SECOND_NS)
        for message in self.feed.detections(tracks, outputs.predictions):
            key = message.detection_report.object_id
            yield Message(key, "detection", write_message(message), now_ns, until_ns, content_type=TYPE)


def _notice(feed: SapientFeed, notice: Notice, zone: int, status: AlertStatus, now_ns: int) -> Any:
    return feed.notice(notice, zone, now_ns, status)
