"""The loop that hears requests and has them carried out, one at a time.

It knows the log and the verbs; how a replica is restarted is the manager's business.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar, get_args

from loguru import logger

from durapy_core.engines.base import OPERATIONS, Engine
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import DeployError, EngineError, EngineUnavailableError
from durapy_core.operations.requests import (
    MAX_AGE_S,
    OPERATORS,
    OUTCOME,
    PROGRESS,
    REQUEST,
    OperationState,
    Operator,
    State,
    Verb,
    read_operator,
    state_of,
)

_WAIT_S: Final = 0.5
_BEAT_S: Final = 1.0
_BACKOFF_S: Final = 1.0
_INTERRUPTED: Final = "interrupted: its server ended meanwhile; `durapy ps` shows the services"

T = TypeVar("T")


class Restarter(Protocol):
    """The part of a `DeployManager` that operations need."""

    def restart(self, name: str) -> None:
        """Stop the service's replicas with grace and start them again; return when they run.

        Raises:
            DeployError: it was not done; the message says why and what to do next.
        """


def serve(
    engine: Engine, manager: Restarter, stop_event: threading.Event, *, name: str = "deployer"
) -> None:
    """Carry out requests until `stop_event` is set; the one under way is finished first.

    `name` is written on every answer, and under it the server keeps how far it has read.
    One server of a name at a time.
    """
    with contextlib.suppress(_StoppedError):
        _Server(engine, manager, stop_event, name).run()


class _StoppedError(Exception):
    """The server was stopped while the store was away."""


class _Server:
    """One run of `serve`."""

    def __init__(
        self, engine: Engine, manager: Restarter, stop_event: threading.Event, name: str
    ) -> None:
        self._engine = engine
        self._manager = manager
        self._stop = stop_event
        self._name = name
        self._cursor = START
        self._ended = threading.Event()

    def run(self) -> None:
        """Answer what waited, then what comes."""
        self._cursor = self._retry(self._stored_cursor)
        backlog = self._retry(self._backlog)
        beats = threading.Thread(target=self._beat, name="operations-beat", daemon=True)
        beats.start()
        try:
            self._hear(backlog)
            while not self._stop.is_set():
                self._hear(self._retry(self._read))
        finally:
            self._ended.set()
            beats.join()

    def _hear(self, entries: list[Entry]) -> None:
        """Deal with each request among `entries`; of those, some may be begun or answered."""
        begun = {entry.cause for entry in entries if entry.type == PROGRESS}
        answered = {entry.cause for entry in entries if entry.type == OUTCOME}
        for entry in entries:
            if self._stop.is_set():
                return  # the rest is read again at the next start
            if entry.type == REQUEST and entry.key not in answered:
                if entry.key in begun:
                    self._answer(_read_request(entry), "failed", _INTERRUPTED)
                else:
                    self._handle(entry)
            self._cursor = Cursor(entry.key)

    def _handle(self, entry: Entry) -> None:
        asked = _read_request(entry)
        refusal = _refusal(asked)
        if refusal:
            self._answer(asked, "failed", refusal)
            return
        begun = self._tell(PROGRESS, asked, message=f"{asked.verb} {asked.service}")
        waited_s = begun.sent_at_s - entry.sent_at_s
        if waited_s > MAX_AGE_S:
            self._answer(asked, "failed", f"nobody was there for {waited_s:.0f} s; ask again")
            return
        self._answer(asked, *self._carry_out(asked))

    def _carry_out(self, asked: OperationState) -> tuple[State, str]:
        try:
            self._manager.restart(asked.service)
        except DeployError as error:
            return "failed", str(error)
        except Exception as error:  # noqa: BLE001 (a manager's fault must not end the loop)
            logger.exception("the operation {request} met an unforeseen error", request=asked.key)
            return "failed", f"{type(error).__name__}: {error}; the log of {self._name} has more"
        return "done", f"{asked.service} was restarted"

    def _answer(self, asked: OperationState, state: State, message: str) -> None:
        self._tell(OUTCOME, asked, message=message, state=state)
        logger.log(
            "INFO" if state == "done" else "WARNING",
            "{verb} {target}, asked by {by}: {state}: {answer}",
            verb=asked.verb,
            target=asked.service,
            by=asked.by,
            state=state,
            answer=message,
            request=asked.key,
        )

    def _tell(self, kind: str, asked: OperationState, **more: str) -> Entry:
        body = {"verb": asked.verb, "service": asked.service, "by": asked.by, **more}
        entry = NewEntry(
            type=kind,
            body=json.dumps(body),
            sender=self._name,
            cause=asked.key,
            id=f"{kind.lower()}/{asked.key}",
        )
        return self._retry(lambda: self._engine.append(OPERATIONS, entry))

    def _read(self) -> list[Entry]:
        return self._engine.read(OPERATIONS, after=self._cursor, wait_s=_WAIT_S)

    def _backlog(self) -> list[Entry]:
        entries: list[Entry] = []
        cursor = self._cursor
        while batch := self._engine.read(OPERATIONS, after=cursor):
            entries += batch
            cursor = Cursor(batch[-1].key)
        return entries

    def _stored_cursor(self) -> Cursor:
        row = self._engine.table(OPERATORS).get(self._name)
        return Cursor(read_operator(row.text).cursor) if row else START

    def _beat(self) -> None:
        self._write_down(serving=True)
        while not self._ended.wait(_BEAT_S):
            self._write_down(serving=True)
        self._write_down(serving=False)

    def _write_down(self, *, serving: bool) -> None:
        row = Operator(cursor=self._cursor, serving=serving)
        try:
            self._engine.put(OPERATORS, self._name, row.model_dump_json())
        except EngineError as error:
            logger.debug(
                "the state of {name} was not written: {error}", name=self._name, error=error
            )

    def _retry(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, however long the store is away.

        Raises:
            _StoppedError: `stop_event` was set meanwhile.
        """
        while True:
            try:
                return call()
            except EngineUnavailableError as error:
                logger.warning("operations wait for the store: {error}", error=str(error))
                if self._stop.wait(_BACKOFF_S):
                    raise _StoppedError from error


def _read_request(entry: Entry) -> OperationState:
    blank = OperationState(key=entry.key, verb="", service="", by=entry.sender, state="requested")
    return state_of(entry) or blank


def _refusal(asked: OperationState) -> str | None:
    if not asked.verb or not asked.service:
        return 'the request cannot be read; its body is {"verb": …, "service": …}'
    if asked.verb not in get_args(Verb):
        return f"no operation is called {asked.verb!r}; known: {', '.join(get_args(Verb))}"
    return None
