import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from rampart.ledger import RecordingReader, RecordingWriter
from rampart.ledger.report import render_report, write_report
from rampart.ledger.report.story import Message, tell
from rampart.ledger.report.svg import Labels, path, picture, tag, ticks
from rampart.ledger.report.timeline import phases
from rampart.records import Phase, Site, Zone

from .conftest import feed, summary_of


@pytest.fixture(scope="module")
def page(run_record):
    return render_report(run_record)


@pytest.fixture(scope="module")
def tree(page):
    """The page is written so that an XML parser reads it too: no tag is left open."""
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


VOID = {"meta", "br"}


class Balance(HTMLParser):
    """As a browser reads it: every tag is closed, by its own end, in its own order."""

    def __init__(self):
        super().__init__()
        self.open, self.ids = [], []

    def handle_starttag(self, name, attrs):
        self.ids += [value for key, value in attrs if key == "id"]
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attrs):
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, name):
        assert self.open.pop() == name


def test_page_is_well_formed_and_complete(page, tree):
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert len(balance.ids) == len(set(balance.ids))
    assert [h.text for h in tree.iter("h2")] == [
        "What happened", "Embassy", "All threats", "How to read it", "What this report does not say",
        "How to repeat it",
    ]  # fmt: skip
    assert tree.find("head/title").text == "embassy-rockets - Rampart report"


