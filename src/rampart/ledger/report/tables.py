"""The report's tables."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from rampart.ledger.words import SHORT_OUTCOMES, count, join, kind_name, seconds
from rampart.records import Phase

from .marks import badge
from .story import Message, SiteStory, Threat, Track
from .svg import metres, picture, tag, tip
from .timeline import clock

NONE = "–"
#: gate -> what it means, in the order in which sensors look at them
GATES = {
    "detected": "reported",
    "range": "too near or too far",
    "horizon": "below the horizon",
    "mask": "behind terrain",
    "beam": "outside the beam",
    "silent": "emits nothing to be heard",
    "notch": "too slow towards the radar",
    "snr": "echo too weak",
    "cell": "hidden by another target",
    "chance": "in view, not picked out",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, class_: str = "") -> str:
    """A table; cells are markup. A head that ends in ``#`` is a column of numbers."""
    numeric = [head.endswith("#") for head in heads]
    head = "".join(
        tag("th", escape(h.removesuffix("#")), scope="col", class_="n" if n else None)
        for h, n in zip(heads, numeric, strict=True)
    )
    body = "".join(
        tag("tr", *(f'<td class="n">{c}</td>' if n else f"<td>{c}</td>" for c, n in zip(row, numeric, strict=True)))
        for row in rows
    )
    inner = tag("table", tag("thead", tag("tr", head)), f"<tbody>{body}</tbody>", class_=class_ or None)
    return tag("div", inner, class_="scroll")


def folded(words: str, content: str, *, open_: bool = False) -> str:
    """Content under a line that unfolds it."""
    return tag("details", tag("summary", escape(words)), content, open="open" if open_ else None)


def inline_badge(threat: Threat) -> str:
    """A threat's badge in a line of text."""
    return picture(18, 18, badge(threat.number, 9, 9, threat.kind), title=f"threat {threat.number}", class_="inline")


def outcome_chip(outcome: str) -> str:
    """What became of a threat, as a coloured word."""
    return tag("span", escape(SHORT_OUTCOMES.get(outcome, outcome)), class_=f"chip outcome-{outcome}")


def _s(value: Any) -> str:
    return seconds(value, NONE)


def _metres(value: Any) -> str:
    return NONE if value is None or not math.isfinite(value) else metres(value)


def _percent(value: Any) -> str:
    if value is None or not math.isfinite(value):
        return NONE
    return "&gt;\u00a099\u00a0%" if value > 0.995 else f"{100 * value:.0f}\u00a0%"


def _error(entry: Mapping[str, Any], share: str) -> str:
    error, bound = (entry.get(key, {}).get(share) for key in ("impact_error_m", "impact_bound_m"))
    if error is None:
        return NONE
    return _metres(error) + (f' <span class="faint">({_metres(bound)})</span>' if bound is not None else "")


def threat_table(threats: Sequence[Threat]) -> str:
    """Every threat with its score."""
    heads = ["", "threat", "taken for", "seen#", "tracked#", "warned#", "lead#",
             "error at 50\u00a0%#", "error at 80\u00a0%#", "in ellipse", "shots#", "outcome"]  # fmt: skip
    rows = []
    for threat in threats:
        e = threat.entry
        inside = {True: "yes", False: "no", None: NONE}[e.get("in_ellipse_90")]
        taken = NONE
        if e.get("class"):
            taken = f"<span class='name'>{escape(kind_name(e['class']))}</span><br/>{_percent(e['class_probability'])}"
        rows.append(
            [
                inline_badge(threat),
                f"<b class='name'>{escape(str(e['id']))}</b><br/>"
                f"<span class='faint'>{escape(kind_name(threat.kind))}</span>",
                taken,
                _s(e["first_detection_s"]),
                _s(e["confirmed_s"]),
                _s(e["first_warning_s"]),
                _s(e["warning_lead_s"]),
                _error(e, "0.5"),
                _error(e, "0.8"),
                inside,
                str(e["engagements"]),
                outcome_chip(str(e["outcome"])),
            ]
        )
    return table(heads, rows, class_="threats")


def message_table(story: SiteStory, messages: Sequence[Message]) -> str:
    """Every warning message, with the reason for its end."""
    names = {track.number: threat for threat in story.threats for track in threat.tracks}
    rows = []
    for m in messages:
        behind = [names[n] for n in m.tracks if n in names]
        other = [f"T{n}" for n in m.tracks if n not in names]
        why = m.reason or ("update" if m.sequence and m.phase in (Phase.PREPARE, Phase.SHELTER) else "")
        rows.append(
            [
                f"{m.time_s:.1f} s<br/><span class='faint'>{clock(story.site.start_ns, m.time_s)}</span>",
                f"{escape(m.warning.split('/')[-1])}.{m.sequence}",
                escape(m.zone.id),
                tag("span", m.phase.label, class_=f"chip phase {m.phase.label}"),
                escape(kind_name(m.kind)),
                _s(m.time_to_impact_s),
                _percent(m.probability),
                "".join(inline_badge(t) for t in behind) + escape(" ".join(other)),
                escape(why),
                escape(m.said),
            ]
        )
    heads = ["time#", "warning", "zone", "phase", "class", "time left#", "probability#", "because of", "reason", "said"]
    return table(heads, rows)


