"""Warm-up: compile every kernel by running small scenarios once."""

from rampart.wire.asterix import decode_joined

from .run import run

#: One CAT048 data block, so that the decoder is compiled too.
BLOCK = bytes.fromhex("41000cf8000502c1416f2600")

#: Between them they reach every kernel of the chain.
SCENARIOS = ("embassy-rockets", "embassy-drone")


def compile_kernels() -> list[str]:
    """Run the warm-up scenarios; the compiled code stays in the cache folder. Returns their names."""
    decode_joined(BLOCK)
    for name in SCENARIOS:
        run(name, seed=0)
    return list(SCENARIOS)
