"""Sections of the after-action report: the life of each threat, warnings, sensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from rampart.ledger.report.story import Raid, SiteStory, Threat
from rampart.ledger.report.svg import metres, picture, tag, text, tip
from rampart.ledger.report.tables import NONE, inline_badge, outcome_chip, table
from rampart.ledger.report.timeline import clock
from rampart.ledger.words import kind_name
from rampart.records import HealthState, Phase

from .case import Case, HealthChange
from .dossier import Dossier

_ALARM = (Phase.PREPARE, Phase.SHELTER)


def lives(dossier: Dossier) -> str:
    """Detected, tracked, classified, warned, engaged, and what became of it: a row for each threat."""
    rows = [_life(dossier, story, threat) for story, threat in dossier.threats]
    heads = ["", "threat", "detected", "tracked", "taken for", "warned", "engaged", "what became of it"]
    words = "Times are UTC. Seconds before the arrival are those of the arrival as if nothing had been done."
    return table(heads, rows, class_="threats") + tag("p", words, class_="faint")


def _life(dossier: Dossier, story: SiteStory, threat: Threat) -> list[str]:
    e = threat.entry
    seen, tracked = e["first_detection_s"], e["confirmed_s"]
    taken = NONE
    if e.get("class"):
        taken = f"{escape(kind_name(e['class']))}<br/><span class='faint'>{_percent(e['class_probability'])}</span>"
    return [
        inline_badge(threat),
        f"<b class='name'>{escape(str(e['id']))}</b><br/><span class='faint'>{escape(kind_name(threat.kind))}</span>",
        _moment(story, seen, "never"),
        _moment(story, tracked, "never", f"{tracked - seen:.1f} s later" if tracked and seen else ""),
        taken,
        _warned(story, threat),
        _engaged(threat),
        _became(dossier, story, threat),
    ]


def _moment(story: SiteStory, seconds: float | None, missing: str, more: str = "") -> str:
    if seconds is None:
        return f"<span class='chip outcome-leaked'>{missing}</span>"
    small = f"<br/><span class='faint'>{escape(more)}</span>" if more else ""
    return f"<span class='name'>{clock(story.site.start_ns, seconds)}</span>{small}"


def _warned(story: SiteStory, threat: Threat) -> str:
    e = threat.entry
    missed = [z for z in e["needed_zones"] if z not in e["warned_zones"]]
    lost = f"<span class='chip outcome-leaked'>{escape(', '.join(missed))} not warned</span>" if missed else ""
    if e["first_warning_s"] is None:
        return lost or ("nobody was in danger" if not e["needed_zones"] else NONE)
    lead = f"{e['warning_lead_s']:.1f} s before the arrival"
    zones = f"<span class='faint'>{escape(lead)}<br/>{escape(', '.join(e['warned_zones']))}</span>"
    return f"<span class='name'>{clock(story.site.start_ns, e['first_warning_s'])}</span><br/>{zones}{lost}"


def _engaged(threat: Threat) -> str:
    if not threat.shots:
        return NONE
    hits = sum(bool(shot.destroyed) for shot in threat.shots)
    return f"{len(threat.shots)}, {hits} hit<br/><span class='faint'>simulated</span>"


def _became(dossier: Dossier, story: SiteStory, threat: Threat) -> str:
    outcome = str(threat.entry["outcome"])
    if outcome != "unknown":
        when = threat.end_s if outcome == "destroyed" else threat.arrival_s
        return f"{outcome_chip(outcome)}<br/><span class='faint'>{clock(story.site.start_ns, when)}</span>"
    if dossier.found_of(threat) is not None:
        return "impact found"
    return "<span class='chip'>not known</span>"


def _percent(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NONE
    return "&gt;&#160;99&#160;%" if value > 0.995 else f"{100 * value:.0f}&#160;%"


def warnings(dossier: Dossier) -> str:
    """Who had how many seconds: a row for each zone that was warned or should have been."""
    rows = [row for story, raid in dossier.raids for row in _zone_rows(story, raid)]
    if not rows:
        return tag("p", "No zone was warned and none was in danger.")
    heads = ["zone", "people#", "in danger of", "told", "asked to", "before the arrival#", "they need#", "margin#", ""]
    words = (
        "The margin is what people had beyond the time they need to reach shelter. A zone that was warned though not "
        "in danger had no arrival to count to: its seconds are those told with the warning."
    )
    return table(heads, rows) + tag("p", words, class_="faint")


def _zone_rows(story: SiteStory, raid: Raid) -> list[list[str]]:
    rows = []
    for zone in story.site.zones:
        behind = [t for t in raid.threats if zone.id in t.entry["needed_zones"]]
        told = [
            m for m in story.messages
            if m.zone.id == zone.id and m.phase in _ALARM and raid.start_s - 1 <= m.time_s <= raid.end_s + 1
        ]  # fmt: skip
        if not behind and not told:
            continue
        arrival = min((t.at_zone(zone.id)[0] for t in behind), default=math.nan)
        first = told[0] if told else None
        lead = math.nan
        if first is not None:
            lead = arrival - first.time_s if behind else first.time_to_impact_s
        margin = lead - zone.shelter_time_s
        rows.append(
            [
                f"<b>{escape(zone.name or zone.id)}</b>",
                f"{zone.population:,.0f}",
                "".join(inline_badge(t) for t in behind) or "<span class='faint'>nothing</span>",
                clock(story.site.start_ns, first.time_s) if first else NONE,
                tag("span", first.phase.label, class_=f"chip phase {first.phase.label}") if first else NONE,
                f"{lead:.1f} s" if math.isfinite(lead) else NONE,
                f"{zone.shelter_time_s:.0f} s",
                f"{margin:+.1f} s" if math.isfinite(margin) and behind else NONE,
                _verdict(bool(behind), first is not None and (not behind or lead > 0), margin),
            ]
        )
    return rows


def _verdict(danger: bool, warned: bool, margin: float) -> str:
    if not danger:
        return "<span class='chip'>not needed</span>"
    if not warned:
        return "<span class='chip outcome-leaked'>not warned</span>"
    word, mood = ("in time", "outcome-destroyed") if margin >= 0.0 else ("too late for all", "prepare")
    return f"<span class='chip {mood}'>{word}</span>"


_WIDTH, _GUTTER, _ROW = 1040.0, 168.0, 28.0
_MOODS = {HealthState.OK: "good", HealthState.DEGRADED: "fair", HealthState.STARTING: "fair"}


def sensors(dossier: Dossier) -> str:
    """State of each sensor while it lasted, and which threats it saw."""
    case = dossier.case
    assert case is not None
    parts = []
    for story in case.stories:
        start = min(r.start_s for r in story.raids) - 5.0
        end = max(r.end_s for r in story.raids) + 5.0
        parts.append(_strips(case, story, start, end))
        parts.append(_sensor_table(case, story, start, end))
    return "".join(parts)


def _strips(case: Case, story: SiteStory, start: float, end: float) -> str:
    rows = []
    span = _WIDTH - _GUTTER - 20.0
    for i, sensor in enumerate(story.site.sensors):
        y = 6.0 + i * _ROW
        rows.append(text(sensor.id, 8.0, y + 15.0, class_="lane"))
        for begin, stop, state, why in _states(case, story, sensor.id, start, end):
            x0, x1 = (_GUTTER + (t - start) / (end - start) * span for t in (begin, stop))
            words = f"{sensor.id}: {state.label if state is not None else 'no state was recorded'}{why}"
            mood = "unsaid" if state is None else _MOODS.get(state, "poor")
            rows.append(
                tag("rect", tip(words), x=x0, y=y + 3, width=max(x1 - x0, 1.0), height=16, class_=f"state {mood}")
            )
            label = state.label if state is not None else "not recorded"
            if x1 - x0 > 7.5 * len(label) + 8:
                rows.append(text(label, x0 + 6, y + 15, class_=f"state-name {mood}"))
    height = 12.0 + len(story.site.sensors) * _ROW + 18
    for x, when, anchor in ((_GUTTER, start, "start"), (_WIDTH - 20.0, end, "end")):
        rows.append(text(clock(story.site.start_ns, when), x, height - 4, text_anchor=anchor, class_="tick"))
    return tag("figure", picture(_WIDTH, height, *rows, title="state of the sensors", class_="chart"))


def _states(
    case: Case, story: SiteStory, sensor: str, start: float, end: float
) -> list[tuple[float, float, HealthState | None, str]]:
    mine = [c for c in case.health.get(story.site.id, ()) if c.part == f"sensor/{sensor}"]
    before = [c for c in mine if c.time_s <= start]
    now: HealthChange | None = before[-1] if before else None
    found, since = [], start
    for change in [c for c in mine if start < c.time_s < end]:
        found.append(
            (since, change.time_s, now.state if now else None, f", {now.reason}" if now and now.reason else "")
        )
        now, since = change, change.time_s
    found.append((since, end, now.state if now else None, f", {now.reason}" if now and now.reason else ""))
    return found


def _sensor_table(case: Case, story: SiteStory, start: float, end: float) -> str:
    seen = _contributions(case, story)
    rows = []
    for i, sensor in enumerate(story.site.sensors):
        mine = [threat for threat, bits in seen if bits >> i & 1]
        changes = [
            c for c in case.health.get(story.site.id, ())
            if c.part == f"sensor/{sensor.id}" and start < c.time_s < end and c.state != HealthState.OK
        ]  # fmt: skip
        said = "; ".join(f"{clock(story.site.start_ns, c.time_s)} {c.state.label} {c.reason}".strip() for c in changes)
        rows.append(
            [
                f"<b>{escape(sensor.id)}</b>",
                escape(sensor.kind),
                f"{sensor.scan_period_s:g} s",
                "".join(inline_badge(t) for t in mine) or NONE,
                escape(said) or "no change",
            ]
        )
    return table(["sensor", "kind", "scan#", "took part in the track of", "changes of state"], rows)


def _contributions(case: Case, story: SiteStory) -> list[tuple[Threat, int]]:
    found = []
    for threat in story.threats:
        numbers = [track.number for track in threat.tracks]
        bits = 0
        for step in case.run.steps.get(story.site.id, ()):
            for value in step.tracks.sensors[np.isin(step.tracks.number, numbers)].tolist():
                bits |= int(value)
        found.append((threat, bits))
    return found


def sentences(parts: Sequence[str]) -> str:
    """A paragraph."""
    return tag("p", escape(" ".join(parts)), class_="story")


def length(value: float) -> str:
    """A length for people, with a decimal where that matters."""
    return f"{value:.1f} m" if abs(value) < 10.0 else metres(value)
