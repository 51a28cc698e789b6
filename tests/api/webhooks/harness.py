"""A receiver with scripted answers, alerts from memory, and time set by the test."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Self

import msgspec

from api.backoff import Backoff
from api.breaker import Breaker
from api.metrics import Metrics
from api.records import Alert, Undelivered
from api.webhooks.answer import Answer
from api.webhooks.courier import Courier, Patience, Sender
from api.webhooks.dead_list import DeadList, DeadListError
from api.webhooks.delivery import Delivery
from api.webhooks.network import Network
from api.webhooks.parcel import Parcel, Source
from api.webhooks.post import Post
from api.webhooks.tally import Tally
from api.webhooks.targets import Target
from api.webhooks.webhooks import Webhooks
from tests.api.harness import NOW

SECRET = b"a secret of the desk"
HOUR_MS = 3_600_000


@dataclass
class Request:
    """What a receiver was sent."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=monotonic)  # seconds


@dataclass
class Scripted:
    """An answer; ``hold`` is waited for before it is given."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: threading.Event | None = None


class Receiver:
    """A server on the loopback interface that answers as scripted, then always the same.

    Attributes:
        otherwise: What it answers to all that come after the scripted ones.
    """

    def __init__(self, *answers: Scripted | int) -> None:
        self.requests: list[Request] = []
        self.otherwise = Scripted()
        self._answers = [each if isinstance(each, Scripted) else Scripted(each) for each in answers]
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size)
                if len(body) < size:  # cut, as by a sender that stops: nothing was delivered
                    self.close_connection = True
                    return
                scripted = receiver._take(Request(self.path, dict(self.headers), body))
                if scripted.hold:
                    scripted.hold.wait(20)
                self.send_response(scripted.status)
                for name, value in scripted.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(scripted.body)))
                self.end_headers()
                self.wfile.write(scripted.body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # who sent it did not wait for the answer

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    @property
    def ids(self) -> list[str]:
        """Of the alerts that came, in order."""
        return [request.headers["Tapeline-Id"] for request in self.requests]

    def _take(self, request: Request) -> Scripted:
        with self._lock:
            self.requests.append(request)
            return self._answers.pop(0) if self._answers else self.otherwise


def to_parcel(alert: Alert) -> Parcel:
    return Parcel(alert, msgspec.json.encode(alert))


@dataclass
class Time:
    """The time as the test sets it: resting makes it pass."""

    seconds: float = 0.0

    def wall(self) -> int:
        return NOW + int(self.seconds * 1_000)

    def monotonic(self) -> float:
        return self.seconds


class MemorySource:
    """Alerts of a list, in the way of a topic: what is not settled comes again to the next one."""

    def __init__(self, alerts: Iterable[Alert], time: Time, first: int = 0) -> None:
        self.parcels = [Parcel(a, msgspec.json.encode(a), n) for n, a in enumerate(alerts)]
        self.settled = first  # so many are dealt with
        self.rests: list[float] = []
        self.stops_after: float | None = None  # rests
        self._next = first
        self._time = time

    @property
    def is_empty(self) -> bool:
        return self._next == len(self.parcels)

    def take(self) -> Parcel | None:
        if self.is_empty:
            return None
        self._next += 1
        return self.parcels[self._next - 1]

    def pass_over(self, parcel: Parcel) -> None:
        pass

    def settle(self, parcel: Parcel) -> None:
        self.settled = parcel.place + 1

    def rest(self, seconds: float) -> bool:
        if seconds:
            self.rests.append(seconds)
        self._time.seconds += seconds
        return self.stops_after is None or len(self.rests) < self.stops_after


class MemoryDeadList:
    """A dead list of so many failures, then in memory."""

    def __init__(self, failures: int = 0) -> None:
        self.kept: list[Undelivered] = []
        self.failures = failures

    def put(self, undelivered: Undelivered, parcel: Parcel) -> None:
        if self.failures:
            self.failures -= 1
            raise DeadListError("no broker")
        self.kept.append(undelivered)


@dataclass
class ScriptedSender:
    """Answers as it is told, by the alert; remembers when it was asked."""

    answer: Callable[[Parcel, int], Answer]
    time: Time = field(default_factory=Time)
    takes: float = 0.0  # seconds for each attempt
    sent: list[tuple[float, str]] = field(default_factory=list)

    def send(self, parcel: Parcel) -> Answer:
        before = sum(each == parcel.alert.id for _, each in self.sent)
        self.sent.append((self.time.seconds, parcel.alert.id))
        self.time.seconds += self.takes
        return self.answer(parcel, before + 1)


OK = Answer(None, False, "answered 204", 204)
BUSY = Answer("unavailable", True, "answered 503", 503)
NO = Answer("refused", False, "answered 400", 400)


def target(url: str = "https://hooks.example.com/", rules: list[str] | None = None) -> Target:
    content = {"name": "desk", "url": url, "rules": rules}
    return Target.model_validate(content, context={"allow_private": True})


def courier(
    sender: Sender,
    time: Time,
    *,
    attempts: int = 5,
    failures: int = 5,
    jitter: Callable[[], float] = lambda: 1.0,
    to: Target | None = None,
    metrics: Metrics | None = None,
) -> Courier:
    to = to or target()
    return Courier(
        to,
        sender,
        Patience(attempts, Backoff(1.0, 60.0, jitter), HOUR_MS),
        Breaker(failures, 30.0, 600.0),
        Tally(to.name, metrics or Metrics()),
        time.wall,
        time.monotonic,
    )


def post(url: str, network: Network | None = None, timeout: float = 5.0) -> Post:
    network = network or Network(allow_private=True, most=timeout)
    return Post(target(url), SECRET, network, timeout, lambda: NOW)


def webhooks_to(
    url: str, alerts: Iterable[Alert] = (), dead_list: DeadList | None = None
) -> Webhooks:
    """One webhook, "desk", that is brought these alerts by a thread."""
    time = Time()
    network = Network(allow_private=True, most=5.0)
    sender = Post(target(url), SECRET, network, 5.0, lambda: NOW)

    @contextmanager
    def connect(stopping: threading.Event) -> Iterator[tuple[Source, DeadList]]:
        yield WaitingSource(alerts, time, stopping), dead_list or MemoryDeadList()

    return Webhooks([Delivery(courier(sender, time, to=target(url)), connect, network.cut)])


class WaitingSource(MemorySource):
    """The same for a thread: waiting takes its time, and ends when it is to stop."""

    def __init__(self, alerts: Iterable[Alert], time: Time, stopping: threading.Event) -> None:
        super().__init__(alerts, time)
        self._stopping = stopping

    def take(self) -> Parcel | None:
        if self.is_empty:
            self._stopping.wait(0.01)
        return super().take()

    def rest(self, seconds: float) -> bool:
        return not self._stopping.wait(seconds)
