"""Grown polygons: hit and pass probabilities against brute force and closed forms."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.physics.area import Areas, _kernels, is_convex

SHAPES = {
    "square": [(-100, -100), (100, -100), (100, 100), (-100, 100)],
    "clockwise": [(-100, 100), (100, 100), (100, -100), (-100, -100)],
    "L": [(0, 0), (300, 0), (300, 100), (100, 100), (100, 300), (0, 300)],
    "U": [(0, 0), (300, 0), (300, 300), (200, 300), (200, 50), (100, 50), (100, 300), (0, 300)],
    "sliver": [(-400, -5), (400, -5), (400, 5), (-400, 5)],
    "triangle": [(-50, 0), (250, 30), (20, 180)],
    # grown by 30 m its mouth closes: a hole stays inside
    "C": [(0, 0), (400, 0), (400, 400), (0, 400), (0, 230), (50, 230), (50, 350), (350, 350), (350, 50), (50, 50),
          (50, 180), (0, 180)],
    "star": [(300, 0), (60, 60), (0, 300), (-60, 60), (-300, 0), (-60, -60), (0, -300), (60, -60)],
}  # fmt: skip


def within(points, polygon, radius):
    """Whether points lie in the grown polygon, by winding angles and edge distances: not the code's way."""
    corners = np.asarray(polygon, float)
    a, b = corners[None] - points[:, None], np.roll(corners, -1, axis=0)[None] - points[:, None]
    turn = np.arctan2(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], (a * b).sum(-1)).sum(-1)
    edge = b - a
    t = np.clip(-(a * edge).sum(-1) / (edge**2).sum(-1), 0, 1)
    gap = np.hypot(*np.moveaxis(a + t[..., None] * edge, -1, 0)).min(-1)
    return (np.abs(turn) > np.pi) | (gap <= radius)


def brute_force(polygon, radius, mean, covariance, n=300):
    """The share of a fine grid of equally probable points, drawn by the inverse distribution function."""
    from scipy.special import ndtri

    grid = ndtri((np.arange(n) + 0.5) / n)
    values, axes = np.linalg.eigh(covariance)
    white = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    points = np.asarray(mean) + (white * np.sqrt(np.maximum(values, 0))) @ axes.T
    return within(points, polygon, radius).mean()


@pytest.mark.parametrize("radius", [0.0, 30.0, 120.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_hit_probability_agrees_with_brute_force(shape, radius):
    rng = np.random.Generator(np.random.Philox(7))
    areas = Areas.of([SHAPES[shape]], [radius])
    for scale in (15.0, 60.0, 250.0, 1000.0):
        root = rng.normal(size=(2, 2)) * scale
        covariance = root @ root.T + np.eye(2)
        mean = rng.normal(size=2) * 120 + 50
        found = areas.hit_probability([mean], [covariance])[0, 0]
        assert found == pytest.approx(brute_force(SHAPES[shape], radius, mean, covariance), abs=1e-3)


@pytest.mark.parametrize("radius", [0.0, 30.0])
@pytest.mark.parametrize("shape", ["L", "U", "C", "sliver", "star"])
@pytest.mark.parametrize(("major", "minor"), [(4000.0, 4000.0), (3000.0, 30.0), (2000.0, 2.0), (40.0, 0.05)])
def test_very_thin_and_very_wide_ellipses_agree_with_brute_force(shape, radius, major, minor):
    areas = Areas.of([SHAPES[shape]], [radius])
    for angle in (0.0, 1.9):
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, -s], [s, c]])
        covariance = turn @ np.diag([major**2, minor**2]) @ turn.T
        found = areas.hit_probability([[40.0, 70.0]], [covariance])[0, 0]
        expected = brute_force(SHAPES[shape], radius, [40.0, 70.0], covariance, 250)
        # a grid of n points per axis cannot tell a border along it better than to 1/2n
        assert found == pytest.approx(expected, abs=1e-3 if minor > 30.0 else 4e-3)


@pytest.mark.parametrize("radius", [0.0, 30.0, 120.0, 1000.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_outline_is_traced_and_holds_the_grown_area(shape, radius):
    """Far off, the content of a wide Gaussian is density times area: the outline's area is that of the shape."""
    areas = Areas.of([SHAPES[shape]], [radius])
    assert len(areas.pieces)
    rng = np.random.Generator(np.random.PCG64(3))
    low, high = np.min(SHAPES[shape], 0) - radius, np.max(SHAPES[shape], 0) + radius
    share = within(rng.uniform(low, high, (200_000, 2)), SHAPES[shape], radius).mean()
    sigma = 100.0 * float(areas.extent_m[0])
    found = areas.hit_probability([areas.centre[0]], [np.eye(2) * sigma**2])[0, 0]
    assert found * 2 * np.pi * sigma**2 == pytest.approx(share * np.prod(high - low), rel=0.01)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), radius=st.sampled_from([0.0, 15.0, 150.0]), corners=st.integers(3, 14))
