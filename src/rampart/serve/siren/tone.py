"""Tone: the sounds of a siren, made of sine waves. Each phase has its own; that of a lost link is like none of them."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rampart.records import AlertStatus, Phase

RATE_HZ = 22_050
_EDGE_S = 0.01  # faded in and out, so that nothing clicks
LINK_LOST = "link_lost"


@dataclass(frozen=True)
class Segment:
    """A stretch of tone that glides from one frequency to another; level 0 is a pause."""

    from_hz: float
    to_hz: float
    seconds: float
    level: float = 0.8


def _steady(hz: float, seconds: float, level: float = 0.8) -> Segment:
    return Segment(hz, hz, seconds, level)


def _pause(seconds: float) -> Segment:
    return Segment(0.0, 0.0, seconds, 0.0)


#: One cycle of each sound.
PATTERNS: dict[str, tuple[Segment, ...]] = {
    Phase.PREPARE.label: (_steady(660.0, 0.5), _steady(880.0, 0.5), _pause(1.0)),
    Phase.SHELTER.label: (Segment(500.0, 1200.0, 1.5), Segment(1200.0, 500.0, 1.5)),
    Phase.RELEASE.label: (_steady(440.0, 4.0),),
    Phase.CANCEL.label: (
        _steady(880.0, 0.3), _pause(0.2), _steady(660.0, 0.3), _pause(0.2), _steady(440.0, 1.0), _pause(1.0),
    ),
    LINK_LOST: (_steady(2000.0, 0.1, 0.1), _pause(0.15), _steady(2000.0, 0.1, 0.1), _pause(0.65)),
}  # fmt: skip
_PIP = (_steady(1000.0, 0.1), _pause(0.1))
#: Before an exercise three pips, before a test one; before what is meant nothing.
LEADS: dict[AlertStatus, tuple[Segment, ...]] = {
    AlertStatus.ACTUAL: (),
    AlertStatus.EXERCISE: (*_PIP, *_PIP, *_PIP, _pause(0.4)),
    AlertStatus.TEST: (*_PIP, _pause(0.4)),
}


def cycle_s(name: str) -> float:
    """How long one cycle of a sound lasts, s."""
    return sum(segment.seconds for segment in PATTERNS[name])


def tone(name: str, seconds: float, status: AlertStatus = AlertStatus.ACTUAL) -> np.ndarray:
    """The samples of a sound.

    Parameters
    ----------
    name : str
        Phase, or ``link_lost``.
    seconds : float
        How long, with what leads in.
    status : AlertStatus
        Decides what leads in.

    Returns
    -------
    numpy.ndarray
        (n,) int16, at `RATE_HZ`.
    """
    lead = [_wave(segment) for segment in LEADS[status]]
    cycle = [_wave(segment) for segment in PATTERNS[name]]
    n = max(1, round(seconds * RATE_HZ))
    samples = np.concatenate(lead) if lead else np.zeros(0)
    one = np.concatenate(cycle)
    repeats = max(0, -(-(n - len(samples)) // len(one)))
    samples = np.concatenate([samples, np.tile(one, repeats)])[:n]
    edge = min(round(_EDGE_S * RATE_HZ), n)
    samples[n - edge :] *= np.linspace(1.0, 0.0, edge)
    return np.round(samples * 32767).astype(np.int16)


def _wave(segment: Segment) -> np.ndarray:
    n = round(segment.seconds * RATE_HZ)
    if not segment.level:
        return np.zeros(n)
    hz = np.linspace(segment.from_hz, segment.to_hz, n, endpoint=False)
    samples = segment.level * np.sin(2.0 * np.pi * np.cumsum(hz) / RATE_HZ)
    edge = np.linspace(0.0, 1.0, min(round(_EDGE_S * RATE_HZ), n))
    samples[: len(edge)] *= edge
    samples[n - len(edge) :] *= edge[::-1]
    return samples


def write_wave(path: Path, samples: np.ndarray) -> None:
    """Write samples as a wave file: one channel, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
