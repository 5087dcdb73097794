"""The report: one self-contained HTML page, readable from top to bottom, without scripts and without requests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from rampart.ledger.files import write_text
from rampart.ledger.run_record import RunRecord
from rampart.ledger.words import count, describe_fate, describe_run, join, kind_name, leads_of, pairs_of

from .charts import draw_errors, draw_heights
from .legend import legend
from .map import draw_map
from .story import Raid, SiteStory, Threat, tell
from .svg import tag
from .tables import (
    effector_table,
    folded,
    gate_table,
    inline_badge,
    message_table,
    outcome_chip,
    sensor_table,
    threat_table,
    track_summary,
    zone_table,
)
from .timeline import clock, draw_timeline

#: Nothing is loaded from anywhere: the browser itself holds the page to it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
#: A table of messages longer than this is folded.
LONG = 12


def write_report(path: str | Path, run: RunRecord) -> Path:
    """Write the report of a run as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder is made if missing.
    run : RunRecord
        From a `Collector`, or from ``RecordingReader(...).run_record()``.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    return write_text(path, render_report(run))


def render_report(run: RunRecord) -> str:
    """The report as text."""
    stories = tell(run)
    name = str(run.scenario.get("name", "run"))
    first = next((raid for story in stories for raid in story.raids), None)
    body = [
        _banner(run),
        tag(
            "main",
            _head(run, name),
            _tiles(run),
            _what_happened(run, stories),
            *(_site(run, story, first) for story in stories),
            _score(stories),
            legend(),
            _limits(run),
            _settings(run, name),
        ),
        _banner(run, "footer"),
    ]
    return "<!DOCTYPE html>\n" + tag("html", _page_head(name), tag("body", *body), lang="en") + "\n"


@cache
def _style() -> str:
    return (files("rampart.ledger.report") / "style.css").read_text(encoding="utf-8")


def _page_head(name: str) -> str:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>',
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{escape(name)} - Rampart report"),
        tag("style", _style()),
    )


def simulated(run: RunRecord) -> bool:
    """Whether the run was made up: it has truth, or its scenario has threats."""
    return bool(run.flights) or bool(run.scenario.get("threat"))


def _banner(run: RunRecord, element: str = "header") -> str:
    words = "EXERCISE · SIMULATION" if simulated(run) else "RECORDING OF RECEIVED DATA"
    more = "Nothing in this report happened. No real warning was given." if simulated(run) else "No truth is known."
    return tag(element, tag("b", words), tag("span", more), class_="banner")


