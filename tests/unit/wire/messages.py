"""Messages that the tests of CAP start from, and the schema of OASIS."""

from dataclasses import replace

import numpy as np

from rampart.records import Phase, Site, TargetClass, Warnings, Zone
from rampart.wire.cap import Alert, Area, Info

SQUARE = ((33.0, 44.0), (33.0, 44.1), (33.1, 44.1), (33.1, 44.0), (33.0, 44.0))
SENT_NS = 1_625_518_819 * 10**9


def info(**changes):
    base = Info(
        ("Safety",), "Rocket attack", "Immediate", "Extreme", "Likely", language="en", response_type=("Shelter",),
        effective_ns=SENT_NS, onset_ns=SENT_NS + 20 * 10**9, expires_ns=SENT_NS + 600 * 10**9,
        area=(Area("North", (SQUARE,)),),
    )  # fmt: skip
    return replace(base, **changes)


def alert(**changes):
    base = Alert("embassy.W1.0", "rampart@embassy.invalid", SENT_NS, "Exercise", "Alert", "Public", info=(info(),))
    return replace(base, **changes)


def site(**zone):
    box = np.array([(-150.0, 50.0), (150.0, 50.0), (150.0, 250.0), (-150.0, 250.0)])
    values = {"id": "north", "polygon_en": box, "name": "North compound", **zone}
    return Site("embassy", np.deg2rad(33.3), np.deg2rad(44.39), 34.0, zones=(Zone(**values),), name="Embassy")


def warnings(*phases, start_ns=SENT_NS, **columns):
    n = len(phases)
    closing = [p in (Phase.RELEASE, Phase.CANCEL) for p in phases]
    values = {
        "number": [1] * n,
        "sequence": list(range(n)),
        "zone": [0] * n,
        "phase": [int(p) for p in phases],
        "time_ns": [start_ns + i * 2_600_000_000 for i in range(n)],
        "target_class": [int(TargetClass.ROCKET)] * n,
        "time_to_impact_s": [float("nan") if c else 24.5 - 2.6 * i for i, c in enumerate(closing)],
        "probability": [0.0 if c else 0.6 for c in closing],
        "tracks": [(2, 3)] * n,
        "reason": ["rocket: its time of impact passed 10 s ago" if c else "" for c in closing],
    }
    return Warnings.build(n, **{**values, **columns})


def ordered(reason="seen from the tower", **columns):
    """An operator's warning: no track is behind it, and nobody knows when or with what probability anything comes."""
    nan = [float("nan")]
    kind = [int(TargetClass.UNKNOWN)]
    values = {"target_class": kind, "time_to_impact_s": nan, "probability": nan, "tracks": [()], "reason": [reason]}
    return warnings(Phase.SHELTER, **{**values, "decision": [1], **columns})
