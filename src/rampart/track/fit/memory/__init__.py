"""Memory of a fit."""
