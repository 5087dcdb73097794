"""The fit of a falling body's first detections: the start that its filter needs."""
