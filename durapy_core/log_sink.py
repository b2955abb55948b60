"""A log sink that never makes a handler wait: a bounded queue, written out by a thread of its own.

A full queue drops its oldest lines and says how many. loguru's own `enqueue=True` costs the caller
far more, and its queue has no bound.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Condition, Thread, local
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from loguru import Message

LIMIT: Final = 10_000
TOO_FAST: Final = "they came faster than they could be written"
FLUSH_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the log before it is rendered.

    Attributes:
        severity: the level as loguru counts it, from 5 (TRACE) to 50 (CRITICAL).
        fields: what was bound or given by name.
        error: the exception to show below it, or None.
    """

    time: datetime
    level: str
    message: str
    fields: dict[str, Any]
    error: BaseException | None = None
    severity: int = 20


Output = Callable[[Line], None]
"""Writes one line somewhere. It may raise OSError or ValueError: the line is lost there."""


class Tee(Protocol):
    """Takes lines beside a sink's outputs, with a queue and a thread of its own."""

    severity: int
    """The least severe line that it is given."""

    def take(self, line: Line) -> None:
        """Take a line. Returns at once."""

    def stop(self) -> None:
        """Hand on what is left, but wait no longer than FLUSH_S for it."""


class _UnderWay(local):
    key: str | None = None


under_way: Final = _UnderWay()
"""`key` is the record that this thread handles, so that a line says which one it belongs to."""


class QueueSink:
    """What loguru writes to (`write`), and stops (`stop`) on removal and when the process exits."""

    def __init__(
        self,
        outputs: Sequence[Output],
        *,
        limit: int = LIMIT,
        severity: int = 0,
        tee: Tee | None = None,
    ) -> None:
        """Take where lines of `severity` and above go; `tee` says by itself which it wants."""
        self._outputs = outputs
        self._limit = limit
        self._severity = severity
        self._tee = tee
        self._changed = Condition()
        self._waiting: deque[Line] = deque()
        self._dropped = 0
        self._writing = False
        self._stopped = False
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, message: "Message") -> None:
        """Take a line. Returns at once, whatever the outputs are doing."""
        record = message.record
        raised = record["exception"]
        level = record["level"]
        fields = record["extra"]
        if under_way.key is not None:
            fields.setdefault("key", under_way.key)
        line = Line(
            time=record["time"],
            level=level.name,
            message=record["message"],
            fields=fields,
            error=raised.value if raised else None,
            severity=level.no,
        )
        if self._tee is not None and level.no >= self._tee.severity:
            self._tee.take(line)
        if level.no < self._severity:
            return
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(line)
            self._changed.notify_all()

    def drain(self, limit_s: float = FLUSH_S) -> bool:
        """Wait until every line is written, up to `limit_s` seconds; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, limit_s)

    def stop(self) -> None:
        """Write what is left, but wait no longer than two seconds for it, and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._tee is not None:
            self._tee.stop()
        self._thread.join(FLUSH_S)

    def _run(self) -> None:
        while batch := self._take():
            for line in batch:
                for output in self._outputs:
                    _write(output, line)

    def _take(self) -> list[Line]:
        """Return the waiting lines, waiting for one; none once the sink has stopped."""
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            batch, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
            self._writing = bool(batch)
        return [tell_dropped(dropped, batch[0], TOO_FAST), *batch] if dropped else batch


def _write(output: Output, line: Line) -> None:
    try:
        output(line)
    except (OSError, ValueError):
        return  # a full disk or a closed pipe: there is nowhere left to say so


def tell_dropped(count: int, first_kept: Line, why: str) -> Line:
    """Return the line that says how many were dropped before the first one that is left."""
    return Line(
        time=first_kept.time,
        level="WARNING",
        message=f"{count} log lines were dropped: {why}",
        fields={name: first_kept.fields.get(name) for name in ("service", "replica")},
        severity=30,
    )
