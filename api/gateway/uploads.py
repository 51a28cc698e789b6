"""All uploads of the service."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from api.gateway.errors import BodyTooLargeError, UnsupportedFormError
from api.gateway.filter import Filter
from api.gateway.form import MULTIPART, form_of, media_type
from api.gateway.job import Job
from api.gateway.jobs import Jobs
from api.gateway.publisher import Publisher
from api.gateway.upload import Terms, Upload
from api.settings import Settings


class Uploads:
    """Takes uploads of trades.

    Args:
        settings: Bounds, and where trades go.
        clock: The time, ms since the epoch.
        registry: Told of rows.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], int], registry: CollectorRegistry
    ) -> None:
        self.jobs = Jobs(settings.max_jobs, settings.max_uploads, clock)
        self._publisher = Publisher(
            "uploads", settings.bootstrap_servers, settings.publish_timeout_ms
        )
        self._terms = Terms(
            settings.trades_topics[0],
            settings.max_upload_bytes,
            lambda: clock() + settings.max_ahead_ms,
            self._publisher,
            Filter(settings.gateway_symbols, settings.gateway_kinds),
        )
        self._rows = Counter(
            "tapeline_api_upload_rows",
            "Rows of uploads by what became of them, counted when the upload ends",
            ["outcome"],
            registry=registry,
        )

    def start(self) -> None:
        """Be ready to publish."""
        self._publisher.start()

    def stop(self) -> None:
        """Stop: uploads that are under way fail."""
        self._publisher.stop()

    def open(self, content_type: str, encoding: str, length: int | None) -> Upload:
        """Begin an upload of what a request says it has.

        Raises:
            UnsupportedFormError: The form or its encoding is not read.
            BodyTooLargeError: It says it is over the bound.
            TooManyUploadsError: As many as there may be are under way.
        """
        is_gzip = encoding.strip().lower() == "gzip"
        if not is_gzip and encoding.strip().lower() not in ("", "identity"):
            raise UnsupportedFormError(
                f"expected a Content-Encoding of gzip or none, got {encoding!r}", ("gzip",)
            )
        if media_type(content_type) != MULTIPART:
            if form_of(content_type) == "parquet" and is_gzip:
                raise UnsupportedFormError("expected Parquet without a Content-Encoding")
        elif is_gzip:
            raise UnsupportedFormError("expected multipart/form-data without a Content-Encoding")
        if length is not None and length > self._terms.most_bytes:
            raise BodyTooLargeError(
                f"expected at most {self._terms.most_bytes} bytes, got {length}"
            )
        return Upload(self.jobs.open(), self._terms, content_type, is_gzip, self._count)

    def _count(self, job: Job) -> None:
        report = job.report()
        for outcome in ("published", "rejected", "filtered", "in_flight"):
            self._rows.labels(outcome).inc(getattr(report, outcome))
