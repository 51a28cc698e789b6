"""What all tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from scripts.stack.kernels import UDFS, drop_stale
from tests.chromium import chromium

# A kernel compiles at its first call, and machines differ: no test is about time. The blob that is
# printed with a failure repeats it.
settings.register_profile("tapeline", deadline=None, print_blob=True)
settings.load_profile("tapeline")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        drop_stale(UDFS)  # the tests are of the kernels as they are written


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
