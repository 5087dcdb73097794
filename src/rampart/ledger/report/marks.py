"""Marks that mean the same in every drawing: badges, sensors, effectors, stars. Shape first, colour second."""

import math

from .svg import number, tag, text, tip


def badge(n: int, x: float, y: float, kind: str, words: str = "") -> str:
    """The number of a threat in a disc of its class's colour."""
    return tag(
        "g",
        tip(words) if words else "",
        tag("circle", cx=x, cy=y, r=8.0),
        text(n, x, y + 3.6, text_anchor="middle"),
        class_=f"badge k-{kind}" if n < 10 else f"badge long k-{kind}",
    )


def polygon(points: list[tuple[float, float]], **attributes: object) -> str:
    """A closed figure."""
    return tag("polygon", points=" ".join(f"{number(x)},{number(y)}" for x, y in points), **attributes)


def sensor(x: float, y: float, words: str) -> str:
    """A triangle."""
    return tag("g", tip(words), polygon([(x, y - 7), (x + 6.5, y + 5), (x - 6.5, y + 5)]), class_="sensor")


def effector(x: float, y: float, words: str) -> str:
    """A square."""
    return tag("g", tip(words), tag("rect", x=x - 5, y=y - 5, width=10, height=10), class_="effector")


def star(x: float, y: float, hit: bool | None, words: str, radius: float = 8.0) -> str:
    """An engagement: filled where it destroyed its target, hollow where it missed or is not known."""
    points = []
    for k in range(10):
        r = radius if k % 2 == 0 else radius * 0.42
        angle = math.pi / 5 * k
        points.append((x + r * math.sin(angle), y - r * math.cos(angle)))
    return tag("g", tip(words), polygon(points), class_="star hit" if hit else "star")


def cross(x: float, y: float, words: str, class_: str = "cross", arm: float = 5.0) -> str:
    """Where something really came down."""
    lines = f"M{number(x - arm)} {number(y - arm)}l{number(2 * arm)} {number(2 * arm)}m0 {number(-2 * arm)}"
    return tag("g", tip(words), tag("path", d=f"{lines}l{number(-2 * arm)} {number(2 * arm)}"), class_=class_)


def down_triangle(x: float, y: float, words: str, class_: str = "arrival") -> str:
    """A moment of arrival."""
    return tag("g", tip(words), polygon([(x - 5, y - 7), (x + 5, y - 7), (x, y)]), class_=class_)
