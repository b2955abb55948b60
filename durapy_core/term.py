"""One term of a service: from taking the lead to giving it up, or to finding that it is lost."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from durapy_core.calls import Caller
from durapy_core.context import ServiceContext, StopReason
from durapy_core.dispatch import Dispatcher
from durapy_core.engines.base import COMMANDS, Engine, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import DurapyError, EngineError, LeaseLostError, ServiceError, SessionError
from durapy_core.failures import FailureHook, explain, log_failure, name_of
from durapy_core.kept import Kept
from durapy_core.leadership import Leadership
from durapy_core.ledger import BATCH, Ledger
from durapy_core.outbox import Outbox
from durapy_core.patience import Patience
from durapy_core.redelivery import KILLS, Redelivery
from durapy_core.service import Hook, Service
from durapy_core.session import OpenSession
from durapy_core.store_clock import StoreClock
from durapy_core.vitals import Vitals

if TYPE_CHECKING:
    from loguru import Logger

R = TypeVar("R")

_NOTHING: Final = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What every term of one replica shares.

    Attributes:
        log: loguru's logger with `service` and `replica` bound.
        stop: asks for the end of the replica; `stopping` tells whether somebody has.
        commit_s: how long finished records may wait for their commit, in seconds.
        debug: whether each record that is handled is logged at DEBUG.
        on_failure: is told what the service's own code raised; None logs it.
        on_return: is called when the store has been away and answers again.
    """

    service: Service
    engine: Engine
    log: "Logger"
    clock: StoreClock
    patience: Patience
    stop: Callable[[], None]
    stopping: Callable[[], bool]
    commit_s: float
    debug: bool
    on_failure: FailureHook | None
    on_return: Callable[[], None]
    vitals: Vitals = field(default_factory=Vitals)


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
            service=office.service.name,
            log=office.log,
            stop_service=office.stop,
            on_lost=leadership.lose,
        )
        on_failure = office.on_failure or partial(log_failure, office.log)
        self._caller = Caller(self._outbox, on_failure)
        self._dispatcher = Dispatcher(
            office.service,
            self._caller,
            office.vitals,
            office.clock,
            guard=self._mark,
            debug=office.debug,
        )
        self._ctx = ServiceContext(self._outbox, self._dispatcher.tasks)
        self._ledger: Ledger | None = None
        self._hooked = False
        self._unsafe = not lead.tenure.clean and office.service.safe is not None

    @property
    def session(self) -> OpenSession | None:
        """The open session, or None."""
        return self._dispatcher.session

    def begin(self, first: Cursor | None) -> None:
        """Take up the cursor, make safe what a dead process left, open devices, restore.

        Args:
            first: where a service begins that never ran before; None for the end of the log.

        Raises:
            ServiceError: a hook raised something else than a DurapyError, which goes on.
        """
        kept = self._take_up(first)
        if self._unsafe and self._service.safe is not None:
            self._log.warning("the last process died; its hardware is made safe first")
            self._run_hook(self._service.safe)
            self._unsafe = False
        for hook in self._service.start_hooks:
            self._run_hook(hook)
        self._hooked = True
        self._look_back(kept)
        if kept.begin is not None:
            self._restore(kept)

    def turn(self, wait_s: float) -> int:
        """Save the progress, read the next records in the same round trip, and handle them.

        Waits up to `wait_s` seconds for the first one. Returns how many were read.
        """
        books = self._books
        commit = books.due(self._keep())
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
            self._follow_log()
        if entries:
            self._handle(entries)
        elif self._dispatcher.redelivery is not None:
            self._pass()  # all that the predecessor can have had in hand is behind us
        return len(entries)

    def end(self, reason: StopReason) -> None:
        """Save the progress, let go of session, work and devices, and give the lead up."""
        if not self._try(self._commit, "the progress"):
            self._log.error(
                "the progress could not be saved: what was handled last is handled again at the "
                "next start"
            )
        self._let_go(reason)
        if self._unsafe:
            self._lead.close()  # not released, so that the next process makes the hardware safe
            return
        progress = self._ledger.offer(self._keep()) if self._ledger else None
        if not self._try(lambda: self._lead.release(progress), "the lead"):
            self._log.warning("the lead could not be given up; it runs out by itself")
        self._lead.close()

    def cut_short(self) -> None:
        """Let go of session, work and devices, as another process leads; nothing is written."""
        self._let_go(StopReason.HANDOVER)
        self._lead.close()

    def _let_go(self, reason: StopReason) -> None:
        self._dispatcher.close(reason)
        if self._hooked:
            for hook in reversed(self._service.stop_hooks):
                self._caller.call(hook, self._ctx, key=None)

    def _take_up(self, first: Cursor | None) -> Kept:
        progress = self._lead.tenure.progress
        if progress is None:
            cursor = self._wait(lambda: self._engine.end(COMMANDS)) if first is None else first
            begun = Progress(service=self._service.name, cursor=cursor)
            self._wait(lambda: self._lead.commit(begun))
            self._ledger = Ledger(begun)
            return _NOTHING
        self._ledger = Ledger(progress)
        self._follow_log()
        try:
            return Kept.from_text(progress.session)
        except SessionError as error:
            self._log.error("no session is restored: {why}", why=str(error))
            return _NOTHING

    def _follow_log(self) -> None:
        end = self._wait(lambda: self._engine.end(COMMANDS))
        if self._engine.compare(self._books.cursor, end) > 0:
            self._log.error(
                "the store lost the end of the log; this service goes on at what is its end now",
                cursor=self._books.cursor,
                end=end,
            )
            self._books.cursor = end

    def _run_hook(self, hook: Hook) -> None:
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

    def _look_back(self, kept: Kept) -> None:
        """Find out what a predecessor that died may have done without saying so."""
        tenure = self._lead.tenure
        mark = tenure.mark or kept.mark
        until_s = max(kept.unsure_until_s, 0.0 if tenure.clean else tenure.held_until_s)
        if mark is not None and not self._is_open(mark):
            mark = None
        if not until_s and mark is None:
            return
        redelivery = Redelivery(until_s=until_s, mark=mark, attempts=tenure.attempts)
        redelivery.gather(self._service.name, self._backlog(), is_open=self._is_open)
        self._dispatcher.redelivery = redelivery
        self._outbox.recognise = redelivery.recognise

    def _restore(self, kept: Kept) -> None:
        """Reopen the session; where building it may have ended a process, that is marked first."""
        tenure = self._lead.tenure
        begin = kept.begin.key if kept.begin else ""
        crashed = tenure.mark == begin and tenure.attempts > KILLS  # the first death was another
        mark = not tenure.clean and not crashed and self._dispatcher.can_restore(kept)
        if mark:
            self._save(kept)
            self._wait(lambda: self._lead.mark(begin))
        self._dispatcher.restore(kept, self._backlog(), self._find, crashed=crashed)
        if mark:
            self._save(kept)

    def _save(self, kept: Kept) -> None:
        """Write what is kept at the present cursor, which removes a mark."""
        redelivery = self._dispatcher.redelivery
        text = (redelivery.add_to(kept) if redelivery else kept).to_text()
        now = Progress(service=self._service.name, cursor=self._books.cursor, session=text)
        self._wait(lambda: self._lead.commit(now))
        self._books.written(now)

    def _handle(self, entries: list[Entry]) -> None:
        books, leadership = self._books, self._leadership
        due = time.monotonic() + self._office.commit_s
        last = entries[-1]
        for entry in entries:
            if self._office.stopping():
                return
            self._wait(leadership.check)
            receipt = self._dispatcher.dispatch(entry)
            books.add(entry.key, receipt)
            alone = self._dispatcher.redelivery is not None and self._passed(entry, receipt)
            if alone or (time.monotonic() >= due and entry is not last):
                if not self._try(self._commit, "a commit"):
                    return  # nothing more is handled until that is resolved
                due = time.monotonic() + self._office.commit_s

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
        self._wait(self._commit)
        self._wait(lambda: self._lead.mark(key))

    def _commit(self) -> None:
        progress = self._ledger.offer(self._keep()) if self._ledger else None
        if progress is not None:
            self._lead.commit(progress)
            self._books.written(progress)

    def _keep(self) -> str | None:
        """Return what is to be kept beside the cursor, as text."""
        session, redelivery = self._dispatcher.session, self._dispatcher.redelivery
        if redelivery is None:
            return session.text if session else None
        return redelivery.add_to(session.kept if session else _NOTHING).to_text()

    @property
    def _books(self) -> Ledger:
        if self._ledger is None:
            raise ServiceError("begin() comes before turn().")
        return self._ledger

    def _is_open(self, key: str) -> bool:
        """Return whether the record of a key lies after the cursor."""
        try:
            return self._engine.compare(key, self._books.cursor) > 0
        except EngineError:  # no key of this engine
            return False

    def _find(self, key: str) -> Entry | None:
        return self._wait(lambda: self._engine.get(COMMANDS, key))

    def _backlog(self) -> Iterator[Entry]:
        after = self._books.cursor
        while entries := self._read_on(after):
            yield from entries
            after = Cursor(entries[-1].key)

    def _read_on(self, after: Cursor) -> list[Entry]:
        return self._wait(lambda: self._engine.read(COMMANDS, after=after, limit=BATCH))

    def _wait(self, call: Callable[[], R]) -> R:
        return self._office.patience.call(call, on=EngineError)[0]

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
