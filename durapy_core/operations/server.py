"""The loop that hears requests and has them carried out: one at a time, rollouts beside it.

It knows the log, the verbs and the session lock; how a replica is restarted or replaced is the
manager's business.
"""

import contextlib
import threading
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol, get_args

from loguru import logger

from durapy_core.engines.base import Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import DeployError, ManagerUnavailableError
from durapy_core.fleet import Heard, load_fleet
from durapy_core.operations.desk import Desk, StoppedError
from durapy_core.operations.gate import LOCKED, WAITS, locked_by_session
from durapy_core.operations.requests import (
    MAX_AGE_S,
    OUTCOME,
    PROGRESS,
    QUEUED,
    REQUEST,
    OperationState,
    Verb,
    state_of,
)
from durapy_core.operations.rollouts import Rollouts

ROLLOUTS: Final = ("rollout", "rollback")

_DONE: Final = {"start": "started", "stop": "stopped", "restart": "restarted"}
_BACKOFF_S: Final = 1.0
_INTERRUPTED: Final = "interrupted: its server ended meanwhile; `durapy ps` shows the services"


class Lifecycle(Protocol):
    """The part of a `DeployManager` that operations need; each raises DeployError with a reason."""

    def start(self, name: str) -> None:
        """Start the service's replicas; return when they run."""

    def stop(self, name: str) -> None:
        """Stop the service's replicas with grace; return when they have ended."""

    def restart(self, name: str) -> None:
        """Stop the service's replicas with grace and start them again; return when they run."""


def serve(
    engine: Engine,
    manager: Lifecycle,
    stop_event: threading.Event,
    *,
    name: str = "deployer",
    rollouts: Rollouts | None = None,
) -> None:
    """Carry out requests until `stop_event` is set; the one under way is finished first.

    `name` is written on every answer, and under it the server keeps how far it has read.
    One server of a name at a time. `rollouts` is given where another revision can be put in the
    place of a running one; those under way at the end are undone, if they have not switched yet.
    Returns as well when a successor stands by to go on: `rollouts.handed_over` is set then.
    """
    with contextlib.suppress(StoppedError):
        _Server(Desk(engine, name, stop_event), manager, stop_event, rollouts).run()


