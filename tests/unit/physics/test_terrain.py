"""Ground heights, .hgt tiles, line of sight."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.physics import geodesy
from rampart.physics.terrain import Terrain, line_of_sight, load_hgt

SITE = {"latitude_rad": math.radians(33.4), "longitude_rad": math.radians(44.6), "height_m": 100.0}


def write_tile(folder: Path, heights: np.ndarray, name: str = "N33E044.hgt") -> Path:
    path = folder / name
    path.write_bytes(heights.astype(">i2").tobytes())
    return path


def sloping(side: int = 1201) -> np.ndarray:
    """Height falls 1,000 m from the north edge to the south one and rises 500 m from west to east."""
    rows, columns = np.mgrid[0:side, 0:side] / (side - 1.0)
    return np.round(1000.0 * (1.0 - rows) + 500.0 * columns)


def true_slope(latitude_deg: float, longitude_deg: float) -> float:
    return 1000.0 * (latitude_deg - 33.0) + 500.0 * (longitude_deg - 44.0)


def hill() -> Terrain:
    heights = np.zeros((41, 41))
    heights[:, 20] = 100.0
    return Terrain(heights, -2000.0, -2000.0, 100.0)


def test_bilinear_and_beyond_the_edge() -> None:
    ground = Terrain(np.array([[0.0, 10.0], [20.0, 30.0]]), east0_m=100.0, north0_m=200.0, step_m=50.0)
    np.testing.assert_allclose(ground.height_at([100.0, 150.0, 125.0, 0.0, 900.0], [200.0, 250.0, 225.0, 0.0, 900.0]),
                               [0.0, 30.0, 15.0, 0.0, 30.0])  # fmt: skip
    assert ground.height_at(math.nan, 0.0) == 0.0


@pytest.mark.parametrize("side", [1201, 3601])
def test_a_whole_tile_lies_where_it_should(tmp_path: Path, side: int) -> None:
    ground = load_hgt(write_tile(tmp_path, sloping(side)), **SITE, radius_m=20000.0, step_m=500.0)
    assert ground.heights_m.shape == (81, 81)
    for east, north in ((0.0, 0.0), (15000.0, -12000.0), (-19000.0, 19500.0)):
        up = float(ground.height_at(east, north))
        latitude, longitude, height = geodesy.enu_to_geodetic([east, north, up], *SITE.values())
        expected = true_slope(math.degrees(latitude), math.degrees(longitude))
        # whole metres in the file
        assert height == pytest.approx(expected, abs=1.0)
    # the Earth bulges: 20 km away sea level lies 31 m below the tangent plane
    assert ground.height_at(0.0, -20000.0) < true_slope(33.4 - 20.0 / 110.9, 44.6) - SITE["height_m"] - 25.0


def test_only_what_the_tile_covers_is_kept(tmp_path: Path) -> None:
    corner = {**SITE, "latitude_rad": math.radians(33.05), "longitude_rad": math.radians(44.95)}
    ground = load_hgt(write_tile(tmp_path, sloping()), **corner, radius_m=20000.0, step_m=500.0)
    rows, columns = ground.heights_m.shape
    assert 45 <= rows < 81
    assert 45 <= columns < 81
    latitude, longitude, _ = geodesy.enu_to_geodetic([ground.east0_m, ground.north0_m, 0.0], *corner.values())
    assert latitude >= math.radians(33.0)
    assert longitude >= math.radians(44.0)


def test_voids_in_the_ground_that_is_used_are_refused(tmp_path: Path) -> None:
    heights = np.full((1201, 1201), 50.0)
    heights[580:590, 700:720] = -32768
    path = write_tile(tmp_path, heights)
    with pytest.raises(
        InputError, match=r"N33E044.hgt: void samples \(-32768\) in [0-9.]+ % of the ground that is used"
    ):
        load_hgt(path, **{**SITE, "latitude_rad": math.radians(33.5)}, radius_m=5000.0)


def test_voids_elsewhere_do_no_harm(tmp_path: Path) -> None:
    heights = np.full((1201, 1201), 50.0)
    heights[900:, 900:] = -32768
    ground = load_hgt(write_tile(tmp_path, heights), **{**SITE, "latitude_rad": math.radians(33.5)}, radius_m=5000.0)
    assert ground.height_at(0.0, 0.0) == pytest.approx(-50.0, abs=0.1)


def test_a_cut_tile_names_its_bytes(shared_data) -> None:
    path = shared_data("terrain/N34W081_part.hgt")
    with pytest.raises(InputError) as error:
        load_hgt(path, latitude_rad=math.radians(34.5), longitude_rad=math.radians(-80.5), height_m=0.0)
    for part in ("N34W081_part.hgt", "1,048,576 bytes", "25,934,402 (1 arc second)", "2,884,802 (3 arc second)"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "heights", "site", "message"),
    [
        ("tile.hgt", np.zeros((2, 2)), SITE, "named after its south-west corner"),
        ("N33E044.hgt", np.zeros((2, 2)), SITE, "8 bytes; expected 25,934,402"),
        ("N33E044.hgt", np.full((1201, 1201), -32768), SITE, "every sample of the tile is void"),
        ("S33W044.hgt", np.zeros((1201, 1201)), SITE, "the site at 33.4000 44.6000 deg lies outside this tile"),
    ],
)
def test_bad_tiles(tmp_path: Path, name: str, heights: np.ndarray, site: dict[str, float], message: str) -> None:
    path = write_tile(tmp_path, heights, name)
    with pytest.raises(InputError, match=message) as error:
        load_hgt(path, **site)
    assert name in str(error.value)


def test_no_tile_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "N33E044.hgt").mkdir()
    for name in ("N33E044.hgt", "N33E043.hgt"):
        with pytest.raises(InputError, match=name):
            load_hgt(tmp_path / name, **SITE)


def test_smooth_ground_hides_beyond_the_horizon() -> None:
    reach = float(geodesy.horizon_distance_m(12.0, 30.0))
    seen = line_of_sight(
        [0.0, 0.0, 12.0],
        [[reach - 1.0, 0.0, 30.0], [0.0, reach + 1.0, 30.0], [10.0, 0.0, -1.0], [math.nan] * 3],
        Terrain.flat(),
    )
    assert seen.tolist() == [True, False, False, False]


def test_a_hill_hides_what_is_behind_it() -> None:
    targets = [[1500.0, 0.0, 50.0], [1500.0, 0.0, 210.0], [-1000.0, 0.0, 5.0], [1500.0, 0.0, -5.0]]
    seen = line_of_sight([-1500.0, 0.0, 10.0], targets, hill())
    assert seen.tolist() == [False, True, True, False]


def test_a_sensor_in_the_ground_sees_nothing() -> None:
    assert not line_of_sight([0.0, 0.0, 50.0], [[-1500.0, 0.0, 500.0]], hill()).any()


def test_grid_and_horizon_formula_agree_on_a_smooth_sphere() -> None:
    # a sphere as a grid: what the 4/3 rule leaves of its bulge must end the sight where the formula says
    axis = np.arange(-60000.0, 60001.0, 250.0)
    radius = 6371008.8
    east, north = np.meshgrid(axis, np.array([-250.0, 0.0, 250.0]))
    heights = np.sqrt(radius**2 - east**2 - north**2) - radius
    ground = Terrain(heights, -60000.0, -250.0, 250.0)
    for height in (30.0, 60.0, 100.0):
        reach = float(geodesy.horizon_distance_m(20.0, height))
        at = np.array([0.97 * reach, 1.03 * reach])
        up = np.sqrt(radius**2 - at**2) - radius + height
        targets = np.column_stack([at, np.zeros(2), up])
        assert line_of_sight([0.0, 0.0, 20.0], targets, ground).tolist() == [True, False]


def test_terrain_is_checked_copied_and_picklable() -> None:
    heights = np.zeros((3, 3))
    ground = Terrain(heights, 0.0, 0.0, 10.0)
    heights[:] = 5.0
    assert ground.height_at(5.0, 5.0) == 0.0
    assert pickle.loads(pickle.dumps(ground)).height_at(5.0, 5.0) == 0.0
    for bad in (np.zeros(3), np.zeros((1, 3)), np.full((3, 3), math.nan)):
        with pytest.raises(ValueError, match=r"terrain|heights"):
            Terrain(bad, 0.0, 0.0, 10.0)
