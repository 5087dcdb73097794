"""AlarmBoard: what requires an operator's response, and how far that has come. States as ISA-18.2 has them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Any

from rampart.errors import InputError

MS = 1e-6  #: per ns
LOG = 2000  #: transitions kept
LONGEST_SHELF_S = 3600.0
AGAIN_S = 60.0  #: after a restart, how long an answer of before waits for its alarm to be raised again
FLOOD, FLOOD_S = 10, 600.0  #: more alarms than this in so long are a flood (EEMUA 191)


class Priority(IntEnum):
    """How soon an operator must do something."""

    LOW = 0
    HIGH = 1
    CRITICAL = 2

    @property
    def label(self) -> str:
        """The name as screens show it."""
        return self.name.lower()


class AlarmState(StrEnum):
    """How an alarm stands."""

    UNACKNOWLEDGED = "unacknowledged"  #: active, nobody has said that he knows
    ACKNOWLEDGED = "acknowledged"  #: active, somebody has
    RETURNED = "returned"  #: over, but nobody has said that he knew
    SHELVED = "shelved"  #: active, put aside for a while
    NORMAL = "normal"  #: over and done with


@dataclass(slots=True)
class Alarm:
    """One condition that requires a response."""

    id: str
    site: str
    priority: Priority
    title: str
    text: str
    raised_ns: int
    state: AlarmState = AlarmState.UNACKNOWLEDGED
    active: bool = True
    changed_ns: int = 0
    by: str = ""  #: who acknowledged or shelved
    shelved_until_ns: int = 0
    reason: str = ""
    detail: Mapping[str, Any] | None = None  #: zones, tracks, rounds, impact_ms

    def entry(self) -> dict[str, Any]:
        """For the page and the API."""
        return {
            "id": self.id,
            "site": self.site,
            "priority": self.priority.label,
            "title": self.title,
            "text": self.text,
            "state": self.state.value,
            "raised_ms": self.raised_ns * MS,
            "changed_ms": self.changed_ns * MS,
            "by": self.by,
            "shelved_until_ms": self.shelved_until_ns * MS or None,
            "reason": self.reason,
            **(self.detail or {}),
        }


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in the life of an alarm, for the log."""

    time_ns: int
    alarm: str
    what: str  #: raised, upgraded, returned, acknowledged, shelved, unshelved, cleared; kept over a restart
    priority: str
    by: str
    text: str

    def entry(self) -> dict[str, Any]:
        """For the log and the API."""
        return {
            "time_ms": self.time_ns * MS, "alarm": self.alarm, "what": self.what, "priority": self.priority,
            "by": self.by, "text": self.text,
        }  # fmt: skip


