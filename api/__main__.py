"""``python -m api``: run the service until SIGTERM."""

import gc
import logging
import signal
import sys

from api import request_id
from api.security.install import AccessError
from api.security.keys import KeysFileError
from api.security.redact import redact
from api.server import serve
from api.service import Service
from api.settings import Settings
from api.webhooks.targets import AlertsFileError


def main() -> None:
    """Read the settings and serve."""
    # uvicorn stops in good order, then sends itself the signal once more: that is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = Settings()
    request_id.install_logging(settings.log_level)
    redact(logging.getLogger())
    # The reader says once that the broker is away; the client library would say it every time.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    # The store's lists are long and make no cycles: looking for some in them, again and again
    # while Kafka is read, took a fifth of the reader's time.
    gc.set_threshold(100_000, 50, 100)
    try:
        serve(Service.build(settings))
    except (AlertsFileError, AccessError, KeysFileError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
