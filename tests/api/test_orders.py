"""Order flow and books over real HTTP, filled by hand."""

import httpx
import msgspec
import pytest

from api.books import Books
from api.errors import UnknownSymbolError
from api.models import BookModel, FlowsModel
from api.records import Book, Flow
from api.service import Service
from tests.api.harness import MINUTE, NOW, book, flow


def test_a_flow_comes_as_it_was_put(service: Service, client: httpx.Client) -> None:
    put = [flow(), flow(NOW + MINUTE, final=False)]
    service.flows.put(put)
    answer = client.get("/api/order-flow/BTC/USD").json()
    FlowsModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer["order_flow"], list[Flow]) == put


def test_flows_are_chosen_as_candles_are(service: Service, client: httpx.Client) -> None:
    service.flows.put(flow(NOW + n * MINUTE, final=n < 3) for n in range(5))

    def starts(query: str) -> list[int]:
        found = client.get(f"/api/order-flow/BTC/USD?{query}").json()["order_flow"]
        return [(each["start"] - NOW) // MINUTE for each in found]

    assert starts("limit=2") == [3, 4]
    assert starts("final=true") == [0, 1, 2]
    assert starts(f"from={NOW + MINUTE}&to={NOW + 3 * MINUTE}") == [1, 2]
    assert starts("interval=1s") == []
    assert client.get("/api/order-flow/BTC/USD?size=2").status_code == 422


def test_a_final_flow_stays_and_a_newer_forming_one_replaces_one(
    service: Service, client: httpx.Client
) -> None:
    service.flows.put(flow(final=False, orders=n) for n in (1, 2))
    service.flows.put([flow(orders=3), flow(final=False, orders=4)])
    (found,) = client.get("/api/order-flow/BTC/USD").json()["order_flow"]
    assert (found["buy_orders"], found["final"]) == (3, True)


def test_the_newest_book_is_the_answer(service: Service, client: httpx.Client) -> None:
    service.books.put([book(best_bid=100.0), book("A", 7.0), book()])
    answer = client.get("/api/book/BTC/USD").json()
    BookModel.model_validate(answer, strict=True)
    assert msgspec.convert(answer, Book) == book()
    service.books.put([book(best_bid=None)])
    assert client.get("/api/book/BTC%2FUSD").json()["bids"] == []


@pytest.mark.parametrize(("path", "what"), [("book", "book"), ("order-flow", "order flow")])
def test_an_unknown_symbol_is_told_with_those_there_are(
    service: Service, client: httpx.Client, path: str, what: str
) -> None:
    service.flows.put([flow()])
    service.books.put([book()])
    response = client.get(f"/api/{path}/BTC")
    problem = response.json()
    assert response.status_code == 404
    assert problem["detail"] == f"no {what} of 'BTC'; there are BTC/USD"
    assert problem["valid"] == ["BTC/USD"]


def test_books_of_so_many_symbols_are_kept_those_last_updated() -> None:
    books = Books(2)
    books.put([book("A"), book("B"), book("A", 5.0), book("C")])
    assert (len(books), books.of("A").best_bid, books.of("C").symbol) == (2, 5.0, "C")
    with pytest.raises(UnknownSymbolError):
        books.of("B")
