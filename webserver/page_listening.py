"""What pages hear while nobody looks at them: commands, in order, on a thread of each page."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from durapy_core.entry import Cursor, Entry
from durapy_core.published import KnownTypes
from durapy_core.record_json import record_json
from webserver.page_loading import ALL_TYPES, Page
from webserver.site import Site

if TYPE_CHECKING:
    from pathlib import Path

LIMIT: Final = 10_000
"""So many commands wait for a page; then the oldest are passed over, and it is said how many."""

Record = dict[str, Any]


class PageListening:
    """Hands new commands to the pages that want them, from the first look at a page on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._hearers: dict[Path, Hearer] = {}
        site.commands.listen(self._hear)

    def close(self) -> None:
        """Let no page hear anything more."""
        for hearer in self._hearers.values():
            hearer.close()

    def _hear(self, _before: Cursor, entries: Sequence[Entry]) -> None:
        self._follow([page for page in self._site.pages.found if page.listeners])
        for entry in entries if self._hearers else ():
            wanting = [h for h in self._hearers.values() if h.wants(entry.type)]
            if wanting:
                record = record_json(entry, self._known(), live=True)
                for hearer in wanting:
                    hearer.put(record)

    def _follow(self, pages: list[Page]) -> None:
        """Have a hearer for each page as it is now; an edited page begins anew."""
        now = {page.folder: page for page in pages}
        for folder, hearer in list(self._hearers.items()):
            if now.get(folder) is not hearer.page:
                hearer.close()
                del self._hearers[folder]
        for folder, page in now.items():
            if folder not in self._hearers:
                self._hearers[folder] = Hearer(page)

    def _known(self) -> KnownTypes:
        snapshot = self._site.directory.last
        return snapshot.known if snapshot else KnownTypes([], [])


class Hearer:
    """Calls the listeners of one page, one command after the other."""

    def __init__(self, page: Page, *, limit: int = LIMIT) -> None:
        self.page = page
        self._limit = limit
        self._changed = Condition()
        self._waiting: deque[Record] = deque()
        self._passed_over = 0
        self._closed = False
        Thread(target=self._run, name=f"page {page.slug} hears", daemon=True).start()

    def wants(self, wire_type: str | None) -> bool:
        """Return whether one of the page's listeners hears this type."""
        return any(wanted in (wire_type, ALL_TYPES) for wanted, _ in self.page.listeners)

    def put(self, record: Record) -> None:
        """Have a command heard. Returns at once, whatever the page is doing."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._passed_over += 1
            self._waiting.append(record)
            self._changed.notify()

    def close(self) -> None:
        """Call nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while record := self._next():
            for wanted, listener in self.page.listeners:
                if wanted in (record["type"], ALL_TYPES):
                    self._call(listener, record)

    def _next(self) -> Record | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            passed_over, self._passed_over = self._passed_over, 0
            record = None if self._closed else self._waiting.popleft()
        if passed_over:
            logger.warning(
                "{count} commands were not heard by the page {page}: it is too slow",
                count=passed_over,
                page=self.page.slug,
            )
        return record

    def _call(self, listener: Callable[[Any, Record], object], record: Record) -> None:
        try:
            listener(record["body"], record)
        except Exception as error:  # noqa: BLE001 (a page's own code: anything may happen)
            logger.opt(exception=error).error(
                "the page {page} failed on what it heard",
                page=self.page.slug,
                key=record["key"],
                type=record["type"],
            )
