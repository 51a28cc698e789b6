"""What all tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from tests.chromium import chromium

# A kernel compiles at its first call, and machines differ: no test is about time. The blob that is
# printed with a failure repeats it.
settings.register_profile("tapeline", deadline=None, print_blob=True)
settings.load_profile("tapeline")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
