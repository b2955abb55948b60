"""What a browser missed, given to it in order and at the pace at which it takes it.

A browser needs it after a lost connection, and when more happens than its network carries. From
the buffers of the feeds if they reach back far enough, else from the engine.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from tornado.websocket import WebSocketClosedError

from durapy_core.entry import Cursor, Entry
from durapy_core.errors import CorruptRecordError, EngineError
from webserver.feed import KEEP, LogFeed
from webserver.hub import COMMAND, OPERATION, RECEIPT, Hub, moved
from webserver.resume import Position
from webserver.site import Site

MOST_WAITING_BYTES: Final = 1_000_000
"""A browser that has so much still to take is given nothing more until it has taken it."""

STUCK_S: Final = 5.0
"""A browser that takes nothing for so long is dropped."""

_CHUNK: Final = 100
_COUNT_CHUNK: Final = 500
_RETRY_S: Final = 1.0

T = TypeVar("T")


class Receiver(Protocol):
    """The socket of a browser, as a replay sees it."""

    topics: set[str]
    live: bool
    waiting_bytes: int

    def write_event(self, text: str) -> asyncio.Future[None] | None:
        """Send a message and return what ends once it is taken."""

    def drop(self) -> None:
        """Close the connection."""


class Replay:
    """Brings one browser up to the present."""

    def __init__(self, site: Site, hub: Hub, receiver: Receiver) -> None:
        self._site = site
        self._hub = hub
        self._receiver = receiver
        self._position = hub.position

    async def run(self, position: Position) -> None:
        """Send what came after `position`; from then on the browser is live."""
        self._position = position
        while not await self._catch_up():
            pass
        self._receiver.live = True

    def ahead(self, position: Position, wanted: set[str]) -> Position:
        """Return where to go on from: of logs whose topic is not wanted, at their end."""
        for topic, feed, _ in self._logs(position):
            if topic not in wanted:
                position = moved(position, topic, feed.position)
        return position

    async def is_gap(self, position: Position) -> bool:
        """Return whether a position is too old to go on from, or of another log."""
        for _, feed, cursor in self._logs(position):
            if await self._is_gap(feed, cursor):
                return True
        return False

    def _logs(self, position: Position) -> tuple[tuple[str, LogFeed, Cursor], ...]:
        """Return topic, reader and cursor of each log; receipts after what they are about."""
        site = self._site
        return (
            (OPERATION, site.operations, position.operations),
            (COMMAND, site.commands, position.commands),
            (RECEIPT, site.receipts, position.receipts),
        )

    async def _is_gap(self, feed: LogFeed, cursor: Cursor) -> bool:
        site = self._site
        try:
            if site.engine.compare(cursor, feed.position) > 0:
                return True
            if feed.since(cursor, 1) is not None:
                return False
            trimmed_to = await self._ask(lambda: site.engine.trimmed_to(feed.log))
            if site.engine.compare(cursor, trimmed_to) < 0:
                return True
            behind = await self._ask(lambda: count_after(site, feed.log, cursor))
        except CorruptRecordError:
            return True
        return behind > KEEP

    async def _catch_up(self) -> bool:
        """Send one piece of what was missed; True if there is nothing more, at this very moment."""
        for topic, feed, cursor in self._logs(self._position):
            entries = feed.since(cursor, _CHUNK)
            if entries is None:
                entries = await self._read_older(feed, cursor)
            if entries:
                await self._send(topic, entries)
                return False
        return True

    async def _send(self, topic: str, entries: list[Entry]) -> None:
        receiver = self._receiver
        for entry in entries:
            self._position = moved(self._position, topic, entry.key)
            text = self._hub.event_of(topic, entry, self._position)
            if text is None or topic not in receiver.topics:
                continue
            written = receiver.write_event(text)
            if receiver.waiting_bytes > MOST_WAITING_BYTES and written is not None:
                await self._until_taken(written)
        await asyncio.sleep(0)  # others have their turn

    async def _until_taken(self, written: asyncio.Future[None]) -> None:
        """Wait until the browser has taken all that was sent, or drop it."""
        try:
            async with asyncio.timeout(STUCK_S):
                await asyncio.shield(written)
        except TimeoutError:
            self._receiver.drop()
            raise WebSocketClosedError from None

    async def _read_older(self, feed: LogFeed, cursor: Cursor) -> list[Entry]:
        """Return entries after the cursor that left the feed's buffer, none beyond its position."""
        engine = self._site.engine
        entries = await self._ask(lambda: engine.read(feed.log, after=cursor, limit=_CHUNK))
        return [entry for entry in entries if engine.compare(entry.key, feed.position) <= 0]

    async def _ask(self, call: Callable[[], T]) -> T:
        """Return what a call to the store returns, however long it is away."""
        while True:
            try:
                return await self._site.offload.engine(call)
            except CorruptRecordError:
                raise
            except EngineError:
                await asyncio.sleep(_RETRY_S)


def count_after(site: Site, log: str, cursor: Cursor) -> int:
    """Return how many entries come after the cursor; beyond KEEP it stops counting."""
    count = 0
    while count <= KEEP:
        entries = site.engine.read(log, after=cursor, limit=_COUNT_CHUNK)
        count += len(entries)
        if len(entries) < _COUNT_CHUNK:
            break
        cursor = Cursor(entries[-1].key)
    return count
