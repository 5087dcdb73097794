"""Change: settings that are laid over a recorded scenario, and whether the recorded detections still hold then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rampart.errors import InputError
from rampart.pipeline import Scenario, parse_value

RECORDED, SIMULATED = "recorded", "simulated"

#: Sections that decide what flies, what is seen of it or what is shot: with them changed, other detections come in.
_SENSING = frozenset({"sensor", "threat", "effector", "engage", "referee", "site", "start", "duration_s"})
#: Sections whose outcome turns cameras and aims effectors; without either they leave the detections as they are.
_STEERING = frozenset({"track", "predict", "zone", "zones"})
_PAIRS = {"[": "]", "{": "}", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table: settings that hold together.

    Attributes
    ----------
    settings : dict
        Path -> value, as given.
    overrides : tuple of str
        ``path=value`` of all that the scenario file knows.
    removed : frozenset of str
        Ids of sensors that are taken away (``sensor.ID.enabled=false``).
    """

    settings: Mapping[str, Any]
    overrides: tuple[str, ...]
    removed: frozenset[str]

    def basis(self, *, can_simulate: bool, steered: bool) -> str:
        """Whether the recorded detections are run again, or the raid is simulated again.

        Parameters
        ----------
        can_simulate : bool
            Whether the recording holds a whole simulated run.
        steered : bool
            Whether what is tracked comes back on what is detected: by effectors, or by sensors that tracks turn.
        """
        if not can_simulate:
            return RECORDED
        sections = {path.partition(".")[0] for path in self.settings}
        if any(override.partition(".")[0].partition("=")[0] in _SENSING for override in self.overrides):
            return SIMULATED
        return SIMULATED if steered and (self.removed or sections & _STEERING) else RECORDED


def read_change(text: str, scenario: Scenario) -> Change:
    """Read what one ``--set`` says: ``key=value``, or several of them with commas between.

    Parameters
    ----------
    text : str
        E.g. ``sensor.r2.enabled=false,warn.miss_cost=100``.
    scenario : Scenario
        Whose sensors there are.

    Raises
    ------
    InputError
        If it is no ``key=value``, or takes away a sensor that is not there.

    Examples
    --------
    >>> from rampart.pipeline import load
    >>> change = read_change("sensor.r1.enabled=false, warn.miss_cost=100", load("bdsc-rocket"))
    >>> sorted(change.removed), change.overrides
    (['r1'], ('warn.miss_cost=100',))
    """
    settings: dict[str, Any] = {}
    overrides, removed = [], set()
    for part in split_settings(text):
        path, sign, value = (word.strip() for word in part.partition("="))
        if not sign or not path:
            raise InputError(f"--set {text!r}: expected section.key=value, several with commas between")
        if path in settings:
            raise InputError(f"--set {text!r}: {path} stands twice")
        settings[path] = parse_value(value)
        sensor = _switched(path, scenario)
        if sensor is None:
            overrides.append(f"{path}={value}")
        elif not isinstance(settings[path], bool):
            raise InputError(f"--set {path}={value}: expected true or false")
        elif not settings[path]:
            removed.add(sensor)
    return Change(settings, tuple(overrides), frozenset(removed))


def _switched(path: str, scenario: Scenario) -> str | None:
    """The sensor that ``sensor.ID.enabled`` names; None for any other path."""
    if not path.startswith("sensor.") or not path.endswith(".enabled"):
        return None
    names = [sensor.id for sensor in scenario.parts["sensor"]]
    name = path.removeprefix("sensor.").removesuffix("enabled").removesuffix(".")
    if not name and len(names) == 1:
        return str(names[0])
    if name not in names:
        known = ", ".join(names) or "none"
        raise InputError(f"--set {path}: no such sensor; expected sensor.ID.enabled with ID one of {known}")
    return name


def split_settings(text: str) -> list[str]:
    """Settings parted by commas; those inside brackets and quotes belong to a value.

    >>> split_settings("sensor.r1.position_enu_m=[1, 2, 3],warn.miss_cost=5")
    ['sensor.r1.position_enu_m=[1, 2, 3]', 'warn.miss_cost=5']
    """
    parts, open_, start = [], "", 0
    for i, char in enumerate(text):
        if open_ and char == open_[-1]:
            open_ = open_[:-1]
        elif char in _PAIRS and open_[-1:] not in ('"', "'"):
            open_ += _PAIRS[char]
        elif char == "," and not open_:
            parts.append(text[start:i])
            start = i + 1
    return [part.strip() for part in [*parts, text[start:]]]
