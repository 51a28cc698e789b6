from collections.abc import Iterator

import httpx
import pytest

from api.service import Service
from tests.api.harness import Clock, HandReader, make_service, served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader() -> HandReader:
    return HandReader()


@pytest.fixture
def service(clock: Clock, reader: HandReader) -> Service:
    return make_service(clock, reader)


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with served(service) as address, httpx.Client(base_url=address, trust_env=False) as client:
        yield client
