"""The client for programs on an event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Self, TypeVar

import httpx
from httpx_sse import aconnect_sse

from ..backoff import Backoff
from .answers import Job, Page
from .errors import TapelineError, check, unreachable
from .following import BACKOFF, Following, Message
from .methods import Methods
from .opening import LOCAL, Polling, options, streaming
from .question import Question, ask
from .sending import Progress, Sending

P = TypeVar("P", bound=Page)
T = TypeVar("T")


class AsyncClient(Methods):
    """A connection to a service, whose methods are awaited; all else is as with ``Client``.

    Args:
        url: Of the service.
        key: An API key, where the service asks for one.
        timeout: Seconds that a part of an answer may take.
        backoff: How long to wait before a stream that broke is taken up again.

    Raises:
        UnreachableError: Of all methods: there was no answer.
        RefusedError: Of all methods: the answer is an error.
    """

    def __init__(
        self,
        url: str = LOCAL,
        key: str | None = None,
        timeout: float = 30.0,
        backoff: Backoff = BACKOFF,
    ) -> None:
        self.url = url
        self._backoff = backoff
        self._http = httpx.AsyncClient(**options(url, key, timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up all connections."""
        await self._http.aclose()

    async def ask(self, question: Question[T]) -> T:
        """The answer to a question."""
        try:
            return question.read(await self._http.get(question.path, params=question.parameters))
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error

    async def pages(self, question: Question[P]) -> AsyncIterator[P]:
        """All pages of a list, the newest first; the limit is that of a page."""
        page = await self.ask(question)
        yield page
        while page.next:
            page = await self.ask(question.at(page.next))
            yield page

    async def follow(
        self,
        channels: Iterable[str],
        symbols: Iterable[str] = (),
        *,
        snapshot: int = 1,
        cursor: str = "",
    ) -> AsyncIterator[Message]:
        """What comes over Kafka, for ever, as ``Client.follow`` has it."""
        following = Following(channels, symbols, snapshot, cursor, self._backoff)
        while True:
            end: Exception | None = None
            try:
                request = streaming(following)
                async with aconnect_sse(self._http, "GET", "stream", **request) as source:
                    if source.response.is_error:
                        await source.response.aread()
                        check(source.response)
                    async for event in source.aiter_sse():
                        if message := following.read(event):
                            yield message
            except (httpx.HTTPError, TapelineError) as error:
                end = error
            lost = following.lost(end, self.url)
            yield lost
            await asyncio.sleep(lost.wait)

    async def upload(self, path: str | Path, progress: Progress | None = None) -> Job:
        """Send a file of trades, as ``Client.upload`` has it."""
        body = Sending(Path(path), progress)
        try:
            response = await self._http.post("upload", content=aiter(body), headers=body.headers)
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error
        return ask("upload", Job).read(response)

    async def finished(self, job: Job) -> Job:
        """The job once it is over: each row is acknowledged by the broker, or accounted for."""
        polling = Polling()
        while not job.is_over:
            await asyncio.sleep(polling.wait())
            job = await self.job(job.id)
        return job
