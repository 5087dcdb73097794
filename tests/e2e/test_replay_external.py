"""Replay: what other systems' tracks did to a recorded run, they do again."""

import numpy as np
import pytest

from rampart.ledger import OutputDigest, RecordingReader, RecordingWriter, make_header
from rampart.physics.geodesy import enu_to_geodetic
from rampart.pipeline import build_chain, build_places, load
from rampart.records import Detections, ExternalTracks
from rampart.study.replay import replay

NS = 1_000_000_000
STEPS = 6


def reports(site, step):
    now_ns = site.start_ns + step * NS
    place = enu_to_geodetic(
        np.array([6000.0 - 80.0 * step, 1000.0, 700.0]), site.latitude_rad, site.longitude_rad, site.height_m
    )
    return ExternalTracks.build(
        1,
        source=["25/100"],
        source_track=[7],
        time_ns=[now_ns],
        received_ns=[now_ns],
        latitude_rad=[place[0]],
        longitude_rad=[place[1]],
        height_m=[place[2]],
        velocity_xyz_ms=[(-80.0, 0.0, 0.0)],
        position_sigma_m=[(30.0, 30.0)],
        identity=["4CA7A8"],
    )


def record(path, *, with_external=True):
    """A chain fed other systems' tracks alone; gives the steps in which it was given any."""
    scenario = load("bdsc-rocket")
    (place,) = build_places(scenario)
    chain, digest, site = build_chain(scenario, place, engage=False), OutputDigest(), place.site
    header = make_header(
        scenario={**scenario.resolved(), "folder": str(scenario.folder)}, scenario_toml=scenario.text, seed=0, run=0,
        version="0", sites=[site],
    )  # fmt: skip
    with RecordingWriter(path, header={**header, "effectors": False, "overrides": []}) as writer:
        for step in range(STEPS):
            now_ns = site.start_ns + step * NS
            external = reports(site, step) if step % 2 == 0 else ExternalTracks.empty()
            out = chain.step(now_ns, Detections.empty(), external)
            assert (out.tracks.number >= 1_000_001).any()
            writer.batch(site.id, now_ns, Detections.empty(), external=external if with_external else None)
            writer.outputs(site.id, now_ns, out.tracks, out.predictions, out.warnings, out.engagements)
            digest.update(out.tracks, out.predictions, out.warnings, out.engagements)
        writer.summary({"output_sha256": digest.hexdigest()})
    return site


@pytest.mark.compiled
def test_replay_gives_other_systems_tracks_again(tmp_path):
    path = tmp_path / "recording.mcap"
    site = record(path)
    reader = RecordingReader(path)
    assert reader.verify().messages[f"/{site.id}/external"] == STEPS // 2
    batches = list(reader.batches())
    assert [len(batch.external) for batch in batches] == [1, 0] * (STEPS // 2)
    assert batches[2].external.canonical_bytes() == reports(site, 2).canonical_bytes()
    assert replay(path) == {"output_sha256": reader.summary["output_sha256"], "matches_recording": True, "steps": STEPS}


@pytest.mark.compiled
def test_a_recording_without_them_is_found_not_to_match(tmp_path):
    path = tmp_path / "recording.mcap"
    record(path, with_external=False)
    assert not replay(path)["matches_recording"]
