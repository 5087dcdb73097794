"""From a scenario or site file to a chain: TOML -> specs -> stages in a row."""

from .build import Place, World, build_chain, build_places, build_world
from .candidates import Candidate, read_candidates
from .chain import Chain, Outputs
from .override import parse_value
from .path import FlightPath
from .scenario import (
    CHAIN_ROOMS,
    LIVE_ROOMS,
    SIMULATION_ROOMS,
    Scenario,
    builtin_scenarios,
    is_live,
    load,
    parse_scenario,
    restore_scenario,
)
from .specs import StudySpec
from .streams import Purpose, stream

__all__ = [
    "CHAIN_ROOMS",
    "LIVE_ROOMS",
    "SIMULATION_ROOMS",
    "Candidate",
    "Chain",
    "FlightPath",
    "Outputs",
    "Place",
    "Purpose",
    "Scenario",
    "StudySpec",
    "World",
    "build_chain",
    "build_places",
    "build_world",
    "builtin_scenarios",
    "is_live",
    "load",
    "parse_scenario",
    "parse_value",
    "read_candidates",
    "restore_scenario",
    "stream",
]
