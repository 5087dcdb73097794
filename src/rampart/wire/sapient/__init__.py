"""SAPIENT (BSI Flex 335 v2): messages to bytes and back, their rules, and what the chain says as messages.

The message classes come with the extra ``sapient``; importing this package does not need them.
"""

from .feed import SapientFeed
from .frame import FrameStream, frame
from .identity import make_ulid, make_uuid
from .reader import read_message
from .reply import AlertReply, ErrorReport, RegistrationReply, TaskOrder, read_reply
from .rules import Fault, check_age, faults
from .schema import ICD_VERSION, require_schema
from .session import Reaction, SapientSession
from .writer import write_message

__all__ = [
    "ICD_VERSION",
    "AlertReply",
    "ErrorReport",
    "Fault",
    "FrameStream",
    "Reaction",
    "RegistrationReply",
    "SapientFeed",
    "SapientSession",
    "TaskOrder",
    "check_age",
    "faults",
    "frame",
    "make_ulid",
    "make_uuid",
    "read_message",
    "read_reply",
    "require_schema",
    "write_message",
]
