"""Scenario files: what is good is read, what is bad is named with file, line and key."""

import pytest

from rampart.errors import InputError
from rampart.pipeline import (
    CHAIN_ROOMS,
    build_places,
    builtin_scenarios,
    load,
    parse_scenario,
    restore_scenario,
)

GOOD = """\
schema = 1
name = "test"
start = 2021-07-05T21:00:00Z
duration_s = 60.0

[[site]]
id = "base"
origin = { lat_deg = 33.30, lon_deg = 44.39, height_m = 34.0 }

[[zone]]
id = "north"
polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]

[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 12.0]

[[threat]]
id = "rocket"
kind = "rocket"
arrival_s = 40.0
impact_en_m = [0.0, 150.0]
from_bearing_deg = 65.0
time_of_flight_s = 25.0

[warn]
miss_cost = 1000.0
"""


def refuse(text, **kwargs):
    with pytest.raises(InputError) as caught:
        parse_scenario(text, "file.toml", **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_good_file_is_read():
    scenario = parse_scenario(GOOD, "file.toml")
    assert scenario.name == "test"
    assert scenario.start_ns == 1_625_518_800_000_000_000
    assert [len(scenario.parts[s]) for s in ("site", "zone", "sensor", "threat", "effector")] == [1, 1, 1, 1, 0]
    assert scenario.stages["warn"].miss_cost == 1000.0


@pytest.mark.parametrize("name", builtin_scenarios())
def test_builtin_scenarios_load_and_survive_the_recording(name):
    scenario = load(name)
    again = restore_scenario(scenario.resolved(), "recording.mcap")
    assert again.resolved() == scenario.resolved()
    assert again.start_ns == scenario.start_ns


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("position_enu_m", "position_enu", ":17:", "position_enu_m"),
        ("duration_s = 60.0", "duration_s = 'long'", ":4:", "duration_s"),
        ("duration_s = 60.0", "duration = 60.0", ":", "duration_s"),
        ("duration_s = 60.0", "duration_s = nan", ":4:", "finite"),
        ("lat_deg = 33.30", "lat_deg = 144.0", ":8:", "lat_deg"),
        ('kind = "radar3d"', 'kind = "radar4d"', ":16:", "radar3d"),
        ('kind = "radar3d"\n', "", ":14:", "kind"),
        ("schema = 1", "schema = 2", ":1:", "schema"),
        ("[warn]", "[wran]", ":", "warn"),
        ("miss_cost = 1000.0", "miss_cost = true", ":28:", "miss_cost"),
        ("[[-150, 50], [150, 50], [150, 250], [-150, 250]]", "[[-150, 50], [150, 50]]", ":12:", "polygon_en_m"),
        ('id = "r1"', 'id = "r 1"', ":15:", "id"),
    ],
)
def test_bad_key_is_named_with_its_line(old, new, place, words):
    assert old in GOOD
    message = refuse(GOOD.replace(old, new, 1))
    assert message.startswith(f"file.toml{place}")
    assert words in message


def test_deep_nesting_is_refused_with_its_line():
    assert refuse(GOOD + "x = " + "[" * 5000 + "]" * 5000).startswith("file.toml:29: not TOML")


def test_ids_are_unique_and_sites_exist():
    assert "stands twice" in refuse(GOOD + '[[zone]]\nid = "north"\npolygon_en_m = [[0, 0], [1, 0], [1, 1]]\n')
    other = '[[zone]]\nid = "z"\nsite = "elsewhere"\npolygon_en_m = [[0, 0], [1, 0], [1, 1]]\n'
    assert "expected one of base" in refuse(GOOD + other)


def test_live_rooms_refuse_simulated_parts():
    assert "simulation only" in refuse(GOOD, rooms={"sensor", "track", "predict", "warn"})
    live = GOOD[: GOOD.index("[[threat]]")] + "[engage]\n"
    assert "simulation only" in refuse(live, rooms={"sensor", "track", "predict", "warn"})


def test_overrides_reach_sections_and_parts():
    changed = parse_scenario(
        GOOD, "f", overrides=["warn.miss_cost=5", "threat.rocket.arrival_s=50", "sensor.scan_period_s=0.25"]
    )
    assert changed.stages["warn"].miss_cost == 5
    assert changed.parts["threat"][0].arrival_s == 50
    assert changed.parts["sensor"][0].scan_period_s == 0.25


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("threat.rokcet.count=2", "rocket"),
        ("nothing.key=2", "no section"),
        ("warn.mis_cost=2", "mis_cost"),
        ("warn.miss_cost", "section.key=value"),
        ("warn.miss_cost=[1", "TOML"),
        ("threat=2", "section"),
    ],
)
def test_bad_overrides_are_named(override, words):
    assert words in refuse(GOOD, overrides=[override])


def test_ambiguous_override_is_refused():
    two = GOOD + '[[zone]]\nid = "south"\npolygon_en_m = [[0, 0], [1, 0], [1, 1]]\n'
    assert "ambiguous" in refuse(two, overrides=["zone.population=3"])


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"\xff\xfe\xff", "UTF-8"), (b"a = ", "not TOML")])
def test_bad_files_are_named(tmp_path, content, words):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        load(path)


def test_directories_and_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match="directory"):
        load(f"{tmp_path}/")
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(InputError, match="did you mean 'embassy-rockets'"):
        load("embassy-rocket")


def test_a_live_site_says_how_long_its_people_need():
    text = GOOD[: GOOD.index("[[threat]]")].replace(GOOD[GOOD.index("[[sensor]]") : GOOD.index("[[threat]]")], "")
    with pytest.raises(InputError, match="zone 'north': missing key 'shelter_time_s'"):
        parse_scenario(text, "site.toml", rooms=CHAIN_ROOMS)
    told = text.replace('id = "north"', 'id = "north"\nshelter_time_s = 20.0')
    assert parse_scenario(told, "site.toml", rooms=CHAIN_ROOMS).parts["zone"][0].times()["shelter_time_s"] == 20.0


def test_zones_come_back_from_a_recording_with_their_times_and_parents():
    more = 'indoor_shelter_time_s = 12.0\noutdoor_shelter_time_s = 40.0\nparent = "town"\n'
    town = (
        '\n[[zone]]\nid = "town"\npolygon_en_m = [[-900, -900], [900, -900], [900, 900], [-900, 900], [-900, -900]]\n'
    )
    text = GOOD.replace('id = "north"\n', f'id = "north"\n{more}') + town
    scenario = parse_scenario(text, "site.toml")
    again = restore_scenario(scenario.resolved(), "r.mcap")
    for one in (scenario, again):
        north, big = build_places(one)[0].site.zones
        assert (north.shelter_time_s, north.indoor_shelter_time_s, north.parent) == (40.0, 12.0, "town")
        assert (big.shelter_time_s, len(big.polygon_en)) == (15.0, 4)
