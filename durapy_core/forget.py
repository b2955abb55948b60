"""Removing a service that is gone for good: what the store holds of it, never what it did.

Records and receipts stay. What goes is its cursor, which would hold back the trimming of the log,
its place in the catalog, and its last status.
"""

from collections.abc import Mapping
from typing import Final

from durapy_core.engines.base import CATALOG, STATUS, Engine, Progress, Row
from durapy_core.errors import ServiceError, ServiceNotFoundError, SessionError
from durapy_core.fleet import Heard, current_statuses
from durapy_core.kept import Kept

_LEASE_S: Final = 10.0


def forget(engine: Engine, name: str, *, in_session: bool = False) -> None:
    """Remove cursor, lease, catalog and statuses of a service that is down.

    Args:
        engine: the store.
        name: of the service.
        in_session: whether it may go although a session is open in it, which nothing then ends.

    Raises:
        ServiceNotFoundError: the store holds nothing of such a service.
        ServiceError: it is up, or may be a moment longer.
        SessionError: a session is open in it.
        EngineUnavailableError: the store did not answer; make the same call again.
    """
    rows = {key: row for key, row in engine.table(STATUS).items() if _is_of(key, name)}
    progress = engine.load_progress(name)
    _check_known(engine, name, rows, progress)
    _check_down(name, rows)
    if not in_session:
        _check_no_session(name, progress)
    lead = engine.lead(name, lease_s=_LEASE_S)
    if lead is None:
        raise ServiceError(
            f"{name} was up a moment ago: its lease has not run out. Try again in a few seconds."
        )
    try:
        lead.forget()
    finally:
        lead.close()
    engine.remove(CATALOG, name)
    for key in rows:
        engine.remove(STATUS, key)


def _check_known(
    engine: Engine, name: str, rows: Mapping[str, Row], progress: Progress | None
) -> None:
    catalog = engine.table(CATALOG)
    if rows or progress is not None or name in catalog:
        return
    known = sorted({*catalog, *(key.partition("/")[0] for key in engine.table(STATUS))})
    raise ServiceNotFoundError(
        f"No service is called {name!r}; known: {', '.join(known) or 'none'}."
    )


def _check_down(name: str, rows: Mapping[str, Row]) -> None:
    up: list[Heard] = [heard for heard in current_statuses(rows) if heard.up]
    if up:
        status = up[0].status
        raise ServiceError(
            f"{name} is up (process {status.pid} on {status.host}); stop it before it is forgotten."
        )


def _check_no_session(name: str, progress: Progress | None) -> None:
    try:
        begin = Kept.from_text(progress.session if progress else None).begin
    except SessionError:
        return  # what nobody can read is restored by nobody
    if begin is not None:
        raise SessionError(
            f"{name} is in the session that {begin.type} {begin.key} began; start it again and end "
            "the session, or forget it all the same with --yes: then it is never ended in there."
        )


def _is_of(key: str, name: str) -> bool:
    return key.partition("/")[0] == name
