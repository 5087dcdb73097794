"""The report as a browser sees it: it opens, complains of nothing and asks nobody for anything."""

import re
import subprocess

import pytest

from rampart.pipeline import load
from rampart.study.files import run_to_folder

pytestmark = pytest.mark.counterparty


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run_to_folder(load("bdsc-rocket"), folder, seed=1)
    return folder / "report.html"


def browse(chromium, page, profile, *more):
    """What the browser says of a page: the document after loading, and its log."""
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        *more,
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def test_it_opens_and_complains_of_nothing(report, require_service, tmp_path):
    document, log = browse(require_service("chromium"), report, tmp_path, "--dump-dom")
    assert "bdsc-rocket" in document
    assert document.count("<svg") >= 2
    assert not re.search(r"CONSOLE|ERR_NAME_NOT_RESOLVED|Refused to", log), log


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_drawn_on_wide_and_narrow_screens(report, require_service, tmp_path, width):
    picture = tmp_path / "page.png"
    more = (f"--window-size={width},900", f"--screenshot={picture}")
    browse(require_service("chromium"), report, tmp_path / "profile", *more)
    pixels = pytest.importorskip("matplotlib.image").imread(picture)
    assert pixels.shape[1] == pytest.approx(width, abs=110)  # a window has a least width
    assert pixels[..., :3].std() > 0.05  # not one empty colour
