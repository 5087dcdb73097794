"""Metrics: running figures in Prometheus' text form, version 0.0.4."""

from __future__ import annotations

from collections.abc import Mapping

from .display import Display
from .gate import Gate

PREFIX = "rampart_"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(display: Display, gate: Gate) -> str:
    """All figures, one family after the other."""
    return exposition({**display.behind.counters(), **_own(display, gate)})


def _own(display: Display, gate: Gate) -> dict[str, float]:
    with display.lock:
        alarms = display.board.entries()
    figures: dict[str, float] = {
        "display_clients": len(display.clients),
        "display_clients_cut_off_total": display.cut_off,
        "display_frames_total": display.frames,
        "display_bytes_total": display.bytes,
        "display_refused_requests_total": gate.refused,
        'history_bytes{site="all"}': sum(history.bytes for history in display.history.values()),
    }
    for priority in ("low", "high", "critical"):
        standing = [a for a in alarms if a["priority"] == priority and a["state"] != "returned"]
        figures[f'alarms{{priority="{priority}"}}'] = len(standing)
        unanswered = [a for a in standing if a["state"] == "unacknowledged"]
        figures[f'alarms_unacknowledged{{priority="{priority}"}}'] = len(unanswered)
    now_ns = display.behind.clock()
    for name, picture in display.pictures.items():
        label = f'{{site="{_escaped(name)}"}}'
        if picture.now_ns:
            figures[f"step_age_seconds{label}"] = (now_ns - picture.now_ns) * 1e-9
        figures[f"shown_tracks{label}"] = len(picture.tables["tracks"]["id"])
        for part, entry in list(picture.health.items()):
            figures[f'part_up{{site="{_escaped(name)}",part="{_escaped(part)}"}}'] = float(
                entry["state"] in ("ok", "degraded")
            )
    for peer in display.behind.peers():
        label = f'peer="{_escaped(peer.peer)}"'
        figures[f"peer_up{{{label}}}"] = float(peer.state.value == "up")
        for outcome, count in peer.counts.items():
            figures[f'peer_messages_total{{{label},outcome="{_escaped(outcome)}"}}'] = count
    return figures


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def exposition(figures: Mapping[str, float]) -> str:
    """Figures by name and labels as text; families stay together, and say whether they only rise.

    >>> print(exposition({'steps_total{site="a"}': 3, "clients": 2}), end="")
    # TYPE rampart_clients gauge
    rampart_clients 2
    # TYPE rampart_steps_total counter
    rampart_steps_total{site="a"} 3
    """
    families: dict[str, list[str]] = {}
    for key, value in figures.items():
        name, brace, labels = key.partition("{")
        families.setdefault(name, []).append(f"{PREFIX}{name}{brace}{labels} {value:.10g}")
    lines = []
    for name in sorted(families):
        lines.append(f"# TYPE {PREFIX}{name} {'counter' if name.endswith('_total') else 'gauge'}")
        lines += families[name]
    return "\n".join(lines) + "\n"
