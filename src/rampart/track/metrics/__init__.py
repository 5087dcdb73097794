"""Metrics: how well tracks follow the truth - GOSPA and its parts, OSPA, SIAP, identity, consistency."""

from .consistency import (
    ImpactScore,
    MeanSquare,
    Proportion,
    chi_squared_interval,
    clopper_pearson,
    mean_square,
    nees,
    nis,
    score_impacts,
)
from .gospa import Gospa, assign, gospa, ospa
from .scores import Identity, Points, Scores, score
from .siap import Siap, siap

__all__ = [
    "Gospa",
    "Identity",
    "ImpactScore",
    "MeanSquare",
    "Points",
    "Proportion",
    "Scores",
    "Siap",
    "assign",
    "chi_squared_interval",
    "clopper_pearson",
    "gospa",
    "mean_square",
    "nees",
    "nis",
    "ospa",
    "score",
    "score_impacts",
    "siap",
]
