"""Log lines on their way into the store, where they outlive the process and its container.

A line goes into a bounded queue; a thread with a connection of its own appends what has gathered
every 100 ms. While the store is away the queue keeps the newest lines, and the first line that is
kept afterwards says how many were dropped. What this thread logs itself is not shipped.
"""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread, get_ident
from typing import Final

from loguru import logger

from durapy_core.engines.base import LOGS, Engine
from durapy_core.errors import DurapyError, EngineUnavailableError
from durapy_core.log import secrets_of
from durapy_core.log_entry import line_entry
from durapy_core.log_sink import FLUSH_S, LIMIT, Line, tell_dropped
from durapy_core.settings import Settings
from durapy_core.store import open_store

BATCH_S: Final = 0.1
_MOST_AT_ONCE: Final = 500
_RETRY_S: Final = 1.0
_PATIENCE_S: Final = 86_400.0
_STORE_AWAY: Final = "the store did not take them in time"


class LogShipper:
    """Takes lines from a `QueueSink` and appends them to the log `logs`.

    Attributes:
        severity: the least severe line that it wants.
    """

    def __init__(
        self,
        open_engine: Callable[[], Engine] | None,
        *,
        severity: int = 20,
        secrets: frozenset[str] = frozenset(),
        limit: int = LIMIT,
    ) -> None:
        """Take what opens an engine of its own; without it lines wait for `share`."""
        self.severity = severity
        self._open = open_engine
        self._secrets = secrets
        self._limit = limit
        self._changed = Condition()
        self._waiting: deque[Line] = deque()
        self._dropped = 0
        self._stopped = False
        self._engine: Engine | None = None
        self._thread = Thread(target=self._run, name="log shipping", daemon=True)
        self._thread.start()

    def share(self, engine: Engine) -> None:
        """Ship into this engine, which is somebody else's, unless it opens one of its own."""
        with self._changed:
            if self._open is None:
                self._engine = engine
                self._changed.notify_all()

    def take(self, line: Line) -> None:
        """Take a line. Returns at once, whatever the store is doing."""
        if line.severity < self.severity or get_ident() == self._thread.ident:
            return
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(line)
            self._changed.notify_all()

    def stop(self) -> None:
        """Append what is left, but wait no longer than two seconds for it, and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(FLUSH_S)
        if self._thread.is_alive() and self._open is not None and self._engine is not None:
            self._engine.close()  # gives up the append under way

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                if not self._ship(batch):
                    return
        finally:
            if self._open is not None and self._engine is not None:
                self._engine.close()

    def _next_batch(self) -> list[Line]:
        """Return what has gathered for BATCH_S since the first line; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: (self._waiting and self._ready) or self._stopped)
            self._changed.wait_for(lambda: self._stopped, BATCH_S)
            if not self._ready:
                return []
            count = min(len(self._waiting), _MOST_AT_ONCE)
            batch = [self._waiting.popleft() for _ in range(count)]
            dropped, self._dropped = self._dropped, 0
        return [tell_dropped(dropped, batch[0], _STORE_AWAY), *batch] if dropped else batch

    @property
    def _ready(self) -> bool:
        return self._open is not None or self._engine is not None

    def _ship(self, batch: list[Line]) -> bool:
        """Append a batch, however long it takes; False once it is given up at the end."""
        entries = [line_entry(line, self._secrets) for line in batch]
        while True:
            try:
                self._connected().append_many(LOGS, entries)
            except DurapyError:
                if self._wait_to_retry():
                    return False
            except Exception:  # noqa: BLE001 (a fault here must not end the shipping of logs)
                logger.exception("log lines could not be kept in the store")
                return True
            else:
                return True

    def _connected(self) -> Engine:
        if self._engine is None:
            if self._open is None:
                raise EngineUnavailableError("No engine is shared yet.")
            self._engine = self._open()
        return self._engine

    def _wait_to_retry(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._stopped, _RETRY_S)


def make_shipper(settings: Settings) -> LogShipper:
    """Return a shipper into the store of the settings, for `log.configure(tee=…)`.

    A store inside this process (`memory://`) is not opened: give it to `share`.
    """
    patient = settings.model_copy(
        update={"send_timeout_s": _PATIENCE_S, "connect_timeout_s": _RETRY_S}
    )
    private = settings.engine.lower().startswith("memory:")
    return LogShipper(
        None if private else lambda: open_store(patient),
        severity=logger.level(settings.log_ship_level).no,
        secrets=secrets_of(settings),
    )
