"""What the parts of the contract suite share: where engines come from, and how to fill them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pytest

from durapy_core.engines.base import Engine, EngineOptions
from durapy_core.entry import START, Cursor, Entry, NewEntry

Store = Callable[[EngineOptions], Engine]
Opener = Callable[..., Engine]

LONG_S: Final = 30.0
"""A wait that a test never sits out: it ends when what it waits for happens."""

LOG: Final = "commands"


class EngineFixtures:
    """How the tests of the suite get their engines, all closed at the end."""

    @pytest.fixture
    def store(self) -> Store:
        """Override this: return what opens an engine on one empty store."""
        raise NotImplementedError

    @pytest.fixture
    def open_engine(self, store: Store) -> Iterator[Opener]:
        """Return what opens one more engine on the store; keywords are `EngineOptions`."""
        opened: list[Engine] = []

        def open_one(**options: object) -> Engine:
            engine = store(EngineOptions(**options))  # type: ignore[arg-type]
            opened.append(engine)
            return engine

        yield open_one
        for engine in opened:
            engine.close()

    @pytest.fixture
    def engine(self, open_engine: Opener) -> Engine:
        """Return one engine."""
        return open_engine()


def ping(number: int = 0, **fields: object) -> NewEntry:
    """Return an entry to append; `number` is in its body."""
    return NewEntry(type="PING", body=f'{{"number":{number}}}', **fields)  # type: ignore[arg-type]


def read_all(engine: Engine, log: str = LOG, *, limit: int = 128) -> list[Entry]:
    """Return the whole log, read forwards in batches of `limit`."""
    found: list[Entry] = []
    cursor = START
    while batch := engine.read(log, after=cursor, limit=limit):
        assert len(batch) <= limit
        found += batch
        cursor = Cursor(batch[-1].key)
    return found


def page_all(engine: Engine, log: str = LOG, *, limit: int = 50) -> list[Entry]:
    """Return the whole log in its order, paged backwards by `limit`."""
    found: list[Entry] = []
    before: Cursor | None = None
    while page := engine.page(log, before=before, limit=limit):
        assert len(page) <= limit
        found += page
        before = Cursor(page[-1].key)
        if len(page) < limit:
            break
    return found[::-1]


def bodies(entries: Sequence[Entry]) -> list[str | None]:
    """Return the bodies of entries."""
    return [entry.body for entry in entries]


def send_range(engine: Engine, sender: str, total: int) -> None:
    """Append so many entries of a sender, one by one."""
    for number in range(total):
        engine.append(LOG, ping(number, sender=sender))


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; fail after `LONG_S`."""
    deadline_s = time.monotonic() + LONG_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline_s, "it never happened"
        tick.wait(0.005)
