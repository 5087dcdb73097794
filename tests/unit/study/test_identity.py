"""What a target says of itself, or another system says of it, never keeps a warning back."""

import numpy as np
import pytest

from rampart.physics.geodesy import enu_to_geodetic
from rampart.pipeline import build_chain, build_places, build_world, load
from rampart.records import AlertStatus, DetectionFlag, Detections, ExternalTracks, Phase
from rampart.study.site_run import run_site

NS = 1_000_000_000


class Named:
    """A chain that hears an aircraft's address with every detection."""

    def __init__(self, chain):
        self._chain = chain

    def step(self, now_ns, detections, **more):
        return self._chain.step(now_ns, detections.replace(identity=["4CA7A8"] * len(detections)), **more)


@pytest.fixture(scope="module")
def place():
    scenario = load("bdsc-rocket")
    return scenario, build_places(scenario)[0]


def warned_of(outputs):
    return [w for out in outputs for w in out.warnings if w.phase == Phase.SHELTER]


def test_a_rocket_with_an_identity_is_warned_of(place):
    scenario, where = place
    chain = Named(build_chain(scenario, where, engage=False))
    run = run_site(where, build_world(where, seed=3, run=0), chain, None, duration_s=scenario.head.duration_s)
    plain = run_site(
        where, build_world(where, seed=3, run=0), build_chain(scenario, where, engage=False), None,
        duration_s=scenario.head.duration_s,
    )  # fmt: skip
    named, bare = warned_of(run.outputs), warned_of(plain.outputs)
    assert bare
    assert [(w.zone, w.time_ns) for w in named] == [(w.zone, w.time_ns) for w in bare]
    assert any((out.tracks.identity == "4CA7A8").any() for out in run.outputs)


@pytest.mark.parametrize(
    ("flags", "status"),
    [(0, AlertStatus.ACTUAL), (DetectionFlag.SIMULATED, AlertStatus.EXERCISE), (DetectionFlag.TEST, AlertStatus.TEST)],
)
def test_tracks_of_another_system_alone_give_warnings_and_a_marked_one_none_that_is_meant(place, flags, status):
    _, where = place
    scenario = load("bdsc-rocket", overrides=['warn.status="actual"'])
    site, flight = where.site, build_world(where, seed=3, run=0).flights[0]
    chain = build_chain(scenario, where, live=True)
    zone = site.zones[0].polygon_en.mean(axis=0)
    shift = np.append(zone - flight.position_enu[-1, :2], 0.0)
    said = []
    for k in np.arange(6.0, flight.end_s - flight.start_s, 1.0):
        at = flight.start_s + k
        position = np.array([np.interp(at, flight.time_s, flight.position_enu[:, a]) for a in range(3)]) + shift
        velocity = [np.interp(at, flight.time_s, flight.velocity_enu[:, a]) for a in range(3)]
        place_of = enu_to_geodetic(position, site.latitude_rad, site.longitude_rad, site.height_m)
        now = site.start_ns + round(at * NS)
        likely = np.full((1, 9), 0.0125)
        likely[0, 0] = 0.9
        external = ExternalTracks.build(
            1, source=["other"], source_track=[1], time_ns=[now], received_ns=[now], latitude_rad=[place_of[0]],
            longitude_rad=[place_of[1]], height_m=[place_of[2]], velocity_xyz_ms=[velocity],
            position_sigma_m=[[15.0, 15.0]], class_probability=likely, identity=["4CA7A8"],
            flags=[flags],
        )  # fmt: skip
        said.append(chain.step(now, Detections.empty(), external))
    assert {w.status for w in warned_of(said)} == {status}
    assert all((out.tracks.sensors == 0).all() for out in said)
