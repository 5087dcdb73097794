"""Flight of a fitted body."""
