"""The client for programs that wait."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from httpx_sse import connect_sse

from .answers import Job, Page
from .errors import TapelineError, check, unreachable
from .following import POLLING, Following, Message
from .methods import Methods
from .question import Question, ask
from .sending import Progress, Sending

P = TypeVar("P", bound=Page)
T = TypeVar("T")


class Client(Methods):
    """A connection to a service; close it, or use it as a context."""

    def _open(self, options: dict[str, Any]) -> None:
        self._http = httpx.Client(**options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up all connections."""
        self._http.close()

    def ask(self, question: Question[T]) -> T:
        """The answer to a question."""
        try:
            return question.read(self._http.get(question.path, params=question.parameters))
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error

    def pages(self, question: Question[P]) -> Iterator[P]:
        """All pages of a list, the newest first; the limit is that of a page."""
        page = self.ask(question)
        yield page
        while page.next:
            page = self.ask(question.at(page.next))
            yield page

    def follow(
        self,
        channels: Iterable[str],
        symbols: Iterable[str] = (),
        *,
        snapshot: int = 1,
        cursor: str = "",
    ) -> Iterator[Message]:
        """What comes over Kafka, for ever: a snapshot, then updates, none missing and none twice.

        A connection that breaks, or cannot be made, is made again, after a ``Lost``.

        Args:
            channels: Such as ``candles.1m``, ``finals.1h``, ``anomalies``.
            symbols: Only these; all if empty.
            snapshot: Rows of each series that come first.
            cursor: Of a message, to go on after it instead.

        Raises:
            RefusedError: The service will not have it; that it is busy is no reason.
        """
        following = Following(channels, symbols, snapshot, cursor, self._backoff)
        while True:
            end: Exception | None = None
            try:
                with connect_sse(self._http, "GET", "stream", **following.request()) as source:
                    if source.response.is_error:
                        source.response.read()
                        check(source.response)
                    for event in source.iter_sse():
                        if message := following.read(event):
                            yield message
            except (httpx.HTTPError, TapelineError) as error:
                end = error
            lost = following.lost(end, self.url)
            yield lost
            time.sleep(lost.wait)

    def upload(self, path: str | Path, progress: Progress | None = None) -> Job:
        """Send a file of trades (CSV, NDJSON, Parquet; the first two also as ``.gz``).

        The job that comes back has all of the body, but may not be over yet: see ``finished``.

        Args:
            path: Its suffix names the form.
            progress: Told how many bytes of how many are sent.

        Raises:
            ValueError: The suffix names no form.
            OSError: The file cannot be read.
        """
        body = Sending(Path(path), progress)
        try:
            response = self._http.post("upload", content=iter(body), headers=body.headers)
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error
        return ask("upload", Job).read(response)

    def finished(self, job: Job) -> Job:
        """The job once it is over: each row is acknowledged by the broker, or accounted for."""
        looks = 0
        while not job.is_over:
            looks += 1
            time.sleep(POLLING.wait(looks))
            job = self.job(job.id)
        return job
