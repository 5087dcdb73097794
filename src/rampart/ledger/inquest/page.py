"""The after-action report: one self-contained HTML page for those who must find out, and one for the public."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

import numpy as np

from rampart.ledger.report.charts import draw_errors, draw_heights
from rampart.ledger.report.legend import legend
from rampart.ledger.report.map import draw_map
from rampart.ledger.report.page import POLICY
from rampart.ledger.report.story import Raid, SiteStory
from rampart.ledger.report.svg import tag
from rampart.ledger.report.tables import folded, message_table, table
from rampart.ledger.report.timeline import clock, draw_timeline
from rampart.ledger.words import BALLISTIC, count, describe_run

from .calibration_table import calibration_table
from .claims import claims_table
from .dossier import Dossier, offset_of
from .places import impacts, launches
from .questions import open_questions
from .sections import length, lives, sensors, warnings
from .statement import check_release, statement, type_names, when_words

_LONG = 12


def render_inquest(dossier: Dossier) -> str:
    """The whole report, for those who look into it.

    Parameters
    ----------
    dossier : Dossier
        As `open_dossier` collects it.
    """
    questions = open_questions(dossier)
    body = [
        _banner(dossier),
        tag(
            "main",
            _head(dossier),
            _tiles(dossier, questions),
            _happened(dossier),
            *_recorded(dossier),
            _section("Claims against evidence", claims_table(dossier), "claims"),
            _section("Open questions", _list(questions) or tag("p", "None that this report can see."), "questions"),
            _section("Public statement", _draft(dossier), "statement"),
            _section("Evidence", _evidence(dossier), "evidence"),
            folded("Every mark and term", legend()) if dossier.case is not None else "",
        ),
        _banner(dossier, "footer"),
    ]
    return document(str(dossier.incident["title"] or f"Incident {dossier.incident['id']}"), body)


def render_release(dossier: Dossier) -> str:
    """The page for the public: the draft of a statement, and nothing that must not be told.

    Raises
    ------
    RunError
        If something withheld would stand in it all the same.
    """
    site = str(dossier.incident["site"])
    told = statement(dossier)
    kicker = "Exercise: draft of a public statement" if dossier.simulated else "Draft of a public statement"
    rows = [["Where", escape(site)], ["When", escape(when_words(dossier).removeprefix("on "))]]
    rows += [[escape(kind), escape(words)] for kind, words in _public_counts(dossier)]
    body = [
        _banner(dossier, release=True),
        tag(
            "main",
            tag("div", tag("p", kicker, class_="kicker"), tag("h1", escape(f"Incident at {site}")), class_="title"),
            tag("div", tag("p", escape(" ".join(told)), class_="lead"), class_="statement"),
            tag("h2", "In figures"),
            table(["", ""], rows, class_="figures"),
            tag("p", "This is a draft. It is not released before a person has read and approved it.", class_="faint"),
        ),
        _banner(dossier, "footer", release=True),
    ]
    page = document(f"Incident at {site}", body)
    check_release(page, dossier)
    return page


def _public_counts(dossier: Dossier) -> list[tuple[str, str]]:
    found = []
    for kind, counts in dossier.estimate.get("counts", {}).items():
        low, high = max(counts["low"], 1), counts["high"]
        if high:
            many = type_names(kind)[1]
            found.append((f"{many[:1].upper()}{many[1:]}", str(low) if low == high else f"{low} to {high}"))
    return found


def document(title: str, body: Sequence[str]) -> str:
    """A page that loads nothing."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>',
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", escape(title)),
        tag("style", _style()),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"


@cache
def _style() -> str:
    report = (files("rampart.ledger.report") / "style.css").read_text(encoding="utf-8")
    return report + (files("rampart.ledger.inquest") / "style.css").read_text(encoding="utf-8")


def _banner(dossier: Dossier, element: str = "header", *, release: bool = False) -> str:
    if dossier.simulated:
        words = tag("b", "EXERCISE · SIMULATION") + tag("span", "Nothing in this page happened.")
        return tag(element, words, class_="banner")
    if release:
        return tag(element, tag("b", "DRAFT"), tag("span", "Not released. Not for quotation."), class_="banner calm")
    words = tag("b", "INTERNAL") + tag(
        "span", "Holds launch points, sensors and warning times: --release leaves them out."
    )
    return tag(element, words, class_="banner calm")


