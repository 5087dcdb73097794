"""The after-action report as a browser prints it."""

import pytest

from rampart.cli.main import main
from rampart.pipeline import load
from rampart.study.files import run_to_folder

pytestmark = [pytest.mark.counterparty, pytest.mark.compiled]


def test_it_is_printed_as_pdf(require_service, tmp_path, monkeypatch):
    monkeypatch.setenv("RAMPART_BROWSER", require_service("chromium"))
    monkeypatch.setenv("RAMPART_DB", str(tmp_path / "l.sqlite"))
    run_to_folder(load("bdsc-rocket"), tmp_path / "run", seed=1)
    for words in (
        ("incident", "add", "--from", tmp_path / "run" / "recording.mcap"),
        ("incident", "report", 1, "--out", tmp_path / "report.pdf"),
        ("incident", "report", 1, "--out", tmp_path / "public.pdf", "--release"),
    ):
        monkeypatch.setattr("sys.argv", ["rampart", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert not stopped.value.code
    whole, public = ((tmp_path / f"{name}.pdf").read_bytes() for name in ("report", "public"))
    assert whole.startswith(b"%PDF-")
    assert whole.count(b"/Type /Page\n") + whole.count(b"/Type /Page ") + whole.count(b"/Type/Page") >= 3
    assert len(whole) > len(public) > 5_000


def test_without_a_browser_one_line_says_so(tmp_path, monkeypatch, capsys):
    from rampart.errors import InputError
    from rampart.ledger.inquest.printed import print_page

    monkeypatch.setenv("RAMPART_BROWSER", "no-such-browser")
    with pytest.raises(InputError, match="PDF needs Chromium"):
        print_page("<p>x</p>", tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()
