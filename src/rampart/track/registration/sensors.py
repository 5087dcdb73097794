"""Registration: biases of a site's sensors as states, learnt from common targets, and which sensors are believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rampart.records import Site

from . import _kernels

if TYPE_CHECKING:
    from rampart.track.settings import TrackerSpec
    from rampart.track.state import State

# Least sigma of a prior: range [m], angles [rad], clock [s]; a sensor that measures none of them has no bias in it
_LEAST = np.array([1e-3, 1e-7, 1e-7, 1e-6])
_FIRST = 64


class Registration:
    """Biases of all sensors with their joint covariance, and each one's standing.

    Parameters
    ----------
    site : Site
        Its sensors.
    spec : TrackerSpec
        Prior sigmas of the biases, and how long these last.
    sensors, p, limits : ndarray
        Tables of the tracker.

    Notes
    -----
    State: range, azimuth, elevation and clock of every sensor, as measured less true. No sensor is the reference: what
    common targets do not tell stays as uncertain as the prior. The estimate is taken off detections on their way into
    the tracks; what it leaves open *between* sensors widens their errors (the Schmidt or consider filter's way:
    Schmidt 1966, Advances in Control Systems 3:293). All of it is part of the state that late detections restore.
    """

    def __init__(self, site: Site, spec: TrackerSpec, sensors: np.ndarray, p: np.ndarray, limits: np.ndarray) -> None:
        n = len(site.sensors)
        self.active = n > 1 and spec.registration == "estimate"
        self._sensors, self._p, self._limits, self._stay_s = sensors, p, limits, spec.bias_time_s
        angles = math.radians(spec.azimuth_bias_sigma_deg), math.radians(spec.elevation_bias_sigma_deg)
        prior = np.tile([spec.range_bias_sigma_m, *angles, spec.clock_bias_sigma_s], (n, 1))
        for row, model in zip(prior, site.sensors, strict=True):
            sigmas = model.range_sigma_m, model.azimuth_sigma_rad, model.elevation_sigma_rad
            row[:3][~np.isfinite(sigmas)] = 0.0
        self.measured = prior > 0.0  #: (n, 4) which biases a sensor can have
        self.prior = np.maximum(prior, _LEAST)
        self.bias = np.zeros(4 * n)
        self.covariance = np.diag(self.prior.reshape(-1) ** 2)
        self.trust = np.zeros((n, _kernels.N_TRUST))
        self.trust[:, _kernels.LAST], self.trust[:, _kernels.SURPRISE] = -math.inf, 1.0
        self._clock = np.array([math.nan, 0.0])
        self._last = np.zeros((_FIRST, _kernels.N_LAST))
        self._next = np.zeros((_FIRST, _kernels.N_LAST))
        self._held = 0

    def correct(self, sensor: int, z: np.ndarray, zi: np.ndarray) -> np.ndarray:
        """The detections of one scan less the biases known of their sensor, (m, N_Z)."""
        t, spread, out = float(z[-1, 0]), np.empty(4), np.empty_like(z)
        if t > self._clock[0]:
            _kernels.age(self.bias, self.covariance, self.prior, t - self._clock[0], self._stay_s)
        self._clock[0] = t if math.isnan(self._clock[0]) else max(t, self._clock[0])
        alone = not _kernels.others_speak(sensor, t, self.trust, self._sensors)
        if alone and self.trust[sensor, _kernels.SHUT]:
            _kernels.let_in(sensor, t, self.bias, self.covariance, self.prior, self.trust)
        if alone:
            spread[:] = 0.0
        else:
            _kernels.unshared(self.covariance, sensor, spread)
        _kernels.correct(sensor, z, zi, self.bias, spread, self._sensors, self._p, out)
        return out

    def shut(self, sensor: int) -> bool:
        """Whether a sensor is in quarantine."""
        return bool(self.trust[sensor, _kernels.SHUT])

    def observe(
        self, n: int, sensor: int, raw: np.ndarray, z: np.ndarray, zi: np.ndarray, used: np.ndarray,
        before: np.ndarray, state: State,
    ) -> None:  # fmt: skip
        """Learn from one scan that has been taken into the tracks.

        Parameters
        ----------
        n : int
            Tracks before those that it started.
        sensor : int
            Whose scan.
        raw, z, zi : ndarray
            Detections as they came and as they were used.
        used : (k, 2) int64
            Detection and track numbers brought together.
        before : (n,)
            When the sensor had looked at each track before, s.
        state : State
            The tracks.
        """
        if n > len(self._next):
            self._next = np.zeros((2 * n, _kernels.N_LAST))
        shut = self.shut(sensor)
        x, P, real, whole, look = state.arrays[:5]
        order = np.argsort(zi[:, 0], kind="stable")
        _kernels.observe(
            n, sensor, float(z[-1, 0]), raw, z, zi, order, used, before, x, P, real, whole, look, state.work[3],
            self._sensors, self._p, self._limits, self.bias, self.covariance, self.prior, self.trust, self._last,
            self._held, self._next, int(self._clock[1]),
        )  # fmt: skip
        if not (shut or self.shut(sensor)):
            self._last, self._next, self._held = self._next, self._last, n
            self._clock[1] = (self._clock[1] + _kernels.MOST_PAIRS) % 1e9

    def save(self) -> dict[str, np.ndarray]:
        """Copies of the whole state."""
        return {
            "bias": self.bias.copy(),
            "bias_covariance": self.covariance.copy(),
            "trust": self.trust.copy(),
            "bias_clock": self._clock.copy(),
            "last": self._last[: self._held].copy(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave."""
        self.bias[:], self.covariance[:], self.trust[:] = saved["bias"], saved["bias_covariance"], saved["trust"]
        self._clock[:] = saved["bias_clock"]
        self._held = len(saved["last"])
        if self._held > len(self._last):
            self._last = np.zeros((2 * self._held, _kernels.N_LAST))
        self._last[: self._held] = saved["last"]
