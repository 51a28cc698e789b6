"""An upload on its way: from the socket over a thread to the publisher."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.gateway.errors import (
    BadBodyError,
    BodyTooLargeError,
    FailedUploadError,
    GatewayError,
    UnavailableError,
)
from api.gateway.filter import Filter
from api.gateway.form import MULTIPART, READERS, form_of, form_of_file, media_type
from api.gateway.gunzip import gunzip
from api.gateway.job import Job, State
from api.gateway.multipart import file_of
from api.gateway.pipe import BrokenBodyError, Pipe
from api.gateway.publisher import Message, Parcel, Publisher, PublishError
from api.gateway.reasons import Fault

PARCEL_ROWS = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all uploads.

    Attributes:
        topic: Where trades go.
        most_bytes: Of a body, as it comes and unpacked.
        latest_ms: The latest timestamp that is not too far ahead, now.
        publisher: Sends them.
        filter: Which of them.
    """

    topic: str
    most_bytes: int
    latest_ms: Callable[[], int]
    publisher: Publisher
    filter: Filter


class Upload:
    """One body, read and published by a thread while it comes.

    Args:
        job: Counts what becomes of it.
        terms: What holds for all.
        content_type: Of the request.
        is_gzip: Whether the body is packed.
        done: Called with the job when it has ended.
    """

    def __init__(
        self,
        job: Job,
        terms: Terms,
        content_type: str,
        is_gzip: bool,
        done: Callable[[Job], None],
    ) -> None:
        self.job = job
        self._terms = terms
        self._content_type = content_type
        self._is_gzip = is_gzip
        self._done = done
        self._pipe = Pipe()
        self._loop = asyncio.get_running_loop()
        # Set once the form of the body is found to be right, or not.
        self._is_open = asyncio.Event()
        self._refusal: GatewayError | None = None
        self._encode = msgspec.json.Encoder().encode
        self._messages: list[Message] = []

    async def receive(self, chunks: AsyncIterator[bytes]) -> None:
        """Take in the body; rows are published meanwhile, and after it.

        Raises:
            GatewayError: The body is refused, or could not be published: the job says how far.
        """
        threading.Thread(target=self._run, name=f"upload {self.job.id}", daemon=True).start()
        try:
            async for chunk in chunks:
                self.job.bytes += len(chunk)
                if self.job.bytes > self._terms.most_bytes:
                    raise BodyTooLargeError(f"expected at most {self._terms.most_bytes} bytes")
                if chunk and not await self._pipe.put(chunk):
                    break
            else:
                self.job.received()
                self._pipe.end()
            await self._is_open.wait()
        except ClientDisconnect:
            self._pipe.abort(BrokenBodyError("the connection broke before the end of the body"))
            # Nobody reads this.
            raise BadBodyError("expected the whole body") from None
        except BodyTooLargeError as error:
            self._pipe.abort(error)
            raise
        except HTTPException as error:  # too large or too slow for the service, whatever the route
            self._pipe.abort(BadBodyError(error.detail))
            raise
        except BaseException:
            self._pipe.abort(BrokenBodyError("the service stopped before the end of the body"))
            raise
        if self._refusal is not None:
            raise self._refusal

    def _run(self) -> None:
        try:
            self._publish_rows()
            self._finish()
            self.job.end("done")
        except BrokenBodyError as error:
            self._end("aborted", error)
        except (GatewayError, PublishError) as error:
            self._end("failed", error)
        except Exception as error:
            log.exception("upload %s failed", self.job.id)
            self._end("failed", error)
        self._pipe.leave()
        self._open()
        self._done(self.job)

    def _publish_rows(self) -> None:
        job, latest_ms = self.job, self._terms.latest_ms
        chunks: Iterator[bytes] = self._pipe.chunks(self._hand_over)
        if media_type(self._content_type) == MULTIPART:
            file = file_of(chunks, self._content_type)
            job.form, self._is_gzip = form_of_file(file.content_type, file.name)
            chunks = file.chunks
        else:
            job.form = form_of(self._content_type)
        if self._is_gzip:
            chunks = gunzip(chunks, self._terms.most_bytes)
        passes = self._terms.filter.passes_symbol
        is_for_all = self._terms.filter.passes_kind("trades")
        messages = self._messages
        for row in READERS[job.form](chunks, latest_ms):
            if not job.rows:
                self._open()
            job.read()
            if isinstance(row, Fault):
                job.reject(row)
            elif is_for_all and passes(row.symbol):
                messages.append(Message(row.symbol.encode(), self._encode(row), row.timestamp))
                if len(messages) >= PARCEL_ROWS:
                    self._hand_over()
            else:
                job.filtered += 1

    def _hand_over(self) -> None:
        """Give the publisher what was read.

        Raises:
            PublishError: What was given to it before failed, or the service stops.
        """
        job = self.job
        if job.failure is not None:
            raise job.failure
        if not self._messages:
            return
        messages = self._messages[:]
        self._messages.clear()
        count = len(messages)

        def settle(acknowledged: int, error: PublishError | None) -> None:
            job.settle(count, acknowledged, error)

        parcel = Parcel(self._terms.topic, messages, settle, lambda: job.failure is None)
        job.hand_over(count)
        try:
            self._terms.publisher.put(parcel)
        except PublishError as error:
            job.settle(count, 0, error)
            raise

    def _finish(self) -> None:
        """Publish what is left, and wait for the broker.

        Raises:
            PublishError: Not all was acknowledged.
        """
        self._hand_over()
        self.job.wait_until_settled()
        if self.job.failure is not None:
            raise self.job.failure

    def _end(self, state: State, error: Exception) -> None:
        """End the job early; what was read before is published as far as can be."""
        try:
            self._finish()
        except PublishError as failure:
            state, error = "failed", failure
            self.job.wait_until_settled()
        if isinstance(error, GatewayError):
            self._refusal = error
        elif isinstance(error, PublishError):
            self._refusal = UnavailableError(
                f"not all rows could be published: {error}", headers={"Retry-After": "30"}
            )
        elif not isinstance(error, BrokenBodyError):
            self._refusal = FailedUploadError("the service failed; its log says why")
        if self._refusal is not None:
            self._refusal.headers["Location"] = f"/api/jobs/{self.job.id}"
        self.job.end(state, str(error))

    def _open(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._is_open.set)
