"""The legend: every mark and every term that the report uses."""

from html import escape

from rampart.ledger.words import kind_name
from rampart.records import TargetClass

from .marks import badge, cross, down_triangle, effector, sensor, star
from .svg import picture, tag
from .tables import GATES

TERMS = {
    "detection": "one report of a sensor: range, direction, speed towards it. Many are false.",
    "track": "what the tracker believes to be one object, made of several detections; confirmed once it is believed.",
    "needed": "a zone needs a warning if the threat, had it never been engaged, comes down within the zone or its "
    "danger radius; for a drone, if it passes there.",
    "observable": "enough detections came in early enough that a warning in time was possible.",
    "missed": "a needed and observable warning that did not come before arrival.",
    "false warning": "people sent to shelter although no threat was behind it.",
    "lead": "seconds from the first warning of a zone in danger to the arrival.",
    "prepare, shelter, release, cancel": "what a warning asks for: get ready, take shelter, danger over, was wrong.",
    "90 % ellipse": "an area that holds the impact point with 90 % probability, as the prediction itself claims.",
    "gate": "the reason why a simulated sensor did not report something that flew.",
}


def legend() -> str:
    """Marks, colours and terms."""
    return tag(
        "section",
        tag("h2", "How to read it"),
        tag("div", *(_key(drawing, words) for drawing, words in _marks()), class_="keys"),
        tag("dl", *(tag("dt", escape(t)) + tag("dd", escape(words)) for t, words in TERMS.items()), class_="terms"),
    )


def _key(drawing: str, words: str) -> str:
    return tag("div", picture(40, 18, drawing, title=words, class_="key"), tag("span", escape(words)))


_ELLIPSES = {"first": "at the first warning", "half-way": "half-way", "last": "last"}


def _ellipse(when: str) -> str:
    return tag("ellipse", cx=20, cy=9, rx=15, ry=6, class_=f"ellipse {when} k-rocket")


def _line(class_: str) -> str:
    return tag("path", d="M3 9H37", class_=class_)


def _marks() -> list[tuple[str, str]]:
    marks = [
        (_line(f"track k-{c.label}"), f"track taken for {kind_name(c.label)}")
        for c in TargetClass
        if c not in (TargetClass.CLUTTER, TargetClass.UNKNOWN)
    ]
    marks += [
        (_line("truth"), "what really flew"),
        (_line("truth undone"), "would have flown, had it not been intercepted"),
        (_line("harmless"), "what is no threat"),
        (badge(1, 20, 9, "rocket"), "number of a threat, in all drawings"),
        (cross(20, 9, ""), "true impact"),
        *((_ellipse(when), f"90 % ellipse of the impact, {words}") for when, words in _ELLIPSES.items()),
        (_ellipse("launch"), "90 % ellipse of the launch point"),
        (_line("corridor k-fixed_wing"), "corridor that a drone could reach, at the first warning"),
        (star(20, 9, True, ""), "engagement that hit (simulated)"),
        (star(20, 9, False, ""), "engagement that missed"),
        (down_triangle(20, 13, ""), "arrival, as if never engaged"),
        (sensor(20, 10, ""), "sensor"),
        (effector(20, 9, ""), "simulated effector"),
        (tag("rect", x=8, y=3, width=24, height=12, class_="zone defended"), "zone, defended in the simulation"),
        (tag("rect", x=8, y=3, width=24, height=12, class_="zone open"), "zone, not defended"),
    ]
    marks += [
        (tag("rect", x=6, y=3, width=28, height=12, class_=f"gate g-{gate}"), f"looks: {words}")
        for gate, words in GATES.items()
    ]
    return marks
