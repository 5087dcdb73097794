"""Taxonomy: our classes as SAPIENT's core taxonomy names them, and one level of our own below it.

Core has no rocket, shell or mortar bomb; they are no guided missiles, and no bombs. They stand under
Equipment, Weapon, Other, where an extension may dock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rampart.records import N_CLASSES, TargetClass

CORE = "sapient_core"
EXTENSION = "rampart"
DOCK = ("Equipment", "Weapon", "Other")
LEAST = 0.005  #: probability below which a class is not named
_PATHS: Mapping[TargetClass, tuple[str, ...]] = {
    TargetClass.ROCKET: (*DOCK, "Rocket"),
    TargetClass.SHELL: (*DOCK, "Shell"),
    TargetClass.MORTAR: (*DOCK, "Mortar bomb"),
    TargetClass.MULTIROTOR: ("Air Vehicle", "UAV Rotary Wing"),
    TargetClass.FIXED_WING: ("Air Vehicle", "UAV Fixed Wing"),
    TargetClass.AIRCRAFT: ("Air Vehicle",),
    TargetClass.BIRD: ("Animal", "Bird"),
    TargetClass.CLUTTER: ("Unknown",),
    TargetClass.UNKNOWN: ("Unknown",),
}
#: The other way; clutter is not told apart from what is unknown.
_CLASS_OF = {path: kind for kind, path in _PATHS.items() if kind != TargetClass.CLUTTER}


def classification(class_probability: np.ndarray) -> list[dict[str, Any]]:
    """The classes of a track with their probabilities, likeliest first.

    Parameters
    ----------
    class_probability : (9,) array
        By TargetClass; nan where nothing is known.

    Examples
    --------
    >>> likely = np.zeros(9); likely[TargetClass.FIXED_WING], likely[TargetClass.AIRCRAFT] = 0.75, 0.25
    >>> classification(likely)[0]["type"], classification(likely)[0]["sub_class"]
    ('Air Vehicle', [{'type': 'UAV Fixed Wing', 'confidence': 0.75, 'level': 1}])
    """
    known = {path: float(class_probability[kind]) for kind, path in _PATHS.items() if kind != TargetClass.CLUTTER}
    weights: dict[tuple[str, ...], float] = {}
    for path, probability in known.items():
        for end in range(1, len(path) + 1) if math.isfinite(probability) else ():
            weights[path[:end]] = weights.get(path[:end], 0.0) + probability
    likely = {path: min(weight, 1.0) for path, weight in weights.items() if weight >= LEAST}
    return _below((), likely) or [{"type": "Unknown"}]


def _below(parent: tuple[str, ...], weights: Mapping[tuple[str, ...], float]) -> list[dict[str, Any]]:
    level = len(parent)
    children = [path for path in weights if len(path) == level + 1 and path[:level] == parent]
    entries = []
    for path in sorted(children, key=lambda path: (-weights[path], path)):
        entry: dict[str, Any] = {"type": path[-1], "confidence": weights[path]}
        if level:
            entry["level"] = level
        below = _below(path, weights)
        entries.append({**entry, "sub_class": below} if below else entry)
    return entries


#: How far a class without a figure is believed.
SAID = 0.7


def read_classes(entries: Sequence[Any]) -> np.ndarray:
    """What a report says of an object's class, by TargetClass; nan if nothing that we know.

    Parameters
    ----------
    entries : sequence of protobuf messages
        ``classification``. A class is as likely as its entry says less what its subclasses take of it; what we have no
        class for is unknown.
    """
    weights = np.zeros(N_CLASSES)
    for entry in entries:
        _add(entry, (), weights)
    total = weights.sum()
    if not total > 0.0:
        return np.full(N_CLASSES, np.nan)
    rest = max(1.0 - total, 0.0)
    weights += rest / len(weights)
    return weights / weights.sum()


def _add(entry: Any, above: tuple[str, ...], weights: np.ndarray) -> float:
    """Add one entry with what is below it; returns its probability."""
    path = (*above, str(entry.type))
    given = float(entry.confidence) if entry.HasField("confidence") else math.nan
    below = sum(_add(child, path, weights) for child in entry.sub_class)
    own = given if math.isfinite(given) and given >= 0.0 else below or SAID
    left = max(min(own, 1.0) - below, 0.0)
    weights[_CLASS_OF.get(path, TargetClass.UNKNOWN)] += left
    return own


def definition() -> dict[str, Any]:
    """What a registration says of the classes that detections may have."""
    return {
        "confidence_definition": "CONFIDENCE_DEFINITION_MULTI_CLASS",
        "class_definition": _define((), sorted(set(_PATHS.values()))),
        "taxonomy_dock_definition": [
            {
                "Dock_class_namespace": CORE,
                "Dock_class": ".".join(DOCK),
                "Extension_subclass": [
                    {"Subclass_namespace": EXTENSION, "Subclass_name": path[-1], "units": "probability"}
                    for path in _PATHS.values()
                    if len(path) > len(DOCK)
                ],
            }
        ],
    }


def _define(parent: tuple[str, ...], paths: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
    level = len(parent)
    names = dict.fromkeys(path[level] for path in paths if len(path) > level and path[:level] == parent)
    entries = []
    for name in names:
        entry: dict[str, Any] = {"type": name, "units": "probability"}
        if level:
            entry["level"] = level
        below = _define((*parent, name), paths)
        entries.append({**entry, "sub_class": below} if below else entry)
    return entries
