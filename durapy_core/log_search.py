"""Finding lines in the log of the store: what is wanted, and a page of it at a time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from durapy_core.engines.base import LOGS, Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.log_entry import SEVERITIES, line_json, severity_of

MOST_SCANNED: Final = 20_000
"""How many entries one page looks at; with a filter that fits few, its cursor says where on."""

MOST_BYTES: Final = 8 * 1024 * 1024
"""A page is cut short once the bodies on it have this many characters."""

LEVELS: Final = {"error": 40, "warning": 30, "info": 20, "debug": 0}
"""The levels that people tell apart, and the least severe line that each has."""

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which lines are wanted; by default all.

    Attributes:
        severity: those at least so severe, from 5 to 50.
        levels: those of these names of LEVELS; None for every one.
        services: those of these services; None for every one.
        record: those that belong to the record of this key; empty for any.
        text: those with this text in message, fields or traceback, in any case of letters.
        since_s, until_s: those of this time, in seconds since 1970 by the store's clock.
    """

    severity: int = 0
    levels: frozenset[str] | None = None
    services: frozenset[str] | None = None
    record: str = ""
    text: str = ""
    since_s: float = 0.0
    until_s: float = float("inf")

    def matches(self, entry: Entry) -> bool:
        """Return whether a stored line is wanted."""
        if not self.since_s <= entry.sent_at_s <= self.until_s:
            return False
        severity = severity_of(entry)
        if severity < self.severity or (self.record and entry.cause != self.record):
            return False
        if self.levels is not None and level_of(severity) not in self.levels:
            return False
        if self.services is not None and (entry.sender or "") not in self.services:
            return False
        return not self.text or self._has_text(entry)

    def _has_text(self, entry: Entry) -> bool:
        needle = self.text.casefold()
        escaped = json.dumps(needle, ensure_ascii=False)[1:-1]
        if escaped not in (entry.body or "").casefold():  # spares most lines the reading
            return False
        return needle in searchable(line_json(entry)).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Lines of one page, and the cursor of the next; None when there is nothing more there."""

    entries: list[Entry]
    next: Cursor | None


def level_of(severity: int) -> str:
    """Return the name in LEVELS of a line so severe."""
    return next(name for name, least in LEVELS.items() if severity >= least)


def least_severity(name: str) -> int | None:
    """Return how severe the level of this name is, in any case of letters; None: there is none."""
    return SEVERITIES.get(name.upper())


def searchable(line: dict[str, Any]) -> str:
    """Return what a filter by text looks at."""
    fields = " ".join(f"{name}={_plain(value)}" for name, value in line["fields"].items())
    return "\n".join(part for part in (line["message"], fields, line["exception"]) if part)


def lines_before(engine: Engine, before: Cursor | None = None) -> Iterator[Entry]:
    """Yield the lines before a cursor, newest first; None starts at the end.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    while page := engine.page(LOGS, before=before, limit=_PAGE):
        yield from page
        before = Cursor(page[-1].key)


def lines_after(engine: Engine, after: Cursor) -> Iterator[Entry]:
    """Yield the lines after a cursor that are stored by now, oldest first.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    while page := engine.read(LOGS, after=after, limit=_PAGE):
        yield from page
        after = Cursor(page[-1].key)


def page_of(
    lines: Iterator[Entry], wanted: LogFilter, *, limit: int, ends: Callable[[Entry], bool]
) -> LogPage:
    """Return up to `limit` wanted lines in the order of `lines`, and where to go on.

    Behind a line of which `ends` is true there is nothing wanted. At most MOST_SCANNED lines are
    looked at, and few large ones are returned at once, so fewer than `limit`, even none, does not
    mean the end.
    """
    found: list[Entry] = []
    seen: Cursor | None = None
    characters = 0
    for scanned, entry in enumerate(lines):
        if len(found) == limit or characters > MOST_BYTES or scanned == MOST_SCANNED:
            return LogPage(entries=found, next=seen)
        if ends(entry):
            break
        seen = Cursor(entry.key)
        if wanted.matches(entry):
            found.append(entry)
            characters += len(entry.body or "")
    return LogPage(entries=found, next=None)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
