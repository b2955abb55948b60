"""From a stored entry to the code that hears it, and to the receipt of what became of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final

from durapy_core.calls import Caller
from durapy_core.command import Command, CommandRecord
from durapy_core.context import Context, StopReason
from durapy_core.entry import RESERVED_TYPES, Entry, NewEntry
from durapy_core.interlock import Interlock
from durapy_core.kept import Kept
from durapy_core.receipt import RECEIPT, Outcome, Receipt
from durapy_core.redelivery import KILLS, Redelivery
from durapy_core.service import Service
from durapy_core.session import OpenSession, Sessions
from durapy_core.step import DONE, Ending, Step, ending_of
from durapy_core.store_clock import StoreClock
from durapy_core.tasks import JOIN_S
from durapy_core.vitals import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a record passes on its way to a handler.

    Attributes:
        interlock: whether records are barred that actuate.
        mark: writes to the store that the record of a key is about to be handled, after all before.
        hear: is given each record of a type that only the runtime writes.
    """

    interlock: Interlock
    mark: Callable[[str], None]
    hear: Callable[[Entry], None]


_LONGEST_TEXT: Final = 500


class Dispatcher:
    """Hands entries to handlers, one at a time; what a handler raises stops nothing.

    Attributes:
        tasks: the background work of the service.
        redelivery: what a predecessor that died left open; None once that is passed.
    """

    def __init__(
        self,
        service: Service,
        caller: Caller,
        vitals: Vitals,
        clock: StoreClock,
        *,
        gate: Gate,
        debug: bool = False,
    ) -> None:
        """Take what to call and by which clock; with `debug` each handled record is logged."""
        self.tasks = caller.make_tasks(f'the service "{service.name}"')
        self.redelivery: Redelivery | None = None
        self._service = service
        self._caller = caller
        self._vitals = vitals
        self._clock = clock
        self._gate = gate
        self._interlock = gate.interlock
        self._debug = debug
        self._log = caller.outbox.log
        self._handlers = {known.options.type: self._step(known) for known in service.handlers}
        plan = service.plan
        self._sessions = Sessions(plan, service.catalog, caller) if plan else None

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._sessions.current if self._sessions else None

    def dispatch(self, entry: Entry) -> NewEntry | None:
        """Hand one entry to whatever hears its type now, and return its receipt.

        Entries of other types cost a look-up or two, and have no receipt.
        """
        wire_type = entry.type
        if wire_type is None:
            self._report_invalid(entry, "the entry has no field 'type'")
            return None
        step = self._handlers.get(wire_type)
        if step is None and self._sessions:
            step = self._sessions.steps.get(wire_type)
        if step is None:
            if wire_type in RESERVED_TYPES:
                self._gate.hear(entry)
            return None
        record = self._service.catalog.decode(entry)
        if record.command is None:
            self._report_invalid(entry, record.problem)
            return self._receipt(entry, (Outcome.INVALID, record.problem or ""))
        self._vitals.unknown_fields += record.unknown_fields
        veto = self._veto(entry, step)
        return self._run(record, step) if veto is None else self._receipt(entry, veto)

    def can_restore(self, kept: Kept) -> bool:
        """Return whether a controller is to be built for what was kept."""
        return self._sessions is not None and self._sessions.can_restore(kept)

    def restore(
        self,
        kept: Kept,
        backlog: Iterable[Entry],
        *,
        crashed: bool,
        held: bool,
    ) -> None:
        """Reopen the session that was kept when the last process ended; see `Sessions.restore`."""
        if self._sessions:
            self._sessions.restore(kept, backlog, crashed=crashed, held=held)
        elif kept.begin is not None:
            self._log.warning(
                "a session was open, but this service takes part in sessions no longer"
            )

    def close(self, reason: StopReason) -> None:
        """Let go of the open session and of the service's background work: this replica ends."""
        deadline = monotonic() + JOIN_S
        self.tasks.ask_to_stop()
        if self._sessions:
            self._sessions.let_go(reason)
        self._caller.join(self.tasks, limit_s=deadline - monotonic())

    def _step(self, command_class: type[Command]) -> Step:
        service = self._service
        return Step(
            run=partial(self._call, service.handlers[command_class]),
            max_age_s=command_class.options.max_age_s,
            redeliver=command_class not in service.once,
            barred=command_class.options.actuates,
        )

    def _call(self, handler: Callable[[Any, Context], None], record: CommandRecord) -> Ending:
        ctx = self._caller.context(record.entry, self.tasks)
        why = self._caller.call(handler, record.command, ctx, key=record.entry.key)
        ctx.finish()
        return ending_of(why) if why else DONE

    def _veto(self, entry: Entry, step: Step) -> Ending | None:
        """Return why a record is not executed; None if it is, which is marked if needed."""
        ending = self._interrupted(entry, step)
        if ending is None and step.max_age_s is not None:
            ending = self._too_old(entry, step.max_age_s)
        if ending is None:
            redelivery = self.redelivery
            if not step.redeliver or (redelivery is not None and redelivery.careful):
                self._gate.mark(entry.key)
            if step.barred and self._interlock.bars:  # last, as the guard takes a moment
                ending = Outcome.REFUSED, self._interlock.why
        if ending is not None:
            self._say_skipped(entry, ending)
        return ending

    def _interrupted(self, entry: Entry, step: Step) -> Ending | None:
        redelivery = self.redelivery
        if redelivery is not None and entry.key == redelivery.mark:
            killed = redelivery.killed(entry)
            if killed or not step.redeliver:
                if step.skip:
                    step.skip()
                why = f"crashed {KILLS} times" if killed else "the process ended while handling it"
                return Outcome.INTERRUPTED, why
        return None

    def _too_old(self, entry: Entry, max_age_s: float) -> Ending | None:
        if not self._clock.agrees(entry.sent_at_s):
            return Outcome.REFUSED, "(clock) the store's clock was set, so its age is not known"
        age_s = self._clock.now_s() - entry.sent_at_s
        if age_s > max_age_s:
            return Outcome.EXPIRED, f"{age_s:.3f} s old, the limit is {max_age_s:g} s"
        return None

    def _run(self, record: CommandRecord, step: Step) -> NewEntry:
        entry = record.entry
        wait_s = max(self._clock.now_s() - entry.sent_at_s, 0.0)
        redelivery = self.redelivery
        self._caller.redelivered = redelivery is not None and redelivery.covers(entry)
        self._vitals.begin(entry.key, lag_s=wait_s)
        try:
            ending = step.run(record)
        finally:
            took_s = self._vitals.end()
            self._caller.redelivered = False
        if self._debug:
            self._log.debug(
                "handled {type}", type=entry.type, key=entry.key, took_s=took_s, ending=ending
            )
        if ending[0] in (Outcome.REFUSED, Outcome.INTERRUPTED):
            self._say_skipped(entry, ending)
            return self._receipt(entry, ending)
        return self._receipt(entry, ending, wait_s=wait_s, took_s=took_s)

    def _receipt(
        self,
        entry: Entry,
        ending: Ending,
        *,
        wait_s: float | None = None,
        took_s: float | None = None,
    ) -> NewEntry:
        outcome, text = ending
        self._vitals.count(outcome, entry.key, entry.type)
        redelivered = self.redelivery is not None and self.redelivery.covers(entry)
        if outcome is Outcome.DONE and not redelivered:  # as below, without its price
            return NewEntry(
                type=RECEIPT,
                body=f'{{"outcome":"done","wait_s":{wait_s:.6f},"took_s":{took_s:.6f}}}',
                sender=self._service.name,
                cause=entry.key,
            )
        return Receipt(
            key=entry.key,
            service=self._service.name,
            outcome=outcome,
            text=text[:_LONGEST_TEXT],
            wait_s=wait_s,
            took_s=took_s,
            redelivered=redelivered,
        ).to_entry()

    def _say_skipped(self, entry: Entry, ending: Ending) -> None:
        self._log.warning(
            "{type} is not executed: {outcome}: {why}",
            type=entry.type,
            outcome=str(ending[0]),
            why=ending[1],
            key=entry.key,
        )

    def _report_invalid(self, entry: Entry, problem: str | None) -> None:
        if entry.type is None:
            self._vitals.count(Outcome.INVALID, entry.key, None)
        self._log.warning(
            "a record cannot be read and is skipped: {problem}",
            problem=problem,
            key=entry.key,
            type=entry.type,
            sender=entry.sender,
        )
