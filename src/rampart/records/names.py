"""The field's closed lists: classes, modes, states, phases. Their numbers are part of the recording's contract."""

from enum import IntEnum, IntFlag


class Named(IntEnum):
    """An integer that is written as its lower-case name in files and on screens."""

    @property
    def label(self) -> str:
        """The name as files and screens show it.

        >>> TargetClass.FIXED_WING.label
        'fixed_wing'
        """
        return self.name.lower()


class TargetClass(Named):
    """What a track is, as far as the tracker can tell."""

    ROCKET = 0
    SHELL = 1
    MORTAR = 2
    MULTIROTOR = 3
    FIXED_WING = 4
    BIRD = 5
    AIRCRAFT = 6
    CLUTTER = 7
    UNKNOWN = 8

    @property
    def ballistic(self) -> bool:
        """Falls: comes down where the laws of flight say."""
        return self <= TargetClass.MORTAR

    @property
    def drone(self) -> bool:
        """Flies where somebody steers it, and carries a threat."""
        return self in (TargetClass.MULTIROTOR, TargetClass.FIXED_WING)


class Mode(Named):
    """How a track moves: the modes of the interacting multiple models."""

    THRUST = 0
    BALLISTIC = 1
    CRUISE = 2
    TURN = 3
    HOVER = 4


class TrackStatus(Named):
    """The life of a track."""

    TENTATIVE = 0
    CONFIRMED = 1
    COASTED = 2
    DELETED = 3


class PredictionKind(Named):
    """What a prediction says: where it comes down, or what it can reach."""

    IMPACT = 0
    REACH = 1


class Phase(Named):
    """What a warning asks of people."""

    PREPARE = 0
    SHELTER = 1
    RELEASE = 2
    CANCEL = 3


class ZoneState(Named):
    """What a zone is to show. Nobody watching is a state of its own: it is never shown as quiet."""

    UNKNOWN = 0  #: no sensor that works covers the zone, and no warning is in force
    QUIET = 1
    PREPARE = 2
    SHELTER = 3
    RELEASE = 4  #: for a while after a release, then quiet
    CANCEL = 5  #: for a while after a cancel, then quiet


class HealthState(Named):
    """How a part of the system is."""

    OK = 0
    STARTING = 1  #: not heard of yet
    DEGRADED = 2  #: works, but not as it should
    STALE = 3  #: was heard of, and has been silent for too long
    FAULTY = 4  #: what it says is of no use
    QUARANTINED = 5  #: what it says is not believed
    DOWN = 6  #: does not work

    @property
    def works(self) -> bool:
        """Still does what it is there for.

        >>> HealthState.DEGRADED.works, HealthState.STARTING.works
        (True, False)
        """
        return self in (HealthState.OK, HealthState.DEGRADED)


class DecisionKind(Named):
    """What an operator can decide about zones and warnings."""

    WARN = 0  #: warn the zones now
    HOLD = 1  #: keep their warnings from ending
    CANCEL = 2  #: there is no danger: end their warnings at once, whatever tracks say
    APPROVE = 3  #: let a warning out where two people must agree
    RELEASE = 4  #: end what operators warned of or held; tracks that endanger the zones go on
    SILENCE = 5  #: end the sound of their sirens; the warnings go on


class AlertStatus(Named):
    """Whether a warning is meant: `ACTUAL` needs live feeds and a site set to it."""

    ACTUAL = 0
    EXERCISE = 1
    TEST = 2


class Fate(Named):
    """How a simulated flight ends."""

    IMPACT = 0
    DEPARTED = 1
    FLYING = 2
    DESTROYED = 3


class Emission(Named):
    """What a target was heard to send, where a sensor listens."""

    NONE = 0
    LINK = 1  #: the control or video link of a drone
    REMOTE_ID = 2  #: a drone that says who and where it is
    ADS_B = 3  #: an aircraft that says who and where it is


class DetectionFlag(IntFlag):
    """Marks on a detection; anything marked can never become a live warning."""

    NONE = 0
    SIMULATED = 1
    TEST = 2


N_CLASSES = len(TargetClass)
N_MODES = len(Mode)


def track_name(site_id: str, number: int) -> str:
    """The track's name outside the chain.

    >>> track_name("embassy", 3)
    'embassy/T3'
    """
    return f"{site_id}/T{number}"


def warning_name(site_id: str, number: int) -> str:
    """The warning's name outside the chain.

    >>> warning_name("embassy", 1)
    'embassy/W1'
    """
    return f"{site_id}/W{number}"
