"""One running copy of a service: it starts, takes turns with the log, and stops.

It knows nothing of signals, threads or processes: `run_service` adds those, and in a test the
harness takes the turns.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from durapy_core.calls import Caller
from durapy_core.context import ServiceContext, StopReason
from durapy_core.dispatch import Dispatcher
from durapy_core.engines.base import CATALOG, COMMANDS, Engine, Progress
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import DurapyError, EngineError, ServiceError
from durapy_core.failures import FailureHook, explain, log_failure, name_of
from durapy_core.outbox import Outbox
from durapy_core.patience import Patience
from durapy_core.progress import ProgressKeeper
from durapy_core.service import Service
from durapy_core.session import OpenSession
from durapy_core.status import ServiceState, ServiceStatus
from durapy_core.vitals import Vitals

BATCH: Final = 128

R = TypeVar("R")


def make_replica_name() -> str:
    """Return a name for this process that no other has: host, process id, random letters."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOptions:
    """How a replica runs.

    Attributes:
        name: of this replica; no other has it.
        revision: the code it runs.
        commit_s: how long finished records may wait for their commit, in seconds.
        debug: whether each record that is handled is logged at DEBUG.
    """

    name: str = field(default_factory=make_replica_name)
    revision: str = "unknown"
    commit_s: float = 0.005
    debug: bool = False


