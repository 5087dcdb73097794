"""Siren protocol 1: signed, sequenced, expiring commands to warning devices, and what these report. Octets only."""

from .command import Action, Announcement, Answer, Command, Said
from .envelope import MAX_BYTES, Opened, seal, unseal
from .judge import Marks, Verdict, judge_time
from .key import SigningKey, TrustedKey, parse_trusted
from .report import Report, What
from .topic import Topic, command_topic, device_topic, parse_topic, server_topic

__all__ = [
    "MAX_BYTES",
    "Action",
    "Announcement",
    "Answer",
    "Command",
    "Marks",
    "Opened",
    "Report",
    "Said",
    "SigningKey",
    "Topic",
    "TrustedKey",
    "Verdict",
    "What",
    "command_topic",
    "device_topic",
    "judge_time",
    "parse_topic",
    "parse_trusted",
    "seal",
    "server_topic",
    "unseal",
]
