"""What a new leader does before its first record: it finds out where its predecessor left off."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from durapy_core.dispatch import Dispatcher
from durapy_core.engines.base import COMMANDS, Progress
from durapy_core.engines.lead import Lead
from durapy_core.entry import LOG_LOST_TAIL, START, Cursor, Entry
from durapy_core.errors import EngineError, SessionError
from durapy_core.kept import Kept
from durapy_core.ledger import BATCH, Ledger
from durapy_core.office import Office
from durapy_core.redelivery import KILLS, Redelivery

R = TypeVar("R")

NOTHING: Final = Kept()


class Takeover:
    """Takes up cursor, open questions and session of one service, in this order.

    Attributes:
        missed: whether records were trimmed before this service had read them.
    """

    def __init__(self, office: Office, lead: Lead, dispatcher: Dispatcher) -> None:
        self.missed = False
        self._office = office
        self._engine = office.engine
        self._service = office.service
        self._log = office.log
        self._lead = lead
        self._dispatcher = dispatcher

    def open_books(self, first: Cursor | None) -> tuple[Ledger, Kept]:
        """Return the books as the predecessor left them, and what it kept.

        Args:
            first: where a service begins that never ran before; None for the end of the log.
        """
        progress = self._lead.tenure.progress
        if progress is None:
            cursor = self._wait(lambda: self._engine.end(COMMANDS)) if first is None else first
            begun = Progress(service=self._service.name, cursor=cursor)
            self._wait(lambda: self._lead.commit(begun))
            return Ledger(begun), NOTHING
        books = Ledger(progress)
        self.missed = self.follow_log(books)
        try:
            return books, Kept.from_text(progress.session)
        except SessionError as error:
            self._log.error("no session is restored: {why}", why=str(error))
            return books, NOTHING

    def follow_log(self, books: Ledger) -> bool:
        """Look whether the log is still there where the books stand; True if records were missed.

        A log that lost its end is mended, so that this service hears what comes: it passes the
        entry that says so, as every other service does. Records that were trimmed before they were
        read are passed over, and reported; so are those that another program removed.
        """
        cursor = books.cursor
        end = self._wait(lambda: self._engine.end(COMMANDS))
        if self._engine.compare(cursor, end) > 0:
            self._log.error("the store lost the end of the log", cursor=cursor, end=end)
            self._wait(lambda: self._engine.mend(COMMANDS, seen=cursor))
        trimmed_to = self._wait(lambda: self._engine.trimmed_to(COMMANDS))
        if self._engine.compare(cursor, trimmed_to) < 0:
            self._office.vitals.note_missed(after=cursor, to=trimmed_to)
            self._log.error(
                "records were missed: the log was trimmed before this service had read them",
                after=cursor,
                to=trimmed_to,
            )
            books.cursor = trimmed_to
            return True
        lies_within = cursor not in (START, trimmed_to) and self._engine.compare(cursor, end) < 0
        return lies_within and self._was_removed(books, end)

    def _was_removed(self, books: Ledger, end: Cursor) -> bool:
        """Look whether another program removed the log where the books stand; True if it did.

        The janitor says how far it went, and then the record at the cursor is there. Whether any
        lay between that one and the first that is left, nobody knows.
        """
        cursor = books.cursor
        if self._wait(lambda: self._engine.get(COMMANDS, cursor)) is not None:
            return False
        if self._wait(lambda: self._engine.page(COMMANDS, before=cursor, limit=1)):
            return False  # the log begins before it: this one is missing, and was read
        left = self._wait(lambda: self._engine.read(COMMANDS, after=cursor, limit=1))
        if left and left[0].type == LOG_LOST_TAIL:
            return False  # the store lost all that it had, which this entry says
        begins_at = left[0].key if left else None
        self._office.vitals.note_removed(after=cursor, begins_at=begins_at)
        self._log.error(
            "records may have been missed: another program removed the beginning of the log, "
            "further than this service had read",
            after=cursor,
            begins_at=begins_at,
        )
        if begins_at is None:
            books.cursor = end
        return True

    def note_lost_tail(self, entry: Entry) -> None:
        """Report that the store came back without the latest records of the log."""
        self._office.vitals.lost_tails += 1
        self._log.error(
            "log-lost-tail: the store lost the latest records of the log; they were acknowledged, "
            "and may have been handled",
            key=entry.key,
            lost=entry.body,
        )

    def look_back(self, books: Ledger, kept: Kept) -> Redelivery | None:
        """Return what a predecessor that died may have done without saying so; None if nothing."""
        tenure = self._lead.tenure
        mark = tenure.mark or kept.mark
        until_s = max(kept.unsure_until_s, 0.0 if tenure.clean else tenure.held_until_s)

        def is_open(key: str) -> bool:
            try:
                return self._engine.compare(key, books.cursor) > 0
            except EngineError:  # no key of this engine
                return False

        if mark is not None and not is_open(mark):
            mark = None
        if not until_s and mark is None:
            return None
        redelivery = Redelivery(until_s=until_s, mark=mark, attempts=tenure.attempts)
        redelivery.gather(self._service.name, self._backlog(books), is_open=is_open)
        return redelivery

    def restore(self, books: Ledger, kept: Kept, *, held: bool = False) -> None:
        """Reopen the session; where building it may have ended a process, that is marked first.

        `held`: without its controller, as the safe state is engaged.
        """
        kept = kept.model_copy(update={"in_safe_state": False})  # what holds, the interlock knows
        if kept.begin is None:
            return
        tenure, begin = self._lead.tenure, kept.begin.key
        crashed = tenure.mark == begin and tenure.attempts > KILLS  # the first death was another
        mark = not tenure.clean and not crashed and not held and self._dispatcher.can_restore(kept)
        if mark:
            self._save(books, kept)
            self._wait(lambda: self._lead.mark(begin))
        self._dispatcher.restore(kept, self._backlog(books), crashed=crashed, held=held)
        if mark:
            self._save(books, kept)

    def _save(self, books: Ledger, kept: Kept) -> None:
        """Write what is kept at the present cursor, which removes a mark."""
        redelivery = self._dispatcher.redelivery
        text = (redelivery.add_to(kept) if redelivery else kept).to_text()
        now = Progress(service=self._service.name, cursor=books.cursor, session=text)
        self._wait(lambda: self._lead.commit(now))
        books.written(now)

    def _backlog(self, books: Ledger) -> Iterator[Entry]:
        after = books.cursor
        while entries := self._read_on(after):
            yield from entries
            after = Cursor(entries[-1].key)

    def _read_on(self, after: Cursor) -> list[Entry]:
        return self._wait(lambda: self._engine.read(COMMANDS, after=after, limit=BATCH))

    def _wait(self, call: Callable[[], R]) -> R:
        return self._office.wait(call)
