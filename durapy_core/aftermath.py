"""What came of a record: who heard it, and what was sent because of it."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, Final

from durapy_core.beginning import lacks_receipts
from durapy_core.engines.base import COMMANDS, RECEIPTS, Engine
from durapy_core.entry import RESERVED_TYPES, Entry
from durapy_core.errors import CorruptRecordError
from durapy_core.receipt import Receipt

MOST_SHOWN: Final = 200
"""So many records of a tree are looked at, in whole."""


def receipts_of(engine: Engine, key: str) -> list[Receipt]:
    """Return what the services said of a record, oldest first; unreadable ones are left out.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    return [
        receipt for entry in engine.caused_by(RECEIPTS, key) if (receipt := read_receipt(entry))
    ]


def effects_of(engine: Engine, key: str) -> list[Entry]:
    """Return the records that were sent because of a record, oldest first.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    caused = engine.caused_by(COMMANDS, key)
    return [entry for entry in caused if entry.type not in RESERVED_TYPES]


def tree_of(engine: Engine, key: str) -> Iterator[tuple[int, Entry]]:
    """Yield all that followed from a record with its depth, each after what caused it.

    Ends after MOST_SHOWN records.
    """
    waiting = [(1, entry) for entry in reversed(effects_of(engine, key))]
    shown = 0
    while waiting and shown < MOST_SHOWN:
        depth, entry = waiting.pop()
        yield depth, entry
        shown += 1
        waiting += [(depth + 1, effect) for effect in reversed(effects_of(engine, entry.key))]


def causes_of(engine: Engine, entry: Entry) -> list[Entry]:
    """Return the records that led to this one, the first of all at the front.

    The cause of a marker of the safe state lies in another log, so it has none here.
    """
    causes: list[Entry] = []
    cause = None if entry.type in RESERVED_TYPES else entry.cause
    while cause and len(causes) < MOST_SHOWN and (found := engine.get(COMMANDS, cause)):
        causes.append(found)
        cause = None if found.type in RESERVED_TYPES else found.cause
    return causes[::-1]


def read_receipt(entry: Entry) -> Receipt | None:
    """Return the receipt in an entry, or None if it holds none."""
    try:
        return Receipt.from_entry(entry)
    except CorruptRecordError:
        return None


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as JSON shows it."""
    return receipt.model_dump(mode="json")


def aftermath_json(engine: Engine, entry: Entry) -> dict[str, Any]:
    """Return what came of a record as JSON shows it: `receipts`, and the keys of its `effects`.

    `receipts_removed` says that there may have been more.
    """
    return {
        "receipts": [receipt_json(receipt) for receipt in receipts_of(engine, entry.key)],
        "receipts_removed": lacks_receipts(engine, entry),
        "effects": [effect.key for effect in effects_of(engine, entry.key)],
    }


def related_json(
    engine: Engine, entry: Entry, *, limit: int = 60, within_s: float = 1.0
) -> dict[str, Any]:
    """Return what led to a record, the record and what followed from it, as JSON shows them.

    Each of `records` has its `depth`: below zero what led to it, 0 the record itself, above what
    followed, each after what caused it. `more` says that `limit` or the time, in seconds, ended
    the search before everything that followed was found.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    until = monotonic() + within_s
    causes = causes_of(engine, entry)
    records = [_related(depth - len(causes), cause) for depth, cause in enumerate(causes)]
    records.append(_related(0, entry))
    followed = 0
    for depth, effect in tree_of(engine, entry.key):
        if followed == limit or monotonic() > until:
            return {"records": records, "more": True}
        records.append(_related(depth, effect))
        followed += 1
    return {"records": records, "more": followed == MOST_SHOWN}


def _related(depth: int, entry: Entry) -> dict[str, Any]:
    sent_at = entry.sent_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {"key": entry.key, "type": entry.type, "sent_at": sent_at, "sender": entry.sender}
    return {"depth": depth, **line, "n": entry.n}
