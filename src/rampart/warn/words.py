"""Words: why a warning ends, in a sentence a person can read."""

from __future__ import annotations

from .danger import describe
from .policy import SECOND, Alert, State, Threat

# What weighs most among threats that ended in different ways: what came down, then what may have, then what did not.
_ORDER = (State.DOWN, State.LOST, State.AWAY, State.HARMLESS, State.UNPROVEN)


def closing_reason(alert: Alert, now_ns: int) -> str:
    """Why a warning is released or cancelled.

    Parameters
    ----------
    alert : Alert
        A warning none of whose threats is active.
    now_ns : int
        Time of the decision, ns UTC.

    Examples
    --------
    >>> from rampart.records import Phase, TargetClass
    >>> threat = Threat(3, False, TargetClass.ROCKET, 0.9, 40 * SECOND, 0.5, 60, 0, 0, 0, State.DOWN)
    >>> closing_reason(Alert(1, 0, 0, Phase.SHELTER, threats={3: threat}), 50 * SECOND)
    'rocket: its time of impact passed 10 s ago'
    """
    threats = [t for t in alert.threats.values() if not t.debris]
    parts = []
    for state in _ORDER:
        some = [t for t in threats if t.state == state]
        if some:
            parts.append(_sentence(state, some, now_ns))
    if any(t.debris for t in alert.threats.values()):
        parts.append("debris has had time to come down")
    return "; ".join(parts)


def _sentence(state: State, threats: list[Threat], now_ns: int) -> str:
    last = max(threats, key=lambda t: (t.arrival_ns, t.track))
    name = describe(last.target_class)
    who = name if len(threats) == 1 else f"{len(threats)} threats, last a {name}"
    ago = f"{max(now_ns - last.arrival_ns, 0) / SECOND:.0f} s ago"
    if state == State.DOWN:
        return f"{who}: its time of impact passed {ago}"
    if state == State.LOST and last.drone:
        return f"{who}: not seen for {(now_ns - (last.gone_ns or now_ns)) / SECOND:.0f} s"
    if state == State.LOST:
        return f"{who}: no longer seen, and its time of impact passed {ago}"
    if state == State.AWAY:
        return f"{who}: {'no longer heads for' if last.drone else 'comes down outside'} this zone"
    if state == State.HARMLESS:
        return f"{who}: turned out to be no threat"
    return f"{who}: not confirmed by further detections"
