"""Check: one condition that a service meets before its warnings are meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list that is gone through before a service goes Actual."""

    name: str  #: stays the same: ``sensors``, ``feeds``, ``journal``, ``clock``, ``peers``, ``marks``, ``chain``
    passed: bool
    text: str  #: what was found, in words
