"""Which services read the log of commands, and which replicas of them have left only a status.

For the janitor: what has still to be read stays, what is of no use to anybody goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from durapy_core.engines.base import CATALOG, STATUS, Engine
from durapy_core.entry import Cursor
from durapy_core.fleet import current_statuses
from durapy_core.heartbeat import FORGET_AFTER_S


@dataclass(frozen=True, slots=True)
class Reader:
    """A service that reads the log of commands: how far, and how long ago it was heard."""

    service: str
    cursor: Cursor
    age_s: float


def readers_of(engine: Engine) -> list[Reader]:
    """Return every service that has a cursor, and how long ago it was heard at the latest.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    statuses = ((key.partition("/")[0], row.age_s) for key, row in engine.table(STATUS).items())
    catalogs = ((name, row.age_s) for name, row in engine.table(CATALOG).items())
    youngest = _youngest([*statuses, *catalogs])
    return [
        Reader(name, progress.cursor, age_s)
        for name, age_s in youngest.items()
        if (progress := engine.load_progress(name)) is not None
    ]


def remove_old_statuses(engine: Engine, *, after_s: float = FORGET_AFTER_S) -> None:
    """Remove the status of each replica that is gone for so long; the last one of a service stays.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    rows = engine.table(STATUS)
    last = {f"{heard.status.service}/{heard.status.replica}" for heard in current_statuses(rows)}
    for name, row in rows.items():
        if name not in last and row.age_s > after_s:
            engine.remove(STATUS, name)


def _youngest(seen: Iterable[tuple[str, float]]) -> dict[str, float]:
    ages: dict[str, float] = {}
    for name, age_s in seen:
        ages[name] = min(age_s, ages.get(name, age_s))
    return dict(sorted(ages.items()))
