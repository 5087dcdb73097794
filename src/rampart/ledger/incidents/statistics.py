"""Figures over many incidents: what the ledger recorded, and apart from it what others reported."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import NONE, Cases, Integers, Opinions
from .estimate import EXACT_PARTS, EXACT_SUM, INTERVAL, count_distribution, normal_summary, sum_summary
from .fields import OUTCOMES, SOURCES, STATUSES, TYPES, Span
from .many import MOST_CLAIMS, count_moments, standing
from .selection import Choice, Filter, Row, Selection, select

_HOUR_NS, _MINUTE_NS = 3600 * 10**9, 60 * 10**9

#: Words by the numbers that stand for them.
Words = Sequence[str] | dict[int, str]

#: Stands for a month or time of day that is not known.
_UNKNOWN = np.iinfo(np.int64).min


def span_of(row: Row, name: str) -> Span | None:
    """A time out of a row's three columns; None for unknown."""
    if row[f"{name}_earliest_ns"] is None:
        return None
    return Span(row[f"{name}_earliest_ns"], row[f"{name}_latest_ns"], row[f"{name}_offset_min"])


def incident_statistics(
    cases: Cases, opinions: Opinions, figures: Sequence[Row], asked: Filter, *, trace: bool = False
) -> dict[str, Any]:
    """Count incidents; list what was reported apart from that.

    Parameters
    ----------
    cases, opinions : Cases, Opinions
        Of the whole ledger.
    figures : sequence of mappings
        Rows of `Ledger.figures`.
    asked : Filter
    trace : bool
        Whether to list the incidents and claims behind every count.

    Returns
    -------
    dict
        ``recorded`` counts incidents of the ledger, ``reported`` lists published figures with their claims. Neither
        enters the other.
    """
    chosen = select(cases, opinions, asked)
    return {"schema": 1, "recorded": _recorded(chosen, trace), "reported": reported(figures, asked)}


def _recorded(chosen: Selection, trace: bool) -> dict[str, Any]:
    cases = chosen.cases
    types, outcomes = chosen.choice("type", TYPES), chosen.choice("outcome", OUTCOMES)
    first, last = _months(cases)
    month = np.where(first == last, first, _UNKNOWN)
    groups: dict[str, tuple[Integers, Words]] = {
        "by_type": (types.likeliest, (*TYPES, "unknown")),
        "by_outcome": (outcomes.likeliest, (*OUTCOMES, "unknown")),
        "by_site": (cases.site, cases.sites),
        "by_month": (month, _month_names(month)),
        "by_time_of_day": (_times_of_day(cases), ("00-06", "06-12", "12-18", "18-24", "unknown")),
        "by_status": (cases.status, STATUSES),
    }
    answer: dict[str, Any] = {
        "total": len(cases.id),
        "certain": int(chosen.certain.sum()),
        "undated": int((~cases.dated).sum()),
        "interval": INTERVAL,
        **{name: _counted(values, words) for name, (values, words) in groups.items()},
        "month_bounds": _month_bounds(first, last, cases.dated),
        "by_month_and_type": _crossed(*groups["by_month"], *groups["by_type"]),
        "type": _chances(types),
        "weapons": _weapons(chosen),
        "outcome": _outcome(outcomes),
        "claimed": _claimed(chosen),
        "incidents": cases.id[np.lexsort((cases.id, cases.earliest_ns, ~cases.dated))].tolist(),
    }
    if trace:
        answer["trace"] = _traced(chosen, groups, {"by_type": types, "by_outcome": outcomes})
    return answer


def _counted(values: Integers, words: Words) -> dict[str, int]:
    """How many there are of each word."""
    found, times = np.unique(values, return_counts=True)
    return dict(sorted((words[k], n) for k, n in zip(found.tolist(), times.tolist(), strict=True)))


def _crossed(values: Integers, words: Words, others: Integers, names: Words) -> dict[str, dict[str, int]]:
    pairs = {words[k]: _counted(others[values == k], names) for k in np.unique(values).tolist()}
    return dict(sorted(pairs.items()))


