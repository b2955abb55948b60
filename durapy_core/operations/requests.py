"""The log `operations` as those see it who ask: its entries, and how far a request has come.

    REQUEST   {"verb", "service", …}   its wishes beside: see `Wishes`    sender: who asked
    PROGRESS  {"verb", "service", "by", "message", "step", "lines"}       cause: key of the request
    OUTCOME   {"verb", "service", "by", "message", "state", "details"}    cause: likewise

A request is executed at most once, never late, and always answered: what nobody took within
MAX_AGE_S, and what was under way when its server ended, is answered `failed` at the next start.
"""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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

ALL: Final = "*"
"""In the place of a service's name: every service, or none in particular."""

QUEUED: Final = "queued"
"""The step of a request that waits until the session ends."""

Verb = Literal["start", "stop", "restart", "rollout", "rollback", "fetch", "changes", "cancel"]
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


class Wishes(BaseModel):
    """What a request may say beside its verb and its service.

    Attributes:
        revision: for `rollout` and `changes`: a branch, a tag or a commit; empty is the checkout's.
        session: the key of the open session that is known to be touched.
        when: `session_ends` waits for the end of the session, if the service is in one.
        operation: for `cancel`: the key of the request that is to be given up.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    revision: str = Field("", max_length=500)
    session: str | None = None
    when: Literal["now", "session_ends"] = "now"
    operation: str | None = None


class OperationState(BaseModel):
    """How far a request has come.

    Attributes:
        key: key of the request.
        verb, service: what is to be done to which service, as it was asked.
        by: who asked; None if the request does not say.
        state: `requested` until there is an outcome.
        message: the latest news for people; empty before the first.
        step: where it is, such as `build`; empty for what has no steps.
        lines: what came since the news before, such as lines of a build.
        wishes: what the request said beside its verb and its service.
        details: what was asked for, if the outcome holds more than words.
        at: when this was stored (UTC).
    """

    model_config = ConfigDict(frozen=True)

    key: str
    verb: str
    service: str
    by: str | None
    state: State
    message: str = ""
    step: str = ""
    lines: tuple[str, ...] = ()
    wishes: Wishes = Wishes()
    details: dict[str, Any] | None = None
    at: datetime | None = None


def request(
    engine: Engine, verb: Verb, service: str, *, by: str, wishes: Wishes | None = None
) -> str:
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
    more = wishes.model_dump(exclude_defaults=True) if wishes else {}
    body = json.dumps({"verb": verb, "service": service, **more})
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


def latest(engine: Engine, *, limit: int = 50, looks_at: int = 2000) -> list[OperationState]:
    """Return the latest requests, newest first, each with how far it has come.

    `at` is when it was asked for.
    Looks at the last `looks_at` entries of the log, so fewer than `limit` may be found.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    entries = engine.page(OPERATIONS, limit=looks_at)[::-1]
    states: dict[str, OperationState] = {}
    for entry in entries:
        news = state_of(entry)
        if news is None:
            continue
        if entry.type == REQUEST:
            states[news.key] = news
        elif news.key in states and news.message:
            asked = states[news.key]
            kept = {"lines": (), "at": asked.at}
            states[news.key] = _after(asked, entry).model_copy(update=kept)
    return list(states.values())[::-1][:limit]


def lines_of(engine: Engine, key: str) -> list[OperationState]:
    """Return all news of a request, oldest first: every step and every line of its build.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    entries = engine.caused_by(OPERATIONS, key, limit=2000)
    return [news for entry in entries if (news := state_of(entry)) is not None]


def follow(engine: Engine, key: str, *, timeout_s: float = 120.0) -> Iterator[OperationState]:
    """Yield each state of a request as it changes; the last one is `done` or `failed`.

    Raises:
        DeployError: no request has this key, or there were no news for `timeout_s` seconds.
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
            if entry.cause != key or (news := _after(state, entry)) is state:
                continue
            yield news
            if news.state != "requested":
                return
            state, deadline = news, time.monotonic() + timeout_s
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
            step=body.get("step", ""),
            lines=tuple(body.get("lines", ())),
            wishes=Wishes.model_validate(body if entry.type == REQUEST else {}),
            details=body.get("details"),
            at=entry.sent_at,
        )
    except (KeyError, TypeError, ValidationError):
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
    if news is None:
        return state
    return news.model_copy(update={"by": state.by, "wishes": state.wishes})


def _body(entry: Entry) -> dict[str, Any]:
    try:
        body = json.loads(entry.body or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
