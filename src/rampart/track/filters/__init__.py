"""The interacting filters of a track: mixing, prediction, update."""
