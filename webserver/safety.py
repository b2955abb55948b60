"""The safe state for everybody at this web server: what holds, who is safe, entering and leaving.

Entering waits behind no other question to the store: it has threads of its own, see `offload.py`.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE, Cursor, Entry
from durapy_core.errors import EngineError
from durapy_core.safe_state import (
    SafetyReport,
    clear_safe_state,
    enter_safe_state,
    load_safety,
)
from webserver.directory import Directory, Snapshot
from webserver.feed import LogFeed
from webserver.offload import Offload

_PATIENCE_S: Final = 1.0
_MARKERS: Final = frozenset({SAFE_STATE, CLEAR_SAFE_STATE})

Listener = Callable[[dict[str, Any]], None]
"""Is called with the safe state as the API shows it, each time that has changed."""


class Safety:
    """Knows the safe state of the rig, and enters and leaves it.

    It looks when a marker or a receipt of one passes, and while it is engaged once a second.

    Attributes:
        last: what was found last; None before the first look.
    """

    def __init__(self, engine: Engine, offload: Offload) -> None:
        self.last: SafetyReport | None = None
        self._engine = engine
        self._offload = offload
        self._listeners: list[Listener] = []
        self._looking: asyncio.Task[None] | None = None
        self._again = False
        self._marker: str | None = None

    def follow(self, commands: LogFeed, receipts: LogFeed, directory: Directory) -> None:
        """Look whenever one of these says that something may have changed."""
        commands.listen(self._hear_commands)
        receipts.listen(self._hear_receipts)
        directory.listen(self._hear_statuses)

    def listen(self, listener: Listener) -> None:
        """Call `listener` with what has changed; on the event loop."""
        self._listeners.append(listener)

    async def load(self) -> SafetyReport:
        """Return what holds now.

        Raises:
            EngineUnavailableError: the store did not answer.
        """
        found = await self._offload.engine(lambda: load_safety(self._engine))
        self._keep(found)
        return found

    async def after(self, state: SafeState) -> SafetyReport:
        """Return what holds now that it was changed; without the services if they are slow to tell.

        That the safe state was entered must be answered even then.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self.load()
        except (TimeoutError, EngineError):
            return SafetyReport.of(state, None, ())

    async def enter(self, *, by: str, reason: str = "", send_id: str | None = None) -> SafeState:
        """Enter the safe state; see `enter_safe_state`."""
        engine = self._engine
        return await self._change(
            lambda: enter_safe_state(engine, by=by, reason=reason, send_id=send_id)
        )

    async def clear(self, *, by: str, send_id: str | None = None) -> SafeState:
        """Leave the safe state; see `clear_safe_state`."""
        return await self._change(lambda: clear_safe_state(self._engine, by=by, send_id=send_id))

    async def marker_of(self, state: SafeState) -> Entry:
        """Return the record in the log of commands that stands for a change.

        Raises:
            EngineError: it is there no longer, or the store did not answer.
        """
        key = state.marker
        found = await self._offload.urgent(lambda: self._engine.get(COMMANDS, key) if key else None)
        if found is None:
            raise EngineError("The safe state was changed, but its record in the history is gone.")
        return found

    def look(self) -> None:
        """Look soon, and tell the listeners if anything has changed; on the event loop."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        else:
            self._again = True  # what is under way may have asked too early

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _change(self, change: Callable[[], SafeState]) -> SafeState:
        state = await self._offload.urgent(change)
        self._marker = state.marker
        self.look()
        return state

    async def _look(self) -> None:
        while True:
            self._again = False
            with suppress(EngineError):  # the heartbeat says that the store is away
                await self.load()
            if not self._again:
                return

    def _keep(self, found: SafetyReport) -> None:
        changed, self.last = found != self.last, found
        if changed:
            shown = found.model_dump(mode="json")
            for listener in self._listeners:
                listener(shown)

    def _hear_commands(self, _before: Cursor, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.type in _MARKERS:
                self._marker = entry.key
                self.look()

    def _hear_receipts(self, _before: Cursor, entries: Sequence[Entry]) -> None:
        marker = self._marker
        if marker is not None and any(entry.cause == marker for entry in entries):
            self.look()

    def _hear_statuses(self, _snapshot: Snapshot, _types_changed: bool) -> None:  # noqa: FBT001 (a listener)
        if self.last is None or self.last.engaged:
            self.look()
