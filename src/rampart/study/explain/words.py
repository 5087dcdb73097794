"""Words: an explanation as text for people."""

from __future__ import annotations

from typing import Any

from .stages import PASSED, WORDS


def describe(answer: dict[str, Any]) -> list[str]:
    """The lines of an explanation.

    Parameters
    ----------
    answer : dict
        As `explain_recording` gives it.
    """
    head = f"{answer['scenario']}, seed {answer['seed']}, run {answer['run']} (simulation)"
    lines = [head]
    for threat in answer["threats"]:
        lines += _threat(threat)
    lines += [f"note: {note}" for note in answer["notes"]]
    return lines


def verdict(threat: dict[str, Any]) -> str:
    """What went wrong, in a few words."""
    parts = [word for word in ("missed", "late", "misclassified") if threat[word]]
    return " and ".join(parts) if parts else "neither missed, late nor misclassified"


def _threat(threat: dict[str, Any]) -> list[str]:
    name = f"{threat['id']} ({threat['kind'].replace('_', ' ')})"
    if threat["gate"] is None:
        return [f"{name}: {verdict(threat)}{_lead(threat)}"]
    lines = ["", f"{name}: {verdict(threat).upper()}{_lead(threat)}", f"  {decision(threat)}"]
    for row in threat["gates"]:
        lines.append(f"    {row['from_s']:7.1f} - {row['to_s']:7.1f} s  {row['sensor']:<10} {interval(row)}")
    if not threat["gates"]:
        lines.append("    no sensor looked at it")
    return lines + [f"  {line}" for line in sensor_lines(threat)]


def decision(threat: dict[str, Any]) -> str:
    """The gate that decided, and for how much of the time that counted."""
    gate, (first, last) = threat["gate"], threat["window_s"]
    share = threat["shares"].get(gate, 0.0)
    others = [f"{g} {s:.0%}" for g, s in threat["shares"].items() if g not in (gate, PASSED) and s >= 0.05]
    rest = f"; then {', '.join(others)}" if others else ""
    if threat["missed"] or threat["late"]:
        when = f"of the {last - first:.0f} s in which a warning would have been in time"
    else:
        when = f"of its {last - first:.0f} s"
        if gate == "classification" and threat["class"]:
            when += f"; its track ended as {threat['class'].replace('_', ' ')}"
    return f"it fell through {gate}: {WORDS.get(gate, gate)}, {share:.0%} {when}{rest}"


def interval(row: dict[str, Any]) -> str:
    """One interval of one sensor."""
    words = f"{row['gate']:<14} {WORDS.get(row['gate'], row['gate'])}"
    more = [f"{row['share']:.0%} of the time"] if row["share"] < 0.995 else []
    if row.get("range_m") is not None:
        more.append(f"about {row['range_m'] / 1000:.1f} km off")
    if row.get("snr_db") is not None and row["gate"] == "snr":
        more.append(f"mean signal to noise {row['snr_db']:.0f} dB")
    return f"{words} ({', '.join(more)})" if more else words


def _lead(threat: dict[str, Any]) -> str:
    first, arrival = threat["first_warning_s"], threat["arrival_s"]
    if first is None:
        return f"; no warning, arrival at {arrival:.1f} s"
    return f"; warned at {first:.1f} s, {arrival - first:.1f} s before arrival"


def sensor_lines(threat: dict[str, Any]) -> list[str]:
    """What each sensor that was tried would have made of it."""
    lines = []
    for tried in threat["tried"]:
        alone = "alone " if tried["of"] == "site" else ""
        if tried["caught"]:
            lead = tried["warning_lead_s"]
            when = f", warned {lead:.1f} s before arrival" if lead is not None else ""
            first = tried["first_detection_s"]
            seen = f"first detection at {first:.1f} s" if first is not None else "though it never saw it itself"
            lines.append(f"{tried['sensor']} {alone}would have caught it: {seen}{when}")
        else:
            lines.append(f"{tried['sensor']} {alone}would not have caught it")
    if threat["tried"] and not threat["would_have_caught"]:
        lines.append("none of the sensors tried would have caught it")
    return lines
