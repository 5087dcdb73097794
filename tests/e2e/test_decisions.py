"""What operators decided in a run is repeated by its recording, bit for bit."""

import pytest

from rampart.ledger import Collector, OutputDigest, RecordingWriter, make_header
from rampart.pipeline import build_chain, build_places, load
from rampart.records import AlertStatus, DecisionKind, Phase, decide
from rampart.study import run
from rampart.study.replay import replay


class Tape(Collector):
    """Keeps the inputs of a run."""

    def __init__(self):
        super().__init__({})
        self.inputs = []

    def batch(self, site_id, now_ns, detections, sensor=None, *, decisions=None, heard=None):
        self.inputs.append((now_ns, detections, heard))


@pytest.fixture(scope="module")
def inputs():
    tape = Tape()
    run("bdsc-rocket", seed=3, effectors=False, referee=False, recorders=[tape])
    return tape.inputs


def test_replay_repeats_decisions(inputs, tmp_path):
    scenario = load("bdsc-rocket", overrides=['warn.status="actual"'])
    place = build_places(scenario)[0]
    chain, digest, said = build_chain(scenario, place, engage=False), OutputDigest(), []
    zones, path = [zone.id for zone in place.site.zones], tmp_path / "recording.mcap"
    plan = {40: DecisionKind.WARN, 70: DecisionKind.HOLD, 110: DecisionKind.CANCEL}
    header = make_header(
        scenario={**scenario.resolved(), "folder": str(scenario.folder)},
        scenario_toml=scenario.text,
        seed=3,
        run=0,
        version="0",
        sites=[place.site],
        effectors=False,
    )
    with RecordingWriter(path, header=header) as writer:
        for step, (now, detections, heard) in enumerate(inputs):
            decisions = None
            if step in plan:
                number = 1 + list(plan).index(step)
                decisions = decide(place.site, number, now, plan[step], "A. Smith", "seen", zones=zones)
            out = chain.step(now, detections, decisions=decisions, heard=heard)
            writer.batch(place.site.id, now, detections, decisions=decisions, heard=heard)
            writer.outputs(place.site.id, now, out.tracks, out.predictions, out.warnings, out.engagements)
            writer.states(place.site.id, now, out.health, out.zones)
            digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
            said += list(out.warnings)
        writer.summary({"output_sha256": digest.hexdigest()})
    assert {int(row.decision) for row in said} >= {1, 2, 3}
    assert [Phase(r.phase) for r in said if r.decision == 3] == [Phase.CANCEL] * len(zones)
    assert AlertStatus.ACTUAL not in {r.status for r in said}  # the file says actual; the run is none
    assert replay(path)["matches_recording"]
