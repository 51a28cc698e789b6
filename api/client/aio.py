"""The client for programs on an event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from httpx_sse import aconnect_sse

from .answers import Job, Page
from .errors import TapelineError, check, unreachable
from .following import POLLING, Following, Message
from .methods import Methods
from .question import Question, ask
from .sending import Progress, Sending

P = TypeVar("P", bound=Page)
T = TypeVar("T")


class AsyncClient(Methods):
    """A connection to a service, whose methods are awaited; all else is as with ``Client``."""

    def _open(self, options: dict[str, Any]) -> None:
        self._http = httpx.AsyncClient(**options)

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
                request = following.request()
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
        looks = 0
        while not job.is_over:
            looks += 1
            await asyncio.sleep(POLLING.wait(looks))
            job = await self.job(job.id)
        return job
