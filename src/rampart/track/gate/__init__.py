"""Gate: which detections of a scan may belong to which track, and what each pair is worth."""
