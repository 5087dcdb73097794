"""The service as one object: what it shows, whom it tells, and how it goes from shadow to actual."""

from dataclasses import replace

import pytest

from rampart.errors import InputError, RunError
from rampart.exercise.raid import Raid
from rampart.pipeline import load
from rampart.records import AlertStatus, DecisionKind, Detections, decide
from rampart.serve.service import Mode, Service

from .live.site import TEXT, live_site, until

SITE = TEXT.replace('name = "camp"\n', 'name = "camp"\nmode = "shadow"\n', 1)


def order(service, what=DecisionKind.WARN):
    site = service.sites["camp"]
    return decide(site, 1, service.clock(), what, "A. Smith", "seen from the tower", zones=["north"])


class HandClock:
    """Stands where it is put."""

    def __init__(self, now_ns):
        self.now_ns = now_ns

    def __call__(self):
        return self.now_ns


def test_a_live_site_needs_no_start_and_has_a_mode():
    assert Service(live_site(SITE)).mode is Mode.SHADOW
    assert Service(live_site(SITE), mode=Mode.EXERCISE).mode is Mode.EXERCISE
    assert Service(live_site(SITE.replace('mode = "shadow"', ""))).mode is Mode.SHADOW
    with pytest.raises(InputError, match="mode = 'loud', expected 'shadow', 'exercise' or 'actual'"):
        live_site(SITE.replace("shadow", "loud"))


def test_the_view_and_the_listeners_have_what_the_chain_said():
    told = []
    with Service(live_site(SITE)) as service:
        end = service.subscribe(lambda site, outputs: told.append((site, outputs)))
        service.receive("camp", Detections.empty(), heard=[0])
        until(lambda: service.view("camp").steps >= 1)
        assert service.view("camp").health.part.tolist() == ["sensor/r1"]
        assert service.view("camp").zones.zone.tolist() == [0]
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        warning = service.view("camp").warnings[0]
        assert AlertStatus(int(warning.status)) is AlertStatus.ACTUAL
        assert told[0][0] == "camp"
        end()
        count = len(told)
        service.decide("camp", order(service, DecisionKind.CANCEL))
        until(lambda: not len(service.view("camp").warnings))
        assert len(told) == count
        assert service.counters()['open_warnings{site="camp"}'] == 0


def test_in_an_exercise_nothing_is_actual():
    with Service(live_site(SITE), mode=Mode.EXERCISE) as service:
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        assert service.view("camp").warnings.status.tolist() == [int(AlertStatus.EXERCISE)]


def test_a_listener_that_fails_is_counted_and_the_next_one_told():
    told = []

    def broken(site, outputs):
        raise ValueError("no")

    with Service(live_site(SITE)) as service:
        service.subscribe(broken)
        service.subscribe(lambda site, outputs: told.append(site))
        service.receive("camp", Detections.empty(), heard=[0])
        until(lambda: told)
        assert service.counters()["listener_faults_total"] >= 1


def test_going_actual_is_refused_while_a_check_is_red():
    with Service(live_site(SITE)) as service:
        service.receive("camp", Detections.empty(), heard=[0])
        until(lambda: service.view("camp").steps)
        with pytest.raises(RunError, match=r"peers: the file has no \[\[out\]\]"):
            service.go(Mode.ACTUAL, "A. Smith", "two quiet weeks")
        assert service.mode is Mode.SHADOW
        with pytest.raises(InputError, match="expected a name"):
            service.go(Mode.ACTUAL, " ", "two quiet weeks")
        with pytest.raises(RunError, match="begins and ends"):
            service.go(Mode.EXERCISE, "A. Smith", "training")


def test_the_mode_changes_between_warnings_only(tmp_path):
    folder = tmp_path / "cap"
    out = f'[[out]]\nid = "files"\nkind = "cap_files"\nfolder = "{folder}"\nsender = "rampart@camp-north.net"\n'
    with Service(live_site(SITE + out)) as service:
        service.receive("camp", Detections.empty(), heard=[0])
        until(lambda: service.peers() and service.peers()[0].state == "up" and service.view("camp").steps)
        service.decide("camp", order(service))
        until(lambda: len(service.view("camp").warnings))
        with pytest.raises(RunError, match="1 warnings are open"):
            service.go(Mode.ACTUAL, "A. Smith", "two quiet weeks")
        service.decide("camp", order(service, DecisionKind.CANCEL))
        until(lambda: not len(service.view("camp").warnings))
        assert not list(folder.glob("*.xml"))  # a shadow is silent
        service.receive("camp", Detections.empty(), heard=[0])
        until(lambda: service.checks()[0].passed)
        service.go(Mode.ACTUAL, "A. Smith", "two quiet weeks")
        service.decide("camp", order(service))
        until(lambda: list(folder.glob("*.xml")))


def test_a_simulated_raid_through_a_shadow_stays_an_exercise():
    scenario = replace(load("embassy-rockets"), parts={**load("embassy-rockets").parts, "out": ()})
    raid = Raid(scenario, scenario.start_ns, seed=7)
    clock = HandClock(scenario.start_ns)
    statuses = []
    service = Service(scenario, mode=Mode.SHADOW, clock=clock)
    service.subscribe(lambda site, outputs: statuses.extend(outputs.warnings.status.tolist()))
    service.start()
    try:
        for scan in raid.scans():
            clock.now_ns = scan.now_ns
            before = service.view(scan.site).steps
            service.receive(scan.site, scan.detections, scan.heard)
            until(lambda site=scan.site, n=before: service.view(site).steps > n)
            if statuses:
                break
    finally:
        service.stop()
    assert set(statuses) == {int(AlertStatus.EXERCISE)}
