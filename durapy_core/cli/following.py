"""What was in a log, and what comes: for the verbs with `--follow`."""

from collections.abc import Iterator
from itertools import dropwhile
from threading import Event
from typing import Final

import typer

from durapy_core.engines import Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import EngineUnavailableError
from durapy_core.signals import capture_signals

_PAGE: Final = 500
_WAIT_S: Final = 0.5


def what_was(engine: Engine, log: str, *, up_to: Cursor) -> Iterator[Entry]:
    """Yield what a log holds up to a cursor, newest first: `what_comes` then yields the rest.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    return dropwhile(lambda entry: engine.compare(entry.key, up_to) > 0, _backwards(engine, log))


def what_comes(engine: Engine, log: str, *, after: Cursor) -> Iterator[Entry]:
    """Yield what comes in a log after a cursor, as it comes, until Ctrl-C.

    A store that goes away is waited for, and that is said once. Ctrl-C is heard between two looks
    at the log, so that it interrupts nothing half done.

    Raises:
        KeyboardInterrupt: it, or SIGTERM, came.
    """
    ended = Event()
    with capture_signals(ended.set):
        away = False
        while not ended.is_set():
            try:
                entries = engine.read(log, after=after, wait_s=_WAIT_S)
            except EngineUnavailableError as error:
                if not away:
                    typer.echo(f"durapy: waiting for the store: {error}", err=True)
                away = True
                continue
            away = False
            for entry in entries:
                yield entry
                after = Cursor(entry.key)
    raise KeyboardInterrupt


def _backwards(engine: Engine, log: str) -> Iterator[Entry]:
    before = None
    while page := engine.page(log, before=before, limit=_PAGE):
        yield from page
        before = Cursor(page[-1].key)
