"""Worker processes and dask give the rows that one process gives, whoever dies on the way."""

import os
import signal
import socket
from contextlib import suppress
from multiprocessing import active_children

import pytest

from rampart.errors import InputError
from rampart.study.montecarlo.chunk import Chunk, run_chunk
from rampart.study.montecarlo.cluster import DaskEngine
from rampart.study.montecarlo.drive import drive
from rampart.study.montecarlo.plan import make_plan
from rampart.study.montecarlo.pool import ProcessEngine
from rampart.study.montecarlo.store import Store
from rampart.study.montecarlo.table import concat, digest, sort

pytestmark = [pytest.mark.slow, pytest.mark.compiled]


@pytest.fixture(scope="module")
def plan():
    return make_plan("embassy-rockets", runs=8, seed=3, overrides=["duration_s=45.0"])


@pytest.fixture(scope="module")
def expected(plan):
    return digest_of([run_chunk(plan, Chunk(0, 0, 8))])


def digest_of(parts):
    return digest(*(sort(name, concat(name, [getattr(part, name) for part in parts])) for name in ("runs", "threats")))


class Queue:
    def __init__(self, at=None):
        self.left, self.at, self.killed = [Chunk(0, k, k + 1) for k in range(8)][::-1], at, 0

    def next_chunk(self):
        if len(self.left) == self.at and not self.killed:
            self.killed = active_children()[0].pid
            os.kill(self.killed, signal.SIGKILL)
        return self.left.pop() if self.left else None


def test_a_killed_worker_changes_nothing(plan, expected):
    source = Queue(at=3)
    parts = list(ProcessEngine(plan, 2).run(source))
    assert source.killed
    assert digest_of(parts) == expected
    assert not [child for child in active_children() if child.is_alive()]


def test_dask_gives_the_same_rows(plan, expected):
    pytest.importorskip("distributed", reason="distributed is not installed")
    store = Store(None)
    with socket.socket() as other:
        with suppress(OSError):  # another cluster of this machine, at dask's own port
            other.bind(("127.0.0.1", 8787))
            other.listen()
        drive(plan, store, workers=1, dask="local")
    assert digest(store.read("runs"), store.read("threats")) == expected


def test_an_address_where_no_scheduler_listens_is_refused(plan, monkeypatch):
    pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setattr("rampart.study.montecarlo.cluster.PATIENCE_S", 0.5)
    with pytest.raises(InputError, match="no scheduler answers there"):
        list(DaskEngine(plan, "tcp://127.0.0.1:9", 1).run(Queue()))
