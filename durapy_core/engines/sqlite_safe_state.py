"""The safe state in the SQLite file: one row for each rig."""

from typing import Final

from durapy_core.engines.base import COMMANDS, SAFETY
from durapy_core.engines.safe_state import SafeState, SafeStateKeeper, marker_of
from durapy_core.engines.sqlite_entries import store
from durapy_core.engines.sqlite_store import SqliteStore, Writer
from durapy_core.entry import NewEntry, check_entry

_KNOWN: Final = "SELECT 1 FROM entries WHERE log = ? AND id = ?"
_GET: Final = "SELECT engaged, key, marker FROM safe_state WHERE namespace = ?"
_SET: Final = (
    "INSERT OR REPLACE INTO safe_state (namespace, engaged, key, marker) VALUES (?, ?, ?, ?)"
)


class SqliteSafeState(SafeStateKeeper):
    """The part of the engine that keeps the safe state."""

    _store: SqliteStore

    def set_safe_state(self, entry: NewEntry, *, engaged: bool) -> SafeState:
        """Enter or leave the safe state in one transaction; see `Engine.set_safe_state`."""
        check_entry(entry)
        safety, commands = self._store.log_id(SAFETY), self._store.log_id(COMMANDS)

        def act(writer: Writer) -> None:
            if writer.execute(_KNOWN, (safety, entry.id)).fetchone() is None:
                key = store(writer, safety, entry).key
                marker = store(writer, commands, marker_of(entry, key)).key
                writer.execute(_SET, (self._store.namespace, engaged, key, marker))

        self._store.transact(act)
        self._store.bells.ring(safety)
        self._store.bells.ring(commands)
        return self.safe_state()

    def safe_state(self) -> SafeState:
        """Return whether the safe state is engaged."""
        rows = self._store.file.query(_GET, (self._store.namespace,))
        if not rows:
            return SafeState()
        engaged, key, marker = rows[0]
        return SafeState(engaged=bool(engaged), key=key, marker=marker)
