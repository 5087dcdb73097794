"""What a service that runs for months asks of the allocator."""

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from rampart.serve.service.memory import give_back

def resident_kb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

took = give_back()
before = resident_kb()
for i in range(20):  # as states of chains come and go, with small things that stay between them
    block = bytearray(b"x") * (15_000_000 - 1_000 * i)
    kept = [np.ones(1000) for _ in range(50)]
    del block
print(int(took), resident_kb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_large_blocks_go_back():
    took, grown_kb = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout.split()
    assert took == "1"
    assert int(grown_kb) < 8_000


SETTLED = """
import gc
from rampart.serve.service.memory import settle

kept = [[] for _ in range(10_000)]
settle()
print(len(gc.get_objects()), gc.get_freeze_count())
"""


def test_what_stays_is_not_looked_through_for_garbage():
    looked_at, frozen = subprocess.run(
        [sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(looked_at) < 1_000
    assert int(frozen) > 10_000
