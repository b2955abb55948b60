"""One reader of a log for the whole process, fanned out to every open browser.

A thread of its own blocks on the engine; everything else happens on the event loop. The last
entries stay in a buffer, so that a browser that lost its connection for a moment goes on from
memory; one that was away for longer reads from the engine until it has caught up with the buffer.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from threading import Event, Thread
from time import monotonic
from typing import Final

from loguru import logger

from durapy_core.engines.base import Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import EngineError, EngineUnavailableError

KEEP: Final = 5_000
"""How many entries stay in the buffer, and how far behind a browser may resume."""

KEEP_BYTES: Final = 32 * 1024 * 1024
_BATCH: Final = 256
_APART_S: Final = 0.02
"""What is stored within so long after a read is taken together by the next one."""

_WAIT_S: Final = 1.0
_BACKOFF_S: Final = 0.5
_LOOK_AT_END_S: Final = 5.0

Listener = Callable[[Cursor, Sequence[Entry]], None]
"""Is called with new entries and the cursor before the first of them."""


class LogFeed:
    """Hands every new entry of a log to its listeners, in order, each once, on the event loop."""

    def __init__(self, engine: Engine, log: str, *, keep: int = KEEP) -> None:
        self.log = log
        self.ready = asyncio.Event()
        self.position: Cursor = Cursor("")
        """The last entry that the listeners were given; meaningful once `ready` is set."""
        self._engine = engine
        self._keep = keep
        self._listeners: list[Listener] = []
        self._jump_listeners: list[Callable[[], None]] = []
        self._entries: list[Entry] = []
        self._first: Cursor = Cursor("")
        self._bytes = 0
        self._stopping = Event()
        self._order = cmp_to_key(engine.compare)
        self._thread = Thread(target=self._run, name=f"feed {log}", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to read at the end of the log."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """Stop reading; the thread ends with its current read."""
        self._stopping.set()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each batch of new entries."""
        self._listeners.append(listener)

    def listen_for_jumps(self, listener: Callable[[], None]) -> None:
        """Call `listener` when reading goes on elsewhere than after the last entry given out."""
        self._jump_listeners.append(listener)

    def since(self, cursor: Cursor, limit: int) -> list[Entry] | None:
        """Return up to `limit` entries after the cursor up to `position`; None if not in memory.

        Raises:
            CorruptRecordError: the cursor is none of this engine's.
        """
        if self._engine.compare(cursor, self._first) < 0:
            return None
        start = bisect_right(self._entries, self._order(cursor), key=lambda e: self._order(e.key))
        return self._entries[start : start + limit]

    def _take(self, entries: list[Entry], taken: Event) -> None:
        """Keep new entries and pass them on; runs on the event loop."""
        self._entries += entries
        self._bytes += sum(map(_size, entries))
        before = self.position
        self.position = Cursor(entries[-1].key)
        self._forget()
        for listener in self._listeners:
            try:
                listener(before, entries)
            except Exception:  # noqa: BLE001 (else the reader would wait for ever)
                logger.exception("a listener of the log {log} failed; it goes on", log=self.log)
        taken.set()

    def _begin(self, cursor: Cursor) -> None:
        """Start anew at `cursor`; runs on the event loop."""
        self._entries, self._bytes = [], 0
        self._first = self.position = cursor
        self.ready.set()

    def _jump(self, cursor: Cursor) -> None:
        """Go on elsewhere, and say so; runs on the event loop."""
        self._begin(cursor)
        for listener in self._jump_listeners:
            listener()

    def _forget(self) -> None:
        """Drop the oldest entries, a tenth at a time."""
        while self._bytes > KEEP_BYTES or len(self._entries) > self._keep * 1.1:
            count = max(1, len(self._entries) // 10)
            self._bytes -= sum(map(_size, self._entries[:count]))
            self._first = Cursor(self._entries[count - 1].key)
            del self._entries[:count]

    def _run(self) -> None:
        """Read until closed; runs on the feed's own thread."""
        cursor: Cursor | None = None
        looked_at = monotonic()
        while not self._stopping.is_set():
            try:
                if cursor is None:
                    cursor = self._engine.end(self.log)
                    self._on_loop(self._begin, cursor)
                elif monotonic() - looked_at > _LOOK_AT_END_S:
                    cursor = self._check_end(cursor)
                    looked_at = monotonic()
                entries = self._engine.read(self.log, after=cursor, limit=_BATCH, wait_s=_WAIT_S)
                if entries:
                    cursor = self._hand_over(entries)
                    self._stopping.wait(0 if len(entries) == _BATCH else _APART_S)
            except EngineUnavailableError:
                looked_at = float("-inf")  # whatever was lost meanwhile is found out at once
                self._stopping.wait(_BACKOFF_S)
            except EngineError as error:
                if not self._stopping.is_set():
                    logger.error("the log {log} cannot be read: {error}", log=self.log, error=error)
                self._stopping.wait(_WAIT_S)

    def _hand_over(self, entries: list[Entry]) -> Cursor:
        """Give entries to the loop and wait until it has them: a slow loop slows the reader."""
        taken = Event()
        self._on_loop(self._take, entries, taken)
        while not taken.wait(_WAIT_S) and not self._stopping.is_set():
            pass
        return Cursor(entries[-1].key)

    def _check_end(self, cursor: Cursor) -> Cursor:
        """Return the cursor, or the end of the log if that lies before it: the log was replaced.

        Where entries were trimmed before they were read, the cursor behind them.
        """
        end = self._engine.end(self.log)
        trimmed_to = self._engine.trimmed_to(self.log)
        if self._engine.compare(cursor, end) > 0:
            logger.warning("the log {log} came back shorter; following its new end", log=self.log)
            cursor = end
        elif self._engine.compare(cursor, trimmed_to) < 0:
            logger.warning(
                "entries of the log {log} were missed: it was trimmed before they were read",
                log=self.log,
                after=cursor,
                to=trimmed_to,
            )
            cursor = trimmed_to
        else:
            return cursor
        self._on_loop(self._jump, cursor)
        return cursor

    def _on_loop(self, call: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)


def _size(entry: Entry) -> int:
    return len(entry.body or "") + 200
