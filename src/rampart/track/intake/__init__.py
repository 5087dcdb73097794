"""Detections on their way in: checked, completed, packed for the kernels."""