def _chances(choice: Choice) -> dict[str, Any]:
    """How many incidents are of each word, with intervals, from the chances of each."""
    answer: dict[str, Any] = {
        "incidents": len(choice.index), "unknown": len(choice.likeliest) - len(choice.index),
    }  # fmt: skip
    for k, word in enumerate(choice.words):
        values, times = np.unique(choice.p[:, k].round(12), return_counts=True)
        answer[word] = _how_many(values, times)
    return {**answer, "claims": choice.claims.tolist()}


def _how_many(chances: NDArray[np.float64], times: Integers) -> dict[str, Any]:
    """Of so many incidents with each of these chances."""
    if len(chances) > EXACT_PARTS or times.sum() >= EXACT_SUM:
        mean = float((chances * times).sum())
        return normal_summary(mean, float((chances * (1.0 - chances) * times).sum()))
    parts = {i: (np.array([1.0 - v, v]), int(n)) for i, (v, n) in enumerate(zip(chances, times, strict=True))}
    return sum_summary(parts)


def _outcome(outcomes: Choice) -> dict[str, Any]:
    answer = _chances(outcomes)
    known, claims = answer["incidents"], answer.pop("claims")
    share = {key: answer["intercepted"][key] / known if known else None for key in ("mean", "low", "high")}
    return {**answer, "intercepted_share": share, "claims": claims}


def _weapons(chosen: Selection) -> dict[str, Any]:
    """How many rockets, drones, ... there were in all."""
    kind = np.where(chosen.said.type == NONE, len(TYPES), chosen.said.type)
    counted = chosen.said.low != NONE
    said, about, kind = chosen.said.take(counted), chosen.about[counted], kind[counted]
    kept = standing(said, kind)
    said, about, kind = said.take(kept), about[kept], kind[kept]
    answer = {}
    for k, word in sorted(enumerate((*TYPES, "unknown")), key=lambda pair: pair[1]):
        of_kind = kind == k
        if of_kind.any():
            answer[word] = _summed(said.take(of_kind), about[of_kind])
    return answer


def _summed(said: Opinions, about: Integers) -> dict[str, Any]:
    """Sum of the counts of all incidents, of one type."""
    order = np.argsort(about, kind="stable")
    told, about = said.take(order), about[order]
    starts = np.append(np.flatnonzero(np.diff(about, prepend=-1)), len(about))
    largest = np.maximum.reduceat(np.maximum(told.low, told.high), starts[:-1])
    size = 1 + int(np.maximum(100, 2 * largest).sum())
    answer = _exact(told, starts) if size <= EXACT_SUM else _normal(told, starts)
    return {**answer, "incidents": len(starts) - 1, "claims": said.id.tolist()}


def _exact(told: Opinions, starts: Integers) -> dict[str, Any]:
    parts: dict[int, tuple[Any, int]] = {}
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        p = count_distribution(_claims(told, begin, end))
        parts[id(p)] = (p, parts.get(id(p), (p, 0))[1] + 1)
    return sum_summary(parts)


def _normal(told: Opinions, starts: Integers) -> dict[str, Any]:
    size = np.diff(starts)
    few = size <= MOST_CLAIMS
    rows = np.repeat(few, size)
    ends = np.concatenate(([0], np.cumsum(size[few])))
    means, variances = count_moments(ends, told.low[rows], told.high[rows], told.reliability[rows])
    mean, variance = float(means.sum()), float(variances.sum())
    for k in np.flatnonzero(~few):
        p = count_distribution(_claims(told, starts[k], starts[k + 1]))
        n = np.arange(p.size)
        mean += float((p * n).sum())
        variance += float((p * n * n).sum() - (p * n).sum() ** 2)
    return normal_summary(mean, variance)


