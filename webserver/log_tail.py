"""New log lines to the open browsers: gathered for 100 ms, filtered for each.

Unlike commands they are no record of what happened: a browser that takes nothing is told that
there is a gap, and one that was away reads on from its last line by `GET /api/v1/logs?after=KEY`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol

from durapy_core.entry import Cursor, Entry
from durapy_core.log_entry import line_json
from durapy_core.log_search import LogFilter
from webserver.feed import LogFeed

BATCH_S: Final = 0.1
MOST_WAITING_BYTES: Final = 1_000_000
_MOST_GATHERED: Final = 5_000


class Listener(Protocol):
    """An open socket, as the tail sees it."""

    log_filter: LogFilter | None
    """Which lines it wants; None while it wants none."""

    log_gap: bool
    """Whether lines were left out since it was told of some."""

    waiting_bytes: int

    def push_lines(self, lines: list[dict[str, Any]], *, gap: bool) -> None:
        """Send an event with lines, and whether some are missing before them."""


class LogTail:
    """Hands the lines of a feed to those who listen."""

    def __init__(self, feed: LogFeed) -> None:
        self.listeners: set[Listener] = set()
        self._gathered: list[Entry] = []
        self._too_many = False
        feed.listen(self._gather)

    async def run(self) -> None:
        """Tell of what has gathered, ten times a second, for ever."""
        while True:
            await asyncio.sleep(BATCH_S)
            self.tell()

    def tell(self) -> None:
        """Tell everybody of what has gathered."""
        entries, self._gathered = self._gathered, []
        too_many, self._too_many = self._too_many, False
        shown: dict[str, dict[str, Any]] = {}  # each line is read once for all
        for listener in list(self.listeners):
            wanted = listener.log_filter
            if wanted is None:
                continue
            listener.log_gap |= too_many
            fitting = [entry for entry in entries if wanted.matches(entry)]
            if listener.waiting_bytes > MOST_WAITING_BYTES:
                listener.log_gap |= bool(fitting)
                continue
            if fitting or listener.log_gap:
                for entry in fitting:
                    if entry.key not in shown:
                        shown[entry.key] = line_json(entry)
                lines = [shown[entry.key] for entry in fitting]
                listener.push_lines(lines, gap=listener.log_gap)
                listener.log_gap = False

    def _gather(self, _before: Cursor, entries: Sequence[Entry]) -> None:
        if not any(listener.log_filter for listener in self.listeners):
            return
        self._gathered += entries
        if len(self._gathered) > _MOST_GATHERED:
            del self._gathered[:-_MOST_GATHERED]
            self._too_many = True
