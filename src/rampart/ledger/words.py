"""What happened, in words: the sentences of the terminal and of the report."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

OUTCOMES = {
    "destroyed": "intercepted",
    "leaked": "came down in a defended zone",
    "outside": "came down outside what is defended",
    "departed": "flew away",
    "flying": "still in the air at the end",
}
#: The same in two words, where there is little room.
SHORT_OUTCOMES = {
    "destroyed": "intercepted",
    "leaked": "hit defended zone",
    "outside": "came down outside",
    "departed": "flew away",
    "flying": "still flying",
}
KINDS = {
    "rocket": ("rocket", "rockets"),
    "shell": ("shell", "shells"),
    "mortar": ("mortar bomb", "mortar bombs"),
    "multirotor": ("multirotor drone", "multirotor drones"),
    "fixed_wing": ("fixed-wing drone", "fixed-wing drones"),
    "recorded": ("recorded flight", "recorded flights"),
    "bird": ("bird", "birds"),
    "aircraft": ("friendly aircraft", "friendly aircraft"),
    "civil_drone": ("civil drone", "civil drones"),
    "clutter": ("clutter", "clutter"),
    "unknown": ("unknown", "unknown"),
}
BALLISTIC = frozenset({"rocket", "shell", "mortar"})
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count(n: int, singular: str = "", plural: str | None = None) -> str:
    """A number in words up to twelve, with its noun.

    >>> count(3, "rocket"), count(1, "false warning"), count(40, "bird")
    ('three rockets', 'one false warning', '40 birds')
    """
    number = _NUMBERS[n] if n < len(_NUMBERS) else str(n)
    noun = singular if n == 1 else plural if plural is not None else f"{singular}s" if singular else ""
    return f"{number} {noun}".strip()


def kind_name(kind: str, n: int = 1) -> str:
    """What a kind of threat or class of track is called.

    >>> kind_name("fixed_wing"), kind_name("rocket", 3)
    ('fixed-wing drone', 'rockets')
    """
    singular, plural = KINDS.get(kind, (kind.replace("_", " "), f"{kind.replace('_', ' ')}s"))
    return singular if n == 1 else plural


def join(words: Sequence[str]) -> str:
    """A list as people write it.

    >>> join(["north", "south", "gate"])
    'north, south and gate'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def seconds(value: Any, missing: str = "-") -> str:
    """Seconds with one decimal.

    >>> seconds(21.33), seconds(None)
    ('21.3 s', '-')
    """
    return missing if value is None or not math.isfinite(value) else f"{value:.1f} s"


def _zones(zones: Sequence[str]) -> str:
    return f"zone {zones[0]}" if len(zones) == 1 else f"zones {join(zones)}"


def _leads(threat: Mapping[str, Any]) -> dict[str, float]:
    """Seconds from the first warning of each zone to the arrival there, where the summary lists them."""
    pairs = threat.get("pairs") or ()
    return {p["zone"]: p["arrival_s"] - p["first_warning_s"] for p in pairs if p["first_warning_s"] is not None}


def _told(zones: Sequence[str], leads: Mapping[str, float], event: str) -> str:
    """Each zone with its own lead; empty where they are alike or not known."""
    if len({f"{leads[zone]:.1f}" for zone in zones if zone in leads}) < 2:
        return ""
    return f"{join([f'zone {zone} warned {seconds(leads.get(zone))}' for zone in zones])} before {event}"


def describe_warning(threat: Mapping[str, Any]) -> str:
    """Who was warned of a threat and how long before, as a clause.

    Parameters
    ----------
    threat : mapping
        An entry of ``threats`` in ``summary.json``.
    """
    needed, warned = threat["needed_zones"], threat["warned_zones"]
    event = "impact" if threat["kind"] in BALLISTIC else "arrival"
    lead = f"{seconds(threat['warning_lead_s'])} before {event}"
    missed = [zone for zone in needed if zone not in warned]
    if not needed:
        return f"{_zones(warned)} warned {lead} though not in danger" if warned else "no zone in danger and none warned"
    told, extra = [z for z in needed if z in warned], [z for z in warned if z not in needed]
    clauses = []
    if told:
        clauses.append(_told(told, _leads(threat), event) or f"{_zones(told)} warned {lead}")
    if missed:
        why = "" if threat.get("observable") else " (it could not be seen in time)"
        clauses.append(f"{_zones(missed)} NOT warned{why}")
    if extra:
        clauses.append(f"{_zones(extra)} warned though not in danger")
    return ", ".join(clauses)


def describe_threat(threat: Mapping[str, Any]) -> str:
    """One threat in one sentence.

    Parameters
    ----------
    threat : mapping
        An entry of ``threats`` in ``summary.json``.

    Examples
    --------
    >>> describe_threat({"id": "rocket-2", "kind": "rocket", "first_detection_s": 14.8, "confirmed_s": 16.0,
    ...     "needed_zones": ["north"], "warned_zones": ["north"], "warning_lead_s": 21.3, "engagements": 1,
    ...     "outcome": "destroyed"})
    'rocket-2: seen at 14.8 s, tracked 16.0 s, zone north warned 21.3 s before impact, intercepted'
    """
    return f"{threat['id']}: {describe_fate(threat)}"


