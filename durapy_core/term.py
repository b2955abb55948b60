"""One term of a service: from taking the lead to giving it up, or to finding that it is lost."""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from durapy_core.calls import Caller
from durapy_core.context import ServiceContext, StopReason
from durapy_core.dispatch import Dispatcher, Gate
from durapy_core.engines.base import COMMANDS, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import LOG_LOST_TAIL, Cursor, Entry
from durapy_core.errors import EngineError, LeaseLostError, ServiceError
from durapy_core.failures import log_failure
from durapy_core.hooks import Hooks
from durapy_core.interlock import Interlock
from durapy_core.kept import Kept
from durapy_core.leadership import Leadership
from durapy_core.ledger import BATCH, Ledger
from durapy_core.office import Office
from durapy_core.outbox import Outbox
from durapy_core.safing import Safing
from durapy_core.session import OpenSession
from durapy_core.takeover import NOTHING, Takeover

_SHORTEST_WAIT_S: Final = 0.001
"""A shorter wait for the next record is not worth a round trip of its own."""

_let_others_begin: Final = getattr(os, "sched_yield", lambda: None)
"""Saving takes a while: services that were woken by the same record call their handlers first."""


class Term:
    """Leads one service on one engine: `begin`, then `turn` again and again, then `end`.

    Every method but `end` and `cut_short` raises LeaseLostError once another process leads, and
    StoppedWaitingError when the replica is to end while the store is away.
    """

    def __init__(self, office: Office, lead: Lead, leadership: Leadership) -> None:
        self._office = office
        self._service = office.service
        self._engine = office.engine
        self._log = office.log
        self._lead = lead
        self._leadership = leadership
        self._outbox = Outbox(
            lead,
            engine=office.engine,
            service=office.service.name,
            log=office.log,
            stop_service=office.stop,
            on_lost=leadership.lose,
        )
        self._outbox.safe_state = lambda: office.safety.entered
        on_failure = office.on_failure or partial(log_failure, office.log)
        self._caller = Caller(self._outbox, on_failure)
        self._interlock = Interlock(office.safety, office.engine, office.patience, office.log)
        self._dispatcher = Dispatcher(
            office.service,
            self._caller,
            office.vitals,
            office.clock,
            gate=Gate(interlock=self._interlock, mark=self._mark, hear=self._hear),
            debug=office.debug,
        )
        self._ctx = ServiceContext(self._outbox, self._dispatcher.tasks)
        self._hooks = Hooks(office.service, self._caller, self._ctx)
        self._takeover = Takeover(office, lead, self._dispatcher)
        self._ledger: Ledger | None = None
        self._held: Kept | None = None
        self._due_s = 0.0
        self._begun = False
        self._gone = False

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._dispatcher.session

    def begin(self, first: Cursor | None) -> None:
        """Take up the cursor, make safe what a dead process left, open devices, restore.

        In the safe state the devices are made safe before anything else, and nothing is restored.

        Args:
            first: where a service begins that never ran before; None for the end of the log.

        Raises:
            ServiceError: a hook raised something else than a DurapyError, which goes on.
        """
        self._ledger, kept = self._takeover.open_books(first)
        if not self._lead.tenure.clean and self._service.safe is not None:
            self._log.warning("the last process died; its hardware is made safe first")
            self._hooks.run(self._service.safe)
        self._hooks.start()
        self._take_up_safe_state(self._ledger, kept)
        redelivery = self._takeover.look_back(self._ledger, kept)
        if redelivery is not None:
            self._dispatcher.redelivery = redelivery
            self._outbox.recognise = redelivery.recognise
        self._held = kept if self._interlock.is_engaged else None
        self._takeover.restore(self._ledger, kept, held=self._held is not None)
        self._begun = True

    def turn(self, wait_s: float) -> int:
        """Read the next records and handle them, saving the progress in the same round trip.

        While records keep coming it is saved once in `commit_s`; before a longer wait, at once.
        Waits up to `wait_s` seconds for the first one. Returns how many were read.
        """
        books = self._books
        spare_s = min(books.written_s + self._office.commit_s - time.monotonic(), wait_s)
        entries: list[Entry] = []
        if spare_s > _SHORTEST_WAIT_S and not books.is_even and not books.is_in_doubt:
            entries = self._read(spare_s, None)  # what is finished need not be committed yet
        if not entries:
            due = books.due(self._keep())
            if due is not None:
                _let_others_begin()
            entries = self._read(wait_s, due)
        if entries:
            self._handle(entries)
        elif self._dispatcher.redelivery is not None:
            self._pass()  # all that the predecessor can have had in hand is behind us
        return len(entries)

    def end(self, reason: StopReason) -> None:
        """Save the progress, let go of session, work and devices, and give the lead up."""
        if not self._begun:
            self._give_back(reason)
            return
        if not self._try(self._commit, "the progress"):
            self._log.error(
                "the progress could not be saved: what was handled last is handled again at the "
                "next start"
            )
        self._let_go(reason)
        progress = self._ledger.offer(self._keep()) if self._ledger else None
        if not self._try(lambda: self._lead.release(progress), "the lead"):
            self._log.warning("the lead could not be given up; it runs out by itself")
        self._lead.close()

    def cut_short(self) -> None:
        """Let go of session, work and devices, as another process leads; nothing is written."""
        self._let_go(StopReason.HANDOVER)
        self._lead.close()

    def _take_up_safe_state(self, books: Ledger, kept: Kept) -> None:
        """Ask whether the safe state is engaged, and make safe if so."""
        office = self._office
        safing = Safing(
            office.service, self._lead, caller=self._caller, ctx=self._ctx, clock=office.clock
        )
        office.safety.lead(safing)
        office.wait(office.safety.ask)
        office.safety.act()
        # Where a marker may have been missed, the safe side is to bar until the next one.
        between = kept.in_safe_state or self._takeover.missed
        self._interlock.begin(books.cursor, between=between)

    def _hear(self, entry: Entry) -> None:
        """Take note of what the runtime itself writes into the log."""
        if entry.type == LOG_LOST_TAIL:
            self._takeover.note_lost_tail(entry)
            self._office.on_return()  # what else the store held may be lost as well
            self._office.wait(self._office.safety.ask)
        elif self._interlock.passes(entry):
            self._restore_late()

    def _restore_late(self) -> None:
        """Build the controller that was not built because of the safe state, if it is wanted."""
        kept, self._held = self._held, None
        if kept is not None and self.session is not None:
            self._office.wait(self._commit)
            self._takeover.restore(self._books, kept)

    def _read(self, wait_s: float, commit: Progress | None) -> list[Entry]:
        books = self._books
        entries, was_away = self._office.patience.call(
            lambda: self._lead.read(
                COMMANDS, after=books.cursor, limit=BATCH, wait_s=wait_s, commit=commit
            ),
            on=EngineError,
        )
        if commit is not None:
            books.written(commit)
        if was_away:
            self._office.on_return()
            self._find_place(books)
        return entries

    def _find_place(self, books: Ledger) -> None:
        """See after the store was away whether it has lost anything that matters here."""
        missed = self._takeover.follow_log(books)
        self._office.wait(self._office.safety.ask)
        if missed:
            self._interlock.begin(books.cursor, between=True)

    def _give_back(self, reason: StopReason) -> None:
        """Leave everything to the next process as it was found, as this term never began."""
        self._let_go(reason)
        if self._lead.tenure.clean:
            self._try(lambda: self._lead.release(None), "the lead")
        self._lead.close()  # else it runs out, and the next one knows that a process has died

    def _let_go(self, reason: StopReason) -> None:
        if self._gone:
            return
        self._gone = True
        self._dispatcher.close(reason)
        self._office.safety.stand_by()
        self._hooks.stop()

    def _handle(self, entries: list[Entry]) -> None:
        books, leadership = self._books, self._leadership
        if books.is_even:
            self._due_s = time.monotonic() + self._office.commit_s
        last = entries[-1]
        for entry in entries:
            if self._office.stopping():
                return
            if leadership.is_due():
                self._office.wait(leadership.check)
            receipt = self._dispatcher.dispatch(entry)
            books.add(entry.key, receipt)
            alone = self._dispatcher.redelivery is not None and self._passed(entry, receipt)
            alone = alone or self._outbox.refused  # a store that is full takes no next record's
            if alone or (entry is not last and time.monotonic() >= self._due_s):
                self._outbox.refused = False
                if not self._try(self._commit, "a commit"):
                    return  # nothing more is handled until that is resolved
                self._due_s = time.monotonic() + self._office.commit_s

    def _passed(self, entry: Entry, receipt: object) -> bool:
        """Note a finished record that may have been handled before; True if it is saved alone."""
        redelivery = self._dispatcher.redelivery
        if redelivery is None:
            return False
        alone = redelivery.careful and receipt is not None
        redelivery.passed(entry.key)
        if not redelivery.covers(entry):
            self._pass()
        return alone

    def _pass(self) -> None:
        self._dispatcher.redelivery = None
        self._outbox.recognise = None

    def _mark(self, key: str) -> None:
        """Write that a record is about to be handled; all before it is committed first."""
        self._office.wait(self._commit)
        self._office.wait(lambda: self._lead.mark(key))

    def _commit(self) -> None:
        progress = self._ledger.offer(self._keep()) if self._ledger else None
        if progress is not None:
            self._lead.commit(progress)
            self._books.written(progress)

    def _keep(self) -> str | None:
        """Return what is to be kept beside the cursor, as text."""
        session, redelivery = self._dispatcher.session, self._dispatcher.redelivery
        between = self._interlock.between
        if redelivery is None and not between:
            return session.text if session else None
        kept = session.kept if session else NOTHING
        if redelivery is not None:
            kept = redelivery.add_to(kept)
        return kept.model_copy(update={"in_safe_state": between}).to_text()

    @property
    def _books(self) -> Ledger:
        if self._ledger is None:
            raise ServiceError("begin() comes before turn().")
        return self._ledger

    def _try(self, call: Callable[[], object], what: str) -> bool:
        """Return whether the store took something; only the loss of the lead is raised."""
        try:
            call()
        except LeaseLostError:
            raise
        except EngineError as error:
            self._log.debug("{what} was not taken: {why}", what=what, why=str(error))
            return False
        return True
