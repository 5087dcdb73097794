"""Start of a track from two detections."""
