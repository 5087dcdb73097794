"""What all tests share: outside data, programs of others, settings of the tools."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Figures are drawn into files, never onto a screen.
os.environ.setdefault("MPLBACKEND", "Agg")

# How long an example takes says nothing about whether it is right: no deadline. In CI the examples are always the same.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session", autouse=True)
def _one_kernel_cache() -> None:
    """Commands that a test starts with another home folder still find the kernels compiled before."""
    folder = Path.home() / ".cache" / "rampart" / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return  # rampart then finds a place itself
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


@pytest.fixture(scope="session", autouse=True)
def _arithmetic_of_kernels() -> Iterator[None]:
    """With the compiler off, numbers that run over become inf and nan in silence, as in compiled code."""
    if not numba.config.DISABLE_JIT:
        yield
        return
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """A file of the shared data by its path there; the test is skipped, naming the file, where it is absent.

    The data lies in ``../shared/data`` beside the checkout; the environment's ``RAMPART_SHARED_DATA`` overrides.
    """
    folder = Path(os.environ.get("RAMPART_SHARED_DATA") or ROOT.parent / "shared" / "data")

    def find(path: str) -> Path:
        if not (folder / path).exists():
            pytest.skip(f"no ../shared/data/{path}")
        return folder / path

    return find


@pytest.fixture(scope="session")
def require_service() -> Callable[[str], str]:
    """A program on the PATH or an importable package of others, by name; skipped where it is absent.

    With ``RAMPART_REQUIRE_SERVICES=1``, as .ci/run sets it, an absent one is a failure.
    """

    def find(name: str) -> str:
        found = shutil.which(name) or (name if find_spec(name) else None)
        if found is None and os.environ.get("RAMPART_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{name} is not installed, and RAMPART_REQUIRE_SERVICES=1 asks for it")
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server for the tests of this process: gives URLs without tables behind them, a new one each time."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    from rampart.bench.postgres import find_programs, private_server
    from rampart.errors import InputError

    try:
        find_programs()
    except InputError as error:
        if os.environ.get("RAMPART_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{error}; RAMPART_REQUIRE_SERVICES=1 asks for it")
        pytest.skip(str(error))
    numbers = count()
    with private_server() as url, psycopg.connect(url, autocommit=True) as connection:

        def fresh() -> str:
            name = f"ledger{next(numbers)}"
            connection.execute(f"create schema {name}")
            return f"{url}&options=-csearch_path%3D{name}"

        yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_place(request, tmp_path) -> str:
    """Where a ledger can be, with none there yet: the test runs once over each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "data" / "ledger.sqlite")
    return request.getfixturevalue("postgres")()


@pytest.fixture(scope="session")
def schema(shared_data):
    """A function that says why a schema of the shared data refuses octets; None where it does not."""
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    loaded = {}

    def refuses(path, data):
        if path not in loaded:
            loaded[path] = etree.XMLSchema(etree.parse(str(shared_data(path))))
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            tree = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            return str(error)
        return None if loaded[path].validate(tree) else str(loaded[path].error_log.last_error)

    return refuses


@pytest.fixture
def authority(tmp_path):
    """Signs certificates into the test's folder: `issue(name, ...)` gives the paths of a certificate and its key."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from .certificates import Authority

    return Authority(tmp_path)
