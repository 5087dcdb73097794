"""Symbol: which type an object gets. It never says more than is known of it."""

from __future__ import annotations

from rampart.records import TargetClass, TrackStatus

SURE = 0.9  #: probability of a class from which on it may count as hostile
LIKELY = 0.5  #: and from which on it is said at all

#: Battle dimension and function of MIL-STD-2525B: weapon; unmanned rotary and fixed wing.
_FUNCTION = {
    TargetClass.ROCKET: "A-W",
    TargetClass.SHELL: "A-W",
    TargetClass.MORTAR: "A-W",
    TargetClass.MULTIROTOR: "A-M-H-Q",
    TargetClass.FIXED_WING: "A-M-F-Q",
}


def cot_type(kind: TargetClass, probability: float, status: TrackStatus, *, warned: bool = False) -> str:
    """The CoT type of a track.

    Parameters
    ----------
    kind : TargetClass
        Likeliest class.
    probability : float
        Of that class.
    status : TrackStatus
        Of the track.
    warned : bool
        Whether a zone is warned of it.

    Returns
    -------
    str
        Pending while tentative. Hostile only a rocket, shell or mortar bomb that is surely one and of which a zone is
        warned; suspect whatever is likely a threat; everything else unknown: a radar cannot tell whose it is, so
        nothing is ever friend or neutral.

    Examples
    --------
    >>> cot_type(TargetClass.ROCKET, 0.98, TrackStatus.CONFIRMED, warned=True)
    'a-h-A-W'
    >>> cot_type(TargetClass.MULTIROTOR, 0.98, TrackStatus.CONFIRMED, warned=True)
    'a-s-A-M-H-Q'
    >>> cot_type(TargetClass.AIRCRAFT, 0.98, TrackStatus.CONFIRMED)
    'a-u-A'
    """
    threat = kind in _FUNCTION and probability >= LIKELY
    function = _FUNCTION[kind] if threat else "A"
    if status == TrackStatus.TENTATIVE:
        affiliation = "p"
    elif threat and kind.ballistic and probability >= SURE and warned:
        affiliation = "h"
    else:
        affiliation = "s" if threat else "u"
    return f"a-{affiliation}-{function}"
