"""Editions: which edition of a category a source sends. It is not on the wire, so it is configured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rampart.errors import InputError

from .specification import CATEGORIES, Category, category


@dataclass(frozen=True, slots=True)
class Editions:
    """The edition of each category, and exceptions for single sources.

    An exception is for a UDP port or for a sender's SAC/SIC; SAC/SIC wins over the port.

    Examples
    --------
    >>> editions = Editions.parse(["048=1.21", "048@8600=1.30", "048@25/201=1.23"])
    >>> editions.of(48).edition, editions.of(48, port=8600).edition, editions.of(48, source=(25, 201)).edition
    ('1.21', '1.30', '1.23')
    """

    by_category: Mapping[int, str] = field(default_factory=dict)
    by_port: Mapping[tuple[int, int], str] = field(default_factory=dict)  #: (category, UDP port)
    by_source: Mapping[tuple[int, int, int], str] = field(default_factory=dict)  #: (category, SAC, SIC)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Editions":
        """Read entries such as ``048=1.21``, ``048@8600=1.21`` (a UDP port) or ``048@25/201=1.21`` (SAC/SIC).

        Raises
        ------
        InputError
            For an entry that cannot be read, or an edition that is not known.
        """
        by_category: dict[int, str] = {}
        by_port: dict[tuple[int, int], str] = {}
        by_source: dict[tuple[int, int, int], str] = {}
        for text in texts:
            left, _, edition = text.partition("=")
            number, _, source = left.partition("@")
            try:
                cat = int(number)
                sender = tuple(int(part) for part in source.split("/")) if source else ()
            except ValueError:
                raise _unreadable(text) from None
            if not edition or len(sender) > 2:
                raise _unreadable(text)
            category(cat, edition)
            if not sender:
                by_category[cat] = edition
            elif len(sender) == 1:
                by_port[cat, sender[0]] = edition
            else:
                by_source[cat, sender[0], sender[1]] = edition
        return cls(by_category, by_port, by_source)

    @property
    def single(self) -> bool:
        """No exceptions: the edition follows from the category alone."""
        return not self.by_port and not self.by_source

    def of(self, number: int, port: int | None = None, source: tuple[int, int] | None = None) -> Category:
        """The layout that a sender of a category uses.

        Parameters
        ----------
        number : int
            Category.
        port : int or None
            UDP port the datagram came to.
        source : (int, int) or None
            SAC and SIC of the block's first record.
        """
        edition = self.by_category.get(number)
        if port is not None:
            edition = self.by_port.get((number, port), edition)
        if source is not None:
            edition = self.by_source.get((number, *source), edition)
        return category(number, edition)

    def describe(self) -> dict[str, str]:
        """The edition of each category, for reports.

        >>> Editions().describe()
        {'15': '1.2', '21': '2.7', '34': '1.29', '48': '1.32', '62': '1.21', '65': '1.6'}
        """
        return {str(number): self.of(number).edition for number in CATEGORIES}


def _unreadable(text: str) -> InputError:
    return InputError(f"edition {text!r}: expected CATEGORY=EDITION, such as 048=1.21 or 048@25/201=1.21")
