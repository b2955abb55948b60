"""What came of a record: who heard it, and what was sent because of it."""

from collections.abc import Iterator
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
