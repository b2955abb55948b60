"""From a stored entry to the code that hears it: the handlers and the session of one replica."""

from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

from durapy_core.calls import Caller
from durapy_core.command import CommandRecord
from durapy_core.context import Context, StopReason
from durapy_core.entry import Entry
from durapy_core.service import Service
from durapy_core.session import OpenSession, Sessions, Step
from durapy_core.tasks import JOIN_S
from durapy_core.vitals import Vitals


class Dispatcher:
    """Hands entries to handlers, one at a time; what a handler raises stops nothing.

    Attributes:
        tasks: the background work of the service.
    """

    def __init__(
        self, service: Service, caller: Caller, vitals: Vitals, *, debug: bool = False
    ) -> None:
        self.tasks = caller.make_tasks(f'the service "{service.name}"')
        self._catalog = service.catalog
        self._caller = caller
        self._vitals = vitals
        self._debug = debug
        self._handlers: dict[str, Step] = {
            command_class.options.type: partial(self._call, handler)
            for command_class, handler in service.handlers.items()
        }
        plan = service.plan
        self._sessions = Sessions(plan, service.catalog, caller) if plan else None

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._sessions.current if self._sessions else None

    def dispatch(self, entry: Entry) -> bool:
        """Hand one entry to whatever hears its type now; other types cost a look-up or two.

        Returns whether anything came of it: handing over the others once more does no harm.
        """
        wire_type = entry.type
        if wire_type is None:
            self._report_invalid(entry, "the entry has no field 'type'")
            return True
        step = self._handlers.get(wire_type)
        if step is None and self._sessions:
            step = self._sessions.steps.get(wire_type)
        if step is None:
            return False
        record = self._catalog.decode(entry)
        if record.command is None:
            self._report_invalid(entry, record.problem)
            return True
        self._vitals.unknown_fields += record.unknown_fields
        self._vitals.begin(entry)
        well = False
        try:
            well = step(record)
        finally:
            took_s = self._vitals.end(well=well)
        if self._debug:
            self._caller.outbox.log.debug(
                "handled {type}", type=wire_type, key=entry.key, took_s=took_s, well=well
            )
        return True

    def restore(self, saved: str, backlog: Iterable[Entry]) -> None:
        """Reopen the session that was saved when the last process ended; see `Sessions.restore`."""
        if self._sessions:
            self._sessions.restore(saved, backlog)
        else:
            self._caller.outbox.log.warning(
                "a session was open, but this service takes part in sessions no longer"
            )

    def close(self, reason: StopReason) -> None:
        """Let go of the open session and of the service's background work: this replica ends."""
        deadline = monotonic() + JOIN_S
        self.tasks.ask_to_stop()
        if self._sessions:
            self._sessions.let_go(reason)
        self._caller.join(self.tasks, limit_s=deadline - monotonic())

    def _call(self, handler: Callable[[Any, Context], None], record: CommandRecord) -> bool:
        ctx = Context(record.entry, self._caller.outbox, self.tasks)
        well = self._caller.call(handler, record.command, ctx, key=record.entry.key)
        ctx.finish()
        return well

    def _report_invalid(self, entry: Entry, problem: str | None) -> None:
        self._vitals.invalid += 1
        self._caller.outbox.log.warning(
            "a record cannot be read and is skipped: {problem}",
            problem=problem,
            key=entry.key,
            type=entry.type,
            sender=entry.sender,
        )
