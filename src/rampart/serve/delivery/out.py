"""Out: one ``[[out]]`` of a site file, checked, and what is built of it: an encoder and a channel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rampart.pipeline import Place, Scenario
from rampart.records import Site
from rampart.records.spec import Count, Identifier, Number, Spec

from .channel import Channel
from .encoder import Encoder
from .queue import AGE_S, LIMIT

Clock = Callable[[], int]  #: ns UTC


@dataclass(frozen=True, slots=True)
class Setting:
    """What the live process hands to its channels.

    Attributes
    ----------
    clock : callable
        ns UTC, the one by which the chain is stepped.
    live : bool
        Whether anything may be said as Actual at all.
    folder : pathlib.Path
        Where relative file names of the site file start.
    session : str
        Differs at each start, so that warning 1 is not taken for the warning 1 before.
    """

    clock: Clock
    live: bool = False
    folder: Path = Path()
    session: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a connection, s."""

    timeout_s: float = 5.0  #: opening, or an answer, takes longer than this: the connection is given up
    silent_s: float = 1.25  #: an answer takes longer than this: the operator is told
    probe_s: float = 0.5  #: between two questions whether it is there
    back_off_s: float = 5.0  #: longest wait before the next try


@dataclass(frozen=True, slots=True)
class Out:
    """One peer: who it is, what it is told, and the way there."""

    id: str
    kind: str
    site: str
    encoder: Encoder
    channel: Channel
    timing: Timing = Timing()
    limit: int = LIMIT
    age_s: float = AGE_S
    approvals: int = 1
    zones: tuple[str, ...] = ()  #: of the site, in its order


class OutSpec(Spec):
    """What every ``[[out]]`` has. Kinds are a closed list: nothing that leaves can task an effector."""

    id: Identifier  #: what health, alarms and delivery records call it
    site: Identifier | None = None
    #: people who must approve an Actual warning before it leaves here; 1: the policy decides alone
    approvals: Annotated[int, Field(ge=1, le=2)] = 1
    #: an answer that takes longer ends the connection; the operator is told after 1.25 s
    timeout_s: Annotated[Number, Field(ge=0.5, le=60)] = 5.0
    queue: Count = LIMIT  #: messages that may wait; pictures are shed beyond it, warnings never

    @abstractmethod
    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel for a site. Opens no connection.

        Raises
        ------
        InputError
            If a file it names is not there, or a package is missing.
        """

    def out(self, site: Site, encoder: Encoder, channel: Channel, *, probe_s: float = 0.5) -> Out:
        """Put together what `build` made."""
        timing = Timing(timeout_s=self.timeout_s, probe_s=probe_s)
        kind: str = getattr(self, "kind", type(self).__name__)
        zones = tuple(zone.id for zone in site.zones)
        return Out(self.id, kind, site.id, encoder, channel, timing, self.queue, approvals=self.approvals, zones=zones)


def build_outs(scenario: Scenario, places: Sequence[Place], setting: Setting) -> list[Out]:
    """Build every ``[[out]]`` of a site file; nothing is connected.

    Parameters
    ----------
    scenario : Scenario
        The file, checked.
    places : sequence of Place
        Its sites.
    setting : Setting
        What the live process hands over.

    Raises
    ------
    InputError
        Naming the ``[[out]]``, if a file it names is not there or a package is missing.
    """
    sites = {place.site.id: place.site for place in places}
    return [spec.build(sites[spec.site or next(iter(sites))], setting) for spec in scenario.parts["out"]]
