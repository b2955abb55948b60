"""Sending in the name of one replica: what all its contexts and threads share."""

from collections.abc import Callable, Sequence

from loguru import logger

from durapy_core.command import Command, CommandRecord
from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.entry import NewEntry
from durapy_core.errors import InvalidCommandError


class Outbox:
    """Appends commands to the log as one service. Any thread may use it.

    Attributes:
        log: loguru's logger with `service` and `replica` bound.
        stop_service: ends the service after the current handler, as SIGTERM does.
    """

    def __init__(
        self, engine: Engine, *, service: str, replica: str, stop_service: Callable[[], None]
    ) -> None:
        self.log = logger.bind(service=service, replica=replica)
        self.stop_service = stop_service
        self._engine = engine
        self._service = service

    def send(
        self, command: Command, *, cause: str | None = None, n: int | None = None
    ) -> CommandRecord:
        """Append one command and return its record; see `Context.send`."""
        new = self._entry(command, cause, n)
        return CommandRecord(entry=self._engine.append(COMMANDS, new), command=command)

    def send_many(
        self, commands: Sequence[Command], *, cause: str | None = None, first: int | None = None
    ) -> list[CommandRecord]:
        """Append commands in their order, numbered from `first`, and return their records."""
        new = [
            self._entry(command, cause, None if first is None else first + i)
            for i, command in enumerate(commands)
        ]
        stored = self._engine.append_many(COMMANDS, new)
        return [
            CommandRecord(entry=entry, command=command)
            for entry, command in zip(stored, commands, strict=True)
        ]

    def _entry(self, command: Command, cause: str | None, n: int | None) -> NewEntry:
        if not isinstance(command, Command):
            raise InvalidCommandError(
                f"{command!r} cannot be sent: it is no command; "
                "make one of a class that derives from Command."
            )
        return NewEntry(
            type=type(command).options.type,
            body=command.to_json(),
            sender=self._service,
            cause=cause,
            n=n,
        )