def test_both_ways_of_summing_agree_on_any_star_shaped_area(data, radius, corners):
    reach = data.draw(st.lists(st.floats(20, 400), min_size=corners, max_size=corners))
    angle = 2 * np.pi * np.arange(corners) / corners
    polygon = np.column_stack([np.cos(angle), np.sin(angle)]) * np.array(reach)[:, None]
    east, north = data.draw(st.tuples(st.floats(-500, 500), st.floats(-500, 500)))
    major, flat = data.draw(st.floats(100, 1500)), data.draw(st.floats(0.1, 1))
    covariance = [np.diag([major**2, (flat * major) ** 2])]
    areas = Areas.of([polygon], [radius])
    assert len(areas.pieces)
    untraced = dataclasses.replace(areas, pieces=areas.pieces[:0], piece=np.zeros(2, np.int64))
    along, across = (a.hit_probability([[east, north]], covariance)[0, 0] for a in (areas, untraced))
    assert along == pytest.approx(across, abs=6e-4)


@pytest.mark.parametrize(("radius_over_cep", "expected"), [(1.0, 0.5), (2.0, 0.9375), (0.5, 0.15910358474628547)])
def test_centred_circle_follows_the_closed_form(radius_over_cep, expected):
    """1 - 2^-(R/CEP)^2: impact inside a centred circle, circular normal."""
    cep = 70.0
    sigma = cep / np.sqrt(2 * np.log(2))
    dot = [(0, 0), (1e-6, 0), (0, 1e-6)]
    found = Areas.of([dot], [radius_over_cep * cep]).hit_probability([[0, 0]], [np.eye(2) * sigma**2])
    assert found[0, 0] == pytest.approx(expected, abs=1e-3)


def test_known_point_is_in_or_out():
    areas = Areas.of([SHAPES["U"]], [10.0])
    exactly = [np.zeros((2, 2))] * 3
    assert areas.hit_probability([[20, 20], [150, 150], [150, 59]], exactly)[:, 0].tolist() == pytest.approx([1, 0, 1])


def test_what_counts_as_all_of_a_gaussian_is_all_of_it_to_the_last_bit():
    for sigma in np.linspace(_kernels._WHOLE_SIGMA - 1e-9, 60.0, 500):
        for other in (_kernels._WHOLE_SIGMA - 1e-9, 12.0, 45.0):
            assert _kernels.normal_cdf(sigma) - _kernels.normal_cdf(-other) == 1.0


def test_line_distribution_is_one_dimensional():
    areas = Areas.of([SHAPES["square"]], [0.0])
    covariance = np.outer([1, 1], [1, 1]) * 100.0**2
    assert areas.hit_probability([[0, 0]], [covariance])[0, 0] == pytest.approx(0.6826895, abs=1e-4)


def test_not_finite_stays_unknown_and_no_area_gives_no_column():
    areas = Areas.of([SHAPES["L"]], [10.0])
    assert np.isnan(areas.hit_probability([[np.nan, 0]], [np.eye(2)])).all()
    assert Areas.of([], []).hit_probability([[0, 0]], [np.eye(2)]).shape == (1, 0)
    assert areas.hit_probability(np.zeros((0, 2)), np.zeros((0, 2, 2))).shape == (0, 1)


@settings(max_examples=60, deadline=None)
@given(
    east=st.floats(-800, 800),
    north=st.floats(-800, 800),
    sigma=st.floats(1, 800),
    flat=st.floats(0.05, 1),
    angle=st.floats(0, 3.1),
    shape=st.sampled_from(sorted(SHAPES)),
)
def test_probability_grows_with_the_radius_and_stays_a_probability(east, north, sigma, flat, angle, shape):
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    covariance = turn @ np.diag([sigma**2, (flat * sigma) ** 2]) @ turn.T
    areas = Areas.of([SHAPES[shape]] * 4, [0.0, 20.0, 100.0, 400.0])
    found = areas.hit_probability([[east, north]], [covariance])[0]
    assert (np.diff(found) >= -1e-3).all()
    assert 0.0 <= found.min() <= found.max() <= 1.0


