"""The part of the engine port that keeps logs in shape: trimming them, and mending a lost end."""

from abc import ABC, abstractmethod

from durapy_core.entry import LOG_LOST_TAIL, Cursor, NewEntry


class Upkeep(ABC):
    """What a janitor, and whoever finds a log shorter than it was, may ask of an engine."""

    @abstractmethod
    def trim(
        self,
        log: str,
        *,
        keep: int | None = None,
        max_age_s: float | None = None,
        not_after: Cursor | None = None,
    ) -> int:
        """Remove old entries from the beginning of a log, and return how many.

        Removed are those that are not among the newest `keep`, and those older than `max_age_s`;
        with neither, none. An entry after the cursor `not_after` stays in any case. A key is never
        given again, and `end` does not go back. Others may append meanwhile.

        Raises:
            EngineUnavailableError: the store did not answer; some may have been removed.
        """

    @abstractmethod
    def trimmed_to(self, log: str) -> Cursor:
        """Return the key of the last entry that `trim` removed; START if it never did.

        A reader whose cursor lies before it has missed entries.

        Raises:
            EngineUnavailableError: the store did not answer.
        """

    def tidy(self) -> None:  # noqa: B027 (most engines have nothing to tidy)
        """Let the store put its own files in order, such as a long write-ahead log.

        Called every few seconds by one process or several; an engine without files does nothing.

        Raises:
            EngineUnavailableError: the store did not answer; the next call does it.
        """

    @abstractmethod
    def mend(self, log: str, *, seen: Cursor) -> bool:
        """Return whether the log ends before `seen`, a cursor that was read from it once.

        Then the store came back without the entries that it stored last. So that a reader at `seen`
        hears what is appended from now on, an entry of the type LOG_LOST_TAIL is appended behind
        `seen`, in the same step. It returns True once only, to whoever finds it first. A store that
        can tell may say so as well of a log that goes on behind `seen` without holding it, and
        appends that entry at the end.

        Raises:
            CorruptRecordError: `seen` is not a key of this engine.
            EngineUnavailableError: the store did not answer.
        """


def lost_tail_entry(*, seen: str, end: str) -> NewEntry:
    """Return the entry that says that a log lost its entries after `end`, up to `seen` at least."""
    return NewEntry(type=LOG_LOST_TAIL, body=f'{{"seen":"{seen}","end":"{end}"}}')
