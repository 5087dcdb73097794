"""The scenes of the tracking benchmark: equal to the public ones, drawn anew from their seeds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from rampart.bench.scenes import FALSE_ALARMS, P_DETECT, SCANS, make_scene

KIT = Path(__file__).resolve().parents[3].parent / "shared" / "bench" / "tracking"


def in_order(rows):
    return rows[np.lexsort(rows.T[::-1])]


def whole(scene):
    return np.column_stack([scene.detections, scene.source])


@pytest.fixture(scope="module")
def kit():
    path = KIT / "make_scenes.py"
    if not path.is_file():
        pytest.skip("no ../shared/bench/tracking/make_scenes.py")
    spec = importlib.util.spec_from_file_location("make_scenes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("kind", "targets", "seed"), [("cross", 10, 0), ("cross", 100, 7), ("dense", 50, 42), ("swarm", 40, 119)]
)
def test_equal_to_those_of_the_public_bench(kit, kind, targets, seed):
    truth, found = kit.make_scene(kind, targets, seed)
    scene = make_scene(kind, targets, seed)
    assert np.array_equal(scene.truth, truth)
    assert np.array_equal(in_order(whole(scene)), in_order(found))


@pytest.mark.parametrize("name", ["cross_50_s0", "cross_100_s0", "dense_50_s0", "swarm_40_s0"])
def test_equal_to_the_published_files(name):
    path = KIT / "scenes" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no ../shared/bench/tracking/scenes/{name}.npz")
    kind, targets, seed = name.split("_")
    scene = make_scene(kind, int(targets), int(seed[1:]))
    with np.load(path) as data:
        # another CPU may round a sine or a square root's neighbour differently in the last bit
        np.testing.assert_allclose(scene.truth, data["truth"], rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(in_order(whole(scene)), in_order(data["det"]), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("kind", ["cross", "dense", "swarm"])
def test_same_seed_same_bytes_other_seed_others(kind):
    one, again, other = make_scene(kind, 20, 5), make_scene(kind, 20, 5), make_scene(kind, 20, 6)
    assert whole(one).tobytes() == whole(again).tobytes()
    assert one.truth.tobytes() == again.truth.tobytes()
    assert whole(one).tobytes() != whole(other).tobytes()


def test_order_in_a_scan_does_not_tell_targets_from_false_alarms():
    scene = make_scene("swarm", 40, 3)
    first = np.array([scene.source[scene.detections[:, 0] == scan][0] for scan in range(SCANS)])
    assert (first < 0).any()
    assert (np.diff(first[first >= 0]) < 0).any()


def test_detections_are_as_the_radar_says():
    scene = make_scene("cross", 100, 1)
    real = scene.source >= 0
    assert np.mean(real) * len(real) / len(scene.truth) == pytest.approx(P_DETECT, abs=0.02)
    assert np.sum(~real) / SCANS == pytest.approx(FALSE_ALARMS, rel=0.1)
    at = {(int(row[0]), int(row[1])): row for row in scene.truth}
    rows = np.array(
        [at[int(scan), int(source)] for scan, source in zip(scene.detections[real, 0], scene.source[real], strict=True)]
    )
    error = scene.detections[real, 1] - np.linalg.norm(rows[:, 2::2], axis=1)
    assert np.std(error) == pytest.approx(10.0, rel=0.03)


def test_clutter_has_no_targets_and_any_length():
    scene = make_scene("clutter", 0, 2, scans=200)
    assert scene.scans == 200
    assert len(scene.truth) == 0
    assert (scene.source == -1).all()
    assert len(scene.batches()) == 200


def test_impossible_scenes_are_refused():
    with pytest.raises(ValueError, match="multiple of 10"):
        make_scene("swarm", 15, 0)
    with pytest.raises(ValueError, match="no kind of scene 'spiral'"):
        make_scene("spiral", 10, 0)
