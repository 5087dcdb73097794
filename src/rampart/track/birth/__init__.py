"""Birth: which single detections may be of one object."""
