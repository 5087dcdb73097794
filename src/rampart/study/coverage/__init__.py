"""Coverage: where a site's sensors see a kind of target, how long before it arrives, and what one more sensor buys."""

from .plan import Coverage, plan_coverage
from .rule import Rule

__all__ = ["Coverage", "Rule", "plan_coverage"]
