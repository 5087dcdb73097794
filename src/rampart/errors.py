"""The exceptions of Rampart.

RampartError
+-- InputError      bad input: a file, a key, an argument; the command line shows one line and exits with 2
+-- DecodeError     bytes that are not what their format says; counted by reason and skipped by readers
+-- RunError        the input was good, but the work failed; the command line exits with 1
"""


class RampartError(Exception):
    """Base of every exception that Rampart raises on purpose."""


class InputError(RampartError):
    """Bad input. The message is one line that names the place and says what was expected.

    Parameters
    ----------
    message : str
        What is wrong and what was expected.
    path : str or None
        The file, shown in front of the message.
    line : int or None
        The line in the file, counted from 1.

    Examples
    --------
    >>> str(InputError("unknown key 'rnage_sigma_m'", path="site.toml", line=12))
    "site.toml:12: unknown key 'rnage_sigma_m'"
    """

    def __init__(self, message: str, *, path: object = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(" ".join(f"{place}{message}".split()))


class DecodeError(RampartError):
    """Bytes that break the rules of their format.

    Parameters
    ----------
    reason : str
        A short, fixed phrase: readers count by it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RunError(RampartError):
    """The input was good, but the work could not be done."""
