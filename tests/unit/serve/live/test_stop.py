"""A service that is told to stop while reports pour in."""

import socket
import threading
import time

import pytest

from rampart.bench.live.scene import TICK_S, Load, Stream, site_text
from rampart.records import DetectionFlag
from rampart.serve.journal import replay_journal
from rampart.serve.service import Service

from .site import live_site, until

#: The unit file in deploy/ gives it twice as long before it is killed.
LONGEST_S = 10.0
LOAD = Load(targets=250, radars=4, period_s=0.95)  # 1,000 reports per second


def pour(port, clock, over):
    """The load by the clock, and nobody is waited for."""
    began_ns, k = clock(), 0
    stream = Stream(LOAD, began_ns, DetectionFlag.SIMULATED, None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while not over.wait(max(k * TICK_S - (clock() - began_ns) * 1e-9, 0.0)):
            for payload in stream.tick(k).payloads:
                out.sendto(payload, ("127.0.0.1", port))
            k += 1


@pytest.mark.compiled
def test_a_stop_under_load_ends_in_time_and_what_was_taken_is_stepped_and_kept(tmp_path):
    service, over = Service(live_site(site_text(LOAD)), state=tmp_path), threading.Event()
    service.start()
    sender = threading.Thread(target=pour, args=(service.ports["radars"], service.clock, over), daemon=True)
    sender.start()
    try:
        until(lambda: service.counters()['tracks{site="bench"}'] > 100)  # tracks begin: the longest steps there are
        began_s = time.monotonic()
        service.stop()
        took_s = time.monotonic() - began_s
    finally:
        over.set()
        sender.join()
    kept = service._journal.counters()
    assert took_s < LONGEST_S
    assert service._cores["bench"].health().waiting == 0
    assert (kept["journal_lost_total"], kept["journal_waiting"]) == (0, 0)
    found = replay_journal(service.journal_folder)
    assert found.steps == service._cores["bench"].health().steps
    assert not found.different
