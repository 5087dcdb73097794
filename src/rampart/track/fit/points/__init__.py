"""Normal points."""
