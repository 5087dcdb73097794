"""View: all tracks as of one time, as they are reported."""
