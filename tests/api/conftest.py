from collections.abc import Iterator

import httpx
import pytest

from api.service import Service
from tests.api.harness import Clock, HandReader, make_service, served
from tests.api.live.harness import Kafka


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
def kafka(service: Service) -> Kafka:
    """Where a test puts what the service's streams are to tell."""
    return Kafka(service)


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with served(service) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False) as client:
        yield client
