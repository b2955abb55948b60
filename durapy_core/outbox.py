"""Sending in the name of one leading replica: what all its contexts and threads share."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from durapy_core.command import Command, CommandRecord
from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.engines.lead import Lead
from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import EngineError, InvalidCommandError, LeaseLostError

if TYPE_CHECKING:
    from loguru import Logger


class Outbox:
    """Appends commands to the log as one service, while it leads. Any thread may use it.

    Attributes:
        engine: the store, for what is not sent.
        service: whose name the sends carry.
        safe_state: returns the key of what entered the safe state; None while that is not engaged.
        log: loguru's logger with `service` and `replica` bound.
        stop_service: ends the service after the current handler, as SIGTERM does.
        recognise: returns what a numbered send stored when it was made before; None when no send
            can have been.
        refused: whether the store has not taken a send since this was last set to False.
    """

    def __init__(
        self,
        lead: Lead,
        *,
        engine: Engine,
        service: str,
        log: "Logger",
        stop_service: Callable[[], None],
        on_lost: Callable[[LeaseLostError], None],
    ) -> None:
        """Take the lead, and whom to tell when a send finds that it is lost."""
        self.engine = engine
        self.service = service
        self.log = log
        self.stop_service = stop_service
        self.recognise: Callable[[NewEntry], Entry | None] | None = None
        self.safe_state: Callable[[], str | None] = _not_engaged
        self.refused = False
        self._lead = lead
        self._on_lost = on_lost

    def send(
        self, command: Command, *, cause: str | None = None, n: int | None = None
    ) -> CommandRecord:
        """Append one command and return its record; see `Context.send`."""
        new = self._entry(command, cause, n)
        if self.recognise is not None and n is not None:
            return CommandRecord(entry=self._send_again([new])[0], command=command)
        try:
            return CommandRecord(entry=self._lead.append(COMMANDS, new), command=command)
        except EngineError as error:
            self._note(error)
            raise

    def send_many(
        self, commands: Sequence[Command], *, cause: str | None = None, first: int | None = None
    ) -> list[CommandRecord]:
        """Append commands in their order, numbered from `first`, and return their records."""
        new = [
            self._entry(command, cause, None if first is None else first + i)
            for i, command in enumerate(commands)
        ]
        again = self.recognise is not None and first is not None
        stored = self._send_again(new) if again else self._append_many(new)
        return [
            CommandRecord(entry=entry, command=command)
            for entry, command in zip(stored, commands, strict=True)
        ]

    def _send_again(self, new: list[NewEntry]) -> list[Entry]:
        """Return what is stored of these sends already, and append the rest."""
        recognise = self.recognise
        found = [recognise(entry) if recognise else None for entry in new]
        missing = [entry for entry, known in zip(new, found, strict=True) if known is None]
        stored = iter(self._append_many(missing) if missing else ())
        return [known or next(stored) for known in found]

    def _append_many(self, new: list[NewEntry]) -> list[Entry]:
        try:
            return self._lead.append_many(COMMANDS, new)
        except EngineError as error:
            self._note(error)
            raise

    def _note(self, error: EngineError) -> None:
        self.refused = True
        if isinstance(error, LeaseLostError):
            self._on_lost(error)

    def _entry(self, command: Command, cause: str | None, n: int | None) -> NewEntry:
        if not isinstance(command, Command):
            raise InvalidCommandError(
                f"{command!r} cannot be sent: it is no command; "
                "make one of a class that derives from Command."
            )
        return NewEntry(
            type=type(command).options.type,
            body=command.to_json(),
            sender=self.service,
            cause=cause,
            n=n,
        )


def _not_engaged() -> None:
    """Return None."""
