"""Where a log begins because what was older has been removed: so that nobody takes that for all."""

from durapy_core.engines.base import COMMANDS, RECEIPTS, Engine
from durapy_core.entry import START, Cursor, Entry
from durapy_core.errors import CorruptRecordError


def removed_to(engine: Engine, log: str = COMMANDS) -> Cursor | None:
    """Return the key of the last entry that was removed from the beginning of a log, or None.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    key = engine.trimmed_to(log)
    return None if key == START else key


def was_removed(engine: Engine, key: str) -> bool:
    """Return whether the place of `key` in the history lies in the part that was removed.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    last = removed_to(engine)
    try:
        return last is not None and engine.compare(key, last) <= 0
    except CorruptRecordError:
        return False  # it is no key at all


def no_record(engine: Engine, key: str) -> str:
    """Return the sentence for a key under which there is nothing.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    if was_removed(engine, key):
        return (
            f"The record {key[:100]} was removed, if there was one: this rig keeps its newest "
            "commands only, as DURAPY_KEEP_COMMANDS says"
        )
    return f"No record has the key {key[:100]!r}"


def lacks_receipts(engine: Engine, entry: Entry) -> bool:
    """Return whether receipts of a record may have been removed.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    if removed_to(engine, RECEIPTS) is None:
        return False
    first = engine.read(RECEIPTS, after=START, limit=1)
    return not first or first[0].sent_at_s > entry.sent_at_s
