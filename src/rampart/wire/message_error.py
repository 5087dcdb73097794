"""MessageError: a message of another system that is refused, by a fixed reason and with the place."""

from rampart.errors import DecodeError


class MessageError(DecodeError):
    """A message that breaks the rules of its format.

    Parameters
    ----------
    reason : str
        A short, fixed phrase: readers count by it.
    detail : str
        Where and what, for a person.

    Examples
    --------
    >>> str(MessageError("polygon_open", "info 1, area 1: the last point is not the first"))
    'polygon_open: info 1, area 1: the last point is not the first'
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = " ".join(detail.split())

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
