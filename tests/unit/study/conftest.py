"""What tests of studies share."""

from pathlib import Path

import pytest

from .two_radars import recorded


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded run of two radars and one rocket; nobody writes to it."""
    return recorded(tmp_path_factory.mktemp("two-radars"))
