"""Finds out that somebody else than the janitor has removed the beginning of a log.

On Redis whoever may append may also empty a log, by a limit on its length: that cannot be
prevented, so it is at least said. Where each log begins is kept in the store, so it is found also
when that happened while no console ran.
"""

from typing import Final

from loguru import logger

from durapy_core.engines.base import COMMANDS, OPERATIONS, RECEIPTS, SAFETY, Engine
from durapy_core.entry import START

BEGINNINGS: Final = "beginnings"
"""Table: a log → the key of its first entry when the janitor looked last."""

WATCHED: Final = (COMMANDS, RECEIPTS, OPERATIONS, SAFETY)


def report_removed(engine: Engine) -> None:
    """Say of each log whose former first entry is gone that it is; call it before trimming.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    for log, row in engine.table(BEGINNINGS).items():
        if log in WATCHED and row.text and engine.get(log, row.text) is None:
            first = engine.read(log, after=START, limit=1)
            logger.error(
                "the beginning of the log {log} is gone, and the console did not remove it: "
                "another program did, or the store lost it",
                log=log,
                began_at=row.text,
                begins_at=first[0].key if first else None,
            )


def note_beginnings(engine: Engine) -> None:
    """Keep where each log begins; call it after trimming.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    known = engine.table(BEGINNINGS)
    for log in WATCHED:
        first = engine.read(log, after=START, limit=1)
        key = first[0].key if first else ""
        if log not in known or known[log].text != key:
            engine.put(BEGINNINGS, log, key)
