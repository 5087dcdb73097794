"""The report of a day in shadow."""

import json
import socket
import time
from dataclasses import replace

import numpy as np
import pytest

from rampart.pipeline import Outputs
from rampart.records import (
    AlertStatus,
    DecisionKind,
    Decisions,
    Detections,
    Engagements,
    ExternalTracks,
    Phase,
    Predictions,
    SensorModel,
    Site,
    Tracks,
    TrackStatus,
    Warnings,
    Zone,
    decide,
)
from rampart.serve.core import Worked
from rampart.serve.service import Service
from rampart.serve.service.looks import ObservedCover, look
from rampart.serve.service.shadow import DAY_NS, ShadowBook, poisson_bounds

from .site import SECOND, datagram, live_site, until

NIGHT = 1_750_000_000 * SECOND // DAY_NS * DAY_NS + DAY_NS - 10 * SECOND


@pytest.fixture
def site():
    square = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0]])
    radar = SensorModel("r1", "radar3d", np.zeros(3), 0.5, delay_s=0.1, max_range_m=20_000.0)
    return Site("camp", 0.58, 0.77, 34.0, zones=(Zone("north", square),), sensors=(radar,))


def step(now_ns, *, hit=True, warnings=None, range_m=5000.0):
    """One confirmed track at a place, reported or not."""
    tracks = Tracks.build(number=[3], state=[[0.0, range_m, 100.0, 0, 0, 0]], status=[int(TrackStatus.CONFIRMED)])
    n = int(hit)
    seen = Detections.build(
        n, number=[9] * n, sensor=[0] * n, time_ns=[now_ns - SECOND // 10] * n, received_ns=[now_ns] * n
    )
    info = {
        "track": {"association": np.array([[9, 3]] * n).reshape(-1, 2), "sensors": [{"status": "only", "reason": "x"}]}
    }
    said = Outputs(
        now_ns, tracks, Predictions.empty(), Warnings.empty() if warnings is None else warnings, Engagements.empty(),
        info, None,
    )  # fmt: skip
    return Worked(seen, ExternalTracks.empty(), (0,), Decisions.empty(), said)


def take(book, site, now_ns, worked, elapsed_s=1.0):
    book.take(site.id, now_ns, round(elapsed_s * SECOND), worked, look(site, elapsed_s, worked))


def warning(number, now_ns, status=AlertStatus.ACTUAL, sequence=0):
    return Warnings.build(
        1, number=[number], sequence=[sequence], zone=[0], phase=[int(Phase.SHELTER)], time_ns=[now_ns],
        status=[int(status)], received_ns=[now_ns - 50_000_000], time_to_impact_s=[12.0],
    )  # fmt: skip


def test_what_would_have_gone_out_is_counted_and_bounded(site, tmp_path):
    book = ShadowBook({"camp": site}, tmp_path)
    start = NIGHT - 7200 * SECOND
    for i in range(7200):
        now_ns = start + i * SECOND
        said = {
            100: warning(1, now_ns),
            101: warning(1, now_ns, sequence=1),
            500: warning(2, now_ns, AlertStatus.EXERCISE),
        }
        take(book, site, now_ns, step(now_ns, hit=i % 4 != 0, warnings=said.get(i)))
    report = book.report()
    assert report["hours"] == pytest.approx(2.0, abs=0.01)
    assert report["opened"] == 2
    assert report["false"]["n"] == 1  # the marked one is listed, not counted
    assert report["false"]["per_hour"] == pytest.approx(0.5, rel=0.01)
    assert report["false"]["low_95"] < 0.5 < report["false"]["high_95"]
    (sensor,) = report["sensors"]
    assert sensor["reports"] == 5400
    (cover,) = sensor["cover"]
    assert (cover["from_m"], cover["to_m"]) == (5000.0, 6000.0)
    assert cover["scans"] == pytest.approx(2 * 7199, rel=0.01)
    assert cover["observed"] == pytest.approx(5400 / 14_398, rel=0.02)  # one report in two scans, three times of four
    assert report["latency"]["detection_to_decision"]["n"] == 3
    assert 40 <= report["latency"]["detection_to_decision"]["p50_ms"] <= 60
    assert 90 <= sensor["delay"]["p50_ms"] <= 115


def test_a_real_attack_is_not_counted(site, tmp_path):
    book = ShadowBook({"camp": site}, tmp_path)
    for i in range(10):
        now_ns = NIGHT - 100 * SECOND + i * SECOND
        take(book, site, now_ns, step(now_ns, warnings=warning(1, now_ns) if i == 5 else None))
    assert book.report()["false"]["n"] == 1
    begin, end = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(NIGHT // SECOND - s)) for s in (100, 90))
    (tmp_path / "real.csv").write_text(f"{begin},{end}\nnot a time\n")
    assert book.report()["false"]["n"] == 0


def test_a_day_that_is_over_is_written(site, tmp_path):
    book = ShadowBook({"camp": site}, tmp_path)
    for i in range(20):
        now_ns = NIGHT + i * SECOND
        take(book, site, now_ns, step(now_ns, warnings=warning(1, now_ns) if i == 2 else None))
    (path,) = tmp_path.glob("shadow-*.json")
    report = json.loads(path.read_text())
    assert report["warnings"][0]["id"] == "camp/W1"
    page = path.with_suffix(".html").read_text()
    assert "1 warnings would have gone out" in page
    assert "camp/r1" in page
    assert book.report()["opened"] == 0  # a new day
    book.write()
    assert len(list(tmp_path.glob("shadow-*.html"))) == 2


def test_bounds_are_exact():
    low, high = poisson_bounds(3, 453.0 * 24)
    assert high * 453.0 * 24 == pytest.approx(8.767, abs=0.001)  # Garwood's table: 3 events, two-sided 95 %
    assert low * 453.0 * 24 == pytest.approx(0.619, abs=0.001)
    assert poisson_bounds(0, 0.0)[1] == float("inf")


@pytest.mark.compiled
def test_a_service_writes_its_report(tmp_path):
    with Service(live_site(), state=tmp_path) as service, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(3):
            out.sendto(datagram(service.clock()), ("127.0.0.1", service.ports["radar"]))
            time.sleep(0.05)
        service.decide(
            "camp", decide(service.sites["camp"], 1, service.clock(), DecisionKind.WARN, "A", "b", zones=["north"])
        )
        until(lambda: len(service.view("camp").warnings))
    (path,) = tmp_path.glob("shadow-*.json")
    report = json.loads(path.read_text())
    assert report["opened"] == 1
    assert report["sensors"][0]["reports"] == 9


def test_cover_is_told_by_direction_and_distance(site):
    cover = ObservedCover(site)
    for k in range(40):  # due north at 5 km, two scans per second, seen in every fourth; and at 9 km twice only
        worked = step(NIGHT + k * SECOND, hit=k % 2 == 0)
        cover.add(look(site, 1.0, worked))
    for _ in range(2):
        cover.add(look(site, 1.0, step(NIGHT, range_m=9000.0)))
    (sensor,) = cover.entry()
    (cell,) = sensor["cells"]
    assert (sensor["id"], sensor["modelled"]) == ("r1", site.sensors[0].p_detect)
    assert cell == {
        "from_deg": 0.0, "to_deg": 10.0, "from_m": 5000.0, "to_m": 6000.0, "scans": 80.0, "observed": 0.25,
    }  # fmt: skip


def test_a_report_of_a_step_before_and_a_track_outside_of_the_cover_are_no_looks(site):
    late = step(NIGHT)
    late.outputs.info["track"]["association"] = np.array([[8, 3]])
    assert look(site, 1.0, late).seen.tolist() == [0]
    assert not len(look(site, 1.0, step(NIGHT, range_m=30_000.0)).seen)
    assert not len(
        look(site, 1.0, replace(step(NIGHT), outputs=replace(step(NIGHT).outputs, tracks=Tracks.empty()))).seen
    )
