from pathlib import Path

import pytest

from api.security import keys


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file of keys may stand."""
    return tmp_path / "keys"


@pytest.fixture
def empty(path: Path) -> Path:
    """A file without any key."""
    path.touch(0o600)
    assert keys.read(path)[0] == {}
    return path
