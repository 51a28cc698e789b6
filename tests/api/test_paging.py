"""Walking through lists by cursors, over real HTTP, while rows come and are corrected."""

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.paging import Walk
from api.parameters import DeadLetterParameters, PageParameters
from api.records import Alert, Anomaly, DeadLetter, Outage, Undelivered
from api.service import Service
from tests.api.harness import MINUTE, NOW, alert, candle, dead_letter, undelivered

SYMBOLS = count()
Put = Callable[[list[int]], None]

over_http = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)


def walk(
    client: httpx.Client, path: str, name: str, limit: int, between: Callable[[], None]
) -> list[dict[str, Any]]:
    """All rows in the order they were given, newest first; something happens after each page."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {**httpx.URL(path).params, "limit": limit}
    while True:
        response = client.get(path, params=query)
        assert response.status_code == 200, response.text
        page = response.json()[name]
        rows += page if name in ("dead_letters", "undelivered") else page[::-1]
        query["cursor"] = response.json()["next"]
        if query["cursor"] is None:
            return rows
        assert len(page) == limit
        between()


numbers = st.lists(st.integers(0, 30), min_size=1, unique=True)
pages = st.lists(st.lists(st.integers(0, 60), max_size=5), max_size=20)


@over_http
@given(numbers, pages, st.integers(1, 12))
def test_a_walk_gives_every_candle_once_while_others_come_and_are_corrected(
    service: Service, client: httpx.Client, first: list[int], later: list[list[int]], limit: int
) -> None:
    symbol = f"S{next(SYMBOLS)}"
    service.store.put(candle(symbol, start=NOW + n * MINUTE) for n in first)
    puts = iter(later)

    def between() -> None:
        service.store.put(
            candle(symbol, start=NOW + n * MINUTE, revision=1) for n in next(puts, [])
        )

    rows = walk(client, f"/api/candles/{symbol}", "candles", limit, between)
    found = [(row["start"] - NOW) // MINUTE for row in rows]
    assert found == sorted(set(found), reverse=True)
    assert set(first) <= set(found)


def anomaly(symbol: str, offset: int, z: float = 3.5) -> Anomaly:
    """One of four that happened at once."""
    return Anomaly(
        *(symbol, NOW + offset // 4, "price", None, 2.0, 1.0, 0.25, z, 3.0, "minor", 100),
        *("trades", 0, offset, NOW),
    )


@over_http
@given(numbers, pages, st.integers(1, 12))
def test_a_walk_gives_every_event_once_also_of_many_at_one_time(
    service: Service, client: httpx.Client, first: list[int], later: list[list[int]], limit: int
) -> None:
    symbol = f"S{next(SYMBOLS)}"
    service.anomalies.put(anomaly(symbol, n) for n in first)
    puts = iter(later)

    def between() -> None:
        service.anomalies.put(anomaly(symbol, n, z=4.0) for n in next(puts, []))

    rows = walk(client, f"/api/anomalies/{symbol}", "anomalies", limit, between)
    found = [row["offset"] for row in rows]
    assert len(set(found)) == len(found)
    assert set(first) <= set(found)


@over_http
@given(numbers, pages, st.integers(1, 12))
def test_a_walk_gives_every_dead_letter_once_in_the_order_they_came(
    service: Service, client: httpx.Client, first: list[int], later: list[list[int]], limit: int
) -> None:
    topic = f"t{next(SYMBOLS)}"
    service.dead_letters.put(dead_letter(n, topic=topic) for n in first)
    puts = iter(later)

    def between() -> None:
        service.dead_letters.put(dead_letter(n, "again", topic) for n in next(puts, []))

    rows = walk(client, f"/api/dead-letters?topic={topic}", "dead_letters", limit, between)
    assert [row["offset"] for row in rows] == first[::-1]


def test_outages_alerts_and_what_was_not_delivered_are_walked_through_too(
    service: Service, client: httpx.Client
) -> None:
    outages = [
        Outage("", NOW, NOW - 9, NOW, 9, 5, "trades", partition, NOW) for partition in range(5)
    ]
    service.quality.put(reversed(outages))
    service.alerts.put(alert(n, rule) for n in range(2) for rule in ("b", "a"))
    service.undelivered.put(undelivered(n) for n in range(5))

    def all_of(path: str, name: str, kind: Any) -> Any:
        return msgspec.convert(walk(client, path, name, 2, lambda: None), list[kind])

    assert all_of("/api/outages", "outages", Outage) == outages[::-1]
    expected = [alert(n, rule) for n in (1, 0) for rule in ("b", "a")]
    assert all_of("/api/alerts", "alerts", Alert) == expected
    found = all_of("/api/webhooks/dead", "undelivered", Undelivered)
    assert found == [undelivered(n) for n in range(5)][::-1]


def test_totals_of_dead_letters_are_the_same_on_every_page(
    service: Service, client: httpx.Client
) -> None:
    service.dead_letters.put(map(dead_letter, range(5)))
    first = client.get("/api/dead-letters?limit=2").json()
    second = client.get(f"/api/dead-letters?limit=2&cursor={first['next']}").json()
    assert (first["total"], second["total"]) == (5, 5)
    letters = msgspec.convert(second["dead_letters"], list[DeadLetter])
    assert [each.offset for each in letters] == [2, 1]


def test_where_the_place_of_a_cursor_was_forgotten_so_was_all_before_it(
    service: Service, client: httpx.Client
) -> None:
    service.dead_letters.put(map(dead_letter, range(3)))
    cursor = client.get("/api/dead-letters?limit=1").json()["next"]
    kept = service.settings.max_dead_letters
    service.dead_letters.put(map(dead_letter, range(3, kept + 3)))
    answer = client.get(f"/api/dead-letters?cursor={cursor}").json()
    assert (answer["dead_letters"], answer["next"]) == ([], None)


def test_the_span_and_the_filters_hold_on_every_page(
    service: Service, client: httpx.Client
) -> None:
    service.store.put(candle(start=NOW + n * MINUTE, final=n < 8) for n in range(10))
    path = f"/api/candles/BTC/USD?from={NOW + 2 * MINUTE}&to={NOW + 9 * MINUTE}&final=true"
    rows = walk(client, path, "candles", 2, lambda: None)
    assert [(row["start"] - NOW) // MINUTE for row in rows] == [7, 6, 5, 4, 3, 2]


def test_a_page_may_have_another_size_than_the_one_before(
    service: Service, client: httpx.Client
) -> None:
    service.store.put(candle(start=NOW + n * MINUTE) for n in range(10))
    cursor = client.get("/api/candles/BTC/USD?limit=1").json()["next"]
    answer = client.get(f"/api/candles/BTC/USD?limit=7&cursor={cursor}").json()
    assert [(row["start"] - NOW) // MINUTE for row in answer["candles"]] == list(range(2, 9))


@pytest.mark.parametrize(
    "path",
    [
        "/api/candles/ETH/USD",
        "/api/order-flow/BTC/USD",
        "/api/candles/BTC/USD?interval=1s",
        "/api/candles/BTC/USD?final=true",
        f"/api/candles/BTC/USD?to={NOW}",
        "/api/dead-letters",
    ],
)
def test_a_cursor_of_another_question_is_refused(
    service: Service, client: httpx.Client, path: str
) -> None:
    service.store.put(candle(start=NOW + n * MINUTE) for n in range(2))
    cursor = client.get("/api/candles/BTC/USD?limit=1").json()["next"]
    response = client.get(path, params={**httpx.URL(path).params, "cursor": cursor})
    problem = response.json()
    assert (response.status_code, problem["title"]) == (422, "Bad parameter")
    assert problem["valid"] == ["the next of an answer to the same question"]
    assert problem["detail"].startswith("cursor: expected")


places: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)


@over_http
@given(st.text(max_size=60), st.text(max_size=9))
def test_a_cursor_that_was_made_up_is_refused(
    client: httpx.Client, made_up: str, place: str
) -> None:
    # One with the right mark too, whose place is none of the list.
    marked = Walk("dead letters", "", DeadLetterParameters(), places).cursor(place)
    for cursor in (made_up, marked, marked[:-1], marked + "!"):
        response = client.get("/api/dead-letters", params={"cursor": cursor})
        assert (response.status_code, response.json()["status"]) == (422, 422)


@given(st.text(max_size=20), st.data())
def test_a_changed_cursor_is_told_from_the_one_that_was_given(
    place: str, data: st.DataObject
) -> None:
    given_one = Walk("list", "", PageParameters(), places).cursor(place)
    at = data.draw(st.integers(0, len(given_one) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda each: each != given_one[at]))
    changed = given_one[:at] + other + given_one[at + 1 :]
    assert Walk("list", "", PageParameters(cursor=given_one), places).place == place
    with pytest.raises(ValueError, match="expected the next"):
        Walk("list", "", PageParameters(cursor=changed), places)
