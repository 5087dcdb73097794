"""Fields: values out of a message, each checked as it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, TypeVar

from rampart.wire.message_error import MessageError

from .topic import ANY, is_name

#: Larger whole numbers lose their last digits in programs that have only doubles.
LARGEST = 2**53 - 1
_Member = TypeVar("_Member", bound=IntEnum)


class Fields:
    """The values of a message by name; whatever is not as expected is a `MessageError` with reason ``field``."""

    def __init__(self, payload: Mapping[str, Any], place: str = "") -> None:
        self._payload, self._place = payload, place

    def _get(self, name: str) -> Any:
        if name not in self._payload:
            raise MessageError("field", f"{self._place}{name}: missing")
        return self._payload[name]

    def kind(self, expected: str) -> None:
        """Refuse a message of another kind."""
        if self._payload.get("kind") != expected:
            raise MessageError("kind", f"expected {expected}")

    def choice(self, name: str, among: Sequence[str]) -> str:
        """One of several words."""
        value = self._get(name)
        if value not in among:
            raise MessageError("field", f"{self._place}{name}: expected one of {', '.join(among)}")
        return str(value)

    def member(self, name: str, kind: type[_Member]) -> _Member:
        """A member of an enumeration by its lower-case name."""
        return kind[self.choice(name, [member.name.lower() for member in kind]).upper()]

    def name(self, name: str, *, any_too: bool = False) -> str:
        """A name of a site, zone or device."""
        value = self._get(name)
        if not is_name(value) and not (any_too and value == ANY):
            raise MessageError("field", f"{self._place}{name}: expected a name")
        return str(value)

    def text(self, name: str, most: int) -> str:
        """Printable text on one line."""
        value = self._get(name)
        if not isinstance(value, str) or len(value) > most or any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise MessageError("field", f"{self._place}{name}: expected text of at most {most} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MessageError("field", f"{self._place}{name}: expected text") from None
        return value

    def whole(self, name: str, least: int) -> int:
        """A whole number that every JSON reader keeps exact."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
            raise MessageError("field", f"{self._place}{name}: expected a whole number from {least} on")
        return value

    def whole_or_none(self, name: str, least: int) -> int | None:
        """The same, or null."""
        return None if self._get(name) is None else self.whole(name, least)

    def number(self, name: str, least: float, most: float) -> float:
        """A number within bounds."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise MessageError("field", f"{self._place}{name}: expected a number from {least:g} to {most:g}")
        return float(value)

    def number_or_none(self, name: str, least: float, most: float) -> float | None:
        """The same, or null."""
        return None if self._get(name) is None else self.number(name, least, most)

    def switch_or_none(self, name: str) -> bool | None:
        """True, false or null."""
        value = self._get(name)
        if value is not None and not isinstance(value, bool):
            raise MessageError("field", f"{self._place}{name}: expected true, false or null")
        return value

    def words(self, name: str, most: int) -> list[str]:
        """A list of short texts."""
        value = self._get(name)
        if not isinstance(value, list) or len(value) > most:
            raise MessageError("field", f"{self._place}{name}: expected a list of at most {most}")
        return [Fields({name: item}).text(name, 200) for item in value]

    def table(self, name: str) -> Mapping[str, Any]:
        """An object."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise MessageError("field", f"{self._place}{name}: expected an object")
        return value

    def inside(self, name: str) -> Fields:
        """The fields of an object."""
        return Fields(self.table(name), f"{self._place}{name}.")
