"""Drones that turn, brake and hover, and the filters beside them."""

import numpy as np
import pytest

from rampart.bench import turns


def test_turns_keep_speed_and_stops_end_in_a_sway():
    _, velocity, part = turns.fly("turns", 3)
    assert np.linalg.norm(velocity, axis=1) == pytest.approx(turns.SPEED_MS)
    heading = np.unwrap(np.arctan2(velocity[:, 1], velocity[:, 0]))
    moved = np.abs(np.diff(heading)) > 1e-9
    assert moved.any()
    assert (part[1:][moved] == 0).all()
    _, velocity, part = turns.fly("stop", 3)
    speed = np.linalg.norm(velocity, axis=1)
    assert speed[:18] == pytest.approx(turns.SPEED_MS)
    assert 0.0 < speed[part == 1].max() < 5.0 * turns.SWAY_MS


def test_without_noise_a_filter_of_constant_velocity_finds_a_straight_flight(monkeypatch):
    monkeypatch.setattr(turns, "P_DETECT", 1.0)
    position = np.column_stack([2000.0 + 15.0 * np.arange(60), np.full(60, 500.0), np.full(60, 120.0)])
    velocity = np.tile([15.0, 0.0, 0.0], (60, 1))
    scene = turns.look("turns", position, velocity, 1)
    error = np.linalg.norm(turns.filtered(scene, 1e-6) - position, axis=1)
    assert (scene.source == 0).sum() == 60
    assert error[-10:].max() < 8.0  # sixty looks of 10 m
    mine = scene.source == 0
    scene.detections[mine, 1] = np.linalg.norm(position, axis=1)
    scene.detections[mine, 2] = np.arctan2(position[:, 1], position[:, 0])
    scene.detections[mine, 3] = np.arcsin(position[:, 2] / scene.detections[mine, 1])
    assert np.linalg.norm(turns.filtered(scene, 0.7) - position, axis=1)[20:].max() < 0.1


def test_equal_seeds_give_equal_flights():
    for kind in ("turns", "stop"):
        again = turns.fly(kind, 5)
        for first, second in zip(turns.fly(kind, 5), again, strict=True):
            np.testing.assert_array_equal(first, second)
        assert not np.array_equal(again[0], turns.fly(kind, 6)[0])