def _head(dossier: Dossier) -> str:
    row = dossier.incident
    when = when_words(dossier)
    status = str(row["status"]).replace("_", " ")
    title = str(row["title"] or row["key"] or f"Incident {row['id']}")
    span = dossier.time
    exact = ""
    if span is not None:
        first, last = (datetime.fromtimestamp(ns // 10**9, UTC) for ns in (span.earliest_ns, span.latest_ns))
        exact = (
            f" · {first:%Y-%m-%d %H:%M:%S} to {last:%H:%M:%S} UTC" if last > first else f" · {first:%Y-%m-%d %H:%M} UTC"
        )
    return tag(
        "div",
        tag("p", f"After-action report · incident {row['id']} · {escape(status)}", class_="kicker"),
        tag("h1", escape(title)),
        tag("p", escape(f"{row['site']}, {when.removeprefix('on ')}."), class_="lead"),
        tag("p", escape(f"{row['key'] or ''}{exact}".strip(" ·")), class_="faint"),
        class_="title",
    )


def _tiles(dossier: Dossier, questions: Sequence[str]) -> str:
    entries = [t.entry for _, t in dossier.threats]
    tiles = []
    if entries:
        needed = sum(len(e["needed_zones"]) for e in entries)
        warned = sum(z in e["warned_zones"] for e in entries for z in e["needed_zones"])
        leads = sorted(e["warning_lead_s"] for e in entries if e["needed_zones"] and e["warning_lead_s"] is not None)
        tracked = sum(e["confirmed_s"] is not None for e in entries)
        told = len({(e["site"], z) for e in entries for z in e["warned_zones"]})
        whom = _tile(
            f"{warned} of {needed}", "zones warned", "of those in danger", "good" if warned == needed else "bad"
        )
        if not needed:
            whom = _tile(str(told), "zone warned" if told == 1 else "zones warned", "none was in danger")
        tiles += [
            _tile(str(len(entries)), "threats" if len(entries) > 1 else "threat", f"{tracked} tracked"),
            whom,
            _tile(f"{np.median(leads):.1f} s" if leads else "-", "warning time",
                  f"median; shortest {leads[0]:.1f} s" if leads else "before arrival"),
        ]  # fmt: skip
    misses = [_first_miss(dossier, i) for i in range(len(dossier.threats))]
    known = [m for m in misses if m is not None]
    if known:
        tiles.append(_tile(length(float(np.median(known))), "impact off by", "as predicted half-way, median"))
    tiles.append(
        _tile(str(len(dossier.claims)), "claims" if len(dossier.claims) != 1 else "claim", "by " + _sources(dossier))
    )
    tiles.append(_tile(str(len(questions)), "open questions" if len(questions) != 1 else "open question", "see below"))
    return tag("div", *tiles, class_="tiles")


def _sources(dossier: Dossier) -> str:
    n = len({(c["source"], c["publisher"]) for c in dossier.claims})
    return f"{count(n)} source{'s' * (n != 1)}"


def _first_miss(dossier: Dossier, i: int) -> float | None:
    story, threat = dossier.threats[i]
    found = dossier.found_of(threat)
    row = threat.prediction_at(min(threat.halfway_s, threat.end_s))
    if found is None or row is None:
        return None
    return float(np.hypot(*offset_of(story, row.impact_enu, found)))


def _tile(value: str, name: str, more: str, mood: str = "") -> str:
    return tag(
        "div", tag("b", escape(value)), tag("span", escape(name)), tag("small", escape(more)), class_=f"tile {mood}"
    )


def _section(title: str, content: str, id_: str) -> str:
    return tag("section", tag("h2", escape(title)), content, id=id_)


def _list(lines: Sequence[str]) -> str:
    return tag("ol", *(tag("li", escape(line)) for line in lines), class_="questions") if lines else ""


def _happened(dossier: Dossier) -> str:
    parts = []
    if dossier.case is not None and dossier.threats:
        entries = [t.entry for _, t in dossier.threats]
        told = describe_run({"threats": entries}, {s.site.id: s.name for s in dossier.stories})
        if any(e["outcome"] == "unknown" for e in entries):
            told.append("What became of it is not in the recording." if len(entries) == 1 else
                        "What became of each is not in the recording.")  # fmt: skip
        parts.append(tag("p", escape(" ".join(told)), class_="story"))
        parts.append(lives(dossier))
    else:
        told = [f"There is no recording at hand: {dossier.missing}." if dossier.missing else ""]
        parts.append(tag("p", escape(" ".join(told)), class_="story"))
        parts.append(_events(dossier))
    return _section("What happened", "".join(parts), "happened")


def _events(dossier: Dossier) -> str:
    """The events of the ledger, where no recording can be drawn."""
    rows = []
    for event in sorted(dossier.incident["events"], key=lambda e: (e["time_earliest_ns"] or 0, e["id"])):
        ns = event["time_earliest_ns"]
        when = "" if ns is None else f"{datetime.fromtimestamp(ns // 10**9, UTC):%H:%M:%S}"
        rows.append([when, escape(event["kind"]), escape(event["place"] or ""), escape(event["note"] or "")])
    return table(["UTC", "event", "where", ""], rows) if rows else tag("p", "No event was entered either.")


def _recorded(dossier: Dossier) -> list[str]:
    """What only a recording can tell."""
    if dossier.case is None or not dossier.threats:
        return []
    several = len(dossier.raids) > 1
    figures = "".join(_raid(story, raid, several=several) for story, raid in dossier.raids)
    return [
        _section("Map and timeline", figures, "map"),
        _section("Where it came from", launches(dossier), "launch"),
        _section("Impacts, found against predicted", impacts(dossier) + _errors(dossier) + _record(dossier), "impacts"),
        _section("Who was warned, and how long before", warnings(dossier) + _messages(dossier), "warnings"),
        _section("Sensors while it lasted", sensors(dossier), "sensors"),
        _section("What was missed, and why", _failures(dossier), "missed"),
    ]


def _raid(story: SiteStory, raid: Raid, *, several: bool) -> str:
    start, end = (clock(story.site.start_ns, t) for t in (raid.start_s, raid.end_s))
    head = tag("h3", f"{escape(story.name)} <span class='faint'>{start} to {end} UTC</span>") if several else ""
    drawings = (draw_map(story, raid), draw_timeline(story, raid), draw_heights(story, raid))
    return tag("div", head, *(tag("figure", d) for d in drawings), class_="raid")


def _errors(dossier: Dossier) -> str:
    return "".join(tag("figure", drawn) for _, raid in dossier.raids if (drawn := draw_errors(raid)))


def _record(dossier: Dossier) -> str:
    """How good predictions were over all incidents: of real ones, or of simulated ones for a simulation."""
    figures = dossier.record.get("simulated" if dossier.simulated else "real")
    if not figures or not figures["impacts"]:
        return ""
    kind = "simulated" if dossier.simulated else "real"
    words = f"Over all {kind} incidents of the ledger, {count(figures['impacts'], 'impact')} confirmed so far:"
    return tag("h3", "How good predictions were so far") + tag("p", escape(words)) + calibration_table(figures)


def _messages(dossier: Dossier) -> str:
    parts = []
    for story in dossier.stories:
        if story.messages:
            title = f"Every warning message at {story.name} ({len(story.messages)})"
            parts.append(folded(title, message_table(story, story.messages), open_=len(story.messages) <= _LONG))
    return "".join(parts)


def _failures(dossier: Dossier) -> str:
    failures = dossier.failures
    if failures is None:
        entries = [t.entry for _, t in dossier.threats]
        missed = [e["id"] for e in entries if any(z not in e["warned_zones"] for z in e["needed_zones"])]
        said = "Every zone in danger was warned." if not missed else f"Not everybody was warned of {', '.join(missed)}."
        why = (
            ""
            if dossier.notes
            else " The recording has no truth, so the explainer cannot say what else slipped through."
        )
        return tag("p", escape(said + why)) + "".join(tag("p", escape(f"{n}."), class_="faint") for n in dossier.notes)
    notes = "".join(tag("p", escape(note), class_="faint") for note in dossier.notes)
    if not failures:
        return tag("p", "Nothing was missed, late or taken for something else.") + notes
    parts = []
    for failure in failures:
        more = tag("ul", *(tag("li", escape(line)) for line in failure.more)) if failure.more else ""
        parts.append(tag("h3", escape(f"{failure.id}: {failure.verdict}")) + tag("p", escape(failure.why)) + more)
    return "".join(parts) + notes


def _draft(dossier: Dossier) -> str:
    words = (
        "Only counts, times and casualties reported. It names no place of launch, no sensor, no warning time and "
        "nobody as responsible, and it is not released before a person has read and approved it. "
        "rampart incident report --release writes it as a page of its own."
    )
    return tag(
        "div", tag("p", "DRAFT", class_="kicker"), tag("p", escape(" ".join(statement(dossier)))), class_="statement"
    ) + tag("p", escape(words), class_="faint")


def _evidence(dossier: Dossier) -> str:
    rows = [
        [
            str(e["id"]),
            escape(e["kind"]),
            f"<b class='name'>{escape(e['name'])}</b>",
            f"{e['size_bytes']:,} B",
            f"<code>{e['sha256']}</code>",
            escape(str(e["note"] or "")),
        ]
        for e in dossier.incident["evidence"]
    ]
    listing = table(["", "kind", "file", "size#", "SHA-256", "what it is"], rows, class_="hashes") if rows else ""
    facts = [("incident", f"{dossier.incident['id']}"), ("ledger head", dossier.head), ("Rampart", dossier.version)]
    if dossier.case is not None:
        facts.append(("output_sha256", dossier.case.run.summary.get("output_sha256")))
    said = "".join(tag("dt", escape(k)) + tag("dd", escape(str(v))) for k, v in facts if v)
    commands = ["rampart incident verify"]
    if dossier.case is not None:
        commands.insert(0, f"rampart recording verify {dossier.case.path.name}")
    words = (
        "The first command reads the recording, compares every checksum and feeds its detections through the chain "
        "again; the last checks the ledger's chain of hashes."
    )
    check = tag("p", words, class_="faint") + tag("pre", escape("\n".join(commands)))
    kinds = {t.shown_kind for _, t in dossier.threats}
    limits = tag(
        "ul",
        *(
            tag("li", escape(line))
            for line in (
                "Launch and impact points are estimates of a model of flight; an ellipse says what the sensors and the "
                "model allow, not who was there." if kinds & BALLISTIC or not kinds else
                "Of drones only the path is estimated, not where they were sent from.",
                "Claims are what others say. Their reliabilities are assumptions, and the estimates follow from them.",
                "No attribution is made here. Where a source names somebody, it is quoted as its claim.",
            )
        ),
    )  # fmt: skip
    return listing + tag("dl", said) + check + tag("h3", "What this report does not say") + limits
