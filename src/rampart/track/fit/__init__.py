"""Fit of a falling body: the most probable flight through all its detections, its boost among them."""
