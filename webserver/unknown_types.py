"""Says in the log that the history holds a type which no service publishes.

No service can say so: each one passes over what it does not hear. Such an entry stops nothing, and
is shown like any other; but a misspelt type of a foreign program should not stay silent.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final, NamedTuple

from loguru import logger

from durapy_core.entry import RESERVED_TYPES, Cursor, Entry
from durapy_core.published import KnownTypes
from webserver.directory import Snapshot
from webserver.site import Site

_MOST: Final = 1_000
"""So many types are told of; a program that makes up more shall not fill the memory."""

_LONGEST: Final = 100
"""A type is cut here, longer than any that can be known."""


class _First(NamedTuple):
    key: str
    sender: str | None
    heard_at: float


class UnknownTypes:
    """Warns once of each type, after a look at the catalog that is newer than the entry."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._told: set[str] = set()
        self._waiting: dict[str, _First] = {}
        site.commands.listen(self._hear)
        site.directory.listen(self._judge)

    def _hear(self, _cursor: Cursor, entries: Sequence[Entry]) -> None:
        last = self._site.directory.last
        known = last.known if last else KnownTypes([], [])
        for entry in entries:
            if entry.type is None or entry.type in known or entry.type in RESERVED_TYPES:
                continue
            name = entry.type[:_LONGEST]
            if name not in self._told and len(self._told) + len(self._waiting) < _MOST:
                self._waiting.setdefault(name, _First(entry.key, entry.sender, monotonic()))

    def _judge(self, snapshot: Snapshot, _types_changed: bool) -> None:  # noqa: FBT001 (a listener)
        for name, first in list(self._waiting.items()):
            if snapshot.read_at < first.heard_at:
                continue
            del self._waiting[name]
            if name not in snapshot.known:
                self._told.add(name)
                logger.warning(
                    "no service publishes the type {type}; no service handles its records",
                    type=name,
                    key=first.key,
                    sender=first.sender,
                )
