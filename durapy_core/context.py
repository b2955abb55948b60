"""What a service's own code may do: send, spawn, log. Every call gets a context of its own.

`Context` comes with a record, `ServiceContext` with the start and the stop of the service;
`BackgroundContext` (background.py) with spawned work.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Concatenate, Never, ParamSpec

from durapy_core.background import BackgroundContext
from durapy_core.command import Command, CommandRecord
from durapy_core.entry import Entry
from durapy_core.errors import SessionError
from durapy_core.failures import name_of
from durapy_core.outbox import Outbox
from durapy_core.tasks import TaskGroup

if TYPE_CHECKING:
    from loguru import Logger

P = ParamSpec("P")


class StopReason(StrEnum):
    """Why `Controller.stop` is called.

    Attributes:
        ENDED: the session's ending command came.
        SHUTDOWN: this process ends; the session stays open and is restored at the next start.
        HANDOVER: another process leads the service now and has restored the session; sends raise.
        ERROR: as SHUTDOWN, but the runtime itself failed.
    """

    ENDED = "ended"
    SHUTDOWN = "shutdown"
    HANDOVER = "handover"
    ERROR = "error"


class ServiceContext:
    """What a service may do when it starts and stops, outside any record.

    May be kept and used from any thread while the service runs: a device that calls back sends
    through the context that `on_start` was given.
    """

    def __init__(self, outbox: Outbox, tasks: TaskGroup) -> None:
        self._outbox = outbox
        self._tasks = tasks

    @property
    def log(self) -> "Logger":
        """Loguru's logger, bound to the service and its replica."""
        return self._outbox.log

    @property
    def in_safe_state(self) -> bool:
        """Whether the safe state is engaged now: look before each movement of a longer one.

        It is True before the functions of `@service.on_safe_state` are called.
        """
        return self._outbox.safe_state() is not None

    def send(self, command: Command) -> CommandRecord:
        """Send a command and return it as stored.

        It is on the log when this returns, and comes round to every service, this one too.

        Raises:
            InvalidCommandError: its body is too long.
            EngineUnavailableError: the store was away too long; whether it was sent is unknown.
            LeaseLostError: this process leads the service no longer; it was not sent.
            EngineError: the store refused it; it was not sent.
        """
        return self._outbox.send(command)

    def send_many(self, commands: Iterable[Command]) -> list[CommandRecord]:
        """Send commands in their order and return them as stored; much faster than one by one.

        Commands of others may come between two of them. After an error the first may be stored.
        """
        return self._outbox.send_many(list(commands))

    def spawn(
        self,
        function: Callable[Concatenate[BackgroundContext, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Call `function(task, *args)` on a thread of its own.

        `task` is a `BackgroundContext`. The thread belongs to the session, or, outside one, to the
        service: at its end the function is asked to return (`task.stopping`) and waited for, up to
        five seconds. An exception in it is logged and ends nothing else.

        Raises:
            SessionError: the session or the service is ending.
        """
        task = BackgroundContext(self._outbox, self._tasks, self._cause())
        work = partial(function, task, *args, **kwargs)
        self._tasks.start(name_of(function), work, key=self._cause())

    def send_and_confirm(self, command: Command, **_: object) -> Never:
        """Refuse: see `BackgroundContext.send_and_confirm`.

        Raises:
            SessionError: always; nothing was sent.
        """
        raise SessionError(
            f"{type(command).__name__} was not sent: waiting here would keep this service from "
            "going on; do it in ctx.spawn(…), with task.send_and_confirm."
        )

    def stop_service(self) -> None:
        """End this service after the current handler, as SIGTERM does; the exit code is 0.

        An open session stays open, and is restored when the service is started again.
        """
        self._outbox.stop_service()

    def _cause(self) -> str | None:
        return None


class Context(ServiceContext):
    """What a handler, a controller's constructor and its `stop` may do, and for which record.

    Attributes:
        entry: the record as the engine stores it.
        restored: True in a controller's constructor when the session began before this process:
            the begin is handed over once more. What the constructor sent then is not sent again,
            its record is returned; what it did not send then is sent, without a number.
        redelivered: whether the record may have been handed over before, to a process that died.
            What its handler sent then is not sent again, its record is returned.
        noted: what was sent with a number, for whoever needs that; None: nobody does.
        reason: in `Controller.stop`, why it is called; None elsewhere.
    """

    def __init__(
        self,
        entry: Entry,
        outbox: Outbox,
        tasks: TaskGroup,
        *,
        redelivered: bool = False,
        made: Iterable[Entry] | None = None,
        reason: StopReason | None = None,
    ) -> None:
        """Take the record; `made` are the sends of the constructor that is called once more."""
        restored = made is not None
        self.entry = entry
        self.restored = restored
        self.redelivered = redelivered
        self.reason = reason
        self.noted: list[Entry] | None = None
        self._outbox = outbox
        self._tasks = tasks
        self._log: Logger | None = None
        self._made = list(made or ())
        self._sent = 0
        self._numbering_thread = 0 if restored or reason else get_ident()

    @property
    def key(self) -> str:
        """The key of the record; in `stop` at a shutdown, of the record that began the session."""
        return self.entry.key

    @property
    def sent_at(self) -> datetime:
        """When the store took the record (UTC)."""
        return self.entry.sent_at

    @property
    def sender(self) -> str | None:
        """Who sent it: a service, `webserver:USER`, `cli:USER`; None if the sender did not say."""
        return self.entry.sender

    @property
    def cause(self) -> str | None:
        """The key of the record whose handler sent it; None if no handler did."""
        return self.entry.cause

    @property
    def log(self) -> "Logger":
        """Loguru's logger, bound to the service, its replica, and the key of the record."""
        if self._log is None:
            self._log = self._outbox.log.bind(key=self.entry.key)
        return self._log

    def send(self, command: Command) -> CommandRecord:
        """Send a command and return it as stored.

        It is on the log when this returns, and comes round to every service, this one too. It
        carries this record's key as its cause and, on the handler's thread until the handler
        returns, its ordinal among the handler's sends.

        Raises:
            InvalidCommandError: its body is too long.
            DivergedError: the record was handed over before, and something else was sent then.
            LeaseLostError: another process leads this service now; it was not sent.
            EngineUnavailableError: the store was away too long; whether it was sent is unknown.
            EngineError: the store refused it; it was not sent.
        """
        if self._made and (found := self._find_made(command)):
            return CommandRecord(entry=found, command=command)
        n = self._number(1)
        record = self._outbox.send(command, cause=self.entry.key, n=n)
        if n is not None and self.noted is not None:
            self.noted.append(record.entry)
        return record

    def send_many(self, commands: Iterable[Command]) -> list[CommandRecord]:
        """Send commands in their order and return them as stored; much faster than one by one.

        Commands of others may come between two of them. After an error the first may be stored.
        """
        listed = list(commands)
        if self._made:
            return [self.send(command) for command in listed]
        first = self._number(len(listed))
        records = self._outbox.send_many(listed, cause=self.entry.key, first=first)
        if first is not None and self.noted is not None:
            self.noted += [record.entry for record in records]
        return records

    def finish(self) -> None:
        """Number no further sends: the runtime calls this when the handler has returned."""
        self._numbering_thread = 0
        self._made = []

    def _find_made(self, command: Command) -> Entry | None:
        """Return the next send of the first constructor that is this one; None if there is none."""
        wire_type, body = type(command).options.type, command.to_json()
        for place, entry in enumerate(self._made):
            if entry.type == wire_type and entry.body == body:
                del self._made[: place + 1]
                return entry
        return None

    def _number(self, count: int) -> int | None:
        if get_ident() != self._numbering_thread:
            return None
        first = self._sent + 1
        self._sent += count
        return first

    def _cause(self) -> str | None:
        return self.entry.key
