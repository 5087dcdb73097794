"""Sky: everything that flies around one site, packed for the sensors' kernels. Truth: the chain never sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rampart.records import Flight, TargetClass
from rampart.records.slots import swift

#: What a camera takes each kind for when it is right.
CLASS_OF_KIND = {
    **{c.label: c for c in TargetClass},
    "civil_drone": TargetClass.MULTIROTOR,
    "recorded": TargetClass.UNKNOWN,
}

#: Smallest dimension that a camera sees [m]: our assumption of usual bodies.
SIZE_M = {
    "rocket": 0.12,
    "shell": 0.12,
    "mortar": 0.1,
    "multirotor": 0.35,
    "civil_drone": 0.35,
    "fixed_wing": 0.5,
    "bird": 0.3,
    "aircraft": 3.0,
    "recorded": 0.35,
}
#: Sound pressure level at 1 m [dB over 20 uPa] of what can be heard: our assumption. Small rotors about 75 dB,
#: propellers of fixed-wing craft somewhat more, aircraft far more; the rest is silent to a microphone.
LOUDNESS_DB = {"multirotor": 75.0, "civil_drone": 75.0, "fixed_wing": 80.0, "aircraft": 125.0}


@swift
@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """The flights of one site as arrays.

    Flight i has the knots ``offset[i]:offset[i + 1]``.
    """

    ids: tuple[str, ...]
    offset: np.ndarray  #: (n + 1,) int64
    time_s: np.ndarray  #: (m,) knots of all flights one after the other, seconds since run start
    position_enu: np.ndarray  #: (m, 3) [m]
    velocity_enu: np.ndarray  #: (m, 3) [m/s]
    start_s: np.ndarray  #: (n,)
    end_s: np.ndarray  #: (n,) undisturbed
    ended_s: np.ndarray  #: (n,) when the referee ended the flight; inf as long as it did not
    rcs_dbsm: np.ndarray  #: (n,) mean radar cross-section
    swerling: np.ndarray  #: (n,) int64
    emits: np.ndarray  #: (n,) bool
    transponder: np.ndarray  #: (n,) U8: identity that an interrogator reads; "" if none
    broadcast: np.ndarray  #: (n,) U8: identity on a radio link that a direction finder hears; "" if none
    target_class: np.ndarray  #: (n,) int8, TargetClass
    tip_speed_ms: np.ndarray  #: (n,) of rotor blades or wing tips; nan for a rigid body
    size_m: np.ndarray  #: (n,) smallest dimension that a camera sees
    loudness_db: np.ndarray  #: (n,) sound pressure level at 1 m, dB over 20 uPa; -inf if silent
    answers: bool = False  #: some transponder answers an interrogator

    @classmethod
    def build(cls, flights: Sequence[Flight]) -> Sky:
        """Pack flights, in the order given.

        Examples
        --------
        >>> knots = np.zeros((2, 3))
        >>> flight = Flight("d-1", "d", "s", "bird", False, False, np.array([0.0, 9.0]), knots, knots, -30.0)
        >>> len(Sky.build([flight]))
        1
        """
        sizes = [len(flight.time_s) for flight in flights]

        def packed(name: str, *shape: int) -> np.ndarray:
            parts = [np.asarray(getattr(flight, name), float).reshape(-1, *shape) for flight in flights]
            return np.ascontiguousarray(np.concatenate([np.zeros((0, *shape)), *parts]))

        n = len(flights)
        return cls(
            ids=tuple(flight.id for flight in flights),
            offset=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            time_s=packed("time_s"),
            position_enu=packed("position_enu", 3),
            velocity_enu=packed("velocity_enu", 3),
            start_s=np.array([flight.start_s for flight in flights], float),
            end_s=np.array([flight.end_s for flight in flights], float),
            ended_s=np.full(n, np.inf),
            rcs_dbsm=np.array([flight.rcs_dbsm for flight in flights], float),
            swerling=np.array([flight.swerling for flight in flights], np.int64),
            emits=np.array([flight.emits for flight in flights], bool),
            transponder=np.array(["" if f.emits else f.identity for f in flights], "U8"),
            broadcast=np.array([f.identity if f.emits else "" for f in flights], "U8"),
            target_class=np.array([CLASS_OF_KIND.get(f.kind, TargetClass.UNKNOWN) for f in flights], np.int8),
            tip_speed_ms=np.array([flight.tip_speed_ms for flight in flights], float),
            size_m=np.array([SIZE_M.get(f.kind, SIZE_M["recorded"]) for f in flights], float),
            loudness_db=np.array([LOUDNESS_DB.get(f.kind, -np.inf) for f in flights], float),
            answers=any(f.identity and not f.emits for f in flights),
        )

    def with_ended(self, ended_s: np.ndarray) -> Sky:
        """The same sky with flights ended by the referee: (n,) seconds since run start, inf for those that go on."""
        return replace(self, ended_s=np.ascontiguousarray(ended_s, float))

    def __len__(self) -> int:
        return len(self.ids)
