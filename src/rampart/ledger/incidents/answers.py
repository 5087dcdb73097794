"""What the ledger answers: lists, one incident with what follows from its claims, statistics; as data and in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rampart.errors import InputError

from .estimate import estimate_incident, reliability
from .fields import OUTCOMES, STATUSES, TYPES, Count, parse_span
from .selection import Filter, select
from .statistics import incident_statistics, span_of
from .store import Ledger


def _time(row: Mapping[str, Any], name: str) -> str | None:
    span = span_of(row, name)
    return None if span is None else span.words()


def list_rows(ledger: Ledger, asked: Filter | None = None) -> list[dict[str, Any]]:
    """The incidents asked for in short, in the order of their times; those that were merged away are left out."""
    cases, opinions, _ = ledger.columns()
    chosen = select(cases, opinions, replace(asked or Filter(), simulated=True))
    claims = Counter(chosen.about.tolist())
    count = {number: claims[k] for k, number in enumerate(chosen.cases.id.tolist())}
    simulated = set(chosen.cases.id[chosen.cases.simulated].tolist())
    names = ("id", "key", "title", "site", "status")
    return [
        {
            **{name: row[name] for name in names},
            "time": _time(row, "time") or "unknown",
            "claims": count[row["id"]],
            "simulated": row["id"] in simulated,
        }
        for row in ledger.incidents()
        if row["id"] in count
    ]


def describe_incident(ledger: Ledger, number: int) -> dict[str, Any]:
    """One incident: what is claimed, by whom, and what follows from it, each number with its claims."""
    row = ledger.incident(number)
    names = ("id", "key", "title", "site", "status", "lat_deg", "lon_deg", "radius_m")
    return {
        "schema": 1,
        **{name: row[name] for name in names},
        "time": _time(row, "time"),
        "claims": [_claim(claim) for claim in row["claims"]],
        "estimate": estimate_incident(row["claims"]),
        "events": [_event(event) for event in row["events"]],
        "evidence": [
            {key: item[key] for key in ("id", "kind", "name", "sha256", "size_bytes", "note")}
            for item in row["evidence"]
        ],
        "links": [
            {key: link[key] for key in ("incident_id", "verdict", "other_id", "reason", "at_ns")}
            for link in row["links"]
        ],
        "statuses": [{key: s[key] for key in ("status", "reason", "at_ns")} for s in row["statuses"]],
    }


def _claim(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id", "source", "publisher", "reference", "statement", "type", "outcome", "place", "lat_deg", "lon_deg",
        "radius_m", "attribution", "confidence",
    )  # fmt: skip
    count = None if row["count_low"] is None else Count(row["count_low"], row["count_high"]).words()
    said = {name: row[name] for name in names}
    return {**said, "published": _time(row, "published"), "count": count, "reliability": reliability(row)}


def _some(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id", "kind", "place", "lat_deg", "lon_deg", "radius_m", "track", "semi_major_m", "semi_minor_m",
        "azimuth_deg", "probability", "note",
    )  # fmt: skip
    return {**{name: row[name] for name in names}, "time": _time(row, "time")}


def event_words(event: Mapping[str, Any]) -> str:
    """One line for an event."""
    where = event["place"] or ""
    if event["lat_deg"] is not None:
        where = f"{where} {event['lat_deg']:.4f}, {event['lon_deg']:.4f}".strip()
    if event["semi_major_m"] is not None and event["semi_minor_m"] is not None:
        where += f" (ellipse {event['semi_major_m']:.0f} x {event['semi_minor_m']:.0f} m)"
    said = ", ".join(filter(None, (event["time"] or "time unknown", where, event["track"], event["note"])))
    return f"event {event['id']}, {event['kind']}: {said}"


def evidence_words(item: Mapping[str, Any]) -> str:
    """One line for a file of evidence."""
    found = "" if "found" not in item else f", {item['found']}"
    note = "" if item["note"] is None else f", {item['note']}"
    file = f"{item['name']}, {item['size_bytes']} bytes, {item['sha256']}"
    return f"evidence {item['id']}, {item['kind']}: {file}{note}{found}"


def _link_words(link: Mapping[str, Any]) -> str:
    one, other, why = link["incident_id"], link["other_id"], link["reason"]
    said = {
        "merged": f"incident {one} was merged into {other}",
        "split": f"incident {one} was split from {other}",
        "distinct": f"incidents {one} and {other} are two",
    }
    return f"{said[link['verdict']]}: {why}"


def asked_for(
    *,
    since: str | None = None,
    until: str | None = None,
    site: str | None = None,
    kind: str | None = None,
    outcome: str | None = None,
    status: str | None = None,
) -> Filter:
    """A filter from texts; a day or time without a zone is meant in UTC.

    Raises
    ------
    InputError
        If a time or word cannot be read.
    """
    for name, word, words in (
        ("type", kind, (*TYPES, "unknown")), ("outcome", outcome, (*OUTCOMES, "unknown")), ("status", status, STATUSES),
    ):  # fmt: skip
        if word is not None and word not in words:
            raise InputError(f"--{name}: {word!r} is not known; expected one of {', '.join(words)}")
    spans = []
    for name, text in (("since", since), ("until", until)):
        try:
            spans.append(None if text is None else parse_span(text, zone="Z"))
        except InputError as error:
            raise InputError(f"--{name}: {error}") from None
        if text is not None and spans[-1] is None:
            raise InputError(f"--{name}: expected a day or time")
    return Filter(spans[0], spans[1], site, kind, outcome, status)


def ask(ledger: Ledger, *, trace: bool = False, **filters: str | None) -> dict[str, Any]:
    """Statistics of the incidents asked for.

    Parameters
    ----------
    ledger : Ledger
    trace : bool
        Whether to name the incidents and claims behind every count.
    **filters : str or None
        See `asked_for`.
    """
    asked = asked_for(**filters)
    return incident_statistics(*ledger.columns(), asked, trace=trace)


def incident_words(answer: Mapping[str, Any]) -> Iterator[str]:
    """An incident in words."""
    yield f"incident {answer['id']}: {answer['title'] or answer['key'] or ''}".rstrip()
    yield f"  {answer['time'] or 'time unknown'}, {answer['site']}, {answer['status'].replace('_', ' ')}"
    for claim in answer["claims"]:
        who = claim["publisher"] or claim["source"].replace("_", " ")
        yield f"  claim {claim['id']}, {who} (reliability {claim['reliability']:g}): {claim['statement']}"
    estimate = answer["estimate"]
    for kind, count in estimate["counts"].items():
        likely = ", ".join(f"{n} with p {p:.2f}" for n, p in count["likeliest"].items())
        yield f"  {kind}s: {count['low']} to {count['high']} (90 %), {likely}; from claims {_ids(count['claims'])}"
    yield from (f"  {event_words(event)}" for event in answer["events"])
    yield from (f"  {evidence_words(item)}" for item in answer["evidence"])
    yield from (f"  {_link_words(link)}" for link in answer["links"])
    for name in ("type", "outcome"):
        if estimate[name]:
            chances = ", ".join(f"{word} {p:.2f}" for word, p in estimate[name]["p"].items() if p >= 0.01)
            yield f"  {name}: {chances}; from claims {_ids(estimate[name]['claims'])}"


def _ids(ids: list[int]) -> str:
    return ", ".join(str(number) for number in ids)


def statistics_words(answer: Mapping[str, Any]) -> Iterator[str]:
    """Statistics in words: what is recorded and what is reported under headings of their own."""
    recorded = answer["recorded"]
    open_ = recorded["total"] - recorded["certain"]
    note = f", {open_} of them with a time that leaves open whether they belong here" if open_ else ""
    yield f"recorded: {recorded['total']} incidents{note}"
    trace = recorded.get("trace")
    for name in ("by_type", "by_outcome", "by_site", "by_month", "by_time_of_day", "by_status"):
        said = ", ".join(f"{key.replace('_', ' ')} {n}" for key, n in recorded[name].items())
        yield f"  {name.replace('_', ' ')}: {said}"
        if trace:
            yield from (f"    {key}: {_behind(behind)}" for key, behind in trace[name].items())
    for kind, weapons in recorded["weapons"].items():
        behind = f"; from claims {_ids(weapons['claims'])}" if trace else ""
        yield f"  {kind}s: {weapons['mean']:.1f}, {weapons['low']} to {weapons['high']} (90 %){behind}"
    outcome, claimed = recorded["outcome"], recorded["claimed"]
    if outcome["incidents"]:
        behind = f"; from claims {_ids(outcome['claims'])}" if trace else ""
        yield (
            f"  intercepted: {outcome['intercepted']['mean']:.1f} of {outcome['incidents']} incidents with a known "
            f"outcome, {outcome['intercepted']['low']} to {outcome['intercepted']['high']} (90 %){behind}"
        )
    behind = f"; claims {_ids(claimed['claims'])}" if trace and claimed["claims"] else ""
    yield f"  claimed by a group: {claimed['incidents']} of {recorded['total']}{behind}"
    yield "reported by others, not counted here:"
    for figure in answer["reported"]:
        who = figure["publisher"] or figure["source"].replace("_", " ")
        value = Count(figure["low"], figure["high"]).words()
        yield f"  {value} {figure['what']}, as of {figure['as_of']}: {who}, claim {figure['claim_id']}"
    if not answer["reported"]:
        yield "  nothing"


def _behind(behind: Mapping[str, Any]) -> str:
    claims = f"; claims {_ids(behind['claims'])}" if behind.get("claims") else ""
    return f"incidents {_ids(behind['incidents'])}{claims}"
