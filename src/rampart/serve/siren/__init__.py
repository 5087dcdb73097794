"""Sirens: the server's driver and the device's program of the siren protocol."""