def describe_fate(threat: Mapping[str, Any]) -> str:
    """The sentence of `describe_threat` without the name."""
    seen, tracked, shots = threat["first_detection_s"], threat["confirmed_s"], threat["engagements"]
    clauses = ["never seen" if seen is None else f"seen at {seconds(seen)}"]
    if seen is not None:
        clauses.append("never tracked" if tracked is None else f"tracked {seconds(tracked)}")
    clauses.append(describe_warning(threat))
    outcome = OUTCOMES.get(threat["outcome"], str(threat["outcome"]))
    if shots and threat["outcome"] != "destroyed":
        outcome = f"engaged {'once' if shots == 1 else 'twice' if shots == 2 else f'{shots} times'}, {outcome}"
    return ", ".join([*clauses, outcome])


def pairs_of(summary: Mapping[str, Any]) -> tuple[int, int]:
    """How many (threat, zone) pairs needed a warning, and how many of them got it before arrival."""
    threats = summary.get("threats") or ()
    needed = sum(len(t["needed_zones"]) for t in threats)
    return needed, sum(zone in t["warned_zones"] for t in threats for zone in t["needed_zones"])


def leads_of(summary: Mapping[str, Any]) -> list[float]:
    """Seconds of warning before arrival, of the threats that needed one and got it, in rising order."""
    threats = summary.get("threats") or ()
    return sorted(t["warning_lead_s"] for t in threats if t["needed_zones"] and t["warning_lead_s"] is not None)


def describe_totals(summary: Mapping[str, Any]) -> str:
    """A run in one line.

    Parameters
    ----------
    summary : mapping
        ``summary.json``.
    """
    threats, warnings = summary.get("threats") or (), summary.get("warnings") or {}
    needed, warned = pairs_of(summary)
    destroyed = sum(t["outcome"] == "destroyed" for t in threats)
    shots = sum(t["engagements"] for t in threats)
    parts = [
        f"{len(threats)} threat{'s' * (len(threats) != 1)}",
        f"{warned} of {needed} zone warnings in time",
        f"{warnings.get('missed', 0)} missed",
        f"{warnings.get('false', 0)} false",
        f"{destroyed} intercepted in {shots} engagement{'s' * (shots != 1)}",
    ]
    return ", ".join(parts)


def describe_run(summary: Mapping[str, Any], sites: Mapping[str, str]) -> list[str]:
    """A run as a short paragraph for somebody who was not there.

    Parameters
    ----------
    summary : mapping
        ``summary.json``.
    sites : mapping of str to str
        Site id -> name for people.

    Returns
    -------
    list of str
        Sentences.
    """
    threats = summary.get("threats") or ()
    if not threats:
        return ["No threat flew in this run, or nobody kept score."]
    return [
        _who_came(threats, sites),
        _who_was_seen(threats),
        *_who_was_warned(summary),
        *_what_became_of_them(threats),
        *_false_ones(summary),
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _who_came(threats: Sequence[Mapping[str, Any]], sites: Mapping[str, str]) -> str:
    at_sites = []
    for site, name in sites.items():
        kinds: dict[str, int] = {}
        for threat in threats:
            if threat["site"] == site:
                kinds[threat["kind"]] = kinds.get(threat["kind"], 0) + 1
        if kinds:
            came = join([count(n, kind_name(kind, 1), kind_name(kind, 2)) for kind, n in kinds.items()])
            at_sites.append(f"{came} at {name}")
    return f"{_capital('; '.join(at_sites))}."


def _who_was_seen(threats: Sequence[Mapping[str, Any]]) -> str:
    n, tracked = len(threats), sum(t["confirmed_s"] is not None for t in threats)
    if tracked == n:
        return "It was seen and tracked." if n == 1 else "All were seen and tracked."
    seen = sum(t["first_detection_s"] is not None for t in threats)
    return f"{_capital(count(seen))} of {count(n)} {'was' if seen == 1 else 'were'} seen, {count(tracked)} tracked."


def _who_was_warned(summary: Mapping[str, Any]) -> list[str]:
    needed, warned = pairs_of(summary)
    if not needed:
        return ["No zone was in danger."]
    leads = leads_of(summary)
    ahead = ""
    if leads:
        ahead = f", {' to '.join(dict.fromkeys(f'{lead:.0f}' for lead in (leads[0], leads[-1])))} seconds ahead"
    if warned == needed:
        who = "The zone in danger was" if needed == 1 else "Every zone in danger was"
        return [f"{who} warned{ahead}."]
    missed = needed - warned
    blind = missed - (summary.get("warnings") or {}).get("missed", 0)
    why = f", {count(blind)} of them because the threat was not seen in time" if blind else ""
    ok = f"{_capital(count(warned))} of {count(needed)} zone warnings came in time{ahead}"
    return [f"{ok}; {count(missed)} {'was' if missed == 1 else 'were'} missed{why}."]


def _what_became_of_them(threats: Sequence[Mapping[str, Any]]) -> list[str]:
    clauses = []
    for outcome, word in OUTCOMES.items():
        n = sum(t["outcome"] == outcome for t in threats)
        if n:
            verb = ("was " if n == 1 else "were ") if outcome in ("destroyed", "flying") else ""
            who = "all" if n == len(threats) > 1 else count(n) if n < len(threats) else "it"
            clauses.append(f"{who} {verb}{word}")
    return [f"{_capital(join(clauses))}."] if clauses else []


def _false_ones(summary: Mapping[str, Any]) -> list[str]:
    warnings = summary.get("warnings")
    if not warnings:
        return []
    false, unneeded = warnings["false"], warnings["unneeded"]
    said = [f"{_capital(count(false, 'false warning'))}."]
    if unneeded:
        said.append(f"{_capital(count(unneeded, 'warning'))} to a zone that turned out not to be in danger.")
    return said
