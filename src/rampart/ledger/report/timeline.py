"""The timeline of a raid: who was seen, tracked, warned of and shot at when; what each zone was told when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rampart.ledger.words import SHORT_OUTCOMES, kind_name
from rampart.records import Phase, Zone

from .marks import badge, down_triangle, star
from .story import Message, Raid, SiteStory, Threat
from .svg import Frame, group, picture, tag, text, ticks, tip

WIDTH, GUTTER, ROW = 1040.0, 168.0, 34.0
RIGHT = 142.0  #: room for what became of a threat
_OPEN = {Phase.PREPARE: "prepare", Phase.SHELTER: "shelter"}


def clock(start_ns: int, seconds: float) -> str:
    """Time of day, UTC, to the second."""
    moment = datetime.fromtimestamp(start_ns // 1_000_000_000, UTC) + timedelta(seconds=round(seconds))
    return moment.strftime("%H:%M:%S")


def window(raid: Raid) -> tuple[float, float]:
    """What the drawings of a raid show, in seconds since run start."""
    span = max(raid.end_s - raid.start_s, 5.0)
    return raid.start_s - 0.03 * span, raid.end_s + 0.03 * span


def draw_timeline(story: SiteStory, raid: Raid) -> str:
    """One lane per threat, one per zone that was in danger or warned."""
    zones = _zones(story, raid)
    lanes = len(raid.threats) + len(zones)
    start, end = window(raid)
    frame = Frame(GUTTER, 8.0, WIDTH - GUTTER - RIGHT, lanes * ROW + 6.0, start, end, 0.0, 1.0)
    parts = [frame.border(), time_axis(frame, story.site.start_ns)]
    for i, threat in enumerate(raid.threats):
        parts.append(_threat_lane(frame, threat, frame.top + (i + 0.5) * ROW + 3))
    for i, zone in enumerate(zones):
        y = frame.top + (len(raid.threats) + i + 0.5) * ROW + 3
        parts.append(_zone_lane(frame, story, raid, zone, y))
    words = f"timeline of {len(raid.threats)} threats and {len(zones)} zones"
    return picture(WIDTH, frame.bottom + 40, *parts, title=words, class_="timeline")


def time_axis(frame: Frame, start_ns: int, *, clocks: bool = True) -> str:
    """Seconds since run start along the lower edge, with the time of day under them."""
    parts = []
    for value in ticks(frame.x0, frame.x1, max(2, int(frame.width // 75))):
        x = frame.x(value)
        parts.append(tag("path", d=f"M{x:.1f} {frame.top:.1f}V{frame.bottom:.1f}", class_="grid"))
        parts.append(text(f"{value:g} s", x, frame.bottom + 15, text_anchor="middle", class_="tick"))
        if clocks:
            words = clock(start_ns, value)
            parts.append(text(words, x, frame.bottom + 29, text_anchor="middle", class_="tick faint"))
    return group(*parts)


def _zones(story: SiteStory, raid: Raid) -> list[Zone]:
    wanted = {z for t in raid.threats for z in (*t.entry["needed_zones"], *t.entry["warned_zones"])}
    wanted |= {m.zone.id for m in story.messages if raid.start_s <= m.time_s <= raid.end_s}
    return [zone for zone in story.site.zones if zone.id in wanted]


def _bar(frame: Frame, y: float, half: float, start_s: float, end_s: float, words: str, class_: str) -> str:
    x0, x1 = (min(max(frame.x(t), frame.left), frame.right) for t in (start_s, end_s))
    if x1 <= x0:
        return ""
    return tag("rect", tip(words), x=x0, y=y - half, width=x1 - x0, height=2 * half, class_=class_)


def _threat_lane(frame: Frame, threat: Threat, y: float) -> str:
    entry, kind = threat.entry, threat.shown_kind
    first, confirmed, end = entry["first_detection_s"], entry["confirmed_s"], threat.end_s
    name = str(entry["id"])
    parts = [
        badge(threat.number, 14, y, threat.kind),
        text(name if len(name) <= 20 else name[:19] + "…", 28, y + 4, class_="lane"),
        _bar(frame, y, 1.5, threat.launch_s, end, f"{name}: in the air", "flown"),
    ]
    if first is not None:
        parts.append(_bar(frame, y, 5, first, confirmed or end, f"seen from {first:.1f} s", f"seen k-{kind}"))
    if confirmed is not None:
        words = f"tracked from {confirmed:.1f} s as {kind_name(kind)}"
        parts.append(_bar(frame, y, 7, confirmed, end, words, f"tracked k-{kind}"))
    warned = entry["first_warning_s"]
    if warned is not None:
        x = frame.x(warned)
        parts.append(
            tag(
                "g",
                tip(f"first warning at {warned:.1f} s"),
                tag("path", d=f"M{x:.1f} {y - 12:.1f}v24"),
                class_="warned",
            )
        )
    for shot in threat.shots:
        result = "" if shot.destroyed is None else ": hit" if shot.destroyed else ": miss"
        words = f"engagement {shot.number}, fire at {shot.fire_s:.1f} s, intercept at {shot.intercept_s:.1f} s{result}"
        if frame.x0 <= shot.intercept_s <= frame.x1:
            parts.append(star(frame.x(shot.intercept_s), y, shot.destroyed, words, 7.0))
    if frame.x0 <= threat.arrival_s <= frame.x1:
        what = "impact" if threat.ballistic else "arrival"
        words = f"{what} at {threat.arrival_s:.1f} s" + (" had it flown on" if threat.destroyed_s is not None else "")
        parts.append(down_triangle(frame.x(threat.arrival_s), y - 5, words))
    parts.append(_outcome(frame, threat, y))
    return group(*parts)


def _outcome(frame: Frame, threat: Threat, y: float) -> str:
    outcome = str(threat.entry["outcome"])
    words = SHORT_OUTCOMES.get(outcome, outcome)
    return text(words, frame.right + 10, y + 4, class_=f"lane outcome-{outcome}")


def _zone_lane(frame: Frame, story: SiteStory, raid: Raid, zone: Zone, y: float) -> str:
    name = zone.id if len(zone.id) <= 18 else zone.id[:17] + "…"
    parts = [
        tag("rect", x=7, y=y - 6, width=14, height=12, class_=f"zone {'defended' if zone.defended else 'open'}"),
        text(name, 28, y + 4, class_="lane"),
    ]
    start, end = window(raid)
    told = [m for m in story.messages if m.zone.id == zone.id and start <= m.time_s <= end]
    for begin, stop, phase in phases(told, end):
        words = f"zone {zone.id}: {phase} from {begin:.1f} to {stop:.1f} s"
        parts.append(_bar(frame, y, 8, begin, stop, words, f"phase {phase}"))
        wide = frame.x(stop) - frame.x(begin)
        if wide > 8 * len(phase) + 6:
            parts.append(text(phase, frame.x(begin) + 6, y + 4, class_=f"phase-name {phase}"))
    for message in told:
        if message.phase in (Phase.RELEASE, Phase.CANCEL):
            words = f"{message.phase.label} at {message.time_s:.1f} s: {message.reason}"
            x = frame.x(message.time_s)
            parts.append(
                tag("g", tip(words), tag("path", d=f"M{x:.1f} {y - 10:.1f}v20"), class_=f"end {message.phase.label}")
            )
    arrivals = [t for t in raid.threats if zone.id in t.entry["needed_zones"]]
    for threat in arrivals:
        arrival_s, _ = threat.at_zone(zone.id)
        if start <= arrival_s <= end:
            words = f"{threat.entry['id']} arrives at {arrival_s:.1f} s"
            parts.append(down_triangle(frame.x(arrival_s), y - 6, words))
    parts.append(_lead(frame, zone, arrivals, y))
    return group(*parts)


def _lead(frame: Frame, zone: Zone, arrivals: Sequence[Threat], y: float) -> str:
    """How long before the first arrival the zone was told, against what its people need."""
    times = [threat.at_zone(zone.id) for threat in arrivals]
    leads = [arrival_s - warned_s for arrival_s, warned_s in times if warned_s is not None]
    if not arrivals:
        return text("not in danger", frame.right + 10, y + 4, class_="lane faint")
    if len(leads) < len(arrivals):
        return text("NOT warned", frame.right + 10, y + 4, class_="lane bad")
    return text(f"{min(leads):.1f} s ahead", frame.right + 10, y + 4, class_="lane")


def phases(messages: Sequence[Message], end_s: float) -> list[tuple[float, float, str]]:
    """When a zone was asked to prepare or to shelter: (from, to, phase), over all warnings that were open.

    Parameters
    ----------
    messages : sequence of Message
        Of one zone, in order of time.
    end_s : float
        Where what is still open is cut.
    """
    bars: list[tuple[float, float, str]] = []
    open_: dict[str, Phase] = {}
    since, now = 0.0, ""
    for message in messages:
        if message.phase in _OPEN:
            open_[message.warning] = message.phase
        else:
            open_.pop(message.warning, None)
        phase = _OPEN[max(open_.values())] if open_ else ""
        if phase != now:
            if now and message.time_s > since:
                bars.append((since, message.time_s, now))
            since, now = message.time_s, phase
    if now:
        bars.append((since, end_s, now))
    return bars
