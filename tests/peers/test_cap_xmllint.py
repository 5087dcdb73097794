"""The alerts that `rampart run` writes, against the schema of OASIS by xmllint."""

import re
import subprocess

import pytest

from rampart.pipeline import builtin_scenarios, load
from rampart.study.files import run_to_folder
from rampart.wire.cap import check_references, read_alert

pytestmark = pytest.mark.counterparty
SLOW = {"iraq-2021", "embassy-drone"}
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in builtin_scenarios()]


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_of_a_run_validates(require_service, shared_data, name, tmp_path):
    xmllint, xsd = require_service("xmllint"), shared_data("cap/cap12.xsd")
    summary = run_to_folder(load(name), tmp_path, seed=7)
    files = sorted((tmp_path / "warnings").iterdir())
    assert len(files) == summary["alerts"]["messages"] > 0
    command = [xmllint, "--nonet", "--noout", "--schema", str(xsd), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" validates\n") == len(files)


def test_alerts_of_a_run_follow_one_another(tmp_path):
    (tmp_path / "warnings").mkdir()
    (tmp_path / "warnings" / "embassy-W99-000-alert.xml").write_text("of an earlier run")
    (tmp_path / "warnings" / "notes.txt").write_text("mine")
    run_to_folder(load("embassy-rockets"), tmp_path, seed=7)
    files = sorted((tmp_path / "warnings").glob("*.xml"))
    assert all(re.fullmatch(r"embassy-W\d-\d{3}-(alert|update|cancel)\.xml", f.name) for f in files)
    assert (tmp_path / "warnings" / "notes.txt").read_text() == "mine"
    alerts = sorted((read_alert(f.read_bytes()) for f in files), key=lambda a: a.info[0].get("rampart:decidedAt"))
    assert {a.status for a in alerts} == {"Exercise"}
    assert {a.msg_type for a in alerts} == {"Alert", "Update", "Cancel"}
    for i, alert in enumerate(alerts):
        check_references(alert, alerts[:i])


def test_same_seed_same_alerts(tmp_path):
    for name in ("a", "b"):
        run_to_folder(load("bdsc-rocket"), tmp_path / name, seed=3)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n / "warnings").iterdir()} for n in "ab")
    assert first == second
