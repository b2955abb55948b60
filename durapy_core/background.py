"""What spawned work may do: log, send, wait, and see that it should end."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from durapy_core.command import Command, CommandRecord
from durapy_core.confirm import Confirmation, send_and_confirm
from durapy_core.errors import SessionError
from durapy_core.outbox import Outbox
from durapy_core.tasks import TaskGroup

if TYPE_CHECKING:
    from loguru import Logger


class BackgroundContext:
    """What spawned work may do: the first argument of a function given to `spawn`."""

    def __init__(self, outbox: Outbox, tasks: TaskGroup, cause: str | None) -> None:
        self._outbox = outbox
        self._tasks = tasks
        self._cause = cause
        self._log: Logger | None = None

    @property
    def log(self) -> "Logger":
        """Loguru's logger, bound to the service and the record that this work was spawned for."""
        if self._log is None:
            self._log = self._outbox.log.bind(key=self._cause)
        return self._log

    @property
    def stopping(self) -> bool:
        """Whether this work should end now: its session or its service is ending."""
        return self._tasks.stopping.is_set()

    @property
    def in_safe_state(self) -> bool:
        """Whether the safe state is engaged now; see `ServiceContext.in_safe_state`."""
        return self._outbox.safe_state() is not None

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until this work should end; return True if it should end."""
        return self._tasks.stopping.wait(seconds)

    def send(self, command: Command) -> CommandRecord:
        """Send a command and return it as stored; see `Context.send`.

        It carries the record that this work was spawned for as its cause, but no number.

        Raises:
            SessionError: this work did not end in time when it was asked to.
        """
        self._check_owned()
        return self._outbox.send(command, cause=self._cause)

    def send_many(self, commands: Iterable[Command]) -> list[CommandRecord]:
        """Send commands in their order; see `Context.send_many`."""
        self._check_owned()
        return self._outbox.send_many(list(commands), cause=self._cause)

    def send_and_confirm(
        self, command: Command, *, services: Iterable[str], timeout_s: float = 5.0
    ) -> Confirmation:
        """Send a command and wait until each of the services has said what became of it.

        Only background work may: a handler would keep its own service from going on. The wait is
        cut short when this work is asked to stop, and when the safe state is entered; then what has
        not answered is `unknown`.

        Raises:
            SessionError: a service is down or stands by, or is this one itself: nothing was sent.
            EngineError: as `send`.
        """
        self._check_owned()
        wanted = tuple(services)
        if self._outbox.service in wanted:
            raise SessionError(
                f"Nothing was sent: {self._outbox.service} would wait for itself; leave it out."
            )
        safe_state = self._outbox.safe_state
        before = safe_state()
        return send_and_confirm(
            self._outbox.engine,
            lambda: self._outbox.send(command, cause=self._cause),
            services=wanted,
            timeout_s=timeout_s,
            stopping=lambda: self._tasks.stopping.is_set() or safe_state() not in (None, before),
        )

    def _check_owned(self) -> None:
        if self._tasks.abandoned:
            raise SessionError(
                f"Nothing is sent any more: {self._tasks.owner} has ended, and this work went on; "
                "return when task.stopping is True."
            )
