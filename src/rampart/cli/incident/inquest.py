"""From recordings to incidents, from incidents to after-action reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rampart.cli.answer import out, print_json, quiet_or
from rampart.cli.simulate import Json
from rampart.errors import InputError

from .options import Db, Number, now_ns, open_ledger

if TYPE_CHECKING:
    from rampart.ledger.inquest.dossier import Dossier


def add_recording(recording: Path, key: str | None, title: str | None, db: str | None, *, json: bool) -> None:
    """Enter what a recording says as an incident, or as several where raids lie far apart."""
    from rampart.ledger.inquest import drafts_of, read_case
    from rampart.ledger.inquest.stock import refuse_known

    with quiet_or(f"reading {recording}", quiet=json):
        case = read_case(recording)
        drafts = drafts_of(case, key=key, title=title)
    ledger = open_ledger(db)
    refuse_known(ledger, case.sha256, recording)
    made = ledger.add(drafts, now_ns=now_ns())
    if json:
        answer = {"schema": 1, "incident": made["incidents"][0], "simulated": case.simulated, **made}
        print_json({**answer, "sha256": case.sha256})
        return
    for number, draft in zip(made["incidents"], drafts, strict=True):
        out.print(f"incident {number}: {draft.title}", markup=False)
        out.print(f"  {len(draft.events)} events; report: rampart incident report {number} --out report.html")


def report(
    incident: Number,
    page: Annotated[Path, typer.Option("--out", help="FILE.html, or FILE.pdf printed by a browser of the machine.")],
    release: Annotated[bool, typer.Option(help="For the public: counts, times and casualties only.")] = False,
    recording: Annotated[Path | None, typer.Option(help="Where the recording is now, if it was moved.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Write the after-action report of an incident, or the draft of a public statement."""
    from rampart.ledger import write_text
    from rampart.ledger.inquest.page import render_inquest, render_release
    from rampart.ledger.inquest.printed import print_page

    form = page.suffix.lower()
    if form not in (".html", ".htm", ".pdf"):
        raise InputError("expected a file name that ends in .html or .pdf", path=page)
    with quiet_or(f"writing {page}", quiet=json):
        dossier = _dossier(incident, recording, db)
        text = render_release(dossier) if release else render_inquest(dossier)
        if form == ".pdf":
            print_page(text, page)
        else:
            write_text(page, text)
    if json:
        print_json(_report_answer(dossier, page, release=release))
        return
    if dossier.missing and not release:
        out.print(f"note: {dossier.missing}", markup=False)
    out.print(str(page), markup=False)


def _report_answer(dossier: Dossier, page: Path, *, release: bool) -> dict[str, Any]:
    from rampart.ledger.inquest.questions import open_questions
    from rampart.ledger.inquest.statement import statement

    return {
        "schema": 1,
        "incident": dossier.incident["id"],
        "out": str(page),
        "release": release,
        "simulated": dossier.simulated,
        "recording": None if dossier.case is None or release else str(dossier.case.path),
        "statement": " ".join(statement(dossier)),
        "open_questions": None if release else open_questions(dossier),
    }


def _dossier(incident: int, recording: Path | None, db: str | None) -> Dossier:
    import rampart
    from rampart.ledger.inquest.calibration import calibration as calibrate
    from rampart.ledger.inquest.dossier import open_dossier
    from rampart.ledger.inquest.stock import head_of

    ledger = open_ledger(db)
    row = ledger.incident(incident)
    more = {"head": head_of(ledger), "version": rampart.__version__, "record": calibrate(ledger)}
    return _explained(open_dossier(row, recording, **more))


def _explained(dossier: Dossier) -> Dossier:
    """With what the explainer says of threats that failed."""
    from dataclasses import replace

    from rampart.ledger.inquest.dossier import Failure
    from rampart.study.explain import explain_record
    from rampart.study.explain.words import decision, sensor_lines, verdict

    case = dossier.case
    if case is None:
        return dossier
    if not any(flight.threat for flight in case.run.flights):
        return _explained_from_finds(dossier)
    if not case.run.gates:
        return dossier
    answer = explain_record(case.run, path=str(case.path), try_all=False)
    mine = {(story.site.id, t.entry["id"]) for story, t in dossier.threats}
    failures = [
        Failure(t["id"], verdict(t), decision(t).capitalize() + ".", tuple(sensor_lines(t)))
        for t in answer["threats"]
        if t["gate"] is not None and (t["site"], t["id"]) in mine
    ]
    return replace(dossier, failures=failures, notes=tuple(answer["notes"]))


def _explained_from_finds(dossier: Dossier) -> Dossier:
    """Without truth: what confirmed impacts say of what was missed."""
    from dataclasses import replace

    from rampart.ledger.inquest.dossier import Failure
    from rampart.study.explain.incident import explain_incident
    from rampart.study.explain.stages import WORDS

    answer = explain_incident(dossier)
    if not answer["threats"]:
        return replace(dossier, notes=tuple(answer["notes"]))
    failures = []
    for row in answer["threats"]:
        if not row["missed"] and not row["late"]:
            continue
        name = row["track"] or f"impact of {row['id']}"
        verdict = ("missed" if row["missed"] else "late") if row["track"] else "never tracked"
        why = f"It fell through {row['gate']}: {WORDS.get(row['gate'], 'nothing more can be told from a recording')}."
        zones = [
            f"zone {z['zone']}: " + ("not warned" if not z["warned"] else f"{z['lead_s']:.1f} s") for z in row["zones"]
        ]
        seen = [f"{s['sensor']}: {s['words']}" for s in row["sensors"]]
        failures.append(Failure(name, verdict, why, (*zones, *seen)))
    return replace(dossier, failures=failures, notes=tuple(answer["notes"]))


def calibration(
    page: Annotated[Path | None, typer.Option("--out", help="Write the figures as a page, FILE.html.")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Predicted impacts against those confirmed later, over all incidents: coverage, ranks, misses."""
    from rampart.ledger import write_text
    from rampart.ledger.inquest.calibration import calibration as calibrate
    from rampart.ledger.inquest.calibration_page import render_calibration

    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise InputError("expected a file name that ends in .html", path=page)
    answer = calibrate(open_ledger(db))
    if page is not None:
        write_text(page, render_calibration(answer))
        answer["files"] = [str(page)]
    if json:
        print_json(answer)
        return
    for line in _calibration_words(answer):
        out.print(line, markup=False)
    if page is not None:
        out.print(f"  {page}", markup=False)


def _calibration_words(answer: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("real", "simulated"):
        figures = answer[name]
        lines.append(f"{name} impacts that are confirmed: {figures['impacts']}")
        for when, f in figures["known"].items():
            if f["n"]:
                held = next(c for c in f["coverage"] if c["claimed"] == 0.9)
                share = f"{held['observed']:.0%} in the 90 % ellipse ({held['low']:.0%} to {held['high']:.0%})"
                miss = f"off by {f['miss_m']['median']:.0f} m (median)"
                lines.append(f"  as known {when.replace('_', ' ')}: {f['n']}, {share}, {miss}")
    return lines


COMMANDS = (("report", report), ("calibration", calibration))