class Replica:
    """Runs one service on one engine: `startup`, then `turn` again and again, then `shutdown`.

    Attributes:
        options: how it runs.
        stopping: True once `stop` was called.
    """

    def __init__(
        self,
        service: Service,
        engine: Engine,
        options: ReplicaOptions | None = None,
        *,
        on_failure: FailureHook | None = None,
    ) -> None:
        self.options = options or ReplicaOptions()
        self.stopping = False
        self._service = service
        self._engine = engine
        self._vitals = Vitals()
        outbox = Outbox(
            engine, service=service.name, replica=self.options.name, stop_service=self.stop
        )
        self._log = outbox.log
        self._caller = Caller(outbox, on_failure or partial(log_failure, self._log))
        self._dispatcher = Dispatcher(service, self._caller, self._vitals, debug=self.options.debug)
        self._ctx = ServiceContext(outbox, self._dispatcher.tasks)
        self._patience = Patience(self._log, stopping=lambda: self.stopping)
        self._phase: ServiceState | None = ServiceState.STARTING
        self._started_at = datetime.now(UTC)
        self._progress: ProgressKeeper | None = None
        self._hooked = False

    def stop(self) -> None:
        """Ask for the end after the current handler. Any thread and any signal handler may."""
        self.stopping = True

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._dispatcher.session

    def startup(self, *, first: Cursor | None = None) -> None:
        """Publish the catalog, take up the cursor, call the start hooks, restore the session.

        Args:
            first: where a service begins that never ran before; None for the end of the log.

        Raises:
            ServiceError: a start hook raised something else than a DurapyError, which goes on.
            StoppedWaitingError: `stop` was called while the store was away.
        """
        self._publish()
        saved = self._take_up(first)
        self._run_start_hooks()
        if saved is not None:
            self._dispatcher.restore(saved, self._backlog())
        self._phase = None

    def turn(self, wait_s: float) -> int:
        """Save the progress, read the next records in the same round trip, and handle them.

        Waits up to `wait_s` seconds for the first one. Returns how many were read.

        Raises:
            StoppedWaitingError: `stop` was called while the store was away.
        """
        progress = self._kept()
        cursor, commit = progress.cursor, progress.due(self._session_text())
        entries, was_away = self._patience.call(
            lambda: self._engine.read(
                COMMANDS, after=cursor, limit=BATCH, wait_s=wait_s, commit=commit
            ),
            on=EngineError,
        )
        if commit is not None:
            progress.note_saved(commit)
        if was_away:
            self._publish()
            self._follow_log()
        self._handle(entries, progress)
        return len(entries)

    def shutdown(self, reason: StopReason = StopReason.SHUTDOWN) -> None:
        """Save the progress, let go of the session, end background work, call the stop hooks."""
        self._phase = ServiceState.STOPPING
        if not self._commit():
            self._log.error(
                "the progress could not be saved: what was handled last is handled again at the "
                "next start"
            )
        self._dispatcher.close(reason)
        if self._hooked:
            for hook in reversed(self._service.stop_hooks):
                self._caller.call(hook, self._ctx, key=None)
        self._phase = ServiceState.STOPPED

    def status(self) -> ServiceStatus:
        """Return what this replica says of itself now. Any thread may ask."""
        session = self._dispatcher.session
        counted = self._vitals.as_status()
        return ServiceStatus(
            service=self._service.name,
            replica=self.options.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=self.options.revision,
            state=self._phase or _state(busy=counted["busy_key"] is not None, session=session),
            session=session.info if session else None,
            started_at=self._started_at,
            **counted,
        )

    def _publish(self) -> None:
        text = self._service.publish().model_dump_json()
        self._wait(lambda: self._engine.put(CATALOG, self._service.name, text))

    def _take_up(self, first: Cursor | None) -> str | None:
        progress = self._wait(lambda: self._engine.load_progress(self._service.name))
        if progress is not None:
            self._progress = ProgressKeeper(progress)
            self._follow_log()
            return progress.session
        cursor = self._wait(lambda: self._engine.end(COMMANDS)) if first is None else first
        begin = Progress(service=self._service.name, cursor=cursor)
        self._wait(lambda: self._engine.commit(begin))
        self._progress = ProgressKeeper(begin)
        return None

    def _follow_log(self) -> None:
        end, progress = self._wait(lambda: self._engine.end(COMMANDS)), self._kept()
        if self._engine.compare(progress.cursor, end) > 0:
            self._log.error(
                "the store lost the end of the log; this service goes on at what is its end now",
                cursor=progress.cursor,
                end=end,
            )
            progress.cursor = end

    def _run_start_hooks(self) -> None:
        for hook in self._service.start_hooks:
            try:
                hook(self._ctx)
            except DurapyError:
                raise
            except (Exception, SystemExit) as error:
                self._log.opt(exception=error).critical("{hook} failed", hook=name_of(hook))
                raise ServiceError(
                    f'The service "{self._service.name}" cannot start: {name_of(hook)} failed: '
                    f"{explain(error)}."
                ) from error
        self._hooked = True

    def _backlog(self) -> Iterator[Entry]:
        after = self._kept().cursor
        while entries := self._read_on(after):
            yield from entries
            after = Cursor(entries[-1].key)

    def _read_on(self, after: Cursor) -> list[Entry]:
        return self._wait(lambda: self._engine.read(COMMANDS, after=after, limit=BATCH))

    def _handle(self, entries: list[Entry], progress: ProgressKeeper) -> None:
        due = time.monotonic() + self.options.commit_s
        last = entries[-1] if entries else None
        for entry in entries:
            if self.stopping:
                return
            progress.heard |= self._dispatcher.dispatch(entry)
            progress.cursor = Cursor(entry.key)
            if time.monotonic() >= due and entry is not last:
                if not self._commit():
                    return
                due = time.monotonic() + self.options.commit_s

    def _commit(self) -> bool:
        if self._progress is None:
            return True
        unsaved = self._progress.unsaved(self._session_text())
        if unsaved is None:
            return True
        try:
            self._engine.commit(unsaved)
        except EngineError as error:
            self._log.debug("a commit failed: {why}", why=str(error))
            return False
        self._progress.note_saved(unsaved)
        return True

    def _session_text(self) -> str | None:
        session = self._dispatcher.session
        return session.text if session else None

    def _kept(self) -> ProgressKeeper:
        if self._progress is None:
            raise ServiceError("startup() comes before turn().")
        return self._progress

    def _wait(self, call: Callable[[], R]) -> R:
        return self._patience.call(call)[0]


def _state(*, busy: bool, session: OpenSession | None) -> ServiceState:
    if busy:
        return ServiceState.BUSY
    return ServiceState.IN_SESSION if session else ServiceState.IDLE
