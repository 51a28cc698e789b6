"""Requests of an exchange's REST API, as many as it allows."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from api.backoff import Backoff
from api.breaker import Breaker
from scripts.exchanges.adapter import Adapter, Query
from scripts.exchanges.clock import Clock
from scripts.exchanges.voice import Say

LIMITED = (418, 429)
"""Too much was asked, and: it went on although it was told so."""
LONGEST_BAN_S = 3 * 86_400.0


class RestError(Exception):
    """It did not answer, or not what was asked for."""


class Rest:
    """Asks one thing after the other, and waits where the exchange wants it to.

    Args:
        client: With the exchange's address and headers.
        adapter: Of the exchange.
        clock: Of all waiting.
        backoff: Between two tries.
        breaker: Leaves an exchange in peace that fails again and again.
        tries: Of one request; where it is told when to come again, that is none.
        say: What is odd is told.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        adapter: Adapter,
        clock: Clock,
        backoff: Backoff,
        breaker: Breaker,
        tries: int,
        say: Say,
    ) -> None:
        self._client = client
        self._adapter = adapter
        self._clock = clock
        self._backoff = backoff
        self._breaker = breaker
        self._tries = tries
        self._say = say
        self._not_before = 0.0

    async def get(self, query: Query) -> bytes:
        """The body of an answer of 200.

        Raises:
            RestError: There was none, however often it was tried; or it was refused.
        """
        failures = 0
        while True:
            await self._turn()
            try:
                answer = await self._client.get(query.path, params=dict(query.parameters))
            except httpx.HTTPError as error:
                why = repr(error)
            else:
                self._not_before = self._clock.now() + self._adapter.pause(answer.headers)
                if answer.status_code == 200:
                    self._breaker.succeeded()
                    return answer.content
                why = f"HTTP {answer.status_code} {answer.text[:200]}".strip()
                is_limited = answer.status_code in LIMITED
                asked = retry_after(answer.headers.get("retry-after", ""))
                if is_limited and asked is not None:
                    self._say("REST", f"{why}: it is asked again in {asked:g} s")
                    self._not_before = self._clock.now() + asked
                    continue
                if answer.status_code < 500 and not is_limited:
                    raise RestError(why)
            failures += 1
            self._breaker.failed(self._clock.now())
            self._say("REST", why)
            if failures >= self._tries:
                raise RestError(why)
            await self.rest(failures)

    async def rest(self, failures: int) -> None:
        """Wait as one does after so many failures in a row."""
        await self._clock.sleep(self._backoff.wait(failures))

    async def _turn(self) -> None:
        while True:
            now = self._clock.now()
            wait = max(self._not_before - now, self._breaker.wait(now))
            if wait <= 0:
                return
            await self._clock.sleep(wait)


def retry_after(header: str) -> float | None:
    """Seconds to wait, as the header says: a number of them, or a date; None if neither."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_BAN_S)
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), LONGEST_BAN_S)
