"""The walls of the house: who may import whom, and what an import drags in."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "rampart"
STAGE_ROOMS = ("records", "physics", "threat", "sensor", "track", "predict", "warn", "engage", "wire", "words")

#: Names in strings and attributes that import-linter cannot see, as dotted calls.
CLOCKS_AND_DICE = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "random.default_rng",
    "random.seed",
}


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_import_contracts_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_of_rampart_pulls_no_web_plot_database_or_validation_package():
    loaded = python("import rampart, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))").split()
    heavy = {
        "fastapi", "starlette", "uvicorn", "websockets", "aiohttp", "matplotlib", "PIL", "sqlite3", "sqlalchemy",
        "duckdb", "pyarrow", "pandas", "pydantic", "typer", "rich", "scipy", "numba",
    }  # fmt: skip
    assert "rampart" in loaded
    assert not heavy.intersection(loaded)


def test_chain_of_a_live_site_imports_no_simulated_threat_or_effector():
    rooms = python(
        "import rampart.pipeline, rampart.track, rampart.predict, rampart.warn, rampart.wire, sys;"
        "print(*sorted(name for name in sys.modules if name.startswith('rampart.')))"
    ).split()
    assert "rampart.pipeline" in rooms
    assert not [name for name in rooms if name.startswith(("rampart.engage", "rampart.threat"))]


def dotted(node: ast.AST) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


@pytest.mark.parametrize("room", STAGE_ROOMS)
def test_stage_rooms_read_no_clock_and_no_global_dice(room):
    found = []
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ".".join(dotted(node.func).split(".")[-2:]) in CLOCKS_AND_DICE:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {dotted(node.func)}")
    assert (PACKAGE / room).is_dir()
    assert not found


def test_kernels_call_no_blas():
    """`@`, numpy.dot and numpy.linalg call BLAS, whose bits differ between machines."""
    found = []
    for path in sorted(PACKAGE.rglob("_kernels*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            matmul = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult)
            name = dotted(node) if isinstance(node, ast.Attribute) else ""
            if matmul or name.startswith(("np.linalg", "np.dot", "np.matmul", "np.einsum", "np.vdot", "np.inner")):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_nothing_reaches_out_of_the_process_from_simulated_interception():
    """No socket, no process, no file is opened in the room of the effectors: it can task nothing."""
    for path in sorted((PACKAGE / "engage").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            outside = [m for m in modules if m.partition(".")[0] in {"socket", "subprocess", "os", "serial", "http"}]
            assert not outside, f"{path.name}:{node.lineno} imports {outside}"
            opens = isinstance(node, ast.Call) and dotted(node.func) in {"open", "io.open"}
            assert not opens, f"{path.name}:{getattr(node, 'lineno', 0)} opens a file"


def test_effectors_and_outputs_take_no_plugins():
    from rampart import registry

    assert not {"engage", "wire", "serve", "out", "effector"}.intersection(registry.OPEN_ROOMS)


def test_no_check_of_a_certificate_is_ever_left_out():
    """Names that switch a check of TLS off stand nowhere, and TLS below 1.2 neither."""
    off = {"CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context", "TLSv1", "TLSv1_1", "SSLv3"}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Attribute) and node.attr in off
            made = isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in off
            loose = isinstance(node, ast.keyword) and node.arg in ("verify", "verify_ssl", "check_hostname", "insecure")
            false = loose and isinstance(node.value, ast.Constant) and node.value.value is False
            targets = node.targets if isinstance(node, ast.Assign) else []
            unset = any(isinstance(t, ast.Attribute) and t.attr in ("check_hostname", "verify_mode") for t in targets)
            found = [why for why in (named, made, false, unset) if why]
            assert not found, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_nothing_makes_a_sapient_task():
    """A task is the one message of SAPIENT that could ask an effector for anything: no call has it as content."""
    for room in ("wire", "serve"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                made = isinstance(node, ast.keyword) and node.arg == "task"
                named = isinstance(node, ast.Constant) and node.value in ("CONTROL_START", "CONTROL_STOP")
                found = [why for why in (made, named) if why]
                assert not found, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
