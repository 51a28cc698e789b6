"""Trades that flow while things crash: in disorder, some of them late, twice, or broken."""

import random
import threading
import time
from dataclasses import dataclass

import msgspec
from kafka import KafkaProducer

SYMBOLS = 4
_STEP_SECONDS = 0.05
_LATE_MS = 200_000
"""How far behind late trades are: closed windows of up to a minute get corrected."""
LATE, COPIES, BROKEN = 0.01, 0.02, 0.02
"""How many of the trades are such."""


@dataclass
class CrashFeed:
    """Sends ``rate`` trades a second of symbols of its own, from ``start`` to ``stop``."""

    bootstrap_servers: str
    topic: str
    name: str
    seed: int
    rate: int = 400

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed {self.name}", daemon=True)
        self._count = 0
        self._sent: list[tuple[bytes, bytes, int]] = []
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End, and return when the broker has all that was sent.

        Raises:
            Exception: what the producer gave up with.
        """
        self._stopping.set()
        self._thread.join()
        if self.error:
            raise self.error

    def _run(self) -> None:
        # Patient enough for a broker that is killed and comes back.
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap_servers,
            linger_ms=10,
            max_block_ms=180_000,
            delivery_timeout_ms=180_000,
        )
        try:
            futures = []
            while not self._stopping.is_set():
                for _ in range(max(1, round(self.rate * _STEP_SECONDS))):
                    key, value, timestamp_ms = self._message()
                    futures.append(
                        producer.send(self.topic, value, key=key, timestamp_ms=timestamp_ms)
                    )
                self._stopping.wait(_STEP_SECONDS)
            for future in futures:
                future.get(timeout=180)
        except Exception as error:
            self.error = error
        finally:
            producer.close()

    def _message(self) -> tuple[bytes, bytes, int]:
        """Key, value and timestamp of the next message."""
        pick = self._random
        if self._sent and pick.random() < COPIES:
            return pick.choice(self._sent[-2_000:])
        now_ms = time.time_ns() // 1_000_000
        symbol = f"{self.name}-{pick.randrange(SYMBOLS)}"
        behind_ms = pick.randrange(_LATE_MS) if pick.random() < LATE else 0
        self._count += 1
        trade: dict[str, object] = {
            "symbol": symbol,
            "price": round(100 + pick.gauss(0, 5), 2),
            "quantity": round(pick.expovariate(1) + 1e-6, 6),
            "timestamp": now_ms - behind_ms - pick.randrange(1_500),
            "side": pick.choice(["buy", "sell"]),
        }
        kind = pick.randrange(4)
        if kind:
            trade["trade_id"] = f"{self.name}-{self._count:030d}" if kind == 1 else self._count
        if pick.random() < BROKEN:
            trade["price"] = pick.choice([0, -1, "1.0", None, True])
        message = symbol.encode(), msgspec.json.encode(trade), now_ms
        self._sent.append(message)
        return message
