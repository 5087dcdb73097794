"""Background: recorded detections of a real site, mixed into the scans of simulated sensors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger import RecordingReader
from rampart.pipeline import Place, Purpose, Scenario, World, build_places, stream
from rampart.records import Detections, Result

#: Scan periods that differ by less than this share are the same.
_SAME_PERIOD = 0.02


@dataclass(frozen=True)
class Background:
    """A recording by name and digest; its scans are read where they are needed.

    Attributes
    ----------
    path : str
        The recording.
    sha256 : str
        Of the file.
    """

    path: str
    sha256: str

    def __reduce__(self) -> tuple[Any, ...]:
        return Background, (self.path, self.sha256)  # what was read stays where it was read

    @cached_property
    def scans(self) -> Mapping[tuple[str, str], list[tuple[int, Detections]]]:
        """``(site, sensor)`` -> time of delivery [ns UTC] and detections of each recorded scan, in order."""
        if _digest(self.path) != self.sha256:
            raise InputError("is another file than the study began with", path=self.path)
        return _read_scans(self.path)

    def mix(self, place: Place, world: World, *, seed: int, run: int) -> World:
        """The world with recorded detections in its sensors' scans.

        Parameters
        ----------
        place, world
            Of one site.
        seed, run : int
            Where in the recording a run begins is drawn from them, the same for all sensors.
        """
        share = stream(seed, run, Purpose.BACKGROUND, 0).random()
        site = place.site
        sensors = []
        for index, sensor in enumerate(world.sensors):
            scans = self.scans.get((site.id, site.sensors[index].id))
            sensors.append(sensor if scans is None else MixedSensor(sensor, scans, share))
        return World(world.flights, tuple(sensors))

    def quiet(self, place: Place) -> Place:
        """The place with sensors that raise no false alarms of their own where recorded ones are mixed in."""
        recorded = {sensor for site, sensor in self.scans if site == place.site.id}
        specs = tuple((i, _quiet(spec) if spec.id in recorded else spec) for i, spec in place.sensors)
        return Place(place.site, place.environment, specs, place.threats, place.effectors)


class MixedSensor:
    """A simulated sensor whose scans hold what was recorded, too.

    Parameters
    ----------
    sensor : object
        The simulated one: it adds detections of the raid.
    scans : list of (int, Detections)
        Recorded ones, in order.
    share : float
        In [0, 1): how far into the recording the first scan lies; after the last scan follows the first.
    """

    def __init__(self, sensor: Any, scans: list[tuple[int, Detections]], share: float) -> None:
        self._sensor, self._scans = sensor, scans
        self._first = int(share * len(scans))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sensor, name)

    def step(self, now_ns: int, sky: Any) -> Result[Detections]:
        """The simulated scan with the recorded one that has its turn, as if measured now."""
        result = self._sensor.step(now_ns, sky)
        scan = self._first + self._sensor.schedule.scan_of(now_ns)
        then_ns, recorded = self._scans[scan % len(self._scans)]
        if not len(recorded):
            return result
        n, shift = len(recorded), now_ns - then_ns
        recorded = recorded.replace(
            sensor=np.full(n, self._sensor.index),
            time_ns=recorded.time_ns + shift,
            received_ns=np.full(n, now_ns),
        )
        both = Detections.concat([result.records, recorded])
        flight = np.concatenate([result.info["flight"], np.full(n, -1, np.int32)])
        # sorted: the order in the batch must not tell what was mixed in
        order = np.lexsort((both.range_m, both.azimuth_rad, both.time_ns))
        return Result(both.take(order), {**result.info, "flight": flight[order]})


def read_background(path: str | Path, scenario: Scenario) -> Background:
    """Check that a recording has scans of the scenario's sensors.

    Raises
    ------
    InputError
        If it is no recording, has no sensor in common with the scenario, or scans at another pace.
    """
    background = Background(str(Path(path).resolve()), _digest(path))
    scans, common = background.scans, 0
    for place in build_places(scenario):
        for sensor in place.site.sensors:
            mine = scans.get((place.site.id, sensor.id))
            if mine is None:
                continue
            common += 1
            _check_pace(mine, sensor.scan_period_s, sensor.id, path)
    if not common:
        known = ", ".join(sorted({f"{sensor} of {site}" for site, sensor in scans})) or "none"
        raise InputError(f"has scans of no sensor of the scenario; it has {known}", path=path)
    return background


def _check_pace(scans: list[tuple[int, Detections]], period_s: float, sensor: str, path: str | Path) -> None:
    if len(scans) < 2:
        raise InputError(f"has {len(scans)} scan of sensor {sensor!r}, expected at least 2", path=path)
    recorded_s = float(np.median(np.diff([at for at, _ in scans]))) * 1e-9
    if abs(recorded_s - period_s) > _SAME_PERIOD * period_s:
        raise InputError(
            f"sensor {sensor!r} scanned every {recorded_s:.3g} s, the scenario's scans every {period_s:.3g} s",
            path=path,
        )


def _read_scans(path: str | Path) -> dict[tuple[str, str], list[tuple[int, Detections]]]:
    reader = RecordingReader(path)
    names = {site.id: [sensor.id for sensor in site.sensors] for site in reader.sites}
    found: dict[tuple[str, str], list[tuple[int, Detections]]] = {}
    for batch in reader.batches():
        heard = set(batch.heard or ()) | set(batch.detections.sensor.tolist())
        for index in sorted(heard):
            mine = batch.detections.take(batch.detections.sensor == index)
            found.setdefault((batch.site_id, names[batch.site_id][index]), []).append((batch.now_ns, mine))
    return found


def _quiet(spec: Any) -> Any:
    silent = {key: 0.0 for key in ("false_alarms_per_scan",) if key in type(spec).model_fields}
    silent |= {key: 0 for key in ("clutter_cells",) if key in type(spec).model_fields}
    return spec.model_copy(update=silent)


def _digest(path: str | Path) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
