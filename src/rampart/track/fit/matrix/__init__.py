"""Algebra of small symmetric matrices."""
