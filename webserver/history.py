"""The history of commands, a page at a time: which records are wanted, and how far one looks."""

import time
from collections.abc import Callable
from typing import Any, Final

from durapy_core.beginning import removed_to
from durapy_core.engines.base import COMMANDS, Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.published import KnownTypes
from durapy_core.record_json import problem_of, record_json

MOST_SCANNED: Final = 5_000
"""How many entries one request looks at; with a filter that fits few, `before` says where on."""

LONGEST_S: Final = 0.1
"""After so long a request looks no further, so that an answer comes soon on any computer."""

_CHUNK: Final = 100
_MOST_BYTES: Final = 16 * 1024 * 1024

Filter = Callable[[Entry], bool]


def load_page(
    engine: Engine,
    known: KnownTypes,
    *,
    before: Cursor | None,
    limit: int,
    wanted: Filter | None,
) -> dict[str, Any]:
    """Return one page of the history as the API shows it; see `scan`.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    entries, older = scan(engine, before=before, limit=limit, wanted=wanted)
    removed = removed_to(engine) if older is None else None
    records = [record_json(entry, known) for entry in entries]
    return {"records": records, "before": older, "removed_to": removed}


def make_filter(
    known: KnownTypes, *, wire_type: str, sender: str, text: str, problem: bool
) -> Filter | None:
    """Return what tells whether an entry is wanted; None if every one is."""
    if not (wire_type or sender or text or problem):
        return None
    needle = text.casefold()

    def wanted(entry: Entry) -> bool:
        return (
            (not wire_type or entry.type == wire_type)
            and (not sender or entry.sender == sender)
            and (not needle or _holds(entry, needle))
            and (not problem or problem_of(entry, known) is not None)
        )

    return wanted


def scan(
    engine: Engine, *, before: Cursor | None, limit: int, wanted: Filter | None
) -> tuple[list[Entry], Cursor | None]:
    """Return up to `limit` wanted entries before the cursor, newest first, and where to go on.

    None instead of a cursor means that there is nothing older. At most MOST_SCANNED entries are
    looked at, for LONGEST_S or a little more, and no more is returned once the bodies are large; so
    fewer than `limit`, even none, does not mean the end.
    """
    found: list[Entry] = []
    scanned = size_bytes = 0
    chunk = min(limit + 1, _CHUNK) if wanted is None else _CHUNK
    ends_at = time.monotonic() + LONGEST_S
    while scanned < MOST_SCANNED and (scanned == 0 or time.monotonic() < ends_at):
        entries = engine.page(COMMANDS, before=before, limit=chunk)
        for entry in entries:
            if len(found) == limit or size_bytes > _MOST_BYTES:
                return found, before
            before = Cursor(entry.key)
            if wanted is None or wanted(entry):
                found.append(entry)
                size_bytes += len(entry.body or "")
        scanned += len(entries)
        if len(entries) < chunk:
            return found, None
    return found, before


def _holds(entry: Entry, needle: str) -> bool:
    texts = (entry.body, entry.type, entry.sender, entry.key)
    return any(needle in text.casefold() for text in texts if text)