@settings(max_examples=40, deadline=None)
@given(turn=st.floats(0, 6.28), sigma=st.floats(10, 400), east=st.floats(-300, 300))
def test_probability_does_not_depend_on_the_frame(turn, sigma, east):
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s], [s, c]])
    shape, mean, covariance = np.array(SHAPES["L"], float), np.array([east, 50.0]), np.diag([sigma**2, 40.0**2])
    straight = Areas.of([shape], [50.0]).hit_probability([mean], [covariance])
    turned = Areas.of([shape @ rotation.T], [50.0]).hit_probability(
        [rotation @ mean], [rotation @ covariance @ rotation.T]
    )
    assert turned[0, 0] == pytest.approx(straight[0, 0], abs=1e-3)


def fan(start, end, sigma_start, sigma_end, polygon, radius, n=4001):
    """Share of the fan's paths that get within the radius, path by path; and the first entry of the middle one."""
    from scipy.special import ndtri

    start, end = np.asarray(start, float), np.asarray(end, float)
    normal = np.array([-(end - start)[1], (end - start)[0]]) / np.hypot(*(end - start))
    z = ndtri((np.arange(n) + 0.5) / n)[:, None, None]
    t = np.linspace(0, 1, 400)[None, :, None]
    points = (1 - t) * (start + z * sigma_start * normal) + t * (end + z * sigma_end * normal)
    hit = within(points.reshape(-1, 2), polygon, radius).reshape(n, 400)
    return hit.any(1).mean(), t[0, np.argmax(hit[n // 2]), 0]


@pytest.mark.parametrize(
    ("start", "end", "sigmas"),
    [
        ((-1500, 60), (800, 20), (30, 200)),
        ((-1500, 400), (800, 350), (30, 200)),
        ((-600, -700), (500, 900), (5, 60)),
        ((900, 900), (350, 330), (20, 20)),
        ((50, 50), (900, 50), (10, 100)),
    ],
)
@pytest.mark.parametrize("shape", ["square", "U"])
def test_pass_probability_agrees_with_a_fan_of_paths(shape, start, end, sigmas):
    areas = Areas.of([SHAPES[shape]], [40.0])
    cov = [[np.eye(2) * s**2] for s in sigmas]
    found, entry = areas.pass_probability([start], cov[0], [end], cov[1])
    expected, when = fan(start, end, *sigmas, SHAPES[shape], 40.0, n=801)
    assert found[0, 0] == pytest.approx(expected, abs=6e-3)
    if expected > 0.9:
        assert entry[0, 0] == pytest.approx(when, abs=0.01)


def test_path_that_ends_short_does_not_pass():
    areas = Areas.of([SHAPES["square"]], [50.0])
    still = [np.eye(2)]
    found, entry = areas.pass_probability([[-1000, 0]], still, [[-200, 0]], still)
    assert found[0, 0] == 0
    assert np.isnan(entry[0, 0])


def test_hovering_target_counts_where_it_is():
    areas = Areas.of([SHAPES["square"]], [50.0])
    spread = [np.eye(2) * 100.0]
    found, entry = areas.pass_probability([[0, 0]], spread, [[0.1, 0]], spread)
    assert found[0, 0] == pytest.approx(1)
    assert entry[0, 0] == 0


def test_far_areas_are_rejected_and_near_ones_not():
    rng = np.random.Generator(np.random.Philox(3))
    polygons = [np.array(SHAPES["L"]) + rng.uniform(-4000, 4000, 2) for _ in range(100)]
    areas = Areas.of(polygons, [100.0] * 100)
    covariance = np.array([[250000.0, 120000.0], [120000.0, 90000.0]])
    found = areas.hit_probability([[0, 0]], [covariance])[0]
    for k in range(100):
        assert found[k] == pytest.approx(brute_force(polygons[k], 100.0, [0, 0], covariance, n=100), abs=2e-3)
    assert (found == 0).sum() > 40
    assert (found > 0.01).sum() > 3


@pytest.mark.parametrize("radius", [0.0, 30.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_middle_and_spread_are_those_of_points_anywhere_in_it(shape, radius):
    areas = Areas.of([SHAPES[shape]], [radius])
    box = areas.centre[0] + areas.extent_m[0] * np.random.default_rng(2).uniform(-1.0, 1.0, (40_000, 2))
    inside = box[within(box, SHAPES[shape], radius)]
    size = np.sqrt(np.trace(areas.covariance[0]))
    assert areas.mean[0] == pytest.approx(inside.mean(0), abs=0.05 * size)
    assert areas.covariance[0] == pytest.approx(np.cov(inside.T), abs=0.08 * size**2)


def test_a_line_has_a_middle_and_no_spread():
    areas = Areas.of([[(0.0, 0.0), (4.0, 0.0), (2.0, 0.0)]], [0.0])
    assert areas.mean.tolist() == [[2.0, 0.0]]
    assert not areas.covariance.any()


def test_convexity():
    assert [is_convex(SHAPES[k]) for k in ("square", "clockwise", "sliver", "L")] == [True, True, True, False]
