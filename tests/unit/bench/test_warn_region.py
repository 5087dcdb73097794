"""The made-up region: zones nest, hold everybody once, and are what they say."""

import numpy as np
import pytest

from rampart.bench.warn.region import HALF_M, PEOPLE, Region
from rampart.physics.area import is_convex
from rampart.study.zones import distance_to_polygon


@pytest.fixture(scope="module")
def region():
    return Region.make(3, counts=(5, 13, 40), residents=4_000)


def test_zones_of_each_set_cover_the_land_once(region):
    for zones in region.sets:
        assert zones.area_m2.sum() == pytest.approx((2 * HALF_M) ** 2)
        assert zones.people.sum() == pytest.approx(4_000 * PEOPLE)
        assert all(is_convex(zone.polygon_en) for zone in zones.zones)


def test_everybody_lives_inside_the_zone_that_is_named(region):
    for zones in region.sets:
        for i, zone in enumerate(zones.zones):
            at_home = region.residents[zones.home == i]
            assert distance_to_polygon(at_home, zone.polygon_en).max() < 1e-6
            assert zone.population == len(at_home) * PEOPLE


def test_each_zone_is_a_part_of_its_parent(region):
    for coarse, fine in zip(region.sets, region.sets[1:], strict=False):
        assert (fine.parent[fine.home] == coarse.home).all()
        for i, parent in enumerate(fine.parent):
            outside = distance_to_polygon(fine.zones[i].polygon_en, coarse.zones[parent].polygon_en)
            assert outside.max() < 1e-6
    assert (region.sets[0].parent == -1).all()


def test_zones_of_one_parent_hold_about_as_many_people_as_each_other(region):
    for fine in region.sets:
        for parent in np.unique(fine.parent):
            people = fine.people[fine.parent == parent]
            assert people.max() <= 1.15 * people.min() + 2 * PEOPLE


def test_equal_seeds_give_equal_regions_and_others_do_not(region):
    again, other = (Region.make(seed, counts=(5,), residents=4_000) for seed in (3, 4))
    assert (again.residents == region.residents).all()
    assert not (other.residents == region.residents).all()
