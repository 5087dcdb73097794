"""Plural: which form of a noun goes with a whole number, by the rules of the Unicode CLDR."""

from collections.abc import Callable


def _none(n: int) -> str:
    return "other"


def _one_other(n: int) -> str:
    return "one" if n == 1 else "other"


def _zero_one_other(n: int) -> str:
    return "one" if n <= 1 else "other"


def _hebrew(n: int) -> str:
    return {1: "one", 2: "two"}.get(n, "other")


def _slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"


def _arabic(n: int) -> str:
    if n < 3:
        return ("zero", "one", "two")[n]
    return "few" if 3 <= n % 100 <= 10 else "many" if n % 100 >= 11 else "other"


#: Name of a rule -> the forms it needs, and the rule for whole numbers from 0 on.
RULES: dict[str, tuple[tuple[str, ...], Callable[[int], str]]] = {
    "none": (("other",), _none),  # Turkish after a number, Chinese
    "one_other": (("one", "other"), _one_other),  # English, Spanish, German, Kurdish
    "zero_one_other": (("one", "other"), _zero_one_other),  # French, Persian
    "hebrew": (("one", "two", "other"), _hebrew),
    "slavic": (("one", "few", "many"), _slavic),  # Ukrainian, Russian
    "arabic": (("zero", "one", "two", "few", "many", "other"), _arabic),
}


def form(rule: str, n: int) -> str:
    """The form that a rule asks for.

    >>> form("arabic", 5), form("arabic", 25), form("one_other", 1)
    ('few', 'many', 'one')
    """
    return RULES[rule][1](n)
