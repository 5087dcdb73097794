"""Delivery: from what the chain says to the bytes that peers have; each peer has its own queue and connection."""

from .budget import Budget, Spread, budgets
from .bulletin import Bulletin, read_bulletins
from .channel import Channel, ChannelError, Receipt, RefusalError, Silence
from .dispatcher import Dispatcher
from .encoder import Encoder
from .health import Alarm, PeerHealth, PeerState
from .log import DeliveryLog
from .message import Message, Urgency
from .out import Out, OutSpec, Setting, Timing, build_outs
from .peer import Peer
from .queue import PeerQueue

__all__ = [
    "Alarm",
    "Budget",
    "Bulletin",
    "Channel",
    "ChannelError",
    "DeliveryLog",
    "Dispatcher",
    "Encoder",
    "Message",
    "Out",
    "OutSpec",
    "Peer",
    "PeerHealth",
    "PeerQueue",
    "PeerState",
    "Receipt",
    "RefusalError",
    "Setting",
    "Silence",
    "Spread",
    "Timing",
    "Urgency",
    "budgets",
    "build_outs",
    "read_bulletins",
]
