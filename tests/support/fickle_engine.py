"""A real engine whose store can be made to go away: every call fails until it is back."""

from collections.abc import Sequence
from threading import Event

from durapy_core.engines.base import Progress
from durapy_core.engines.memory import MemoryEngine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError


class FickleEngine(MemoryEngine):
    """The memory engine behind a connection that may be cut.

    Attributes:
        away: whether the store is away.
        error: what a call raises then; a store that answers but refuses raises EngineError.
        refused: set at every call that failed for that.
        back_after: if set, the store comes back by itself after so many failing calls.
        commits: every progress that was written, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.error: type[EngineError] = EngineUnavailableError
        self.refused = Event()
        self.back_after: int | None = None
        self.commits: list[Progress] = []

    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        self._check_link()
        return super().append_many(log, entries)

    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        self._check_link()
        if commit is not None:
            self.commits.append(commit)
        return super().read(log, after=after, limit=limit, wait_s=wait_s, commit=commit)

    def end(self, log: str) -> Cursor:
        self._check_link()
        return super().end(log)

    def load_progress(self, service: str) -> Progress | None:
        self._check_link()
        return super().load_progress(service)

    def commit(self, progress: Progress) -> None:
        self._check_link()
        self.commits.append(progress)
        super().commit(progress)

    def put(self, table: str, name: str, text: str) -> None:
        self._check_link()
        super().put(table, name, text)

    def tidy(self) -> None:
        self._check_link()

    def lose_everything(self) -> None:
        """Forget all logs and progress, as a store without durability does when it is killed."""
        with self._changed:
            self._logs.clear()
            self._progress.clear()
            self._tables.clear()
            self._safe_state = SafeState()

    def _check_link(self) -> None:
        if not self.away:
            return
        if self.back_after is not None:
            self.back_after -= 1
            if self.back_after < 0:
                self.away, self.back_after = False, None
                return
        self.refused.set()
        raise self.error("the store is away")
