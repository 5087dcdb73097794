"""Bell: what sounds at a device, and what a command changes about it. Pure rules, no clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from rampart.records import AlertStatus, Phase
from rampart.wire.siren import Action, Command

_THREAT = (Phase.PREPARE, Phase.SHELTER)
#: Warnings of which it is remembered what was sounded and silenced.
_MOST = 64
SECOND = 1_000_000_000
_Key = tuple[AlertStatus, str, int]


@dataclass(frozen=True)
class Sounding:
    """What sounds now."""

    number: int
    command: Command
    started_ns: int
    until_ns: int

    @property
    def threat(self) -> bool:
        """Whether it warns, rather than ends a warning."""
        return self.command.phase in _THREAT


@dataclass(frozen=True)
class Change:
    """What a command comes to."""

    done: str  #: as an acknowledgement says it
    stop: Sounding | None = None
    play: Sounding | None = None
    extend: Sounding | None = None


class Bell:
    """The rules by which commands that are believed sound or not.

    Parameters
    ----------
    statuses : collection of AlertStatus
        What may be heard here.
    phases : collection of Phase
        Phases that have a sound; another ends what sounds, in silence.
    longest_s : float
        No sound lasts longer, whatever is commanded.

    Notes
    -----
    An actual warning goes before an exercise, an exercise before a test. Shelter is not ended by a prepare, nor by the
    release of another warning. A message that sounded already does not sound again; what was silenced stays silent
    until its phase rises, or it ends.
    """

    def __init__(self, statuses: Collection[AlertStatus], phases: Collection[Phase], longest_s: float) -> None:
        self._statuses, self._phases, self._longest_s = frozenset(statuses), frozenset(phases), longest_s
        self._count = 0
        self.sounding: Sounding | None = None
        self._in_force: dict[AlertStatus, tuple[Command, int]] = {}  # and until when, steady ns
        self._sounded: dict[_Key, tuple[Phase, int]] = {}  # phase and revision that was last heard
        self._silenced: dict[_Key, Phase] = {}

    def obey(self, command: Command, now_ns: int, left_s: float, *, live: bool) -> Change:
        """Take up a command.

        Parameters
        ----------
        command : Command
            Believed, and valid now.
        now_ns : int
            Steady clock.
        left_s : float
            Until it expires.
        live : bool
            False for one that the broker had kept.
        """
        if command.action is Action.TEST:
            return Change("tested")
        if command.status not in self._statuses:
            return Change("not_enabled")
        if command.action is Action.SILENCE:
            return self._silence(command)
        in_force = self._in_force
        self._in_force = {s: held for s, held in in_force.items() if held[1] > now_ns}
        if command.phase in _THREAT:
            self._in_force[command.status] = command, now_ns + round(left_s * SECOND)
        elif command.status in self._in_force and _key(self._in_force[command.status][0]) == _key(command):
            del self._in_force[command.status]
        current = self.sounding
        graver = [s for s in self._in_force if s < command.status]
        if graver or (current is not None and current.command.status < command.status):
            return Change("overridden")
        if command.phase in _THREAT:
            return self._warn(command, now_ns, left_s)
        return self._end(command, now_ns, left_s, live=live)

    def expire(self, now_ns: int) -> Sounding | None:
        """What has sounded long enough; it is forgotten here."""
        current = self.sounding
        if current is None or now_ns < current.until_ns:
            return None
        self.sounding = None
        return current

    def stop(self) -> Sounding | None:
        """End whatever sounds."""
        current, self.sounding = self.sounding, None
        return current

    def _silence(self, command: Command) -> Change:
        current = self.sounding
        if current is None or current.command.status != command.status:
            hit = None
        else:
            hit = current if command.warning in ("", current.command.warning) else None
        key = _key(hit.command if hit else command)
        if key in self._sounded:
            _remember(self._silenced, key, self._sounded[key][0])
        if hit is None:
            return Change("kept")
        self.sounding = None
        return Change("stopped", stop=hit)

    def _warn(self, command: Command, now_ns: int, left_s: float) -> Change:
        phase, key, current = _phase(command), _key(command), self.sounding
        if self._silenced.get(key, -1) >= phase:
            return Change("silenced")
        if current is not None and current.threat and _phase(current.command) > phase:
            return Change("kept")
        before = self._sounded.get(key)
        if before is not None and before[0] >= phase and before[1] >= command.revision:
            return Change("kept")
        _remember(self._sounded, key, (phase, command.revision))
        if current is not None and _key(current.command) == key and current.command.phase == phase:
            until_ns = max(current.until_ns, self._until_ns(command, now_ns, left_s))
            self.sounding = replace(current, command=command, until_ns=until_ns)
            return Change("sounds", extend=self.sounding)
        return self._start(command, now_ns, left_s)

    def _end(self, command: Command, now_ns: int, left_s: float, *, live: bool) -> Change:
        key, current = _key(command), self.sounding
        if current is not None and current.threat and _same_status(current, command) and _key(current.command) != key:
            return Change("kept")
        before = self._sounded.get(key)
        if before is not None and before[0] == command.phase and before[1] >= command.revision:
            return Change("kept")
        if before is None and not live:
            return Change("kept")
        _remember(self._sounded, key, (_phase(command), command.revision))
        self._silenced.pop(key, None)
        return self._start(command, now_ns, left_s)

    def _start(self, command: Command, now_ns: int, left_s: float) -> Change:
        old = self.stop()
        if command.phase not in self._phases:
            return Change("phase_off", stop=old)
        self._count += 1
        self.sounding = Sounding(self._count, command, now_ns, self._until_ns(command, now_ns, left_s))
        return Change("sounds", stop=old, play=self.sounding)

    def _until_ns(self, command: Command, now_ns: int, left_s: float) -> int:
        return now_ns + round(min(command.seconds, left_s, self._longest_s) * SECOND)


def _key(command: Command) -> _Key:
    return command.status, command.warning, command.opened_ms


def _phase(command: Command) -> Phase:
    return Phase.CANCEL if command.phase is None else command.phase


def _same_status(current: Sounding, command: Command) -> bool:
    return current.command.status == command.status


def _remember(table: dict, key: _Key, value: object) -> None:
    table.pop(key, None)
    table[key] = value
    while len(table) > _MOST:
        del table[next(iter(table))]
