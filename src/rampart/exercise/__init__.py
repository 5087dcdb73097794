"""Exercise: a simulated raid, live, through the same chain and the same deliveries as the real thing.

Nothing that comes of it can be Actual: every simulated report is flagged, and the deliveries are told that this is not
live.
"""

from .drill import Drill, describe, drill
from .peers import with_outs, with_peers
from .raid import Raid

__all__ = ["Drill", "Raid", "describe", "drill", "with_outs", "with_peers"]
