"""The session lock: what is in a running session is not stopped or replaced by mistake."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from durapy_core.engines.base import Engine
from durapy_core.errors import DeployError
from durapy_core.fleet import Heard, load_fleet, session_of
from durapy_core.operations.requests import ALL, OperationState, Verb, Wishes

LOCKED: Final = ("stop", "restart", "rollout", "rollback")
"""The verbs that touch a service which may be in a session."""

WAITS: Final = "waits until the session ends"
_LOOK_S: Final = 0.5


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


def await_leave(
    engine: Engine, verb: Verb, service: str, wishes: Wishes, *, say: Callable[[str], None]
) -> None:
    """Return once the open session allows this, for who acts without the log of operations.

    With the wish to wait until the session ends, that is said once, and waited for.

    Raises:
        DeployError: a session forbids it.
        EngineUnavailableError: the store did not answer.
    """
    asked = OperationState(
        key="", verb=verb, service=service, by=None, state="requested", wishes=wishes
    )
    said = False
    while locked := locked_by_session(asked, load_fleet(engine)):
        if wishes.when != "session_ends":
            raise DeployError(locked)
        if not said:
            say(WAITS)
        said = True
        time.sleep(_LOOK_S)
