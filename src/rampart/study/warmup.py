"""Warm-up: compile every kernel by running small scenarios once."""

from .run import run

#: Between them they reach every kernel of the chain.
SCENARIOS = ("embassy-rockets", "embassy-drone")


def compile_kernels() -> list[str]:
    """Run the warm-up scenarios; the compiled code stays in the cache folder. Returns their names."""
    for name in SCENARIOS:
        run(name, seed=0)
    return list(SCENARIOS)
