"""Entries: what stands in a journal, and how. `docs/live.md` is the contract."""

from __future__ import annotations

import hashlib
import socket
import struct
from typing import Any, NamedTuple

from rampart.pipeline import Outputs
from rampart.records import Decisions
from rampart.serve.receiver.ring import Packet

from .codec import decode, encode

#: Topics by their channel, which is the same in every segment.
HEADER, PACKETS, STEPS, DECISIONS, SNAPSHOTS, ACTS = range(1, 7)
TOPICS = {
    HEADER: "/rampart/journal",
    PACKETS: "/rampart/packets",
    STEPS: "/rampart/steps",
    DECISIONS: "/rampart/decisions",
    SNAPSHOTS: "/rampart/snapshots",
    ACTS: "/rampart/acts",
}
_PACKET = struct.Struct("<QqHH4s")
_STEP = struct.Struct("<HBxxxxxQqQ32s")
NO_DIGEST = bytes(32)


class StepEntry(NamedTuple):
    """A step of one site, as it stands in the journal."""

    site: int  #: position in the header's list
    step: int
    now_ns: int
    until: int  #: sequence of the last packet that has gone into a step of this site
    failed: bool
    digest: bytes  #: of all outputs of the site so far, see `chained`


def pack_packet(packet: Packet) -> bytes:
    """A packet as octets."""
    sender = socket.inet_aton(packet.sender) if packet.sender else b"\0\0\0\0"
    head = _PACKET.pack(packet.sequence, packet.received_ns, packet.feed, packet.port, sender)
    return head + packet.payload


def unpack_packet(data: bytes) -> Packet:
    """What `pack_packet` was given.

    Raises
    ------
    ValueError
        If it is too short.
    """
    if len(data) < _PACKET.size:
        raise ValueError("a packet is cut off")
    sequence, received_ns, feed, port, sender = _PACKET.unpack_from(data)
    text = socket.inet_ntoa(sender) if any(sender) else ""
    return Packet(sequence, feed, received_ns, data[_PACKET.size :], text, port)


def pack_step(entry: StepEntry) -> bytes:
    """A step as octets."""
    return _STEP.pack(entry.site, entry.failed, entry.step, entry.now_ns, entry.until, entry.digest)


def unpack_step(data: bytes) -> StepEntry:
    """What `pack_step` was given.

    Raises
    ------
    ValueError
        If it has another length.
    """
    if len(data) != _STEP.size:
        raise ValueError("a step has another length")
    site, failed, step, now_ns, until, digest = _STEP.unpack(data)
    return StepEntry(site, step, now_ns, until, bool(failed), digest)


def pack_decisions(site: int, step: int, decisions: Decisions) -> bytes:
    """The decisions that went into a step."""
    columns = {name: getattr(decisions, name) for name in Decisions.names()}
    return encode({"site": site, "step": step, "n": len(decisions), "columns": columns})


def unpack_decisions(data: bytes) -> tuple[int, int, Decisions]:
    """Site, step and decisions.

    Raises
    ------
    ValueError
        If they are none.
    """
    found: Any = decode(data)
    try:
        return found["site"], found["step"], Decisions.build(found["n"], **found["columns"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"no decisions: {error}") from None


def chained(before: bytes, outputs: Outputs | None) -> bytes:
    """The digest of a site's outputs up to a step: SHA-256 over the digest before and the step's canonical bytes.

    Tracks, predictions and warnings in this order, as in `output_sha256` of a recording; a step that says nothing, or
    failed, leaves it as it was. Unlike a digest over all at once it can be carried over a restart, and it names the
    step at which a replay first differs.
    """
    if outputs is None:
        return before
    said = [records for records in (outputs.tracks, outputs.predictions, outputs.warnings) if len(records)]
    if not said:
        return before
    sha = hashlib.sha256(before)
    for records in said:
        sha.update(records.canonical_bytes())
    return sha.digest()
