"""The port to the store of commands: its verbs and their guarantees.

An engine keeps named **logs** of entries and small named **tables** of text. `open_engine(url)`
makes one. Third parties add a scheme with the entry-point group `durapy.engines`, whose value is
called as `open(url, options)` and returns an `Engine`; `durapy_core.testing` has the suite that
checks it.

Guarantees of every engine:

- One total order: every reader of a log sees the same entries in the same order.
- A reader that asks "after cursor C" never misses an entry and never sees one twice.
- Paging backwards is stable while others append.
- An `append` that returned is kept, as far as the store's own durability goes, and an append whose
  reply was lost is neither lost nor doubled.
- Two readers of one log do not share it: each sees every entry. Who of two replicas of one service
  handles a record is the runtime's business, not the engine's.
- Every method may be called from any thread. `read` may block its own thread only.

An engine is synchronous, and after a lost connection every call tries again by itself for as long
as its docstring says.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from durapy_core.engines.safe_state import SafeStateKeeper
from durapy_core.engines.upkeep import Upkeep
from durapy_core.entry import Cursor, Entry, NewEntry

if TYPE_CHECKING:
    from durapy_core.engines.lead import Lead

COMMANDS: Final = "commands"
"""The log that carries commands."""

OPERATIONS: Final = "operations"
"""The log of requests to start, stop or replace services, and of their progress."""

RECEIPTS: Final = "receipts"
"""The log of what became of each record in each service; see durapy_core/receipt.py."""

SAFETY: Final = "safety"
"""The log of entering and leaving the safe state."""

LEASES: Final = "leases"
"""The log of leases that were given up: who stands by waits for its next entry."""

LOGS: Final = "logs"
"""The log of what every process says of itself; see durapy_core/log_entry.py."""

STATUS: Final = "status"
"""Table: `SERVICE/REPLICA` → the last `ServiceStatus`."""

CATALOG: Final = "catalog"
"""Table: service name → the `PublishedCatalog` it published last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What every engine is opened with.

    Attributes:
        namespace: separates rigs that share one store.
        send_timeout_s: how long `append` goes on trying while the store is away.
        connect_timeout_s: how long opening waits for the store; 0 waits for ever.
        password: for a store that asks for one and whose URL carries none.
    """

    namespace: str = "durapy"
    send_timeout_s: float = 30.0
    connect_timeout_s: float = 0.0
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a service has come: written in one atomic step.

    Attributes:
        service: its name.
        cursor: the last record of `commands` that it finished.
        session: what it needs to rebuild its open session, as text; None when none is open.
        receipts: of the records finished since the last commit, in their order.
    """

    service: str
    cursor: Cursor
    session: str | None = None
    receipts: tuple[NewEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: its text, and its age by the store's clock in seconds.

    A line that is stamped later than now is from before the clock was set back: it counts as being
    as old as it is ahead, so that nobody who is dead by then looks alive.
    """

    text: str
    age_s: float


class Engine(Upkeep, SafeStateKeeper, ABC):
    """A store of logs and tables. Use it in `with`, or call `close`."""

    @abstractmethod
    def append(self, log: str, entry: NewEntry) -> Entry:
        """Store `entry` at the end of `log` and return it with its key and time.

        An entry whose `id` is in the log already is not stored again: the stored one is returned.
        (Looked for among the entries of the last 10 minutes at least.)

        Raises:
            InvalidCommandError: the body is longer than MAX_BODY_BYTES, or a text is not Unicode.
            EngineUnavailableError: the store did not answer for `send_timeout_s`; whether the
                entry was stored is unknown, and the message says so.
            EngineError: the store refused it (disk full, no permission); it was not stored.
        """

    @abstractmethod
    def append_many(self, log: str, entries: Sequence[NewEntry]) -> list[Entry]:
        """Store entries in their order and return them; as `append`, in chunks of 100.

        Entries of others may come between two of them. On an error the first ones may be stored.
        """

    @abstractmethod
    def read(
        self,
        log: str,
        *,
        after: Cursor,
        limit: int = 128,
        wait_s: float = 0.0,
        commit: Progress | None = None,
    ) -> list[Entry]:
        """Return up to `limit` entries of `log` after the cursor, oldest first.

        Waits up to `wait_s` seconds for the first one; an empty list means that the wait ended.
        `commit`, if given, is written before the wait, in the same round trip.

        Raises:
            EngineUnavailableError: the store did not answer; make the same call again. Then
                `commit` may or may not be written: writing it again does no harm.
        """

    @abstractmethod
    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        """Return up to `limit` entries before the cursor, newest first; None starts at the end.

        Fewer than `limit` means that the first entry of the log was reached.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def get(self, log: str, key: str) -> Entry | None:
        """Return the entry with this key, or None; a malformed key is None as well.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def end(self, log: str) -> Cursor:
        """Return the cursor after the entry appended last: START for a log never written.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def compare(self, one: str, other: str) -> int:
        """Return -1, 0 or 1 as key or cursor `one` lies before, at or after `other`; no I/O.

        Raises:
            CorruptRecordError: one of them is not a key of this engine.
        """

    @abstractmethod
    def load_progress(self, service: str) -> Progress | None:
        """Return what `commit` wrote last for this service, or None on its first start ever.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def commit(self, progress: Progress) -> None:
        """Write the progress of a service, replacing what was there, and append its receipts.

        Raises:
            EngineUnavailableError: the store did not answer; make the same call again. That its
                receipts are not appended twice then is promised by `Lead.commit` only.
        """

    @abstractmethod
    def lead(self, service: str, *, lease_s: float) -> "Lead | None":
        """Take the lease of a service for `lease_s` seconds at a time; None: another has it.

        A lease that has run out is taken over; what its former holder still sends is refused.

        Raises:
            EngineUnavailableError: the store did not answer; make the same call again.
        """

    @abstractmethod
    def caused_by(self, log: str, key: str, *, limit: int = 100) -> list[Entry]:
        """Return entries of `log` whose cause is the record `key`, oldest first.

        Looks at 50,000 entries stored after that record at least.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def now_s(self) -> float:
        """Return the store's clock: seconds since 1970.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def put(self, table: str, name: str, text: str) -> None:
        """Write one line of a table, replacing what was there, stamped with the store's clock.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def table(self, table: str) -> Mapping[str, Row]:
        """Return every line of a table by its name.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def remove(self, table: str, name: str) -> None:
        """Remove one line of a table; nothing happens if it is not there.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def ping(self) -> None:
        """Ask the store for a sign of life, without trying again.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection; calling it twice does no harm.

        A `read` that is blocked in another thread returns or raises EngineUnavailableError.
        """

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
