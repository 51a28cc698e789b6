from collections.abc import Iterator

import pytest

from scripts.stack.broker import Broker
from scripts.stack.ports import free_port


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of its own for a file of tests."""
    broker = Broker(tmp_path_factory.mktemp("kafka"), free_port(), heap="256m")
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