def _start(run: RunRecord) -> datetime:
    start_ns = min((site.start_ns for site in run.sites), default=0)
    return datetime.fromtimestamp(start_ns // 1_000_000_000, UTC)


def _place(story_or_site: Any) -> str:
    lat, lon = np.degrees(story_or_site.latitude_rad), np.degrees(story_or_site.longitude_rad)
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"


def _head(run: RunRecord, name: str) -> str:
    start = _start(run)
    when = f"{start.day} {start:%B %Y, %H:%M} UTC"
    where = " · ".join(escape(site.name or site.id) for site in run.sites)
    minutes = float(run.summary.get("duration_s") or run.scenario.get("duration_s") or 0.0) / 60
    long = f"{minutes:.0f} minutes" if minutes >= 2 else f"{60 * minutes:.0f} seconds"
    return tag(
        "div",
        tag("p", "Rampart run report", class_="kicker"),
        tag("h1", escape(name)),
        tag("p", escape(_sentence(str(run.scenario.get("description", "")))), class_="lead"),
        tag("p", f"{when} · {long} · {where}", class_="faint"),
        class_="title",
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") or not words else ".")


def _tiles(run: RunRecord) -> str:
    summary = run.summary
    threats = summary.get("threats") or ()
    if not threats:
        return ""
    warnings = summary.get("warnings") or {}
    needed, warned = pairs_of(summary)
    leads = leads_of(summary)
    destroyed = sum(t["outcome"] == "destroyed" for t in threats)
    engaged = sum(t["engagements"] > 0 for t in threats)
    missed, false = warnings.get("missed", 0), warnings.get("false", 0)
    median = f"{float(np.median(leads)):.1f} s" if leads else "-"
    tiles = [
        _tile(str(len(threats)), "threats", "in the air"),
        _tile(f"{warned} of {needed}", "zones warned", "of those in danger", "good" if warned == needed else ""),
        _tile(median, "warning time", f"median; shortest {leads[0]:.1f} s" if leads else "before arrival"),
        _tile(str(missed), "missed", "could have been warned", "bad" if missed else "good"),
        _tile(str(false), "false warnings", "no threat behind them", "bad" if false else "good"),
        _tile(f"{destroyed} of {engaged}" if engaged else "0", "intercepted", "of those engaged (simulated)"),
    ]
    return tag("div", *tiles, class_="tiles")


def _tile(value: str, name: str, more: str, mood: str = "") -> str:
    return tag(
        "div", tag("b", escape(value)), tag("span", escape(name)), tag("small", escape(more)), class_=f"tile {mood}"
    )


def _what_happened(run: RunRecord, stories: Sequence[SiteStory]) -> str:
    sentences = describe_run(run.summary, {s.site.id: s.name for s in stories})
    raids = sorted(((raid, s) for s in stories for raid in s.raids), key=lambda pair: pair[0].threats[0].number)
    parts = []
    for raid, story in raids:
        if len(raids) > 1:
            parts.append(tag("h4", f"{clock(story.site.start_ns, raid.start_s)} UTC, {escape(story.name)}"))
        parts.append(tag("ol", *(_threat_line(threat) for threat in raid.threats), class_="threat-list"))
    if raids:
        parts.append(tag("p", "Times are seconds since the start of the run.", class_="faint"))
    return tag("section", tag("h2", "What happened"), tag("p", escape(" ".join(sentences)), class_="story"), *parts)


def _threat_line(threat: Threat) -> str:
    line = f"<b>{escape(str(threat.entry['id']))}</b>: {escape(describe_fate(threat.entry))}."
    return tag("li", inline_badge(threat), tag("span", line), outcome_chip(str(threat.entry["outcome"])))


def _site(run: RunRecord, story: SiteStory, explained: Raid | None) -> str:
    """One site; drawings have their captions in the first raid of the page."""
    calm = _quiet(story) if not story.raids else ""
    parts = [
        tag("h2", escape(story.name), id=f"site-{story.site.id}"),
        tag("p", f"{_place(story.site)} · {_inventory(story)}", class_="faint"),
        calm,
        *(_raid(story, raid, explained=raid is explained) for raid in story.raids),
        _site_tables(run, story),
    ]
    return tag("section", *parts, class_="site")


def _quiet(story: SiteStory) -> str:
    """A site without scored threats: what was tracked, all on one map."""
    if not story.tracks:
        return tag("p", "No threat came here.")
    start, end = min(t.first_s for t in story.tracks), max(t.end_s for t in story.tracks)
    return _figure(draw_map(story, Raid((), start, end)), "North is up. Every confirmed track of the whole time.")


def _inventory(story: SiteStory) -> str:
    words = [count(len(story.site.zones), "zone"), count(len(story.site.sensors), "sensor")]
    if story.effectors:
        words.append(count(len(story.effectors), "simulated effector"))
    return escape(", ".join(words))


def _raid(story: SiteStory, raid: Raid, *, explained: bool) -> str:
    kinds: dict[str, int] = {}
    for threat in raid.threats:
        kinds[threat.kind] = kinds.get(threat.kind, 0) + 1
    came = join([count(n, kind_name(kind, 1), kind_name(kind, 2)) for kind, n in kinds.items()])
    start, end = (clock(story.site.start_ns, t) for t in (raid.start_s, raid.end_s))
    errors = draw_errors(raid)
    return tag(
        "div",
        tag("h3", f"{escape(came[:1].upper() + came[1:])} <span class='faint'>{start} to {end} UTC</span>"),
        _figure(draw_map(story, raid), MAP_WORDS if explained else ""),
        _figure(draw_timeline(story, raid), TIMELINE_WORDS if explained else ""),
        _figure(draw_heights(story, raid), HEIGHT_WORDS if explained else ""),
        _figure(errors, ERROR_WORDS if explained else "") if errors else "",
        class_="raid",
    )


MAP_WORDS = (
    "North is up. Grey: what really flew; coloured: the track. Ellipses hold the predicted impact with 90 % "
    "probability: dotted as known at the first warning, dashed half-way, solid the last. The pale rim of a zone is its "
    "danger radius."
)
TIMELINE_WORDS = (
    "A thin line while in the air, pale once seen, full once tracked; the upright stroke is the first warning, a star "
    "a simulated engagement (filled: hit), the triangle the arrival, as if never engaged."
)
HEIGHT_WORDS = "Height above the site's origin: grey what really flew, coloured the track."
ERROR_WORDS = (
    "How far the predicted impact was from the true one (line) against the size of the ellipse claimed (shade), as "
    "time ran out. An honest prediction stays within the shade nine times in ten."
)


def _figure(drawing: str, words: str) -> str:
    return tag("figure", drawing, tag("figcaption", escape(words)) if words else "")


def _site_tables(run: RunRecord, story: SiteStory) -> str:
    parts = []
    if story.messages:
        lines = message_table(story, story.messages)
        title = f"Warning messages ({len(story.messages)})"
        parts.append(folded(title, lines, open_=len(story.messages) <= LONG))
    gates = gate_table(story)
    if gates:
        parts.append(folded("Why each threat was seen, or was not", gates, open_=True))
    if story.effectors:
        parts.append(folded("Simulated effectors", effector_table(story, run.summary), open_=True))
    parts += [
        tag("h3", "Tracks"),
        track_summary(story),
        folded("Zones", zone_table(story)),
        folded("Sensors", sensor_table(story)),
    ]
    return "".join(parts)


def _score(stories: Sequence[SiteStory]) -> str:
    threats: list[Threat] = sorted((t for s in stories for t in s.threats), key=lambda t: t.number)
    if not threats:
        return ""
    words = (
        "Impact errors, at half and at 80 % of the time of flight, are distances from where the threat would have come "
        "down had it never been engaged; in brackets "
        "the Cramér-Rao bound, which no unbiased estimate of these detections can beat on average."
    )
    return tag("section", tag("h2", "All threats"), threat_table(threats), tag("p", escape(words), class_="faint"))


def _limits(run: RunRecord) -> str:
    if not simulated(run):
        return ""
    points = [
        "This is a simulation. Threats, sensors and effectors are generic models with figures from open literature; "
        "they stand for no named weapon and no real installation. Layouts are generic, coordinates rounded.",
        "One run is one draw of chance. Rates such as “warned in time” need many runs (rampart study).",
        "No stage of the chain saw the truth that is drawn in grey. A referee outside the chain held it, decided "
        "simulated outcomes, and scored.",
        "Rampart is uncertified. It must never be the only path by which people are warned, and it has no interface "
        "to a weapon.",
    ]
    return tag(
        "section", tag("h2", "What this report does not say"), tag("ul", *(tag("li", escape(p)) for p in points))
    )


def _settings(run: RunRecord, name: str) -> str:
    header, summary = run.header, run.summary
    timing: Mapping[str, Any] = summary.get("timing") or {}
    rows = [
        ("scenario", name),
        ("seed", header.get("seed")),
        ("run", header.get("run")),
        ("Rampart", header.get("version")),
    ]
    if header.get("overrides"):
        rows.append(("overrides", " ".join(header["overrides"])))
    if timing.get("wall_s"):
        rows.append(("computed in", f"{timing['wall_s']:.1f} s for {timing['simulated_s']:.0f} s simulated"))
    rows.append(("batches", f"{sum(run.batches.values()):,} with {sum(run.detections.values()):,} detections"))
    rows.append(("output_sha256", summary.get("output_sha256")))
    listing = "".join(tag("dt", escape(k)) + tag("dd", escape(str(v))) for k, v in rows if v is not None)
    overrides = "".join(f" --set {value}" for value in header.get("overrides") or ())
    commands = [f"rampart run {name} --seed {header.get('seed')} --run {header.get('run')}{overrides}"]
    words = "This flies the whole run anew, to the same checksum."
    if summary.get("recording"):
        commands.insert(0, f"rampart replay {summary['recording']}")
        words = (
            "The first command feeds the recorded detections through the chain again, without truth and without dice, "
            "and compares the output's checksum; the second flies the whole run anew."
        )
    return tag(
        "section",
        tag("h2", "How to repeat it"),
        tag("dl", listing),
        tag("p", escape(words)),
        tag("pre", escape("\n".join(commands))),
    )