def effector_table(story: SiteStory, summary: Mapping[str, Any]) -> str:
    """Simulated effectors and what they spent."""
    used = {e["id"]: e for e in summary.get("effectors") or () if e.get("site", story.site.id) == story.site.id}
    rows = []
    for effector in story.effectors:
        score = used.get(effector["id"], {})
        hits = score.get("destroyed")
        rows.append(
            [
                escape(str(effector["id"])),
                escape(str(effector["kind"]).replace("_", " ")),
                str(score.get("engagements", NONE)),
                NONE if hits is None else str(hits),
                str(score.get("rounds_used", NONE)),
                NONE if "rounds_left" not in score else _wasted(score),
            ]
        )
    return table(["effector", "kind", "engagements#", "hits#", "rounds used#", "at no threat#"], rows)


def _wasted(score: Mapping[str, Any]) -> str:
    return str(score["rounds_on_false_tracks"] + score["rounds_on_harmless"])


def gate_table(story: SiteStory) -> str:
    """What each sensor's looks at each threat came to, as shares."""
    rows = []
    for sensor in story.site.sensors:
        for threat in story.threats:
            looks = story.gates.get((sensor.id, str(threat.entry["id"])))
            if looks:
                rows.append(
                    [
                        f"<span class='name'>{escape(sensor.id)}</span>",
                        f"<span class='name'>{inline_badge(threat)} {escape(str(threat.entry['id']))}</span>",
                        str(sum(looks.values())),
                        _gate_bar(looks),
                        _gate_words(looks),
                    ]
                )
    return table(["sensor", "threat", "looks#", "came to", ""], rows) if rows else ""


def _gate_bar(looks: Mapping[str, int]) -> str:
    total, x, parts = sum(looks.values()), 0.0, []
    for gate in [*GATES, *(g for g in looks if g not in GATES)]:
        n = looks.get(gate, 0)
        if n:
            wide = 220.0 * n / total
            words = f"{GATES.get(gate, gate)}: {n} of {total}"
            parts.append(tag("rect", tip(words), x=x, y=0, width=wide, height=14, class_=f"gate g-{gate}"))
            x += wide
    return picture(220, 14, *parts, title="shares of gates", class_="gates")


def _gate_words(looks: Mapping[str, int]) -> str:
    total = sum(looks.values())
    parts = [(n, GATES.get(gate, gate)) for gate, n in looks.items() if 100 * n >= total]
    return ", ".join(f"{100 * n / total:.0f} % {escape(words)}" for n, words in sorted(parts, reverse=True))


def track_summary(story: SiteStory) -> str:
    """All confirmed tracks in words, and each of them under a fold."""
    if not story.tracks:
        return tag("p", "No track was confirmed.")
    threats = {str(t.entry["id"]) for t in story.threats}
    of_threats = [t for t in story.tracks if t.flight is not None and t.flight.id in threats]
    harmless = [t for t in story.tracks if t.flight is not None and t.flight.id not in threats]
    false = [t for t in story.tracks if t.flight is None] if story.flights else []
    parts = [f"{count(len(of_threats))} of threats"]
    if harmless:
        kinds = Counter(t.flight.kind for t in harmless if t.flight is not None)
        parts += [f"{count(n)} of {kind_name(kind, 2)}" for kind, n in sorted(kinds.items())]
    parts.append(f"{count(len(false))} false (nothing flew there)" if false else "none false")
    words = f"{count(len(story.tracks), 'confirmed track')}: {join(parts)}."
    return tag("p", escape(words[:1].upper() + words[1:])) + folded("Every confirmed track", _track_table(story.tracks))


def _track_table(tracks: Sequence[Track]) -> str:
    rows = []
    for track in sorted(tracks, key=lambda t: t.first_s):
        really = f"{track.flight.id} ({kind_name(track.flight.kind)})" if track.flight else "nothing that flew"
        rows.append(
            [
                escape(track.name),
                f"{track.first_s:.1f} s",
                f"{track.confirmed_s:.1f} s",
                f"{track.end_s:.1f} s",
                str(track.hits),
                f"{escape(kind_name(track.kind))} {_percent(track.probability)}",
                escape(really),
            ]
        )
    heads = ["track", "first seen#", "confirmed#", "last#", "detections#", "taken for", "really"]
    return table(heads, rows)


def zone_table(story: SiteStory) -> str:
    """The zones and what their people need."""
    rows = [
        [
            escape(zone.id),
            escape(zone.name),
            f"{zone.population:,.0f}",
            f"{zone.shelter_time_s:.0f} s",
            f"{zone.warn_radius_m:.0f} m",
            "yes" if zone.defended else "no",
        ]
        for zone in story.site.zones
    ]
    return table(["zone", "", "people#", "time to shelter#", "danger radius#", "defended"], rows)


def sensor_table(story: SiteStory) -> str:
    """The sensors' data sheets."""

    def known(value: float, unit: str, factor: float = 1.0) -> str:
        return f"{factor * value:.3g} {unit}" if math.isfinite(value) else NONE

    degrees = 180.0 / math.pi
    rows = [
        [
            escape(s.id),
            escape(s.kind),
            known(s.scan_period_s, "s"),
            known(s.reference_range_m, "km", 0.001),
            known(s.range_sigma_m, "m"),
            known(s.azimuth_sigma_rad, "°", degrees),
            known(s.elevation_sigma_rad, "°", degrees),
            known(s.range_rate_sigma_ms, "m/s"),
            f"{s.false_alarms_per_scan:g}",
        ]
        for s in story.site.sensors
    ]
    heads = ["sensor", "kind", "scan#", "range on 0 dBsm#", "σ range#", "σ azimuth#", "σ elevation#", "σ range rate#",
             "false alarms per scan#"]  # fmt: skip
    return table(heads, rows)
