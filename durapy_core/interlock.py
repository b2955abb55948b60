"""What keeps a record from actuating: the flag, which acts at once, and its place in the log.

The markers of the safe state lie in the log of commands, and a service passes them in order. What
lies between two of them is refused, whenever it is read: so after clearing nothing moves that was
sent before it.
"""

from typing import TYPE_CHECKING

from durapy_core.engines.base import SAFETY, Engine
from durapy_core.entry import SAFE_STATE, Cursor, Entry
from durapy_core.errors import EngineError
from durapy_core.patience import Patience
from durapy_core.safety import SafetyWatch

if TYPE_CHECKING:
    from loguru import Logger


class Interlock:
    """Whether records are barred now that actuate, or begin a session.

    Attributes:
        between: whether the cursor lies between entering the safe state and leaving it.
    """

    def __init__(
        self,
        watch: SafetyWatch,
        engine: Engine,
        patience: Patience,
        log: "Logger",
    ) -> None:
        self.between = False
        self._watch = watch
        self._engine = engine
        self._patience = patience
        self._log = log

    @property
    def is_engaged(self) -> bool:
        """Whether the safe state is engaged now, wherever the cursor lies."""
        return self._watch.state.engaged

    @property
    def bars(self) -> bool:
        """Whether the next record must not actuate."""
        return self.between or self._watch.state.engaged

    @property
    def why(self) -> str:
        """Why it must not, in words."""
        if self.is_engaged:
            return "(safe state) it is engaged; clear it first"
        return "(safe state) it was sent while that was engaged"

    def begin(self, cursor: Cursor, *, between: bool) -> None:
        """Take up where a service goes on; `between` is what it knew there when it left off."""
        state = self._watch.state
        self.between = False
        if state.marker is not None:
            passed = self._engine.compare(state.marker, cursor) <= 0
            self.between = state.engaged if passed else between

    def passes(self, marker: Entry) -> bool:
        """Note that a marker was passed; return whether the safe state is left for good there."""
        if not self._is_genuine(marker):
            self._log.warning(
                "a record of the type {type} means nothing: it was not written by DuraPy; "
                "`durapy safe-state` and `durapy clear` enter and leave the safe state",
                type=marker.type,
                key=marker.key,
                sender=marker.sender,
            )
            return False
        self.between = marker.type == SAFE_STATE
        if self.between:
            return False
        self._patience.call(
            self._watch.ask, on=EngineError
        )  # its thread may not have heard of it yet
        return not self.is_engaged

    def _is_genuine(self, marker: Entry) -> bool:
        cause = marker.cause
        if cause is None:
            return False
        found, _ = self._patience.call(lambda: self._engine.get(SAFETY, cause), on=EngineError)
        return found is None or (found.type, found.id) == (marker.type, marker.id)  # None: trimmed
