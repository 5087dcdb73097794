"""External: other systems' tracks beside our own - joined at output, never filtered."""
