"""Ground truth: generic threats, things that are none, and recorded flights. Generic parameters only."""
