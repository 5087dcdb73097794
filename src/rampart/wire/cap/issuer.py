"""Issuer: who sends the alerts, and whether they can be meant."""

from __future__ import annotations

from dataclasses import dataclass

from rampart.errors import InputError

from .rules import is_name

#: Domains that RFC 2606 keeps free: nobody can be reached there.
RESERVED = (".invalid", ".example", ".test", ".localhost", "example.com", "example.net", "example.org")


@dataclass(frozen=True)
class Issuer:
    """The sender of a site's alerts.

    Attributes
    ----------
    sender : str
        Unique in the world, e.g. ``"rampart@base.example.mil"``: what CAP calls sender. Keeps to the characters that
        CAP allows.
    name : str
        For people.
    source : str
        The program, and what it was fed with.
    live : bool
        Whether an alert may have status Actual at all. Without it a warning that says actual goes out as an exercise.

    Raises
    ------
    InputError
        For a sender that CAP does not allow, or a live one in a domain that is nobody's.
    """

    sender: str
    name: str = ""
    source: str = "Rampart"
    live: bool = False

    def __post_init__(self) -> None:
        if not is_name(self.sender):
            raise InputError(f"sender {self.sender!r}: must have no blank, comma, < or & and not be empty")
        if self.live and self.sender.lower().endswith(RESERVED):
            raise InputError(f"sender {self.sender!r}: actual alerts need an address of your own")
