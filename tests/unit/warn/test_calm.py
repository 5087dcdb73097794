"""A warner that sleeps while nothing can change says what one says that looks in every step."""

from typing import Any

import pytest

from rampart.pipeline import load
from rampart.records import Picture, Result, Warnings
from rampart.study.run import simulate
from rampart.warn.warner import Warner


def said(result: Result[Warnings]) -> tuple[Any, ...]:
    zones = result.info.get("zones")
    return result.records.canonical_bytes(), result.wake_ns, None if zones is None else zones.canonical_bytes()


@pytest.mark.parametrize(("scenario", "seed"), [("embassy-rockets", 11), ("embassy-rockets", 12), ("embassy-drone", 7)])
def test_sleeping_changes_nothing(monkeypatch: pytest.MonkeyPatch, scenario: str, seed: int) -> None:
    step, slept = Warner.step, []

    def both(self: Warner, now_ns: int, inputs: Picture) -> Result[Warnings]:
        awake = Warner(self.site, self.policy, self.status)
        awake.restore(self.snapshot())  # knows of no sleep
        slept.append(now_ns < self._calm_ns and not len(inputs.tracks))
        expected, result = step(awake, now_ns, inputs), step(self, now_ns, inputs)
        assert said(result) == said(expected)
        return result

    monkeypatch.setattr(Warner, "step", both)
    simulate(load(scenario, overrides=["duration_s=120.0"]), seed=seed)
    assert sum(slept) > (100 if scenario == "embassy-rockets" else 0)
    assert not all(slept)
