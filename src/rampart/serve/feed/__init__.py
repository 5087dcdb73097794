"""Feed: what real sensors and other systems send, from the socket's datagram to the reports of a chain's next step."""

from .intake import Intake
from .plan import FeedPlan, plan_feeds
from .process import Receiver
from .reader import Reader, Taken
from .spec import FeedSpec

__all__ = ["FeedPlan", "FeedSpec", "Intake", "Reader", "Receiver", "Taken", "plan_feeds"]
