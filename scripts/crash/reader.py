"""Reads the candles as they come, and when they came."""

import contextlib
import threading
import time
from typing import Any

import msgspec
from kafka import TopicPartition
from kafka.errors import KafkaError

from scripts.stack import topics

Key = tuple[str, str, int]
"""Symbol, interval and start of a candle."""


class CandleReader:
    """The newest candle of each window, committed ones only, of symbols that begin with a name."""

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="candle reader", daemon=True)
        self._lock = threading.Lock()
        self._newest: dict[Key, dict[str, Any]] = {}
        self._contradictions: list[str] = []
        self.arrivals: list[float] = []
        """When batches of candles came, by ``time.monotonic``."""

    def start(self) -> None:
        """Begin to read, from the start of the topic."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def newest(self, name: str) -> dict[Key, dict[str, Any]]:
        """The newest candle of each window of the symbols that begin with a name."""
        with self._lock:
            return {key: c for key, c in self._newest.items() if key[0].startswith(name)}

    @property
    def contradictions(self) -> list[str]:
        """Two candles of the same window and revision, both final, that do not say the same."""
        with self._lock:
            return list(self._contradictions)

    def _run(self) -> None:
        offsets = dict.fromkeys(self._partitions, 0)
        while not self._stopping.is_set():
            with contextlib.suppress(KafkaError, OSError):
                self._read(offsets)

    def _read(self, offsets: dict[TopicPartition, int]) -> None:
        consumer = topics.consumer(self._bootstrap_servers)
        try:
            consumer.assign(self._partitions)
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            while not self._stopping.is_set():
                batches = consumer.poll(timeout_ms=100)
                if batches:
                    self.arrivals.append(time.monotonic())
                for partition, records in batches.items():
                    for record in records:
                        self._take(msgspec.json.decode(record.value))
                    offsets[partition] = records[-1].offset + 1
        finally:
            consumer.close()

    def _take(self, candle: dict[str, Any]) -> None:
        key = candle["symbol"], candle["interval"], candle["start"]
        with self._lock:
            before = self._newest.get(key)
            if before is not None:
                older, newer = _rank(before), _rank(candle)
                if (
                    older[:2] == newer[:2]
                    and candle["final"]
                    and _values(before) != _values(candle)
                ):
                    self._contradictions.append(f"{before} and then {candle}")
                if older > newer:
                    return
            self._newest[key] = candle


def _rank(candle: dict[str, Any]) -> tuple[bool, int, int]:
    return candle["final"], candle["revision"], candle["updated_at"]


def _values(candle: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in candle.items() if name != "updated_at"}
