"""Our metrics beside Stone Soup's own metric generators."""

import datetime
import warnings

import numpy as np
import pytest

from rampart.bench.scenes import make_scene
from rampart.track import metrics
from rampart.track.metrics import Points
from rampart.track.metrics.siap import nearest

pytestmark = pytest.mark.counterparty

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
POSITION, VELOCITY = (0, 2, 4), (1, 3, 5)
SCANS = 20


@pytest.fixture(scope="module")
def scene():
    """Truth and tracks (n, 8) of twenty scans: noise, misses, doubles, false ones."""
    truth = make_scene("swarm", 20, 8).truth
    truth = truth[truth[:, 0] < SCANS]
    rng = np.random.default_rng(2)
    tracks = truth[rng.random(len(truth)) < 0.9].copy()
    tracks[:, 1] += 100
    tracks[:, 2:] += rng.normal(0.0, 8.0, tracks[:, 2:].shape)
    double = tracks[rng.random(len(tracks)) < 0.1].copy()
    double[:, 1] += 100
    false = np.column_stack([rng.integers(0, SCANS, 15), np.arange(900, 915), rng.uniform(-3000, 3000, (15, 6))])
    return truth, np.concatenate([tracks, double, false])


def moment(scan):
    return START + datetime.timedelta(seconds=float(scan))


def soup_objects(rows, kind):
    """Stone Soup's tracks or truth paths by id, and the states of each scan."""
    from stonesoup.types.groundtruth import GroundTruthPath
    from stonesoup.types.state import State
    from stonesoup.types.track import Track

    made = {}
    for row in rows[np.argsort(rows[:, 0], kind="stable")]:
        item = made.setdefault(int(row[1]), (GroundTruthPath if kind == "truth" else Track)())
        item.append(State(row[2:, None], timestamp=moment(row[0])))
    return made


def value_at(metric, scan):
    """Of a metric over time."""
    return next(m.value for m in metric.value if m.timestamp == moment(scan))


def test_gospa_and_ospa_are_stone_soups(require_service, scene):
    require_service("stonesoup")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stonesoup.metricgenerator.ospametric import GOSPAMetric, OSPAMetric

        truth, tracks = scene
        paths, found = (list(soup_objects(rows, kind).values()) for rows, kind in ((truth, "truth"), (tracks, "track")))
        measure = {"c": 100.0, "p": 2.0}
        from stonesoup.measures import Euclidean

        apart = Euclidean(POSITION)
        gospa = GOSPAMetric(**measure, measure=apart)
        ospa = OSPAMetric(**measure, measure=apart)
        states = [part for x in (found, paths) for part in gospa.extract_states(x, True)]
        whole, other = (g.compute_over_time(*states) for g in (gospa, ospa))
    for scan in range(SCANS):
        here, there = (Points.from_table(rows).at(scan).position for rows in (truth, tracks))
        ours, theirs = metrics.gospa(here, there), value_at(whole, scan)
        assert ours.distance_m == pytest.approx(theirs["distance"], rel=1e-9)
        assert ours.missed_m2(100.0) == pytest.approx(theirs["missed"])
        assert ours.false_m2(100.0) == pytest.approx(theirs["false"])
        assert ours.localisation_m2 == pytest.approx(theirs["localisation"], rel=1e-9)
        # Stone Soup 1.9.1 assigns by distance and sums squares, so its OSPA of order 2 is no least one
        least = metrics.ospa(here, there)
        assert 0.95 * value_at(other, scan) < least <= value_at(other, scan) * (1.0 + 1e-9)


def test_siap_is_stone_soups(require_service, scene):
    require_service("stonesoup")
    truth, tracks = scene
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stonesoup.measures import Euclidean
        from stonesoup.metricgenerator.manager import MultiManager
        from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
        from stonesoup.types.association import AssociationSet, TimeRangeAssociation
        from stonesoup.types.time import TimeRange

        paths, found = soup_objects(truth, "truth"), soup_objects(tracks, "track")
        pairs = set()
        for scan in range(SCANS):
            here, there = (Points.from_table(rows).at(scan) for rows in (truth, tracks))
            for i, j in zip(*nearest(here.position, there.position, 100.0), strict=True):
                objects = {paths[int(here.id[i])], found[int(there.id[j])]}
                pairs.add(TimeRangeAssociation(objects, TimeRange(moment(scan), moment(scan + 0.5))))
        generator = SIAPMetrics(position_measure=Euclidean(POSITION), velocity_measure=Euclidean(VELOCITY))
        manager = MultiManager([generator])
        manager.add_data({"groundtruth_paths": set(paths.values()), "tracks": set(found.values())})
        manager.association_set = AssociationSet(pairs)
        theirs = {m.title: m.value for m in generator.compute_metric(manager)}
    ours = metrics.siap(Points.from_table(truth), Points.from_table(tracks))
    assert ours.completeness == pytest.approx(theirs["SIAP Completeness"], rel=1e-9)
    assert ours.ambiguity == pytest.approx(theirs["SIAP Ambiguity"], rel=1e-9)
    assert ours.spuriousness == pytest.approx(theirs["SIAP Spuriousness"], rel=1e-9)
