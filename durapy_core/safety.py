"""The safe state as one process of a service knows it, heard on a thread of its own.

A handler that blocks does not delay it. Of the service's own code this file knows only what it is
given to act with while the process leads.
"""

from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from durapy_core.engines.base import SAFETY, Engine
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import SAFE_STATE, Cursor, NewEntry
from durapy_core.errors import EngineError
from durapy_core.side_thread import SideThread
from durapy_core.status import SafeAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from loguru import Logger

_WAIT_S: Final = 5.0
_RETRY_S: Final = 0.5
_ACT_S: Final = 2.0


class Actor(Protocol):
    """What makes a service safe while this process leads it; called on one thread at a time."""

    def act(self, state: SafeState) -> SafeAnswer:
        """Make safe, and return how that went. Must not raise."""

    def report(self, state: SafeState, answer: SafeAnswer) -> None:
        """Write the answer into the store. Must not raise."""


class SafetyWatch:
    """Knows whether the safe state is engaged, and has the service made safe while it leads.

    Any thread may call any method. `state` is replaced as a whole, so reading it takes no lock.

    Attributes:
        state: as the store told it last.
        on_answer: is called when what `said` returns has changed; what it raises is its own.
    """

    def __init__(self, engine: Engine, *, service: str, makes_safe: bool, log: "Logger") -> None:
        self.state = SafeState()
        self.on_answer: Callable[[], None] = _nothing
        self._engine = engine
        self._service = service
        self._makes_safe = makes_safe
        self._log = log
        self._cursor: Cursor | None = None
        self._is_stale = False
        self._asking = Lock()
        self._acting = Lock()
        self._actor: Actor | None = None
        self._answer: SafeAnswer | None = None

    @property
    def entered(self) -> str | None:
        """The key of the record that entered the safe state; None while that is not engaged."""
        state = self.state
        return state.key if state.engaged else None

    def said(self) -> SafeAnswer | None:
        """Return what this process says of the safe state; None while that is not engaged."""
        key, answer = self.entered, self._answer
        if key is None or (answer is not None and answer.key == key):
            return None if key is None else answer
        return SafeAnswer(key=key, state="waiting" if self._makes_safe else "none")

    def lead(self, actor: Actor) -> None:
        """Make safe by this from now on; `ask` and `act` then do what is due already."""
        with self._acting:
            self._actor, self._answer = actor, None

    def stand_by(self) -> None:
        """Act no more; waits for a handler that is just making safe, 2 s at most."""
        held = self._acting.acquire(timeout=_ACT_S)
        self._actor = None
        if held:
            self._acting.release()

    def ask(self) -> None:
        """Take what the store says.

        Raises:
            EngineError: it did not answer.
        """
        with self._asking:
            if self._cursor is None:
                self._cursor = self._engine.end(SAFETY)
            self._take(self._engine.safe_state())

    def act(self) -> None:
        """Make safe if the safe state is engaged and that was not done for it yet."""
        with self._acting:
            actor, state = self._actor, self.state
            done = self._answer is not None and self._answer.key == state.key
            if actor is None or not state.engaged or done:
                return
            self._answer = answer = actor.act(state)
            self.on_answer()
            actor.report(state, answer)

    def look(self, wait_s: float) -> None:
        """Wait up to `wait_s` seconds for a change of the safe state, and act on it.

        Raises:
            EngineError: the store did not answer; call it again.
        """
        if self._cursor is None or self._is_stale:
            self._ask_and_act()
            self._is_stale = False
        try:
            entries = self._engine.read(SAFETY, after=self._cursor or Cursor(""), wait_s=wait_s)
        except EngineError:
            self._is_stale = True
            raise
        if entries:
            self._cursor = Cursor(entries[-1].key)
            self._is_stale = True  # until the store has said what holds now
            self._ask_and_act()
            self._is_stale = False

    def _ask_and_act(self) -> None:
        self.ask()
        self.act()

    def _take(self, found: SafeState) -> None:
        known = self.state
        if found == known:
            return
        if known.engaged and not found.engaged and self._is_older(found.key, known.key):
            found = self._enter_again(known)
        self.state = found
        if found.engaged:
            self._log.warning("the safe state is engaged: nothing that actuates is executed")
        else:
            self._log.info("the safe state is not engaged")
        self.on_answer()

    def _is_older(self, key: str | None, known: str | None) -> bool:
        return known is not None and (key is None or self._engine.compare(key, known) < 0)

    def _enter_again(self, known: SafeState) -> SafeState:
        """Enter the safe state once more, which a store that lost its latest entries forgot."""
        self._log.error("the store lost the safe state; it is entered again", key=known.key)
        body = '{"reason":"it was engaged when the store lost its latest entries"}'
        again = f"again/{known.key}"
        entry = NewEntry(type=SAFE_STATE, body=body, sender=self._service, id=again)
        return self._engine.set_safe_state(entry, engaged=True)


class SafetyThread(SideThread):
    """Hears the safe state while in `with`.

    It is not waited for at the end: it may be blocked in the store, and acts no more.
    """

    def __init__(self, watch: SafetyWatch, *, log: "Logger") -> None:
        super().__init__("safety", join_s=0)
        self._watch = watch
        self._log = log

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch.look(_WAIT_S)
            except EngineError:
                self._stop.wait(_RETRY_S)  # the loop waits for the store as well, and says so
            except Exception:  # noqa: BLE001 (a deaf thread would be worse)
                self._log.exception("the safe state could not be heard; trying again")
                self._stop.wait(_RETRY_S)


def _nothing() -> None:
    """Do nothing."""
