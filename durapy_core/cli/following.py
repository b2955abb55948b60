"""What comes in a log, for the verbs with `--follow`."""

from collections.abc import Iterator
from threading import Event
from typing import Final

import typer

from durapy_core.engines import Engine
from durapy_core.entry import Cursor, Entry
from durapy_core.errors import EngineUnavailableError
from durapy_core.signals import capture_signals

_WAIT_S: Final = 0.5


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
