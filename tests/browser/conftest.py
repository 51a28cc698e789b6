from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from api.service import Service
from api.settings import Settings
from tests.api.harness import Clock, HandReader, make_service, served
from tests.browser.feed import Feed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="make the pictures of the README")


@dataclass
class Console:
    """What the browser complained of while the page was open."""

    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def service() -> Service:
    return make_service(Clock(), HandReader(), settings=Settings(alerts_file="rules.yaml"))


@pytest.fixture
def feed(service: Service) -> Feed:
    feed = Feed(service)
    feed.read_all()
    return feed


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with served(service) as address:
        yield address


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def page(browser: Browser, console: Console, address: str) -> Iterator[Page]:
    """A page that must not complain, nor ask anybody but the service; closed before that ends."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("pageerror", lambda error: console.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            console.complaints.append(message.text)
            if message.type in ("error", "warning")
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "data:"))
            else console.complaints.append(f"asked {request.url}")
        ),
    )
    yield page
    page.close()
    assert console.complaints == []
