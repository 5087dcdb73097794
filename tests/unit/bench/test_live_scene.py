"""The load of the bench: octets that say what the radars saw."""

import numpy as np

from rampart.bench.live.scene import DELAY_S, TICK_S, Aircraft, FastReports, Load, Salvos, site_text
from rampart.pipeline import LIVE_ROOMS, build_places, parse_scenario
from rampart.records import DetectionFlag
from rampart.serve.feed import plan_feeds
from rampart.serve.receiver.ring import Packet

SECOND = 1_000_000_000


def test_what_is_written_many_at_a_time_is_read_as_it_was_seen():
    load = Load(40, 2, 1.0)
    scenario = parse_scenario(site_text(load), "bench", rooms=LIVE_ROOMS).starting(1_790_000_000 * SECOND)
    intake = plan_feeds(scenario, build_places(scenario)).intakes["bench"]
    sky, now_ns = Aircraft(load), scenario.start_ns + SECOND
    for radar in range(2):
        seen = sky.seen(radar, np.arange(40), 1.0)
        payloads = FastReports(DetectionFlag.SIMULATED).write(radar, np.arange(40), now_ns, seen)
        packets = [Packet(i + 1, 0, now_ns + SECOND // 50, octets, "127.0.0.1", 5) for i, octets in enumerate(payloads)]
        found = intake.take(packets).detections
        assert found.sensor.tolist() == [radar] * 40
        assert (found.flags & int(DetectionFlag.SIMULATED)).all()
        assert np.abs(found.time_ns - now_ns).max() <= 4_000_000
        read = np.column_stack([found.range_m, found.azimuth_rad, found.elevation_rad, found.range_rate_ms])
        turn = np.array([0.0, 2.0 * np.pi, 0.0, 0.0])
        off = np.abs(read - seen - turn * np.rint((read - seen) / 6.28))
        assert (off.max(axis=0) <= [0.06, 1e-4, 5e-5, 0.06]).all()


def test_salvos_are_reported_as_the_beam_passes_or_a_turn_at_a_time():
    load = Load(1, 2, 1.0)
    counts, late = {}, {}
    for by_turn in (False, True):
        salvos = Salvos(load, cycle_s=40.0, by_turn=by_turn)
        told = [salvos.between(k * TICK_S, (k + 1) * TICK_S, 0, DetectionFlag.SIMULATED) for k in range(4000)]
        counts[by_turn] = [sum(n for _, n in told[:2000]), sum(n for _, n in told[2000:])]
        late[by_turn] = salvos._at_s - (salvos._seen.time_ns - salvos.start_ns) * 1e-9
    assert counts[True] == counts[False]
    assert counts[True][0] == counts[True][1] > 20
    assert np.abs(late[False] - DELAY_S).max() < 1e-6
    assert late[True].max() > 0.5 * load.period_s
