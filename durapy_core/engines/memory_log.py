"""One log of the engine in memory: a list of entries and their numbers, which only grow."""

import time
from bisect import bisect_left, bisect_right

from durapy_core.entry import Entry, NewEntry


class MemoryLog:
    """The entries of one log in their order. The engine locks it.

    Attributes:
        entries: those that are left, oldest first.
        last: the number of the entry appended last, or 0.
        trimmed_to: the number of the entry removed last, or 0.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.last = 0
        self.trimmed_to = 0
        self._numbers: list[int] = []
        self._by_id: dict[str, Entry] = {}

    @property
    def newest(self) -> int:
        """The number of the newest entry that is left, or 0."""
        return self._numbers[-1] if self._numbers else 0

    def store(self, new: NewEntry) -> Entry:
        """Append one entry and return it; one whose id is known is returned instead."""
        if new.id is not None and new.id in self._by_id:
            return self._by_id[new.id]
        now = time.time()
        self.last += 1
        entry = Entry(
            key=str(self.last),
            sent_at_s=max(now, self.entries[-1].sent_at_s if self.entries else now),
            type=new.type,
            body=new.body,
            sender=new.sender,
            cause=new.cause,
            n=new.n,
            id=new.id,
            sent_ns=new.sent_ns,
        )
        self.entries.append(entry)
        self._numbers.append(self.last)
        if new.id is not None:
            self._by_id[new.id] = entry
        return entry

    def knows(self, send_id: str | None) -> bool:
        """Return whether an entry has this id."""
        return send_id is not None and send_id in self._by_id

    def after(self, number: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries after a number, oldest first."""
        start = bisect_right(self._numbers, number)
        return self.entries[start : start + limit]

    def before(self, number: int | None, limit: int) -> list[Entry]:
        """Return up to `limit` entries before a number, newest first."""
        stop = len(self.entries) if number is None else bisect_left(self._numbers, number)
        return self.entries[max(stop - limit, 0) : stop][::-1]

    def get(self, number: int) -> Entry | None:
        """Return the entry with this number, or None."""
        found = self.after(number - 1, 1)
        return found[0] if found and found[0].key == str(number) else None

    def trim(self, *, keep: int | None, max_age_s: float | None, not_after: int | None) -> int:
        """Remove old entries and return how many; see `Engine.trim`."""
        count = 0 if keep is None else len(self.entries) - keep
        if max_age_s is not None:
            oldest_s = time.time() - max_age_s
            count = max(count, bisect_left(self.entries, oldest_s, key=lambda e: e.sent_at_s))
        if not_after is not None:
            count = min(count, bisect_right(self._numbers, not_after))
        if count <= 0:
            return 0
        self.trimmed_to = self._numbers[count - 1]
        for entry in self.entries[:count]:
            if entry.id is not None:
                self._by_id.pop(entry.id, None)
        del self.entries[:count], self._numbers[:count]
        return count