class _Server:
    """One run of `serve`."""

    def __init__(
        self,
        desk: Desk,
        manager: Lifecycle,
        stop_event: threading.Event,
        rollouts: Rollouts | None,
    ) -> None:
        self._desk = desk
        self._manager = manager
        self._stop = stop_event
        self._rollouts = rollouts
        self._queued: dict[str, OperationState] = {}

    def run(self) -> None:
        """Answer what waited, then what comes."""
        with self._desk.manned() as backlog:
            try:
                self._begin(backlog)
                while not self._over():
                    self._hear(self._desk.read())
                    self._look_at_queue()
            finally:
                if self._rollouts is not None:
                    self._rollouts.end()

    def _over(self) -> bool:
        handed_over = self._rollouts is not None and self._rollouts.handed_over.is_set()
        return self._stop.is_set() or handed_over

    def _begin(self, backlog: list[Entry]) -> None:
        """Take up what a server before us left, then hear the rest of what waited."""
        begun = self._begun(backlog)
        if self._rollouts is not None:
            ours = {key: asked for key, asked in begun.items() if asked.verb in ROLLOUTS}
            for key in ours:
                self._desk.take_in(key)
            switched = _switched(backlog)
            self._retry_manager(lambda: self._take_up(ours, switched))
            begun = {key: asked for key, asked in begun.items() if key not in ours}
        for asked in begun.values():
            self._desk.answer(asked, "failed", _INTERRUPTED)
        self._hear(backlog, but=self._begun(backlog))

    def _take_up(self, begun: dict[str, OperationState], switched: set[str]) -> None:
        assert self._rollouts is not None  # noqa: S101 (see _begin)
        self._rollouts.take_up(begun, self._desk.step, self._desk.answer, switched=switched)

    def _retry_manager(self, call: Callable[[], None]) -> None:
        """Make a call to the manager, however long that does not answer, which is said once."""
        level = "WARNING"
        while not self._stop.is_set():
            try:
                return call()
            except ManagerUnavailableError as error:
                logger.log(level, "operations wait for the manager: {error}", error=str(error))
                level = "DEBUG"
                self._stop.wait(_BACKOFF_S)
        return None

    def _begun(self, entries: list[Entry]) -> dict[str, OperationState]:
        """Return the requests among `entries` that were begun and have no outcome."""
        begun: dict[str, OperationState] = {}
        for entry in entries:
            if entry.type == REQUEST:
                begun[entry.key] = _read_request(entry)
        started = set()
        for entry in entries:
            news = state_of(entry)
            if entry.type == OUTCOME and entry.cause:
                begun.pop(entry.cause, None)
            elif entry.type == PROGRESS and entry.cause and not (news and news.step == QUEUED):
                started.add(entry.cause)
        return {key: asked for key, asked in begun.items() if key in started}

    def _hear(self, entries: list[Entry], *, but: Collection[str] = ()) -> None:
        """Deal with each request among `entries` that has no outcome there, nor is in `but`."""
        answered = {entry.cause for entry in entries if entry.type == OUTCOME}
        for entry in entries:
            if self._stop.is_set():
                return  # the rest is read again at the next start
            if entry.type == REQUEST and entry.key not in answered and entry.key not in but:
                self._desk.take_in(entry.key)
                self._handle(entry)
            self._desk.cursor = Cursor(entry.key)

    def _handle(self, entry: Entry) -> None:
        asked = _read_request(entry)
        refusal = _refusal(asked) or self._busy(asked)
        if refusal:
            self._desk.answer(asked, "failed", refusal)
            return
        locked = locked_by_session(asked, self._fleet())
        if locked and asked.wishes.when != "session_ends":
            self._desk.answer(asked, "failed", locked)
            return
        step = QUEUED if locked else ""
        message = WAITS if locked else f"{asked.verb} {asked.service}"
        begun = self._desk.step(asked, step, message)
        waited_s = begun.sent_at_s - entry.sent_at_s
        if waited_s > MAX_AGE_S:
            self._desk.answer(asked, "failed", f"nobody was there for {waited_s:.0f} s; ask again")
        elif locked:
            self._queued[asked.key] = asked
        else:
            self._do(asked)

    def _busy(self, asked: OperationState) -> str | None:
        if self._rollouts is None or asked.verb not in (*LOCKED, "start"):
            return None
        return self._rollouts.busy(asked.service)

    def _fleet(self) -> list[Heard]:
        return self._desk.retry(lambda: load_fleet(self._desk.engine))

    def _look_at_queue(self) -> None:
        """Carry out what waited for the end of a session, once it has ended."""
        if not self._queued:
            return
        fleet = self._fleet()
        for key, asked in list(self._queued.items()):
            if locked_by_session(asked, fleet) or self._busy(asked):
                continue
            del self._queued[key]
            self._desk.step(asked, "", f"the session has ended: {asked.verb} {asked.service}")
            self._do(asked)

    def _do(self, asked: OperationState) -> None:
        if asked.verb in ROLLOUTS and self._rollouts is not None:
            self._rollouts.begin(asked, self._desk.step, self._desk.answer)
        elif asked.verb == "fetch":  # a remote may be slow, and others have to be heard meanwhile
            threading.Thread(target=self._do_aside, args=(asked,), daemon=True).start()
        else:
            self._do_now(asked)

    def _do_aside(self, asked: OperationState) -> None:
        with contextlib.suppress(StoppedError):  # the next server answers
            self._do_now(asked)

    def _do_now(self, asked: OperationState) -> None:
        details = None
        try:
            message, details = self._carry_out(asked)
        except DeployError as error:
            self._desk.answer(asked, "failed", str(error))
        except Exception as error:  # noqa: BLE001 (a manager's fault must not end the loop)
            logger.exception("the operation {request} met an unforeseen error", request=asked.key)
            more = f"the log of {self._desk.name} has more"
            self._desk.answer(asked, "failed", f"{type(error).__name__}: {error}; {more}")
        else:
            self._desk.answer(asked, "done", message, details)

    def _carry_out(self, asked: OperationState) -> tuple[str, dict[str, Any] | None]:
        """Do what is asked and return what is to be said, and what was asked for.

        Raises:
            DeployError: it was not done.
        """
        match asked.verb:
            case "start" | "stop" | "restart":
                getattr(self._manager, asked.verb)(asked.service)
                return f"{asked.service} was {_DONE[asked.verb]}", None
            case "cancel":
                return self._cancel(asked), None
        if self._rollouts is None:
            raise DeployError(
                f"This rig runs as local processes, so it knows no {asked.verb}: "
                "take the code with `git`, then restart the service."
            )
        if asked.verb == "fetch":
            return self._rollouts.manager.fetch(), None
        changes = self._rollouts.manager.changes(asked.service, asked.wishes.revision)
        return f"{changes['base']} to {changes['target']}", changes

    def _cancel(self, asked: OperationState) -> str:
        key = asked.wishes.operation or ""
        queued = self._queued.pop(key, None)
        if queued is not None:
            self._desk.answer(queued, "failed", f"cancelled by {asked.by or 'somebody'}")
            return "cancelled"
        if self._rollouts is not None and self._rollouts.cancel(key, asked.by):
            return "it is being cancelled"
        raise DeployError(f"No rollout with the key {key[:100]!r} is under way.")


def _switched(entries: list[Entry]) -> set[str]:
    """Return the requests that have come to a switch, in a rollout of all that of the last one."""
    switched: set[str] = set()
    for entry in entries:
        news = state_of(entry) if entry.type == PROGRESS else None
        if news is not None and news.step == "resolve":
            switched.discard(news.key)
        elif news is not None and news.step == "switch":
            switched.add(news.key)
    return switched


def _read_request(entry: Entry) -> OperationState:
    blank = OperationState(key=entry.key, verb="", service="", by=entry.sender, state="requested")
    return state_of(entry) or blank


def _refusal(asked: OperationState) -> str | None:
    if not asked.verb or not asked.service:
        return 'the request cannot be read; its body is {"verb": …, "service": …}'
    if asked.verb not in get_args(Verb):
        return f"no operation is called {asked.verb!r}; known: {', '.join(get_args(Verb))}"
    return None
