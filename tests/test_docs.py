"""A kind, a key, a column or a command without documentation fails here (as datasette does)."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rampart import records, registry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def prose() -> str:
    """All pages as written, without what is generated."""
    pages = [path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in pages)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The extension that writes the reference tables."""
    pytest.importorskip("sphinx", reason="sphinx is not installed")
    spec = importlib.util.spec_from_file_location("docs_reference", DOCS / "_ext" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("room", registry.PARTS)
def test_every_kind_is_told_of(room, prose):
    untold = [kind for kind in registry.PARTS[room] if f"`{kind}`" not in prose]
    assert not untold, f"kinds of {room} that no page in docs/ names as `kind`: {untold}"


def test_every_command_has_its_heading_and_options(reference):
    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    commands = reference.commands()
    assert {"demo", "run", "scenarios", "check", "track", "replay", "plugins", "warmup", "bench"} <= set(commands)
    for name in commands:
        assert f"## `rampart {name}`" in page
        assert f"command-{name.replace(' ', '-')}.md" in page


def test_every_option_says_what_it_is_for(reference):
    silent = [
        f"rampart {name} {parameter.shown}"
        for name, takes in reference.commands().items()
        for parameter in takes
        if not parameter.help
    ]
    assert not silent


def test_every_key_of_a_scenario_file_has_a_meaning(reference):
    specs = list(reference.PARTS.values())
    specs += [
        registry.find(room, kind) for room in (*reference.SECTIONS, *reference.STAGES) for kind in registry.PARTS[room]
    ]
    silent = sorted(
        {f"{spec.__name__}.{key}" for spec in specs for key in spec.model_fields if not reference.meaning(spec, key)}
    )
    assert not silent, f"keys without a description or a `#:` comment: {silent}"


def test_every_column_of_a_record_has_a_meaning():
    kinds = [getattr(records, name) for name in records.__all__]
    plural = [k for k in kinds if isinstance(k, type) and issubclass(k, records.Columns) and k is not records.Columns]
    assert records.Tracks in plural
    silent = [
        f"{kind.__name__}.{name}"
        for kind in plural
        for name, declared in kind.__dataclass_fields__.items()
        if not declared.metadata["doc"]
    ]
    assert not silent


def test_every_built_in_scenario_is_told_of(prose):
    from rampart.pipeline import builtin_scenarios

    assert not [name for name in builtin_scenarios() if f"`{name}`" not in prose]
