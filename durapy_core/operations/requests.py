"""The log `operations` as those see it who ask: its entries, and how far a request has come.

    REQUEST   {"verb", "service"}                               sender: who asked
    PROGRESS  {"verb", "service", "by", "message"}              cause: key of the request
    OUTCOME   {"verb", "service", "by", "message", "state"}     cause: likewise

A request is executed at most once, never late, and always answered: what nobody took within
MAX_AGE_S, and what was under way when its server ended, is answered `failed` at the next start.
"""

import json
import time
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from durapy_core.engines.base import OPERATIONS, Engine
from durapy_core.entry import Cursor, Entry, NewEntry
from durapy_core.errors import DeployError, ManagerUnavailableError
from durapy_core.status import DOWN_AFTER_S

REQUEST: Final = "REQUEST"
PROGRESS: Final = "PROGRESS"
OUTCOME: Final = "OUTCOME"

OPERATORS: Final = "operators"
"""Table: name of a server of operations → its `Operator`."""

MAX_AGE_S: Final = 60.0
"""A request that waited longer is answered `failed` instead of being carried out late."""

Verb = Literal["restart"]
State = Literal["requested", "done", "failed"]


class Operator(BaseModel):
    """A server of operations, as it writes itself down each second.

    Attributes:
        cursor: the last entry of the log that it has dealt with.
        serving: False once it has ended cleanly.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    cursor: str
    serving: bool


class OperationState(BaseModel):
    """How far a request has come.

    Attributes:
        key: key of the request.
        verb, service: what is to be done to which service, as it was asked.
        by: who asked; None if the request does not say.
        state: `requested` until there is an outcome.
        message: the latest news for people; empty before the first.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    verb: str
    service: str
    by: str | None
    state: State
    message: str = ""


def request(engine: Engine, verb: Verb, service: str, *, by: str) -> str:
    """Put a request on the log and return its key.

    Raises:
        ManagerUnavailableError: nobody serves operations, so nothing was put there.
        EngineError: the store did not take it.
    """
    if not is_served(engine):
        raise ManagerUnavailableError(
            f"Nobody here can {verb} {service}: no deployer and no local supervisor is running. "
            "Start one with `docker compose up -d deployer` or `scripts/up`."
        )
    body = json.dumps({"verb": verb, "service": service})
    return engine.append(OPERATIONS, NewEntry(type=REQUEST, body=body, sender=by)).key


def is_served(engine: Engine) -> bool:
    """Return whether somebody hears requests now."""
    rows = engine.table(OPERATORS).values()
    return any(row.age_s <= DOWN_AFTER_S and read_operator(row.text).serving for row in rows)


def outcome(engine: Engine, key: str) -> OperationState | None:
    """Return how far a request has come, or None if no request has this key.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    asked = engine.get(OPERATIONS, key)
    state = state_of(asked) if asked and asked.type == REQUEST else None
    cursor = Cursor(key)
    while state and (entries := engine.read(OPERATIONS, after=cursor)):
        for entry in entries:
            state = _after(state, entry)
            if state.state != "requested":
                return state
        cursor = Cursor(entries[-1].key)
    return state


def follow(engine: Engine, key: str, *, timeout_s: float = 120.0) -> Iterator[OperationState]:
    """Yield each state of a request as it changes; the last one is `done` or `failed`.

    Raises:
        DeployError: no request has this key, or no outcome came within `timeout_s` seconds.
        EngineUnavailableError: the store did not answer.
    """
    asked = engine.get(OPERATIONS, key)
    state = state_of(asked) if asked and asked.type == REQUEST else None
    if state is None:
        raise DeployError(f"No operation has the key {key!r}.")
    yield state
    deadline = time.monotonic() + timeout_s
    cursor = Cursor(key)
    while (left_s := deadline - time.monotonic()) > 0:
        for entry in engine.read(OPERATIONS, after=cursor, wait_s=min(left_s, 1.0)):
            cursor = Cursor(entry.key)
            news = _after(state, entry)
            if news != state:
                yield news
            if news.state != "requested":
                return
            state = news
    raise DeployError(
        f"{state.verb} {state.service}: no outcome after {timeout_s:g} s; "
        f"it may still come: `durapy ps` shows the services."
    )


def state_of(entry: Entry) -> OperationState | None:
    """Return what one entry of the log says, or None if it is none of ours or cannot be read."""
    body = _body(entry)
    key = entry.key if entry.type == REQUEST else entry.cause
    if entry.type not in (REQUEST, PROGRESS, OUTCOME) or key is None:
        return None
    try:
        return OperationState(
            key=key,
            verb=body["verb"],
            service=body["service"],
            by=entry.sender if entry.type == REQUEST else body.get("by"),
            state=body["state"] if entry.type == OUTCOME else "requested",
            message=body.get("message", ""),
        )
    except (KeyError, ValidationError):
        return None


def read_operator(text: str) -> Operator:
    """Return an operator's line of the table; one that cannot be read serves nothing."""
    try:
        return Operator.model_validate_json(text)
    except ValidationError:
        return Operator(cursor="", serving=False)


def _after(state: OperationState, entry: Entry) -> OperationState:
    if entry.cause != state.key or entry.type not in (PROGRESS, OUTCOME):
        return state
    news = state_of(entry)
    return state if news is None else news.model_copy(update={"by": state.by})


def _body(entry: Entry) -> dict[str, Any]:
    try:
        body = json.loads(entry.body or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
