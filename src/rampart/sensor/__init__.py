"""Simulated sensors: from truth to detections, with every refusal named by its gate."""
