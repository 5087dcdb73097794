"""CAP: what warnings become, message by message."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase, TargetClass
from rampart.wire.cap import AlertSeries, Issuer, check_alert, check_references, read_alert, write_alert
from rampart.wire.cap.series import REFERENCES, VALID_S, certainty, zone_shape
from rampart.words import Notice, languages

from .messages import SENT_NS, ordered, site, warnings

RAID = (Phase.PREPARE, Phase.SHELTER, Phase.SHELTER, Phase.RELEASE)
EXERCISE = Issuer("rampart@embassy.invalid", "Embassy guard")
LIVE = Issuer("rampart@guard.embassy.gov", live=True)


def series(issuer=EXERCISE, tags=None, **zone):
    return AlertSeries(site(**zone), issuer, tags)


def test_a_raid_is_an_alert_updates_and_a_cancel_that_name_all_before_them():
    alerts = series().alerts(warnings(*RAID))
    assert [a.msg_type for a in alerts] == ["Alert", "Update", "Update", "Cancel"]
    for i, alert in enumerate(alerts):
        assert alert.references == tuple(a.reference for a in alerts[:i])
        check_references(alert, alerts[:i])
        assert read_alert(write_alert(alert)).references == alert.references
    assert len({a.identifier for a in alerts}) == len(alerts)
    assert {a.incidents for a in alerts} == {"embassy/W1"}


def test_every_message_satisfies_the_schema_and_the_rules(schema):
    for phases in (RAID, (Phase.SHELTER, Phase.CANCEL)):
        for kind in TargetClass:
            for status in AlertStatus:
                rows = warnings(*phases, target_class=[kind] * len(phases), status=[status] * len(phases))
                for alert in series(LIVE).alerts(rows):
                    data = write_alert(alert)
                    assert read_alert(data).status == status.name.capitalize()
                    assert schema("cap/cap12.xsd", data) is None


def test_phase_and_probability_become_urgency_severity_and_certainty():
    said = [
        (i.urgency, i.severity, i.certainty, i.response_type)
        for a in series(tags=["en"]).alerts(warnings(*RAID, probability=[0.02, 0.5, 0.6, 0.0]))
        for i in a.info
    ]
    assert said == [
        ("Expected", "Severe", "Possible", ("Prepare",)),
        ("Immediate", "Extreme", "Possible", ("Shelter",)),
        ("Immediate", "Extreme", "Likely", ("Shelter",)),
        ("Past", "Minor", "Observed", ("AllClear",)),
    ]
    assert certainty(Phase.CANCEL, 0.4) == "Unlikely"


def test_times_tell_of_the_arrival_and_never_outlive_their_use():
    rows = warnings(*RAID)
    for alert, row in zip(series().alerts(rows), rows, strict=True):
        read = read_alert(write_alert(alert))
        for info in read.info:
            assert info.effective_ns == read.sent_ns == int(row.time_ns) // 10**9 * 10**9
            if row.phase in (Phase.RELEASE, Phase.CANCEL):
                assert info.onset_ns is None
                continue
            arrival_ns = int(row.time_ns) + round(float(row.time_to_impact_s) * 1e9)
            assert 0 <= arrival_ns - info.onset_ns < 10**9
            assert 0 <= info.expires_ns - arrival_ns - VALID_S["ballistic"] * 10**9 < 10**9
            assert float(info.get("rampart:secondsToImpact")) == pytest.approx(row.time_to_impact_s, abs=0.05)


def test_one_info_for_each_language_with_its_words():
    alert = series().alert(warnings(Phase.SHELTER)[0])
    assert [info.language for info in alert.info] == list(languages())
    assert len({info.headline for info in alert.info}) == len(alert.info)
    assert all("North compound" in info.headline for info in alert.info)
    only = series(tags=["ckb"]).alert(warnings(Phase.SHELTER)[0])
    assert [info.language for info in only.info] == ["ckb"]


def test_the_reason_and_the_tracks_are_told():
    cancel = series().alerts(warnings(*RAID))[-1]
    assert cancel.info[0].get("rampart:reason") == "rocket: its time of impact passed 10 s ago"
    assert cancel.info[0].get("rampart:tracks") == "embassy/T2 embassy/T3"
    assert cancel.info[0].get("rampart:phase") == "release"


def test_the_polygon_is_the_zone_closed_and_latitude_first():
    area = read_alert(write_alert(series().alert(warnings(Phase.SHELTER)[0]))).info[0].area[0]
    (polygon,) = area.polygon
    assert len(polygon) == 5
    assert polygon[0] == polygon[-1]
    latitude, longitude = np.array(polygon).T
    assert (np.abs(latitude - 33.3) < 0.01).all()
    assert (np.abs(longitude - 44.39) < 0.01).all()
    assert np.ptp(latitude) * 111_000 == pytest.approx(200.0, rel=0.01)
    assert np.ptp(longitude) * 111_320 * np.cos(np.deg2rad(33.3)) == pytest.approx(300.0, rel=0.01)


@pytest.mark.parametrize("corners", [
    [(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)],
    [(0.0, 0.0), (0.01, 0.0), (0.0, 0.01)],
])  # fmt: skip
def test_a_zone_that_has_no_polygon_in_cap_is_covered_by_a_circle(corners):
    rows = warnings(Phase.SHELTER)
    alert = read_alert(write_alert(series(polygon_en=np.array(corners)).alert(rows[0])))
    area = alert.info[0].area[0]
    assert not area.polygon
    assert 0.0 < area.circle[0].radius_km < 0.2


def test_a_zone_on_the_180th_meridian_is_covered_by_a_circle():
    fiji = replace(site(polygon_en=np.array([(-500.0, -500.0), (500.0, -500.0), (0.0, 700.0)])), longitude_rad=np.pi)
    polygon, circle = zone_shape(fiji, fiji.zones[0])
    assert not polygon
    assert abs(circle[0].longitude_deg) > 179.99
    assert 0.7 < circle[0].radius_km < 0.9


def test_only_a_live_issuer_says_actual():
    row = warnings(Phase.SHELTER, status=[AlertStatus.ACTUAL])[0]
    actual, exercise = series(LIVE).alert(row), series().alert(row)
    assert (actual.status, actual.scope, actual.note) == ("Actual", "Public", None)
    assert (exercise.status, exercise.scope) == ("Exercise", "Restricted")
    assert "EXERCISE" in exercise.info[0].headline
    assert "EXERCISE" not in actual.info[0].headline
    test = series(LIVE).alert(warnings(Phase.SHELTER, status=[AlertStatus.TEST])[0])
    assert test.status == "Test"
    assert test.info[0].headline.startswith("TEST")


@pytest.mark.parametrize("sender", ["two words", "a,b", "", "a<b"])
def test_an_issuer_keeps_to_the_characters_of_cap(sender):
    with pytest.raises(InputError, match="sender"):
        Issuer(sender)


@pytest.mark.parametrize("sender", ["rampart@base.invalid", "rampart@example.com", "x@y.test"])
def test_actual_alerts_need_a_real_address(sender):
    Issuer(sender)
    with pytest.raises(InputError, match="address of your own"):
        Issuer(sender, live=True)


def test_a_reopened_warning_starts_again_with_an_alert():
    phases = (Phase.SHELTER, Phase.CANCEL, Phase.SHELTER, Phase.RELEASE)
    alerts = series().alerts(warnings(*phases))
    assert [a.msg_type for a in alerts] == ["Alert", "Cancel", "Alert", "Cancel"]
    assert alerts[3].references == (alerts[2].reference,)
    for i, alert in enumerate(alerts):
        check_references(alert, alerts[:i])


def test_a_release_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="embassy/W1: the end of something that is not open"):
        series().alert(warnings(Phase.RELEASE)[0])


def test_lost_cover_is_an_alert_of_its_own_and_never_an_all_clear(schema):
    one = series(LIVE)
    moments = [(Notice.COVERAGE_LOST, 0), (Notice.COVERAGE_LOST, 300), (Notice.COVERAGE_BACK, 400)]
    alerts = [one.notice(n, 0, SENT_NS + s * 10**9, AlertStatus.ACTUAL) for n, s in moments]
    assert [a.msg_type for a in alerts] == ["Alert", "Update", "Cancel"]
    assert len({a.identifier for a in alerts}) == 3
    for i, alert in enumerate(alerts):
        check_references(alert, alerts[:i])
        assert schema("cap/cap12.xsd", write_alert(alert)) is None
        assert read_alert(write_alert(alert)).incidents == "embassy/cover.north"
        assert all("AllClear" not in info.response_type for info in alert.info)
    assert alerts[0].info[0].headline == "Warnings may not come - North compound"
    assert alerts[0].info[0].urgency == "Unknown"
    with pytest.raises(ValueError, match=r"cover\.north"):
        one.notice(Notice.COVERAGE_BACK, 0, SENT_NS, AlertStatus.ACTUAL)
    assert series().notice(Notice.COVERAGE_LOST, 0, SENT_NS, AlertStatus.ACTUAL).status == "Exercise"


def test_a_long_warning_names_its_latest_messages():
    alerts = series(tags=["en"]).alerts(warnings(*[Phase.SHELTER] * 40, time_to_impact_s=[5.0] * 40))
    assert alerts[-1].references == tuple(a.reference for a in alerts[39 - REFERENCES : 39])


def test_same_warnings_same_bytes_also_after_a_restart():
    rows = warnings(*RAID)
    whole = [write_alert(a) for a in series().alerts(rows)]
    assert whole == [write_alert(a) for a in series().alerts(rows)]
    first, second = series(), series()
    before = [write_alert(first.alert(rows[i])) for i in range(2)]
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert whole == before + [write_alert(second.alert(rows[i])) for i in range(2, 4)]
    with pytest.raises(ValueError, match="version 2"):
        second.restore({"version": 2})


def test_names_cannot_break_the_message(schema):
    hostile = 'a\x00b\x0b <&> "]]> \ud800 \n<alert>'
    data = write_alert(series(name=hostile, id="z one,<&>").alert(warnings(Phase.SHELTER)[0]))
    read = read_alert(data)
    assert "<alert>" in read.info[0].area[0].area_desc
    assert "\n" not in read.info[0].headline
    assert schema("cap/cap12.xsd", data) is None


def test_an_operators_warning_says_why_and_leaves_out_what_nobody_knows():
    [alert] = series().alerts(ordered())
    assert check_alert(alert) is None
    assert read_alert(write_alert(alert)) == alert
    named = {p.value_name.removeprefix("rampart:"): p.value for p in alert.info[0].parameter}
    assert named["reason"] == "seen from the tower"
    assert not {"probability", "tracks", "secondsToImpact"} & set(named)
    assert alert.info[0].onset_ns is None
