"""Apogee of a climbing rocket from a few seconds of its coast: heights in, a height with its interval out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rampart.physics.atmosphere import standard_atmosphere
from rampart.physics.constants import STANDARD_GRAVITY_MS2
from rampart.physics.drag import drag_table
from rampart.physics.environment import Environment

from . import _kernels_coast
from .burnout import Climb, clean, find_burnout

Floats = NDArray[np.float64]
Status = Literal["predicted", "no_coast", "too_few", "manoeuvre"]

#: Parameters of a climb: height [m], vertical speed [m/s], ln k, tangent of the tilt, ln of log heights over true ones,
#: share of the blunt drag curve, power of the Mach number, static pressure error over dynamic pressure, change of ln k.
_HEIGHT, _SPEED, _DRAG, _TILT, _SCALE, _SHARE, _POWER, _PORT, _CHANGE = range(9)
_N = 8  #: without the change
_CORE = 3  #: height, speed, drag: what the rows tell
_WIDER = 1.3  #: samples are drawn this much wider (variance) than the curvature at the best point says
_DELTA = np.array([0.1, 0.05, 2e-3, 2e-3, 1e-4, 0.02, 5e-3, 1e-4, 5e-3])
_STEP_S, _LIMIT_S = 0.25, 300.0
_SAMPLES = 512
_BASES = (2, 3, 5, 7, 11, 13, 17, 19)
_LEAST_ROWS = 4
#: Rows that a manoeuvre takes to be told; growth of ln k that is one, and what it has to add to the log posterior.
_LEAST_CHECKED, _MANOEUVRE, _MANOEUVRE_GAIN = 8, math.log(1.5), 10.0
_DOF = 4.0  #: of the Student t that the noise is taken for


@dataclass(frozen=True)
class CoastPrior:
    """What is known of any rocket before its log is read: means and sigmas.

    Nothing here stems from one flight. Drag-to-mass spans model to sounding rockets: 0.5 of a body 2 to 20 cm wide that
    weighs 0.05 to 100 kg. Bodies with fins lie between the blunt and the slender curve, and lose skin friction as they
    go faster (Reynolds number to the power -1/5 to -1/7 of about half their drag). Static ports at the side of a body
    err by less than 1 % of the dynamic pressure. Air is 10 K off the standard atmosphere, 4 K where its temperature on
    the ground was measured.
    """

    ln_drag: tuple[float, float] = (math.log(3e-4), 1.2)
    tilt: tuple[float, float] = (0.0, 0.18)
    share_blunt: tuple[float, float] = (0.5, 0.35)
    power: tuple[float, float] = (0.08, 0.08)
    port: tuple[float, float] = (0.0, 0.004)
    air_k: float = 10.0
    measured_air_k: float = 4.0
    noise_m: float = 1.0
    #: jumps of the port error where the flow about the body turns sonic, over dynamic pressure
    transonic: float = 0.004


@dataclass(frozen=True)
class Apogee:
    """The top of a climb as foretold.

    Attributes
    ----------
    status : str
        ``predicted``; ``no_coast``: the log shows no burnout, or nothing that coasts
        explains it; ``too_few``: rows in the window; ``manoeuvre``: drag grew
        within the window as by airbrakes or a parachute, so that what comes is not foretold.
    height_m, low_m, high_m : float
        Median and central interval of `probability`, in heights as the log counts them; nan unless predicted.
    time_s : float
        When, in times of the log; nan unless predicted.
    probability : float
        Content of the interval.
    coast_start_s, until_s : float
        Burnout, and the last time that was looked at.
    rows, spikes : int
        Rows used, after drawing together what is closer than 0.05 s; rows thrown out.
    speed_ms, ln_drag, noise_m : float
        Vertical speed and ln k [m2/kg] at the first row used, sigma of the rows.
    """

    status: Status
    height_m: float = math.nan
    low_m: float = math.nan
    high_m: float = math.nan
    time_s: float = math.nan
    probability: float = 0.9
    coast_start_s: float = math.nan
    until_s: float = math.nan
    rows: int = 0
    spikes: int = 0
    speed_ms: float = math.nan
    ln_drag: float = math.nan
    noise_m: float = math.nan


def predict_apogee(
    time_s: ArrayLike,
    height_m: ArrayLike,
    environment: Environment,
    *,
    window_s: float = 4.0,
    settle_s: float = 0.5,
    coast_start_s: float | None = None,
    air_temperature_k: float | None = None,
    barometric: bool = True,
    probability: float = 0.9,
    prior: CoastPrior | None = None,
) -> Apogee:
    """Foretell the apogee of a rocket from the first seconds of its coast.

    Parameters
    ----------
    time_s, height_m : array_like (n,)
        A log: heights above the launch site [m]. What lies beyond the window is not looked at.
    environment : Environment
        Its origin is the launch site.
    window_s : float
        Time from burnout on that may be looked at.
    settle_s : float
        Left out after burnout: the end of the thrust and the memory of the altimeter.
    coast_start_s : float, optional
        Burnout, where it is known; else found from the heights.
    air_temperature_k : float, optional
        Measured at the launch site. Altimeters reckon with the standard atmosphere; on a warm day a metre of theirs is
        longer.
    barometric : bool
        False for heights that are no altimeter's: they are then true to scale and have no ports.
    probability : float
        Content of the interval, 0 < p < 1.
    prior : CoastPrior, optional
        What is known beforehand.

    Returns
    -------
    Apogee

    Raises
    ------
    ValueError
        If times and heights differ in length, or less than five rows hold numbers.

    Notes
    -----
    Bayesian: eight parameters (`CoastPrior`) through the flight kernel, noise of a Student t with its sigma estimated,
    most probable point by Gauss-Newton, then importance sampling over a Halton sequence, so that equal input gives
    equal output. Rows whose residuals hang together count for less, by their integrated autocorrelation time.

    Examples
    --------
    >>> from rampart.physics.environment import Environment
    >>> from rampart.physics.flight import fly
    >>> here = Environment.standard(latitude_rad=0.7)
    >>> flight = fly([0, 0, 400, 5, 0, 180, math.log(2e-4)], here, duration_s=20.0, step_s=0.1)
    >>> up = predict_apogee(flight.time_s, flight.position_enu[:, 2], here, coast_start_s=0.0)
    >>> up.status, bool(up.low_m < flight.position_enu[:, 2].max() < up.high_m)
    ('predicted', True)
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability}; expected 0 < p < 1")
    prior = CoastPrior() if prior is None else prior
    climb = clean(time_s, height_m)
    start = find_burnout(climb) if coast_start_s is None else float(coast_start_s)
    if start is None:
        return Apogee("no_coast", spikes=climb.spikes)
    end = start + window_s
    # once more, so that no spike is judged by rows that come after the window
    times, heights = np.asarray(time_s, dtype=float), np.asarray(height_m, dtype=float)
    seen = times <= end
    climb = clean(times[seen], heights[seen])
    use = (climb.time_s >= start + settle_s) & _still_climbing(climb, start)
    known: dict[str, Any] = {
        "probability": probability,
        "coast_start_s": start,
        "until_s": end,
        "rows": int(use.sum()),
        "spikes": climb.spikes,
    }
    if use.sum() < _LEAST_ROWS:
        return Apogee("too_few", **known)
    scale = _scale_prior(environment, air_temperature_k, prior) if barometric else (0.0, 1e-6)
    ports = prior.port if barometric else (0.0, 1e-9)
    fit = _Fit(climb.time_s[use], climb.height_m[use], climb.speed_ms[use], environment, prior, scale, ports)
    try:
        # far from the truth a hypothesis may fall without end: it then weighs nothing
        with np.errstate(over="ignore", invalid="ignore"):
            theta = fit.solve()
            if fit.has_manoeuvre(theta):
                return Apogee("manoeuvre", **known)
            tops, times_up, weight = fit.sample(theta)
    except np.linalg.LinAlgError:
        return Apogee("no_coast", **known)
    low, middle, high = _quantiles(tops, weight, [0.5 - probability / 2, 0.5, 0.5 + probability / 2])
    return Apogee(
        "predicted",
        middle,
        low,
        high,
        float(fit.first_s + _quantiles(times_up, weight, [0.5])[0]),
        speed_ms=float(theta[_SPEED]),
        ln_drag=float(theta[_DRAG]),
        noise_m=fit.sigma,
        **known,
    )


