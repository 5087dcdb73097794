"""Echoes: fixed places that a radar reports again and again, whatever radial speed it sees there."""
