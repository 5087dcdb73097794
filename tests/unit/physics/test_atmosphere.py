"""Standard atmosphere, wind profiles, the kernels' table."""

from pathlib import Path

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.physics.atmosphere import WindProfile, atmosphere_table, load_wind, standard_atmosphere


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_sea_level_and_layer_feet_are_those_of_the_standard() -> None:
    # NOAA-S/T 76-1562, table I: geopotential feet of the layers
    geopotential = np.array([0.0, 11000.0, 20000.0, 32000.0])
    height = 6356766.0 * geopotential / (6356766.0 - geopotential)
    temperature, pressure, density, sound = standard_atmosphere(height)
    np.testing.assert_allclose(temperature, [288.15, 216.65, 216.65, 228.65], rtol=1e-12)
    np.testing.assert_allclose(pressure, [101325.0, 22632.06, 5474.89, 868.019], rtol=5e-6)
    assert density[0] == pytest.approx(1.2250, rel=1e-5)
    assert sound[0] == pytest.approx(340.294, rel=1e-6)


def test_pressure_is_continuous_and_hydrostatic() -> None:
    height = np.arange(-1000.0, 40000.0, 1.0)
    _, pressure, density, _ = standard_atmosphere(height)
    gravity = 9.80665 * (6356766.0 / (6356766.0 + height)) ** 2
    slope = np.gradient(pressure, 1.0)
    np.testing.assert_allclose(slope[1:-1], -(density * gravity)[1:-1], rtol=1e-4)


def test_table_interpolates_to_a_few_millionths() -> None:
    table = atmosphere_table()
    height = np.linspace(-500.0, 31999.0, 5000)
    row = ((height + 500.0) // 50.0).astype(int)
    f = (height + 500.0) / 50.0 - row
    _, _, density, sound = standard_atmosphere(height)
    # two rows hold a bend of the temperature
    bend = np.isin(row, ((np.array([11019.07, 20063.12]) + 500.0) // 50.0).astype(int))
    for column, values in ((0, density), (2, 1.0 / sound)):
        error = np.abs((table[row, column] + f * table[row, column + 1]) / values - 1.0)
        assert error[~bend].max() < 1e-5
        assert error.max() < 4e-4
    assert (table[-1, 1::2] == 0.0).all()


def test_wind_turns_through_north_and_keeps_its_strength() -> None:
    wind = WindProfile.from_directions([0.0, 1000.0], [10.0, 10.0], [340.0, 20.0])
    east, north = wind.at(np.linspace(0.0, 1000.0, 21))
    np.testing.assert_allclose(np.hypot(east, north), 10.0, rtol=1e-4)
    assert (north < -9.0).all()


def test_wind_from_the_west_blows_east(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "# site\nheight_m,speed_ms,direction_from_deg\n0,10,270\n\n2000,20,270\n")
    east, north = load_wind(path).at([0.0, 1000.0, 2000.0, 9000.0])
    np.testing.assert_allclose(east, [10.0, 15.0, 20.0, 20.0], rtol=1e-6)
    np.testing.assert_allclose(north, 0.0, atol=1e-9)


def test_components_in_any_order_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", "wind_north_ms, height_m ,wind_east_ms\r\n1,0,2\r\n3,100,4\r\n")
    east, north = load_wind(path).at(50.0)
    assert (float(east), float(north)) == (3.0, 2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("height_m,speed_ms\n0,1\n", "w.csv:1: columns height_m, speed_ms"),
        ("height_m,wind_east_ms,wind_north_ms\n", "w.csv:1: no rows"),
        ("height_m,wind_east_ms,wind_north_ms\n0,1\n", "w.csv:2: 2 values; expected 3"),
        ("height_m,wind_east_ms,wind_north_ms\n0,1,2\n100,x,2\n", "w.csv:3: wind_east_ms is 'x'"),
        ("height_m,wind_east_ms,wind_north_ms\n0,1,nan\n", "w.csv:2: wind_north_ms is 'nan'"),
        ("height_m,wind_east_ms,wind_north_ms\n0,1,2\n\n0,1,2\n", "w.csv:4: height_m 0 does not rise above 0"),
        ("height_m,speed_ms,direction_from_deg\n0,-1,2\n", "w.csv:2: speed_ms -1"),
    ],
)
def test_bad_files_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "w.csv", text)
    with pytest.raises(InputError) as error:
        load_wind(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_no_file_a_folder_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x80")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "bytes.csv"):
        with pytest.raises(InputError, match=path.name):
            load_wind(path)
