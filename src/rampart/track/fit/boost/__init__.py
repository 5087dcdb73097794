"""Boost before a fitted flight."""
