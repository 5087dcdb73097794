"""Channels: one module per kind of ``[[out]]`` - its spec, its encoder and the way there."""
