"""Where what is read from Kafka meets the clients that are told of it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from api.intake import Intake
from api.live.channels import CHANNELS, Kind, kind_of
from api.live.client import Client
from api.live.cursor import Cursor, write_cursor
from api.live.groups import Groups
from api.live.limits import Limits
from api.live.link import Link
from api.live.log import Log
from api.live.message import Message, message
from api.live.metrics import LiveMetrics
from api.live.outbox import Outbox
from api.live.parts import Shared, snapshot_messages, update_messages
from api.live.past import Past
from api.live.resume import hole, is_ahead, missed
from api.live.subscription import Subscription
from api.live.update import Place, Update, update

TICK_S = 0.03  # between two rounds: what comes in the meantime goes into one message
SWEEP_S = 0.25  # between two looks for who was told nothing, or reads nothing
JOIN_S = 0.05  # of a round for clients that come; the others wait for the next round
AHEAD_MS = 10_000  # how long a cursor may be of what this instance has not read yet
GRACE_S = 1.0  # what a client that is cut off has to read why

log = logging.getLogger(__name__)


class Record(Protocol):
    """A message of Kafka."""

    @property
    def offset(self) -> int:
        """Its place in its partition."""

    @property
    def value(self) -> bytes | None:
        """What it says."""


class Hub:
    """Takes in what the reader read, and tells the clients.

    The reader's thread changes memory and log together, under one lock; so a snapshot of the
    one fits a place in the other. All else is done on the event loop, in rounds. All clients are
    always at the same place, that of the last round: who comes gets the snapshot of a round, or
    what it missed until then, and belongs to the others from there on.

    Args:
        kinds: What each topic holds that is streamed.
        past: What snapshots are made of.
        limits: What clients may take.
        metrics: Told of all this.
        clock: The time, ms since the epoch.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        past: Past,
        limits: Limits,
        metrics: LiveMetrics,
        clock: Callable[[], int],
    ) -> None:
        self.limits = limits
        self.metrics = metrics
        self._kinds = kinds
        self._past = past
        self._clock = clock
        self._lock = threading.Lock()
        # Under the lock:
        self._log = Log(limits.log_updates, limits.log_bytes)
        self._fresh: list[Update] = []  # since the last round, while anybody listens
        self._fresh_since: float | None = None
        self._listening = False
        self._lost: dict[Kind, str] = {}  # what has holes since the last round, and why
        self._read: set[Kind] = {kind_of(each) for each in CHANNELS} - {*kinds.values()}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False  # since the last round
        # On the event loop alone:
        self._clients: dict[Client, None] = {}
        self._coming: dict[Client, None] = {}
        self._groups = Groups()
        self._at: dict[Place, int] = {}
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        metrics.log_updates.set_function(lambda: len(self._log))
        metrics.log_bytes.set_function(lambda: self._log.size)

    def now(self) -> int:
        """The time, ms since the epoch."""
        return self._clock()

    # The reader's side; any thread.

    def begin(self, topic: str, partition: int, offset: int, end: int = 0) -> None:
        """A partition will be read from this offset on; a hole if that is after where it was.

        Of the past of a topic, before its ``end``, so much is kept as there is room for.
        """
        if topic in self._kinds:
            place = Place(self._kinds[topic], partition)
            with self._lock:
                position = self._log.position(place)
                if position is None and place.kind not in self._read:
                    # Nobody is told of it yet, so what will not be kept need not be made.
                    self._log.begin(place, offset, end - self.limits.log_updates)
                elif position is None or offset > position:
                    self._begin(place, offset)

    def take(self, intake: Intake[Any], partition: int, records: Sequence[Record]) -> int:
        """Take in messages of a partition, and return how many could not be decoded."""
        rows = intake.decode(record.value for record in records)
        taken = [row for row in rows if row is not None]
        kind = self._kinds.get(intake.topic)
        if kind is None or not records:
            intake.put(taken)
            return len(rows) - len(taken)
        place = Place(kind, partition)
        with self._lock:
            # First: the memory keeps one copy of a symbol, which is then the updates' too.
            intake.put(taken)
            position = self._log.position(place)
            if position is None or records[0].offset < position:
                self._begin(place, records[0].offset)
            begins = self._log.begins(place)
            found = [
                each
                for record, row in zip(records, rows, strict=True)
                if record.offset >= begins
                and row is not None
                and (each := update(place, record.offset, row, record.value or b""))
            ]
            self._log.extend(place, found)
            self._log.advance(place, records[-1].offset + 1)
            if self._listening:
                self._fresh += found
                if len(self._fresh) > self.limits.log_updates:
                    self._fresh.clear()
                    self._lost |= dict.fromkeys(self._kinds.values(), "more came than can be told")
            if self._fresh_since is None:
                self._fresh_since = time.monotonic()
        self._wake()
        return len(rows) - len(taken)

    def look(self, positions: Mapping[tuple[str, int], int], read: Iterable[str]) -> None:
        """The reader looked: where it is in each partition, and of which topics it has all."""
        with self._lock:
            for (topic, partition), position in positions.items():
                place = Place(self._kinds[topic], partition) if topic in self._kinds else None
                if place and self._log.position(place) is not None:
                    self._log.advance(place, position)
            self._read |= {self._kinds[topic] for topic in read if topic in self._kinds}
        self._wake()

    def _begin(self, place: Place, offset: int) -> None:
        """Keep a partition from here on; who was told of what came before has missed something."""
        if self._log.position(place) is not None:
            self._lost[place.kind] = "messages are gone from Kafka that were not read"
        self._log.begin(place, offset)

    def _wake(self) -> None:
        with self._lock:  # the loop is not closed while it is held
            if self._loop and not self._woken:
                self._woken = True
                self._loop.call_soon_threadsafe(self._awake.set)

    # The clients' side; the event loop.

    def start(self) -> None:
        """Begin to tell clients; on the running event loop."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """End all streams, and tell no more."""
        with self._lock:
            self._loop = None
        self.end_all()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def enter(self, link: Link | None) -> Client:
        """Add a client, which is told nothing before it asks."""
        outbox = Outbox(self.limits.queue_messages, self.limits.queue_bytes)
        client = Client(outbox, link, self._clock())
        self._clients[client] = None
        return client

    def ask(self, client: Client, asked: Subscription, count: int, since: Cursor | None) -> None:
        """Tell a client this from now on, and nothing else any more.

        Args:
            client: One that entered.
            asked: What it is told.
            count: Rows of each series that it gets first, if it does not go on from somewhere.
            since: Where it goes on.
        """
        if client not in self._clients:
            return
        self._groups.discard(client)
        client.asked, client.count, client.since, client.gap = asked, count, since, ""
        client.asked_at = self._clock()
        self._coming[client] = None
        self._awake.set()

    def say(self, client: Client, what: Message) -> None:
        """Tell one client something."""
        if client in self._clients:
            client.said_at = self._clock()
            if not client.outbox.put(what):
                self.cut_off(client)

    def leave(self, client: Client) -> None:
        """A client is gone, or will be."""
        self._groups.discard(client)
        self._clients.pop(client, None)
        self._coming.pop(client, None)

    def cut_off(self, client: Client) -> None:
        """Let a client go that does not read fast enough; it is told if it reads in time."""
        if client not in self._clients:
            return
        self.leave(client)
        client.slow = True
        client.outbox.close(message("slow", behind=client.outbox.behind))
        if client.link:
            client.link.end(GRACE_S)
        self.metrics.cut_off.inc()

    def end_all(self) -> None:
        """End all streams."""
        for client in list(self._clients):
            self.leave(client)
            client.outbox.close()

    async def _run(self) -> None:
        swept = 0.0
        while True:
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._awake.wait()
            except TimeoutError:
                pass
            self._awake.clear()
            try:
                self.round()
                if time.monotonic() - swept >= SWEEP_S:
                    swept = time.monotonic()
                    self.sweep()
            except Exception:
                # Clients come back with their cursors; streams that went silent would look well.
                log.exception("the streams failed and end; clients may come again")
                self.end_all()
            await asyncio.sleep(TICK_S)

    def round(self) -> None:
        """Tell all clients what came since the last round, and let in those that came."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            since, self._fresh_since = self._fresh_since, None
            lost, self._lost = self._lost, {}
            self._woken = False
            after = self._log.positions()
            self._part(lost)
            first = self._let_in(after)
            self._listening = bool(self._groups) or bool(first)
        self._tell(fresh, after)
        self._at = after
        for client, messages in first:
            client.outbox.put_made_later(messages)
            client.said_at = self._clock()
            self._groups.add(client)
        if since is not None and self._groups:
            self.metrics.lag.observe(time.monotonic() - since)
        if first and self._coming:  # there was no time for all
            self._awake.set()

    def sweep(self) -> None:
        """Tell those that heard nothing for long that all is well; cut those off that do not read.

        Times are compared in both directions, for a clock may be put back.
        """
        now = self._clock()
        for client in list(self._clients):
            since = client.writing_since
            if since is not None and abs(now - since) >= self.limits.stall_ms:
                self.cut_off(client)
            elif abs(now - client.said_at) >= self.limits.heartbeat_ms:
                place = b""
                if client.asked and client in self._groups:
                    place = write_cursor(self._at, client.asked.kinds)
                self.say(client, message("heartbeat", place, time=now))

    def _tell(self, fresh: Sequence[Update], after: Mapping[Place, int]) -> None:
        now = self._clock()
        cursors: dict[frozenset[Kind], bytes] = {}
        deliveries = 0
        for group, found in self._groups.hear(fresh).items():
            kinds = group.asked.kinds
            if kinds not in cursors:
                cursors[kinds] = write_cursor(after, kinds)
            members = list(group.members)
            for each in update_messages(found, kinds, self._at, cursors[kinds]):
                for client in members:
                    if client.outbox.put(each):
                        client.said_at = now
                        deliveries += each.count
                    else:
                        self.cut_off(client)
        self.metrics.deliveries.inc(deliveries)

    def _part(self, lost: Mapping[Kind, str]) -> None:
        """Let those come anew that were told of what has holes now."""
        for group in list(self._groups) if lost else ():
            holes = [kind for kind in group.asked.kinds if kind in lost]
            for client in list(group.members) if holes else ():
                self._groups.discard(client)
                client.gap, client.since = lost[holes[0]], None
                self._coming[client] = None

    def _let_in(self, at: Mapping[Place, int]) -> list[tuple[Client, Iterable[Message]]]:
        """The clients that can be told now, and what each is told first; under the lock."""
        found: list[tuple[Client, Iterable[Message]]] = []
        snapshots: dict[tuple[Subscription, int], Shared] = {}
        until = time.monotonic() + JOIN_S
        for client in list(self._coming):
            asked = client.asked
            assert asked is not None
            if not asked.kinds <= self._read:
                continue
            messages: Iterable[Message] = ()
            if client.since:
                waited = abs(self._clock() - client.asked_at)
                if waited < AHEAD_MS and is_ahead(asked, client.since, at):
                    continue
                client.gap = hole(asked, client.since, self._log, at)
                if not client.gap:
                    messages = missed(asked, client.since, self._log, at)
            if client.gap or not client.since:
                key = asked, client.count
                if key not in snapshots:
                    rows = self._past.rows(asked, client.count)
                    cursor = write_cursor(at, asked.kinds)
                    snapshots[key] = Shared(snapshot_messages(rows, cursor))
                messages = snapshots[key]
            if client.gap:
                self.metrics.gaps.inc()
                names = sorted(asked.channels)
                gap = message("gap", channels=names, reason=client.gap)
                messages = chain((gap,), messages)
            client.since, client.gap = None, ""
            del self._coming[client]
            found.append((client, messages))
            if time.monotonic() > until:
                break
        return found
