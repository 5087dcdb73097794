"""The pool of workers: whatever breaks, and whenever, no chunk is lost and none is there twice."""

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from rampart.study.montecarlo import pool
from rampart.study.montecarlo.chunk import Chunk

CHUNKS = [Chunk(0, k, k + 1) for k in range(12)]


class Source:
    def __init__(self):
        self.left = CHUNKS[::-1]

    def next_chunk(self):
        return self.left.pop() if self.left else None


class Breaking:
    """Executors of which the first notices at its n-th chunk that a worker is dead: at once, or with the result."""

    def __init__(self, at, *, when_asked):
        self.at, self.when_asked, self.made = at, when_asked, 0

    def __call__(self, *_, **__):
        self.made += 1
        return Executor(self.at if self.made == 1 else None, self.when_asked)


class Executor:
    def __init__(self, at, when_asked):
        self.at, self.when_asked, self.asked = at, when_asked, 0

    def submit(self, _, chunk):
        self.asked += 1
        future = Future()
        if self.asked != self.at:
            future.set_result(chunk)
        elif self.when_asked:
            raise BrokenProcessPool("a worker has died")
        else:
            future.set_exception(BrokenProcessPool("a worker has died"))
        return future

    def shutdown(self, **_):
        pass


@pytest.mark.parametrize("when_asked", [True, False])
@pytest.mark.parametrize("at", [1, 2, 5, 12])
def test_a_pool_that_breaks_loses_no_chunk(monkeypatch, at, when_asked):
    pools = Breaking(at, when_asked=when_asked)
    monkeypatch.setattr(pool, "ProcessPoolExecutor", pools)
    done = list(pool.ProcessEngine(None, 2).run(Source()))
    assert sorted(done) == CHUNKS
    assert pools.made == 2