def _claims(told: Opinions, begin: int, end: int) -> tuple[tuple[int, int | None, float], ...]:
    """Claims of one count as `count_distribution` takes them, sorted, so that equal sets are one distribution."""
    rows = zip(
        told.low[begin:end].tolist(), told.high[begin:end].tolist(), told.reliability[begin:end].tolist(), strict=True
    )
    return tuple((low, None if high == NONE else high, r) for low, high, r in sorted(rows))


def _claimed(chosen: Selection) -> dict[str, Any]:
    own = chosen.said.source == SOURCES.index("claiming_group")
    incidents, total = len(np.unique(chosen.about[own])), len(chosen.cases.id)
    return {
        "incidents": incidents,
        "share": incidents / total if total else None,
        "claims": chosen.said.id[own].tolist(),
    }


def _months(cases: Cases) -> tuple[Integers, Integers]:
    """First and last month since 1970 on the clocks of the spot; one before all months where the time is unknown."""
    months = []
    for ns in (cases.earliest_ns, cases.latest_ns):
        days = (ns + cases.offset_min * _MINUTE_NS) // (24 * _HOUR_NS)
        months.append(
            np.where(cases.dated, days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64), _UNKNOWN)
        )
    return months[0], months[1]


def _month_names(months: Integers) -> dict[int, str]:
    return {k: "unknown" if k == _UNKNOWN else str(np.datetime64(k, "M")) for k in np.unique(months).tolist()}


def _month_bounds(first: Integers, last: Integers, dated: NDArray[np.bool_]) -> dict[str, dict[str, int]]:
    """Of each month, how many incidents surely fell into it and how many may have; those without any time in none."""
    if not dated.any():
        return {}
    start = int(first[dated].min())
    size = int(last[dated].max()) - start + 1
    sure = np.bincount(first[dated & (first == last)] - start, minlength=size)
    change = np.bincount(first[dated] - start, minlength=size + 1) - np.bincount(
        last[dated] - start + 1, minlength=size + 1
    )
    may = np.cumsum(change)[:size]
    return {
        str(np.datetime64(start + k, "M")): {"low": int(sure[k]), "high": int(may[k])}
        for k in np.flatnonzero(may).tolist()
    }


def _times_of_day(cases: Cases) -> Integers:
    """Quarter of the day on the clocks of the spot; 4 where the time leaves that open."""
    known = cases.dated & (cases.latest_ns - cases.earliest_ns < 6 * _HOUR_NS)
    hour = (cases.earliest_ns + cases.offset_min * _MINUTE_NS) // _HOUR_NS % 24
    return np.where(known, hour // 6, 4)


def _traced(chosen: Selection, groups: dict[str, tuple[Any, Any]], choices: dict[str, Choice]) -> dict[str, Any]:
    """Ids of the incidents, and of the claims, behind each count."""
    answer: dict[str, Any] = {}
    for name, (values, words) in groups.items():
        answer[name] = {}
        for k in np.unique(values).tolist():
            mine = values == k
            answer[name][words[k]] = {"incidents": chosen.cases.id[mine].tolist()}
            if name in choices:
                claims = choices[name].claims[mine[choices[name].about]]
                answer[name][words[k]]["claims"] = claims.tolist()
    return answer


def reported(figures: Sequence[Row], asked: Filter) -> list[dict[str, Any]]:
    """Published running totals, each with the claim it is; only those published by the time asked for."""
    answer = []
    for claim in figures:
        period, published = span_of(claim, "period"), span_of(claim, "published")
        stated = published or period
        if asked.time_fits(stated) is False:
            continue
        low, high = claim["count_low"], claim["count_high"]
        answer.append(
            {
                "what": claim["figure"],
                "value": low if low == high else None,
                "low": low,
                "high": high,
                "as_of": None if stated is None else f"{stated.local(stated.latest_ns):%Y-%m-%d}",
                "period": None if period is None else period.words(),
                "type": claim["type"],
                "claim_id": claim["id"],
                **{key: claim[key] for key in ("source", "publisher", "reference", "statement")},
            }
        )
    return answer