class AlarmBoard:
    """The alarms of one display.

    Parameters
    ----------
    on_transition : callable or None
        Told of each `Transition`, so that it can be kept.

    Notes
    -----
    A condition is named by its id. It is raised once, however often it is said; it sounds again only if its priority
    rises or it comes to concern more than before. Acknowledging silences; it ends nothing. One that is over but was
    never acknowledged stays. A critical one cannot be put aside.
    """

    def __init__(self, on_transition: Callable[[Transition], None] | None = None) -> None:
        self._alarms: dict[str, Alarm] = {}
        self._on_transition = on_transition
        self.log: deque[Transition] = deque(maxlen=LOG)
        self.sequence = 0
        self._changed: dict[str, dict[str, Any]] = {}
        self._answered: dict[str, Alarm] = {}  # of before a restart
        self._forget_ns = 0

    def set(
        self,
        key: str,
        now_ns: int,
        *,
        site: str,
        priority: Priority,
        title: str,
        text: str,
        grown: bool = False,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """The condition holds.

        Parameters
        ----------
        key : str
            Its id.
        now_ns : int
            ns UTC.
        site, priority, title, text, detail
            What it is.
        grown : bool
            It concerns more than before: it must be acknowledged again.
        """
        alarm = self._alarms.get(key)
        if alarm is None:
            alarm = Alarm(key, site, priority, title, text, now_ns, changed_ns=now_ns, detail=detail)
            self._alarms[key] = alarm
            self._note(alarm, now_ns, "kept" if self._keep_answer(alarm) else "raised")
            return
        before = alarm.entry()
        higher, back = priority > alarm.priority, not alarm.active
        alarm.priority = priority if back else max(priority, alarm.priority)
        alarm.title, alarm.text, alarm.detail, alarm.active = title, text, detail, True
        if higher or grown or back:
            was_quiet = alarm.state != AlarmState.UNACKNOWLEDGED
            alarm.state, alarm.by, alarm.shelved_until_ns = AlarmState.UNACKNOWLEDGED, "", 0
            if was_quiet or higher:
                self._note(alarm, now_ns, "raised" if back else "upgraded")
                return
        if before != (entry := alarm.entry()):
            self._changed[key] = entry

    def _keep_answer(self, alarm: Alarm) -> bool:
        """Take over what was answered before a restart, unless there is more to it now."""
        then = self._answered.pop(alarm.id, None)
        if then is None or alarm.priority > then.priority or not _zones(alarm) <= _zones(then):
            return False
        alarm.state, alarm.by, alarm.reason = then.state, then.by, then.reason
        alarm.raised_ns, alarm.shelved_until_ns = then.raised_ns, then.shelved_until_ns
        return True

    def clear(self, key: str, now_ns: int, text: str = "") -> None:
        """The condition holds no more."""
        alarm = self._alarms.get(key)
        if alarm is None or not alarm.active:
            return
        alarm.active, alarm.text = False, text or alarm.text
        if alarm.state == AlarmState.UNACKNOWLEDGED:
            alarm.state = AlarmState.RETURNED
            self._note(alarm, now_ns, "returned")
        else:
            self._end(alarm, now_ns)

    def acknowledge(self, key: str, now_ns: int, who: str) -> dict[str, Any]:
        """Somebody knows of it.

        Raises
        ------
        InputError
            If there is no such alarm.
        """
        alarm = self._find(key)
        if alarm.state == AlarmState.UNACKNOWLEDGED:
            alarm.state, alarm.by = AlarmState.ACKNOWLEDGED, who
            self._note(alarm, now_ns, "acknowledged", who)
        elif alarm.state == AlarmState.RETURNED:
            alarm.by = who
            self._note(alarm, now_ns, "acknowledged", who)
            self._end(alarm, now_ns)
        return alarm.entry()

    def shelve(self, key: str, now_ns: int, who: str, reason: str, seconds: float) -> dict[str, Any]:
        """Put it aside for a while.

        Raises
        ------
        InputError
            For a critical one, one that is over, no reason, or too long a time.
        """
        alarm = self._find(key)
        if alarm.priority == Priority.CRITICAL:
            raise InputError("a critical alarm cannot be shelved")
        if not alarm.active:
            raise InputError("it is over: acknowledge it")
        if not reason.strip():
            raise InputError("reason is empty, expected words that say why")
        if not 1.0 <= seconds <= LONGEST_SHELF_S:
            raise InputError(f"seconds = {seconds:g}, expected 1 to {LONGEST_SHELF_S:g}")
        alarm.state, alarm.by, alarm.reason = AlarmState.SHELVED, who, " ".join(reason.split())[:500]
        alarm.shelved_until_ns = now_ns + round(seconds * 1e9)
        self._note(alarm, now_ns, "shelved", who)
        return alarm.entry()

    def tick(self, now_ns: int) -> None:
        """Take back what was put aside for long enough."""
        if self._answered and now_ns > self._forget_ns:
            self._answered.clear()
        for alarm in self._alarms.values():
            if alarm.state == AlarmState.SHELVED and now_ns >= alarm.shelved_until_ns:
                alarm.state, alarm.shelved_until_ns = AlarmState.UNACKNOWLEDGED, 0
                self._note(alarm, now_ns, "unshelved")

    def snapshot(self) -> list[dict[str, Any]]:
        """How every alarm stands, as plain data: for a restart."""
        return [
            {**asdict(alarm), "priority": int(alarm.priority), "state": alarm.state.value, "detail": alarm.detail}
            for alarm in self._alarms.values()
        ]

    def restore(self, snapshot: Iterable[Mapping[str, Any]], now_ns: int) -> None:
        """Take up what was answered before a restart, and what was over but not acknowledged.

        What was acknowledged or put aside stays so if the same condition is found again within a minute, no worse than
        it was. Everything else is raised as if it were new.
        """
        for row in snapshot:
            try:
                alarm = Alarm(**{**row, "priority": Priority(row["priority"]), "state": AlarmState(row["state"])})
            except (KeyError, TypeError, ValueError):  # of another version
                continue
            if alarm.state == AlarmState.RETURNED:
                self._alarms[alarm.id] = alarm
                self._changed[alarm.id] = alarm.entry()
            elif alarm.state in (AlarmState.ACKNOWLEDGED, AlarmState.SHELVED):
                self._answered[alarm.id] = alarm
        self._forget_ns = now_ns + round(AGAIN_S * 1e9)

    def entries(self) -> list[dict[str, Any]]:
        """All that stand, the most urgent first, then the newest."""
        order = sorted(self._alarms.values(), key=lambda a: (-int(a.active), -a.priority, -a.raised_ns, a.id))
        return [alarm.entry() for alarm in order]

    def changes(self) -> list[dict[str, Any]]:
        """Entries that changed since the last call; those in state normal are over."""
        out = list(self._changed.values())
        self._changed.clear()
        if out:
            self.sequence += 1
        return out

    def figures(self, now_ns: int) -> dict[str, Any]:
        """How alarms come and are answered, over the transitions that are kept."""
        raised = [t.time_ns for t in self.log if t.what in ("raised", "upgraded")]
        since = [t for t in raised if now_ns - t <= FLOOD_S * 1e9]
        return {
            "last_10_min": len(since),
            "flood": len(since) > FLOOD,
            "by_what": dict(Counter(t.what for t in self.log)),
            "acknowledge_s_median": _median(self._answer_s()),
        }

    def _answer_s(self) -> list[float]:
        """Seconds from each alarm to its acknowledgement."""
        waiting: dict[str, int] = {}
        out = []
        for t in self.log:
            if t.what in ("raised", "upgraded"):
                waiting.setdefault(t.alarm, t.time_ns)
            elif t.what == "acknowledged" and t.alarm in waiting:
                out.append((t.time_ns - waiting.pop(t.alarm)) * 1e-9)
        return out

    def _find(self, key: str) -> Alarm:
        alarm = self._alarms.get(key)
        if alarm is None:
            raise InputError(f"no alarm {key!r}")
        return alarm

    def _end(self, alarm: Alarm, now_ns: int) -> None:
        alarm.state = AlarmState.NORMAL
        self._note(alarm, now_ns, "cleared")
        del self._alarms[alarm.id]

    def _note(self, alarm: Alarm, now_ns: int, what: str, who: str = "") -> None:
        alarm.changed_ns = now_ns
        transition = Transition(now_ns, alarm.id, what, alarm.priority.label, who, f"{alarm.title}: {alarm.text}")
        self.log.append(transition)
        self._changed[alarm.id] = alarm.entry()
        if self._on_transition is not None:
            self._on_transition(transition)


def _zones(alarm: Alarm) -> set[str]:
    return set((alarm.detail or {}).get("zones", ()))


def _median(values: Iterable[float]) -> float | None:
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return round(ordered[middle] if len(ordered) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle]), 2)