def _still_climbing(climb: Climb, start_s: float) -> NDArray[np.bool_]:
    """Rows before the top: a small rocket may be there, and under its parachute, within the window."""
    over = np.flatnonzero((climb.time_s > start_s) & (climb.speed_ms <= 0.0))
    rising = np.ones(len(climb.time_s), dtype=bool)
    rising[over[0] if len(over) else len(rising) :] = False
    return rising


def _scale_prior(environment: Environment, air_k: float | None, prior: CoastPrior) -> tuple[float, float]:
    """Mean and sigma of ln (height of an altimeter over true height), from the temperature of the air."""
    standard = float(standard_atmosphere(environment.site[4])[0])
    if air_k is None:
        return 0.0, prior.air_k / standard
    return math.log(standard / air_k), prior.measured_air_k / standard


class _Fit:
    """One window of rows and its posterior."""

    def __init__(
        self,
        time: Floats,
        height: Floats,
        speed: Floats,
        environment: Environment,
        prior: CoastPrior,
        scale: tuple[float, float],
        port: tuple[float, float],
    ) -> None:
        self.first_s = float(time[0])
        self._after, self._height = np.ascontiguousarray(time - time[0]), height
        self._site, self._air, self._blunt = environment.forces("g1")
        self._slender = drag_table("g7")
        sound = standard_atmosphere(environment.site[4] + height)[3]
        self._mach = float(np.clip(np.median(speed / sound), 0.05, 2.0))
        around = [(height[0], 100.0), (speed[0], 50.0), prior.ln_drag, prior.tilt, scale, prior.share_blunt]
        self._mean, self._spread = np.array([*around, prior.power, port, (0.0, 1.5)]).T
        transonic = (speed / sound > 0.9) & (speed / sound < 1.2)
        self._rough = np.where(transonic, prior.transonic * speed**2 / (2.0 * STANDARD_GRAVITY_MS2), 0.0)
        self._noise_prior = prior.noise_m
        self.sigma, self._memory = prior.noise_m, 1.0

    def _fly(self, theta: Floats, change_s: float = math.inf, *, up: bool = False) -> tuple[Floats, Floats, Floats]:
        """What hypotheses (n, 9) would have logged (n, m); heights and times of their apogees, as logged (n,).

        Without `up` they are flown no farther than the last row.
        """
        rows = np.zeros((len(theta), 7))
        rows[:, 2], rows[:, 5], rows[:, 6] = theta[:, _HEIGHT], theta[:, _SPEED], theta[:, _DRAG]
        rows[:, 3] = theta[:, _SPEED] * theta[:, _TILT]
        curve = np.column_stack([np.clip(theta[:, _SHARE], 0.0, 1.0), theta[:, _POWER], theta[:, _CHANGE]])
        height, speed = np.empty((2, len(theta), len(self._after)))
        top = np.empty((len(theta), 2))
        _kernels_coast.climb(
            rows, curve, self._mach, change_s, self._after, _STEP_S, _LIMIT_S if up else 0.0,
            self._site, self._air, self._blunt, self._slender, height, speed, top,
        )  # fmt: skip
        scale = np.exp(theta[:, _SCALE, None])
        logged = scale * height + theta[:, _PORT, None] * speed**2 / (2.0 * STANDARD_GRAVITY_MS2)
        return logged, scale[:, 0] * top[:, 0], top[:, 1]

    def solve(self) -> Floats:
        """Most probable parameters (9,), the change held at none; estimates the noise on the way."""
        theta = self._mean.copy()
        for _ in range(3):
            theta = self._climb_to_best(theta, _N)
            self._estimate_noise(theta)
        return self._climb_to_best(theta, _N)

    def _estimate_noise(self, theta: Floats, change_s: float = math.inf) -> None:
        """Sigma of the rows, and how long they hang together, from their residuals."""
        off = self._height - self._fly(theta[None], change_s)[0][0]
        share = self.sigma**2 / (self.sigma**2 + self._rough**2)
        square = 3.0 * self._noise_prior**2 + float(np.sum(self._weights(off) * share * off**2))
        self.sigma = math.sqrt(square / (3.0 + len(off)))
        self._memory = _autocorrelation_time(off / np.sqrt(self.sigma**2 + self._rough**2))

    def _weights(self, off: Floats) -> Floats:
        """Weights of rows under a Student t."""
        return (_DOF + 1.0) / (_DOF + off**2 / (self.sigma**2 + self._rough**2))

    def _climb_to_best(self, theta: Floats, free: int, change_s: float = math.inf) -> Floats:
        """Gauss-Newton with damping over the first `free` parameters."""
        damping, best = 1e-3, self._loss(theta[None], change_s)[0]
        for _ in range(25):
            gradient, curvature = self._normal(theta, free, change_s)
            step = np.zeros(9)
            scaled = curvature + damping * np.diag(np.diag(curvature))
            step[:free] = np.linalg.solve(scaled, -gradient)
            loss = self._loss((theta + step)[None], change_s)[0]
            if loss < best:
                done = best - loss < 1e-5
                theta, best, damping = theta + step, loss, max(damping * 0.2, 1e-9)
                if done:
                    break
            else:
                damping *= 10.0
                if damping > 1e8:
                    break
        return theta

    def _normal(self, theta: Floats, free: int, change_s: float) -> tuple[Floats, Floats]:
        """Gradient and Gauss-Newton curvature of the loss over the first `free` parameters."""
        fan = np.repeat(theta[None], 2 * free + 1, axis=0)
        for j in range(free):
            fan[2 * j, j] += _DELTA[j]
            fan[2 * j + 1, j] -= _DELTA[j]
        logged = self._fly(fan, change_s)[0]
        jacobian = (logged[0:-1:2] - logged[1:-1:2]).T / (2.0 * _DELTA[:free])
        off = self._height - logged[-1]
        weight = self._weights(off) / ((self.sigma**2 + self._rough**2) * self._memory)
        precision = 1.0 / self._spread[:free] ** 2
        gradient = -(jacobian.T * weight) @ off + precision * (theta - self._mean)[:free]
        return gradient, (jacobian.T * weight) @ jacobian + np.diag(precision)

    def _loss(self, theta: Floats, change_s: float = math.inf) -> Floats:
        """Negative log posterior of hypotheses (n, 9), without constants."""
        return self._loss_of(self._fly(theta, change_s)[0], theta)

    def _loss_of(self, logged: Floats, theta: Floats) -> Floats:
        off = (self._height - logged) ** 2 / (self.sigma**2 + self._rough**2)
        data = 0.5 * (_DOF + 1.0) * np.log1p(off / _DOF).sum(axis=1) / self._memory
        prior = 0.5 * (((theta - self._mean) / self._spread) ** 2).sum(axis=1)
        loss = data + prior
        return np.where(np.isfinite(loss), loss, np.inf)

    def has_manoeuvre(self, theta: Floats) -> bool:
        """Whether a growth of drag by half or more, somewhere inside the window, explains the rows far better."""
        if len(self._height) < _LEAST_CHECKED:
            return False
        noise = self.sigma, self._memory
        found = any(self._changes(theta, share * float(self._after[-1])) for share in (0.2, 0.4, 0.6, 0.8))
        self.sigma, self._memory = noise
        return found

    def _changes(self, theta: Floats, change_s: float) -> bool:
        """Whether drag grew at a moment; with the noise as it is about the path with that change."""
        changed = self._climb_to_best(theta, 9, change_s)
        for _ in range(2):
            self._estimate_noise(changed, change_s)
            changed = self._climb_to_best(changed, 9, change_s)
        plain = self._climb_to_best(theta, _N)
        gained = self._loss(plain[None])[0] - self._loss(changed[None], change_s)[0]
        return bool(gained > _MANOEUVRE_GAIN and changed[_CHANGE] > _MANOEUVRE)

    def sample(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Apogees as logged, seconds until them from the first row, and weights (n,) of hypotheses.

        What the rows hardly tell (tilt, air, drag curve, port) is drawn from its marginal about the best point; height,
        speed and drag are drawn about their best values given that draw, which may bend far from a straight line.
        """
        curvature = self._normal(theta, _N, math.inf)[1]
        core, rest = curvature[:_CORE, :_CORE], curvature[_CORE:, _CORE:]
        across = np.linalg.solve(core, curvature[:_CORE, _CORE:])
        marginal = rest - curvature[_CORE:, :_CORE] @ across
        normal = _normals(_SAMPLES, _N)
        fan = np.repeat(theta[None], _SAMPLES, axis=0)
        moved = normal[:, _CORE:] @ np.linalg.cholesky(_WIDER * np.linalg.inv(marginal)).T
        fan[:, _CORE:_N] += moved
        fan[:, :_CORE] -= moved @ across.T
        for _ in range(2):
            gradient, precision = self._core_normal(fan)
            fan[:, :_CORE] -= np.linalg.solve(precision, gradient[..., None])[..., 0]
        precision = self._core_normal(fan)[1]
        root = np.linalg.cholesky(_WIDER * np.linalg.inv(precision))
        fan[:, :_CORE] += np.einsum("nij,nj->ni", root, normal[:, :_CORE])
        logged, tops, when = self._fly(fan, up=True)
        spread = np.log(np.einsum("nii->ni", root)).sum(axis=1)
        weight = -self._loss_of(logged, fan) + 0.5 * (normal**2).sum(axis=1) + spread
        weight = np.where(np.isfinite(tops) & np.isfinite(weight), weight, -np.inf)
        if not np.isfinite(weight).any():
            raise np.linalg.LinAlgError("no hypothesis reaches an apogee")
        weight = np.exp(weight - weight.max())
        return tops, when, weight / weight.sum()

    def _core_normal(self, theta: Floats) -> tuple[Floats, Floats]:
        """Gradients (n, 3) and Gauss-Newton curvatures (n, 3, 3) over height, speed and drag of hypotheses (n, 9)."""
        fan = np.repeat(theta, 2 * _CORE + 1, axis=0).reshape(len(theta), 2 * _CORE + 1, 9)
        for j in range(_CORE):
            fan[:, 2 * j, j] += _DELTA[j]
            fan[:, 2 * j + 1, j] -= _DELTA[j]
        logged = self._fly(fan.reshape(-1, 9))[0].reshape(*fan.shape[:2], -1)
        jacobian = (logged[:, 0:-1:2] - logged[:, 1:-1:2]) / (2.0 * _DELTA[:_CORE, None])
        off = self._height - logged[:, -1]
        weight = self._weights(off) / ((self.sigma**2 + self._rough**2) * self._memory)
        precision = 1.0 / self._spread[:_CORE] ** 2
        gradient = -np.einsum("njm,nm->nj", jacobian, weight * off) + precision * (theta - self._mean)[:, :_CORE]
        return gradient, np.einsum("nim,nm,njm->nij", jacobian, weight, jacobian) + np.diag(precision)


def _normals(count: int, dimensions: int) -> Floats:
    """Standard normals (count, dimensions) that fill space evenly, always the same: a Halton sequence."""
    return np.asarray(ndtri(np.column_stack([_inverse(count, base) for base in _BASES[:dimensions]])))


def _inverse(count: int, base: int) -> Floats:
    """Radical inverses of 1 to `count`: digits mirrored at the point."""
    left, out, place = np.arange(1, count + 1), np.zeros(count), 1.0 / base
    while left.any():
        left, digit = np.divmod(left, base)
        out += digit * place
        place /= base
    return out


def _autocorrelation_time(residual: Floats) -> float:
    """Rows per independent row: 1 + 2 sum of the autocorrelations up to the first that is not above zero."""
    n = len(residual)
    total = float(residual @ residual)
    time = 1.0
    for lag in range(1, n // 3):
        correlation = float(residual[:-lag] @ residual[lag:]) / total if total > 0.0 else 0.0
        if correlation <= 0.0:
            break
        time += 2.0 * correlation
    return min(time, max(n / 4.0, 1.0))


def _quantiles(values: Floats, weight: Floats, levels: list[float]) -> list[float]:
    """Quantiles of weighted values."""
    order = np.argsort(values)
    inner = np.cumsum(weight[order]) - 0.5 * weight[order]
    return [float(np.interp(level, inner, values[order])) for level in levels]
