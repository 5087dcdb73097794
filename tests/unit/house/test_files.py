"""What may stand in committed files, and what may be committed at all."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: Written with brackets so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(?:h[o]me|r[o]ot|w[o]rk|U[s]ers|f[a]rm|m[n]t)/[\w.-]+")
REGISTRY_HOST = re.compile(r"p[y]pi\.org|python[h]osted\.org|registry\.n[p]mjs|deb\.d[e]bian\.org")
TEXT = {".py", ".md", ".toml", ".txt", ".cff", ".yml", ".yaml", ".json", ".csv", ".geojson", ".html", ".css", ".js", ""}


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """The files git knows; where this is no checkout (an unpacked sdist), there is nothing to look at."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def matches(files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files:
        if path.suffix in TEXT:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if pattern.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_no_path_of_somebodys_machine(committed):
    assert not matches(committed, MACHINE_PATH)


def test_no_address_of_a_package_registry(committed):
    assert not matches(committed, REGISTRY_HOST)


def test_the_patterns_find_what_they_are_for():
    assert MACHINE_PATH.search("see /ho" + "me/someone/rampart")
    assert not MACHINE_PATH.search("https://example.org/ho" + "me/page")
    assert REGISTRY_HOST.search("https://py" + "pi.org/simple")


def test_no_lock_file_with_addresses(committed):
    assert not [path for path in committed if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"}]


def test_no_file_of_half_a_megabyte(committed):
    """Data and built pages are never committed."""
    assert not [
        f"{path.relative_to(ROOT)}: {path.stat().st_size}" for path in committed if path.stat().st_size > 500_000
    ]


def test_constraints_pin_every_package_and_carry_no_hash():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.+!-]+", line)]


def test_changelog_fragments_are_named_for_what_they_tell(committed):
    names = [path.name for path in committed if path.parent.name == "changelog.d" and path.name != "README.md"]
    assert not [name for name in names if not re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", name)]
