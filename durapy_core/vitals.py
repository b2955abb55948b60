"""A replica's counters: written by the loop, read once a second by the heartbeat's thread.

Every field is replaced as a whole, so a reader needs no lock and never makes the loop wait.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from durapy_core.log_sink import under_way
from durapy_core.receipt import Outcome
from durapy_core.status import RecordName

BUSY_AFTER_S: Final = 1.0
_WINDOW_S: Final = 60.0
_WINDOW_LIMIT: Final = 2048


class Vitals:
    """What a replica counts since its start.

    Attributes:
        handled, failed, invalid, skipped: records, by how they ended; see `ServiceStatus`.
        last_failed, last_invalid: the newest of those records; None before the first.
        unknown_fields: fields left out while decoding.
        lost_tails: how often the store was found to have lost the latest records.
        missed: what was trimmed before it was read, in words; None if nothing was.
        lag_s: from sending to handling of the last record; None before the first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.handled = 0
        self.failed = 0
        self.invalid = 0
        self.skipped = 0
        self.last_failed: RecordName | None = None
        self.last_invalid: RecordName | None = None
        self.unknown_fields = 0
        self.lost_tails = 0
        self.missed: str | None = None
        self.lag_s: float | None = None
        self._clock = clock
        self._current: tuple[str, float] | None = None
        self._took: deque[tuple[float, float]] = deque(maxlen=_WINDOW_LIMIT)

    def begin(self, key: str, *, lag_s: float) -> None:
        """Note that a handler begins on this record, and how long ago that was sent."""
        self.lag_s = lag_s
        self._current = (key, self._clock())
        under_way.key = key

    def end(self) -> float:
        """Note that the handler has returned; return its seconds."""
        if self._current is None:
            return 0.0
        now = self._clock()
        took_s = now - self._current[1]
        self._took.append((now, took_s))
        self._current = None
        under_way.key = None
        return took_s

    def count(self, outcome: Outcome, key: str, wire_type: str | None) -> None:
        """Count one record by how it ended; keep its name if it failed or could not be read."""
        match outcome:
            case Outcome.DONE:
                self.handled += 1
            case Outcome.FAILED:
                self.failed += 1
                self.last_failed = RecordName(key=key, type=wire_type)
            case Outcome.INVALID:
                self.invalid += 1
                self.last_invalid = RecordName(key=key, type=wire_type)
            case _:
                self.skipped += 1

    def note_missed(self, *, after: str, to: str) -> None:
        """Note which records were trimmed before they were read."""
        self.missed = f"missed the records after {after or 'the first'} up to {to}: trimmed"

    def note_removed(self, *, after: str, begins_at: str | None) -> None:
        """Note from where on another program has removed records that may not have been read."""
        until = f"{begins_at}, where the log begins" if begins_at else "its end"
        self.missed = (
            f"may have missed records after {after} up to {until}: another program removed them"
        )

    def busy(self) -> tuple[str, float] | None:
        """Return the key of the record being handled and for how long, in seconds, if long."""
        current = self._current
        if current is None:
            return None
        busy_s = self._clock() - current[1]
        return (current[0], busy_s) if busy_s > BUSY_AFTER_S else None

    def as_status(self) -> dict[str, Any]:
        """Return the counters as the fields of a `ServiceStatus`."""
        since = self._clock() - _WINDOW_S
        took = sorted(took for at, took in self._took.copy() if at >= since)
        busy = self.busy()
        return {
            "busy_key": busy and busy[0],
            "busy_s": busy and busy[1],
            "handled": self.handled,
            "failed": self.failed,
            "invalid": self.invalid,
            "skipped": self.skipped,
            "last_failed": self.last_failed,
            "last_invalid": self.last_invalid,
            "unknown_fields": self.unknown_fields,
            "lost_tails": self.lost_tails,
            "lag_s": self.lag_s,
            "p50_s": _percentile(took, 0.50),
            "p99_s": _percentile(took, 0.99),
        }


def _percentile(ordered: list[float], part: float) -> float | None:
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else None
