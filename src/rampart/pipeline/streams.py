"""Random streams: one per run, purpose and entity, so that any run can be repeated alone on any worker.

The design point of a study is not part of the key: design points share streams, and comparisons are paired.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is drawn for. The numbers are fixed: changing one changes every result."""

    THREAT = 1
    SENSOR = 2
    OUTCOME = 3
    BACKGROUND = 4
    LOOK = 5
    DEBRIS = 6


def stream(seed: int, run: int, purpose: Purpose, entity: int) -> np.random.Generator:
    """The generator of one entity.

    Parameters
    ----------
    seed : int
        Root seed of the study, >= 0.
    run : int
        Number of the run in the study, >= 0.
    purpose : Purpose
        What it is drawn for.
    entity : int
        Position of the scenario part in its section.

    Returns
    -------
    numpy.random.Generator
        Philox, counter based (Salmon et al. 2011).

    Examples
    --------
    >>> a, b = (stream(7, 0, Purpose.SENSOR, 0).random() for _ in range(2))
    >>> a == b
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(run, int(purpose), entity))
    return np.random.Generator(np.random.Philox(sequence))
