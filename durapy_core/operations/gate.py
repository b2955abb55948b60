"""The session lock: what is in a running session is not stopped or replaced by mistake."""

from collections.abc import Iterable
from typing import Final

from durapy_core.fleet import Heard, session_of
from durapy_core.operations.requests import ALL, OperationState

LOCKED: Final = ("stop", "restart", "rollout", "rollback")
"""The verbs that touch a service which may be in a session."""


def locked_by_session(asked: OperationState, fleet: Iterable[Heard]) -> str | None:
    """Return why the open session forbids what is asked, or None.

    A request that names the session's key is allowed. What is no service of the rig, such as the
    store, carries the session too.
    """
    fleet = list(fleet)
    session = session_of(fleet)
    if asked.verb not in LOCKED or session.key is None or asked.wishes.session == session.key:
        return None
    known = {heard.status.service for heard in fleet}
    if asked.service not in (ALL, *session.services) and asked.service in known:
        return None
    named = f'"{session.label}" ({session.key})' if session.label else session.key
    who = ", ".join(session.services) if asked.service == ALL else asked.service
    return (
        f"{who} is in the session {named}; name its key to {asked.verb} all the same "
        "(--session), or let it wait (--when-session-ends)."
    )
