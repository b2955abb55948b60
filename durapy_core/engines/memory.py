"""The engine of tests and of the bare example: everything lives in this object and dies with it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from threading import Condition, RLock

from durapy_core.engines.base import (
    COMMANDS,
    RECEIPTS,
    SAFETY,
    Engine,
    EngineOptions,
    Progress,
    Row,
)
from durapy_core.engines.counted import compare_keys, cursor_of, parse_cursor, parse_key
from durapy_core.engines.lead import Lead, lost
from durapy_core.engines.memory_lead import Lease, MemoryLead
from durapy_core.engines.memory_log import MemoryLog
from durapy_core.engines.safe_state import SafeState, marker_of
from durapy_core.engines.upkeep import lost_tail_entry
from durapy_core.entry import Cursor, Entry, NewEntry, check_entry
from durapy_core.errors import EngineError


class MemoryEngine(Engine):
    """Logs in lists, shared by the threads of one process. A key is the ordinal of its entry."""

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        self._changed = Condition(RLock())
        self._logs: dict[str, MemoryLog] = {}
        self._tables: dict[str, dict[str, tuple[str, float]]] = {}
        self._progress: dict[str, Progress] = {}
        self._leases: dict[str, Lease] = {}
        self._safe_state = SafeState()
        self._closed = False

    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store one entry; see `Engine.append`."""
        return self.append_many(log, [entry])[0]

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries in one step; see `Engine.append_many`."""
        for entry in entries:
            check_entry(entry)
        with self._changed:
            self._check_open()
            stored = [self._log(log).store(entry) for entry in entries]
            self._changed.notify_all()
        return stored

    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return the entries after a cursor; see `Engine.read`."""
        start = parse_cursor(after)
        with self._changed:
            self._check_open()
            if commit is not None:
                self._keep(commit)
            found = self._log(log)
            self._changed.wait_for(lambda: self._closed or found.newest > start, wait_s)
            return found.after(start, limit)

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        """Return the entries before a cursor, newest first; see `Engine.page`."""
        with self._changed:
            self._check_open()
            stop = None if before is None else parse_cursor(before)
            return self._log(log).before(stop, limit)

    def get(self, log: str, key: str) -> Entry | None:
        """Return the entry with this key, or None."""
        number = parse_key(key)
        with self._changed:
            self._check_open()
            return self._log(log).get(number) if number else None

    def end(self, log: str) -> Cursor:
        """Return the cursor after the last entry."""
        with self._changed:
            self._check_open()
            return cursor_of(self._log(log).last)

    def compare(self, one: str, other: str) -> int:
        """Return the order of two keys; see `Engine.compare`."""
        return compare_keys(one, other)

    def load_progress(self, service: str) -> Progress | None:
        """Return how far a service has come, or None."""
        with self._changed:
            self._check_open()
            return self._progress.get(service)

    def commit(self, progress: Progress) -> None:
        """Keep how far a service has come."""
        with self._changed:
            self._check_open()
            self._keep(progress)

    def lead(self, service: str, *, lease_s: float) -> Lead | None:
        """Take the lease of a service, or return None."""
        with self._changed:
            self._check_open()
            held = self._leases.setdefault(service, Lease())
            if not held.is_free(now_s=time.time()):
                return None
            tenure = held.take(self._progress.get(service), now_s=time.time(), lease_s=lease_s)
            return MemoryLead(self, service, tenure, lease_s=lease_s)

    def caused_by(self, log: str, key: str, *, limit: int = 100) -> list[Entry]:
        """Return the entries that a record caused; see `Engine.caused_by`."""
        with self._changed:
            self._check_open()
            found = (entry for entry in self._log(log).entries if entry.cause == key)
            return list(islice(found, limit))

    def now_s(self) -> float:
        """Return this computer's clock."""
        return time.time()

    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table."""
        with self._changed:
            self._check_open()
            self._tables.setdefault(table, {})[name] = (text, time.monotonic())

    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table."""
        with self._changed:
            self._check_open()
            now = time.monotonic()
            lines = self._tables.get(table, {})
            return {n: Row(text=text, age_s=abs(now - at)) for n, (text, at) in lines.items()}

    def remove(self, table: str, name: str) -> None:
        """Remove one line of a table."""
        with self._changed:
            self._check_open()
            self._tables.get(table, {}).pop(name, None)

    def trim(
        self,
        log: str,
        *,
        keep: int | None = None,
        max_age_s: float | None = None,
        not_after: Cursor | None = None,
    ) -> int:
        """Remove old entries; see `Engine.trim`."""
        number = None if not_after is None else parse_cursor(not_after)
        with self._changed:
            self._check_open()
            return self._log(log).trim(keep=keep, max_age_s=max_age_s, not_after=number)

    def trimmed_to(self, log: str) -> Cursor:
        """Return the key of the last entry that was removed."""
        with self._changed:
            self._check_open()
            return cursor_of(self._log(log).trimmed_to)

    def mend(self, log: str, *, seen: Cursor) -> bool:
        """Return whether the log ends before a cursor; see `Engine.mend`."""
        number = parse_cursor(seen)
        with self._changed:
            self._check_open()
            found = self._log(log)
            if number <= found.last:
                return False
            lost = lost_tail_entry(seen=seen, end=cursor_of(found.last))
            found.last = number
            found.store(lost)
            self._changed.notify_all()
            return True

    def set_safe_state(self, entry: NewEntry, *, engaged: bool) -> SafeState:
        """Enter or leave the safe state; see `Engine.set_safe_state`."""
        check_entry(entry)
        with self._changed:
            self._check_open()
            if not self._log(SAFETY).knows(entry.id):
                key = self._log(SAFETY).store(entry).key
                marker = self._log(COMMANDS).store(marker_of(entry, key)).key
                self._safe_state = SafeState(engaged=engaged, key=key, marker=marker)
                self._changed.notify_all()
            return self._safe_state

    def safe_state(self) -> SafeState:
        """Return whether the safe state is engaged."""
        with self._changed:
            self._check_open()
            return self._safe_state

    def ping(self) -> None:
        """Return if the engine is open."""
        with self._changed:
            self._check_open()

    def close(self) -> None:
        """Forget everything and wake every reader."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @contextmanager
    def fenced(self, service: str, epoch: int) -> Iterator[Lease]:
        """Hold the engine while one leader writes, and yield the lease that it holds.

        Raises:
            LeaseLostError: it holds the lease no longer.
        """
        with self._changed:
            self._check_open()
            lease = self._leases[service]
            if lease.epoch != epoch or lease.released:
                raise lost(service)
            yield lease

    def drop_progress(self, service: str) -> None:
        """Forget how far a service has come; the caller holds the engine with `fenced`."""
        self._progress.pop(service, None)

    def _keep(self, progress: Progress) -> None:
        """Store progress and append its receipts; the caller holds the lock."""
        self._progress[progress.service] = replace(progress, receipts=())
        for receipt in progress.receipts:
            self._log(RECEIPTS).store(receipt)

    def _log(self, name: str) -> MemoryLog:
        return self._logs.setdefault(name, MemoryLog())

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("The engine memory:// is closed; open a new one.")
