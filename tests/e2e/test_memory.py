"""No output depends on what happened to lie in memory: an array read before it was written would show here."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="MALLOC_PERTURB_ is a setting of glibc")


def digest(scenario: str, perturb: int) -> str:
    """`output_sha256` of a run whose fresh memory is filled with the complement of a byte."""
    code = (
        "import sys, rampart; from rampart.study import run;"
        f"sys.stdout.write(run({scenario!r}, seed=1).summary['output_sha256'])"
    )
    env = {**os.environ, "MALLOC_PERTURB_": str(perturb)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("scenario", ["embassy-rockets", pytest.param("iraq-2021", marks=pytest.mark.slow)])
def test_runs_do_not_read_memory_they_did_not_write(scenario):
    # 0: memory as it comes; 1: bytes 0xfe, tiny numbers; 128: bytes 0x7f, huge numbers
    assert len({digest(scenario, perturb) for perturb in (0, 1, 128)}) == 1
