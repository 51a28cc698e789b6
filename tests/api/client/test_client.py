"""Both clients over real HTTP: answers, pages, errors."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from api.client import Client, RefusedError, UnreachableError, questions
from api.service import Service
from tests.api.client.harness import CLIENTS
from tests.api.harness import MINUTE, NOW, alert, book, candle, dead_letter, flow, served

SYMBOLS = ["BTC/USD", "a.b", "..", "x?y#z%2F", "ü"]


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, service: Service) -> Iterator[Any]:
    with served(service) as address, request.param(address) as client:
        yield client


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_candles_come_as_they_were_put_in(client: Any, service: Service, symbol: str) -> None:
    rows = [candle(symbol, start=NOW + n * MINUTE, close=100 + n / 3) for n in range(5)]
    service.store.put(rows)
    page = client.candles(symbol)
    assert page.candles == rows
    assert (page.symbol, page.interval, page.next) == (symbol, "1m", None)
    assert client.aggregations(symbol).intervals == {"1m": rows[-1]}


def test_times_are_ms_text_or_datetimes(client: Any, service: Service) -> None:
    service.store.put([candle(start=NOW + n * MINUTE) for n in range(5)])
    end = datetime.fromtimestamp((NOW + 3 * MINUTE) / 1_000, UTC)
    found = client.candles("BTC/USD", start=NOW + MINUTE, end=end).candles
    assert [each.start for each in found] == [NOW + MINUTE, NOW + 2 * MINUTE]
    assert client.candles("BTC/USD", start="2026-01-01T00:00:00Z", end=end).candles[1:] == found
    with pytest.raises(ValueError, match="offset from UTC"):
        client.candles("BTC/USD", start=datetime(2026, 1, 1))  # noqa: DTZ001


def test_pages_lead_from_the_newest_to_the_oldest(client: Any, service: Service) -> None:
    rows = [candle(start=NOW + n * MINUTE) for n in range(10)]
    service.store.put(rows)
    pages = [page.candles for page in client.pages(questions.candles("BTC/USD", limit=4))]
    assert pages == [rows[6:], rows[2:6], rows[:2]]


def test_only_final_ones_can_be_asked_for(client: Any, service: Service) -> None:
    service.store.put([candle(final=True)])
    service.store.put([candle(start=NOW + MINUTE, final=False)])
    assert [each.final for each in client.candles("BTC/USD").candles] == [True, False]
    assert [each.final for each in client.candles("BTC/USD", final=True).candles] == [True]
    assert [each.final for each in client.candles("BTC/USD", final=False).candles] == [False]


def test_a_quiet_minute_is_filled(client: Any, service: Service) -> None:
    service.store.put([candle()])
    service.store.put([candle(start=NOW + 2 * MINUTE)])
    found = client.filled_candles("BTC/USD", fill="previous").candles
    assert [(each.filled, each.close, each.cause) for each in found] == [
        (False, 101.5, None),
        (True, 101.5, "quiet"),
        (False, 101.5, None),
    ]


def test_what_else_is_kept_comes_as_it_is(client: Any, service: Service) -> None:
    service.flows.put([flow()])
    service.books.put([book()])
    service.alerts.put([alert()])
    service.dead_letters.put([dead_letter()])
    assert client.order_flow("BTC/USD").order_flow == [flow()]
    assert client.book("BTC/USD") == book()
    assert client.alerts().alerts == [alert()]
    letters = client.dead_letters()
    assert (letters.total, letters.reasons) == (1, {"invalid_json": 1})
    assert client.ledger().balanced
    assert client.health().status == "alive"
    assert client.symbols().total == 0
    assert client.jobs().jobs == []


def test_a_refusal_says_what_would_have_been_right(client: Any, service: Service) -> None:
    service.store.put([candle()])
    with pytest.raises(RefusedError, match="no candles of 'BTC-USD'; there are BTC/USD") as error:
        client.candles("BTC-USD")
    assert error.value.status == 404
    assert error.value.problem.valid == ["BTC/USD"]
    assert error.value.problem.request_id
    assert not error.value.is_transient


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_service_that_is_not_there_is_said_to_be_so(kind: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with kind(address) as client, pytest.raises(UnreachableError, match=address):
        client.health()


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", RefusedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", UnreachableError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n<html>", UnreachableError),
        (b"SSH-2.0-OpenSSH_9.2\r\n", UnreachableError),
    ],
)
def test_who_is_no_tapeline_is_told_from_it(
    kind: Any, answer: bytes, error: type[Exception]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                peer.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with kind(address) as client, pytest.raises(error):
            client.health()
        thread.join()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://x", "http://"])
def test_a_url_must_be_one_of_http(url: str) -> None:
    with pytest.raises(ValueError, match="expected a URL such as"):
        Client(url)


def test_a_url_may_have_a_path_before_the_routes(service: Service) -> None:
    """As behind a proxy that serves more than one thing."""
    with Client("http://127.0.0.1:1/desk/") as client:
        assert str(client._http.build_request("GET", "api/symbols").url).endswith(
            "/desk/api/symbols"
        )


def test_answers_can_be_written_as_they_came(client: Any, service: Service) -> None:
    service.store.put([candle()])
    written = msgspec.json.decode(msgspec.json.encode(client.candles("BTC/USD").candles[0]))
    assert written == msgspec.to_builtins(candle())
