"""CotDesk: what the chain of one site says, as events that wait for a TAK server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import AlertStatus, Row, Site
from rampart.serve.delivery import Bulletin, Encoder, Message, Urgency
from rampart.serve.delivery.bulletin import SECOND_NS, read_bulletin
from rampart.wire.cot import CotFeed, Event, write_event
from rampart.words import Notice

TYPE = "application/cot+xml"


class CotDesk(Encoder):
    """Warned zones as events and as states, zones without cover as states, tracks and what they threaten as pictures.

    A warning is said twice, octet for octet: as an event, which is delivered once, and as a state, which is said again
    on a new connection: a server that was started anew knows nothing. A stream passes over a state it has just said.

    Parameters
    ----------
    site : Site
        Whose chain is heard.
    feed : CotFeed
        Makes the events.
    pictures : bool
        Whether tracks and predictions are told at all.
    picture_s : float
        Shortest time between two events about the same track. A track whose status changes, or of which a warning
        speaks, is told at once.
    repeat_s : float or None
        How often states are said again where no connection tells who listens; None: never.
    declaration : bool
        Whether each event stands alone, in a datagram.
    """

    def __init__(
        self,
        site: Site,
        feed: CotFeed,
        *,
        pictures: bool = True,
        picture_s: float = 1.0,
        repeat_s: float | None = None,
        declaration: bool = False,
    ) -> None:
        self.site, self.feed = site, feed
        self._pictures, self._picture_ns = pictures, round(picture_s * SECOND_NS)
        self._repeat_ns = None if repeat_s is None else round(repeat_s * SECOND_NS)
        self._declaration = declaration
        self._shown: dict[int, tuple[int, int]] = {}  # track -> when it was told of, and its status then
        self._standing: dict[str, Message] = {}
        self._said_ns = 0

    def encode(self, outputs: Outputs) -> Iterator[Message]:
        """The messages of one step: warnings, then the picture."""
        spoken_of: set[int] = set()
        for row in outputs.warnings:
            spoken_of.update(int(n) for n in row.tracks)
            yield from self._warning(row)
        if self._pictures and len(outputs.tracks):
            yield from self._picture(outputs, spoken_of)

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Iterator[Message]:
        """A zone without cover is a state: it stands until it is withdrawn, or said no more."""
        yield self._state(self._message(self.feed.notice(notice, zone, now_ns, status), Urgency.STATE))

    def tick(self, now_ns: int) -> Iterator[Message]:
        """States once more, where nobody says that they came."""
        if self._repeat_ns is None or now_ns - self._said_ns < self._repeat_ns:
            return
        self._said_ns = now_ns
        self._standing = {key: message for key, message in self._standing.items() if message.valid(now_ns)}
        yield from list(self._standing.values())

    def _warning(self, row: Row) -> Iterator[Message]:
        bulletin = read_bulletin(self.site, row)
        message = self._message(self.feed.warning(row), Urgency.WARNING, bulletin)
        yield message
        yield self._state(replace(message, urgency=Urgency.STATE))

    def _state(self, message: Message) -> Message:
        if self._repeat_ns is not None:
            self._standing[message.key] = message
        return message

    def _picture(self, outputs: Outputs, spoken_of: set[int]) -> Iterator[Message]:
        """Tracks that are due, and what they threaten."""
        tracks, predictions = outputs.tracks, outputs.predictions
        due = []
        for number, status in zip(tracks.number.tolist(), tracks.status.tolist(), strict=True):
            told_ns, told = self._shown.get(number, (0, -1))
            if number in spoken_of or told != status or outputs.now_ns - told_ns >= self._picture_ns:
                due.append(number)
                self._shown[number] = outputs.now_ns, status
        self._shown = {number: self._shown[number] for number in tracks.number.tolist()}
        if not due:
            return
        tracks = tracks.take(np.isin(tracks.number, due))
        for event in self.feed.tracks(tracks):
            yield self._message(event, Urgency.PICTURE)
        for event in self.feed.predictions(predictions.take(np.isin(predictions.track, due)), tracks):
            yield self._message(event, Urgency.PICTURE)

    def _message(self, event: Event, urgency: Urgency, bulletin: Bulletin | None = None) -> Message:
        octets = write_event(event, declaration=self._declaration)
        if not self._declaration:
            octets += b"\n"
        return Message(
            event.uid, event.type, octets, event.time_ns, event.stale_ns, urgency, content_type=TYPE, bulletin=bulletin
        )
