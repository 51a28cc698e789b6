"""The thread of one target."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from kafka.errors import KafkaError

from api.webhooks.courier import Courier
from api.webhooks.dead_list import DeadList
from api.webhooks.parcel import Source

BACKOFF_SECONDS = (0.25, 0.5, 1.0, 2.0)  # before each further attempt to connect; the last repeats

Connect = Callable[[threading.Event], AbstractContextManager[tuple[Source, DeadList]]]

log = logging.getLogger(__name__)


class Delivery:
    """Lets a courier work until it is told to stop; connects again whatever goes wrong.

    Args:
        courier: Does the work.
        connect: Connects to the source and the dead list, given what is set when it is to stop.
        cut: Ends the request that is under way.
    """

    def __init__(self, courier: Courier, connect: Connect, cut: Callable[[], None]) -> None:
        self.courier = courier
        self._connect = connect
        self._cut = cut
        self._stopping = threading.Event()
        name = f"webhook {courier.target.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Have it stop at once; what is under way is delivered again after the next start."""
        self._stopping.set()
        self._cut()

    def join(self, seconds: float) -> None:
        """Wait for its end; one that waits for a broker which is gone ends with the process."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            try:
                with self._connect(self._stopping) as (source, dead_list):
                    while not self._stopping.is_set():
                        self.courier.step(source, dead_list)
                        attempts = 0
            except Exception as error:
                # Whatever it is: a thread that died in silence would deliver nothing any more.
                name = self.courier.target.name
                if not isinstance(error, KafkaError):
                    log.exception("webhook %s failed and starts again", name)
                elif not attempts:
                    log.warning("webhook %s cannot read from Kafka: %r", name, error)
                self._stopping.wait(BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS) - 1)])
                attempts += 1
