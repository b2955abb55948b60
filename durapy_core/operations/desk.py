"""A server's side of the log of operations: what it has read, what it answers, that it is there.

Knows no verb. Every call waits for a store that is away, until the server is to stop.
"""

import itertools
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from loguru import logger

from durapy_core.engines.base import OPERATIONS, Engine
from durapy_core.entry import START, Cursor, Entry, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError
from durapy_core.operations.requests import (
    OPERATORS,
    OUTCOME,
    PROGRESS,
    OperationState,
    Operator,
    State,
    read_operator,
)

_WAIT_S: Final = 0.5
_BEAT_S: Final = 1.0
_BACKOFF_S: Final = 1.0

T = TypeVar("T")


class StoppedError(Exception):
    """The server was stopped while the store was away."""


class Desk:
    """Where requests come in and answers go out, under one name.

    Attributes:
        engine: the store.
        name: is written on every answer, and under it the cursor is kept.
        cursor: the last entry that was dealt with.
    """

    def __init__(self, engine: Engine, name: str, stop: threading.Event) -> None:
        self.engine = engine
        self.name = name
        self.cursor = START
        self._stop = stop
        self._open: dict[str, Cursor] = {}
        self._ended = threading.Event()
        self._run = secrets.token_hex(4)
        self._count = itertools.count(1)

    @contextmanager
    def manned(self) -> Iterator[list[Entry]]:
        """Give what waited since the server before us, and tell all that somebody is here now."""
        self.cursor = self.retry(self._stored_cursor)
        backlog = self.retry(self._backlog)
        beats = threading.Thread(target=self._beat, name="operations-beat", daemon=True)
        beats.start()
        try:
            yield backlog
        finally:
            self._ended.set()
            beats.join()

    def read(self) -> list[Entry]:
        """Return what came, if something did within half a second."""
        return self.retry(lambda: self.engine.read(OPERATIONS, after=self.cursor, wait_s=_WAIT_S))

    def take_in(self, key: str) -> None:
        """Note that the request after the cursor is open: until its answer it is read again."""
        self._open[key] = self.cursor

    def step(
        self, asked: OperationState, step: str, message: str, lines: Sequence[str] = ()
    ) -> Entry:
        """Tell how far a request has come. Any thread may."""
        more: dict[str, Any] = {"step": step} if step else {}
        if lines:
            more["lines"] = list(lines)
        name = f"progress/{self._run}-{next(self._count)}"
        return self._tell(PROGRESS, asked, name, message=message, **more)

    def answer(
        self,
        asked: OperationState,
        state: State,
        message: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Tell how a request ended. Any thread may."""
        more: dict[str, Any] = {"details": details} if details else {}
        self._tell(OUTCOME, asked, "outcome", message=message, state=state, **more)
        self._open.pop(asked.key, None)
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

    def retry(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, however long the store is away, which is said once.

        Raises:
            StoppedError: the server is to stop.
        """
        level = "WARNING"
        while True:
            try:
                return call()
            except EngineUnavailableError as error:
                logger.log(level, "operations wait for the store: {error}", error=str(error))
                level = "DEBUG"
                if self._stop.wait(_BACKOFF_S):
                    raise StoppedError from error

    def _tell(self, kind: str, asked: OperationState, name: str, **more: Any) -> Entry:
        body = {"verb": asked.verb, "service": asked.service, "by": asked.by, **more}
        entry = NewEntry(
            type=kind,
            body=json.dumps(body),
            sender=self.name,
            cause=asked.key,
            id=f"{name}/{asked.key}",
        )
        return self.retry(lambda: self.engine.append(OPERATIONS, entry))

    def _backlog(self) -> list[Entry]:
        entries: list[Entry] = []
        cursor = self.cursor
        while batch := self.engine.read(OPERATIONS, after=cursor):
            entries += batch
            cursor = Cursor(batch[-1].key)
        return entries

    def _stored_cursor(self) -> Cursor:
        row = self.engine.table(OPERATORS).get(self.name)
        return Cursor(read_operator(row.text).cursor) if row else START

    def _beat(self) -> None:
        self._write_down(serving=True)
        while not self._ended.wait(_BEAT_S):
            self._write_down(serving=True)
        self._write_down(serving=False)

    def _write_down(self, *, serving: bool) -> None:
        cursor = next(iter(list(self._open.values())), self.cursor)  # what is open is read again
        row = Operator(cursor=cursor, serving=serving)
        try:
            self.engine.put(OPERATORS, self.name, row.model_dump_json())
        except EngineError as error:
            logger.debug(
                "the state of {name} was not written: {error}", name=self.name, error=error
            )