def test_nothing_is_loaded_from_anywhere(page, tree):
    assert not re.findall(r"https?://|//[a-z]|@import|url\((?!#)|javascript:", page, re.IGNORECASE)
    names = {element.tag for element in tree.iter()}
    assert not names & {"script", "link", "iframe", "img", "object", "embed", "image", "use", "base", "form"}
    for element in tree.iter():
        assert not {"src", "srcset", "href", "data", "style"} & set(element.attrib)
    policy = next(m for m in tree.iter("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy.get("content")


def words_of(element):
    return " ".join("".join(element.itertext()).split())


def test_page_says_what_happened_in_words(tree):
    said = [words_of(item) for item in tree.iter("li")]
    line = "rocket-1: seen at 17.0 s, tracked 19.2 s, zone north warned 20.5 s before impact, intercepted."
    assert any(line in item for item in said)
    tiles = [div.find("b").text for div in tree.iter("div") if div.get("class", "").startswith("tile ")]
    assert tiles == ["3", "2 of 2", "21.2 s", "0", "0", "1 of 2"]


def test_simulation_is_marked_at_both_ends(page):
    assert page.count("EXERCISE · SIMULATION") == 2
    assert page.index("EXERCISE") < page.index("<h1>")


def test_every_drawing_is_named_for_those_who_do_not_see_it(tree):
    drawings = list(tree.iter("svg"))
    assert len(drawings) > 20
    for drawing in drawings:
        assert drawing.get("role") == "img"
        assert drawing[0].tag == "title"
        assert drawing[0].text


def test_drawings_hold_numbers_only(page):
    assert not re.findall(r'="[^"]*(?:nan|inf)\b[^"]*"', page)


def shown(tree, class_):
    return [e for e in tree.iter() if class_ in e.get("class", "").split()]


def test_map_and_charts_show_what_the_run_left(tree):
    maps = [svg for svg in tree.iter("svg") if svg.get("class") == "map"]
    assert len(maps) == 2  # overview and close-up
    close_up = maps[1]
    assert len(shown(close_up, "zone")) == 2
    assert len(shown(close_up, "cross")) == 3  # true impacts
    assert len(shown(close_up, "half-way")) == 3
    assert len(shown(close_up, "last")) == 3
    assert {e.get("class") for e in shown(close_up, "star")} == {"star", "star hit"}
    charts = [svg for svg in tree.iter("svg") if svg.get("class") == "chart small"]
    assert len(charts) == 3  # one per rocket


def test_equal_axes(run_record, tree):
    """A zone 300 m by 200 m is drawn 3 to 2."""
    close_up = [svg for svg in tree.iter("svg") if svg.get("class") == "map"][1]
    numbers = np.array(re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", shown(close_up, "zone")[0].get("d")), dtype=float)
    wide, tall = np.ptp(numbers, axis=0)
    assert wide / tall == pytest.approx(1.5, rel=0.01)


def test_report_from_the_recording_is_the_same_page(tmp_path, site, header, flights, page):
    with RecordingWriter(tmp_path / "r.mcap", header=header) as writer:
        feed(writer, site, flights, np.random.Generator(np.random.PCG64(1)))
        writer.summary(summary_of(flights))
    assert render_report(RecordingReader(tmp_path / "r.mcap").run_record()) == page


def test_report_is_written_whole(tmp_path, run_record, page):
    path = write_report(tmp_path / "new" / "report.html", run_record)
    assert path.read_text(encoding="utf-8") == page
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_names_from_files_cannot_write_markup(run_record):
    nasty = '<script>alert("x")</script>&'
    scenario = {**run_record.scenario, "name": nasty, "description": nasty}
    site = replace(run_record.sites[0], name=nasty)
    threats = [{**t, "id": nasty} for t in run_record.summary["threats"]]
    run = replace(
        run_record,
        header={**run_record.header, "scenario": scenario},
        sites=(site,),
        summary={**run_record.summary, "threats": threats},
    )
    page = render_report(run)
    ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert "<script" not in page


def test_a_run_in_which_nothing_happened_has_a_report(run_record):
    quiet = replace(run_record, flights=(), steps={}, gates={}, summary={}, batches={}, detections={})
    page = render_report(quiet)
    ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert "RECORDING OF RECEIVED DATA" in page
    assert "No threat came here." in page


def test_a_threat_that_was_never_seen_has_its_lane(run_record):
    blind = {
        "first_detection_s": None, "confirmed_s": None, "track_id": None, "class": None, "class_probability": None,
        "warned_zones": [], "first_warning_s": None, "warning_lead_s": None, "observable": False, "engagements": 0,
        "impact_error_m": {"0.5": None, "0.8": None}, "impact_bound_m": {"0.5": None, "0.8": None},
        "in_ellipse_90": None, "launch_error_m": None, "outcome": "leaked",
    }  # fmt: skip
    threats = [{**t, **blind} for t in run_record.summary["threats"]]
    page = render_report(replace(run_record, steps={}, summary={**run_record.summary, "threats": threats}))
    assert "NOT warned" in page
    ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def test_raids_far_apart_have_windows_of_their_own(run_record):
    late = [replace(f, time_s=f.time_s + 600.0, id=f"late-{f.id}") for f in run_record.flights]
    threats = list(run_record.summary["threats"])
    threats += [
        {**t, "id": f"late-{t['id']}", "launch_s": t["launch_s"] + 600, "arrival_s": t["arrival_s"] + 600,
         "first_detection_s": None, "confirmed_s": None, "track_id": None, "first_warning_s": None,
         "warned_zones": [], "warning_lead_s": None}
        for t in threats
    ]  # fmt: skip
    run = replace(run_record, flights=(*run_record.flights, *late), summary={**run_record.summary, "threats": threats})
    (story,) = tell(run)
    assert [[t.number for t in raid.threats] for raid in story.raids] == [[1, 2, 3], [4, 5, 6]]
    assert all(raid.end_s - raid.start_s < 60 for raid in story.raids)


def test_tracks_find_the_flight_they_show(run_record):
    (story,) = tell(run_record)
    assert {t.name: t.flight.id for t in story.tracks} == {f"embassy/T{i}": f"rocket-{i}" for i in (1, 2, 3)}
    assert tell(replace(run_record, flights=()))[0].tracks[0].flight is None


def test_a_recording_without_truth_shows_its_tracks(run_record):
    live = replace(run_record, flights=(), gates={}, summary={})
    tree = ET.fromstring(render_report(live).removeprefix("<!DOCTYPE html>\n"))
    overview = next(svg for svg in tree.iter("svg") if svg.get("class") == "map")
    assert len(shown(overview, "track")) == 3
    assert "Three confirmed tracks" in words_of(tree)


def test_a_run_without_effectors_shows_none(run_record):
    bare = replace(run_record, header={**run_record.header, "effectors": False})
    assert bare.effectors("embassy") == ()
    assert len(run_record.effectors("embassy")) == 1
    assert "Simulated effectors" not in render_report(bare)


def message(time_s, phase, warning="w"):
    zone = Zone("north", np.zeros((3, 2)))
    return Message(time_s, warning, 0, zone, phase, "rocket", 1.0, 0.5, (), "")


def test_a_zone_shows_the_gravest_open_warning():
    told = [
        message(1.0, Phase.PREPARE), message(2.0, Phase.SHELTER), message(3.0, Phase.PREPARE, "v"),
        message(5.0, Phase.RELEASE), message(7.0, Phase.CANCEL, "v"), message(8.0, Phase.SHELTER, "u"),
    ]  # fmt: skip
    assert phases(told, 10.0) == [
        (1.0, 2.0, "prepare"), (2.0, 5.0, "shelter"), (5.0, 7.0, "prepare"), (8.0, 10.0, "shelter"),
    ]  # fmt: skip


def test_labels_keep_off_each_other():
    labels = Labels(0, 0, 200, 200)
    places = [labels.place(100, 100, 18, 18) for _ in range(8)]
    gaps = [max(abs(a[0] - b[0]), abs(a[1] - b[1])) for i, a in enumerate(places) for b in places[:i]]
    assert min(gaps) >= 14.0  # of 18


def test_lines_break_at_gaps():
    assert path(np.array([[0, 0], [10, 0], [np.nan, 0], [20, 0], [30, 5.25]])) == "M0 0L10 0M20 0L30 5.2"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1e-3), (14.9, 51.1), (-3.0, 2580.0), (5.0, 5.0)])
def test_ticks_are_round_and_inside(low, high):
    values = ticks(low, high, 6)
    assert len(values) <= 6
    assert all(low - 1e-9 <= v <= max(high, low + 1e-9) + 1e-9 for v in values)


def test_markup_is_escaped_in_attributes():
    assert tag("g", class_='a"b') == '<g class="a&quot;b"/>'
    assert picture(10, 10, title="<b>").startswith('<svg viewBox="0 0 10 10" role="img"><title>&lt;b&gt;</title>')


def test_import_of_recordings_brings_no_plotting():
    code = "import sys, rampart.ledger; sys.exit('matplotlib' in sys.modules or 'rampart.ledger.report' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_site_without_zones_and_sensors_is_drawn(run_record):
    bare = Site("embassy", 0.5, 0.7, 0.0, start_ns=run_record.sites[0].start_ns)
    steps = {k: tuple(s._replace(warnings=s.warnings.take([])) for s in v) for k, v in run_record.steps.items()}
    page = render_report(replace(run_record, sites=(bare,), steps=steps))
    ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
