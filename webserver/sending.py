"""Sending a command for somebody at a browser or a program: checked first, then appended."""

import json
import re
from http import HTTPStatus
from typing import Any, Final

from durapy_core.engines.base import COMMANDS
from durapy_core.engines.safe_state import SafeState
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE, Entry, NewEntry
from durapy_core.errors import Problem
from webserver.errors import ApiError
from webserver.handler import User
from webserver.site import Site

_LONGEST_KEY: Final = 200
_KEY: Final = re.compile(f"[!-~]{{1,{_LONGEST_KEY}}}")


async def check_command(site: Site, wire_type: object, body: object) -> tuple[str, dict[str, Any]]:
    """Return type and body of a command that may be sent.

    Raises:
        ApiError, UnknownCommandError, InvalidCommandError: it may not, and why.
        EngineUnavailableError: the store did not answer.
    """
    if not isinstance(wire_type, str) or not wire_type:
        raise _invalid("type", "Required: the wire type as text, such as PING")
    if wire_type in (SAFE_STATE, CLEAR_SAFE_STATE):
        return wire_type, body if isinstance(body, dict) else {}
    await site.directory.check(wire_type, body)
    if not isinstance(body, dict):
        raise _invalid("body", "Must be an object")
    return wire_type, body


async def send_command(
    site: Site, wire_type: object, body: object, *, user: User, idempotency_key: str | None = None
) -> Entry:
    """Return the stored entry of a command; with a key that was used, the one stored then.

    Raises:
        ApiError: the key was used for another command; and as `check_command`.
        EngineError: the store did not take it.
    """
    checked_type, checked_body = await check_command(site, wire_type, body)
    if checked_type in (SAFE_STATE, CLEAR_SAFE_STATE):
        return await _change_safe_state(
            site, checked_type, checked_body, user=user, idempotency_key=idempotency_key
        )
    new = NewEntry(
        type=checked_type,
        body=json.dumps(checked_body, ensure_ascii=False, separators=(",", ":")),
        sender=user.sender,
        id=_entry_id(idempotency_key),
    )
    entry = await site.offload.engine(lambda: site.engine.append(COMMANDS, new))
    if new.id is not None and (entry.type, entry.body) != (new.type, new.body):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "conflict",
            f"The idempotency key was used for another command, {entry.key}; use a new one.",
        )
    return entry


async def enter_safe_state(
    site: Site, body: object, *, user: User, idempotency_key: str | None = None
) -> SafeState:
    """Enter the safe state. Whatever `body` is, it keeps nobody from that.

    Raises:
        ApiError: the idempotency key cannot be used.
        EngineError: the store did not take it.
    """
    said = body.get("reason") if isinstance(body, dict) else None
    reason = said if isinstance(said, str) else ""
    send_id = _entry_id(idempotency_key, kind="-enter")
    return await site.safety.enter(by=user.sender, reason=reason, send_id=send_id)


async def clear_safe_state(
    site: Site, *, user: User, idempotency_key: str | None = None
) -> SafeState:
    """Leave the safe state; see `enter_safe_state`."""
    send_id = _entry_id(idempotency_key, kind="-clear")
    return await site.safety.clear(by=user.sender, send_id=send_id)


async def _change_safe_state(
    site: Site, wire_type: str, body: object, *, user: User, idempotency_key: str | None
) -> Entry:
    """Enter or leave the safe state for somebody who sent that like a command.

    Returns the marker.
    """
    if wire_type == SAFE_STATE:
        state = await enter_safe_state(site, body, user=user, idempotency_key=idempotency_key)
    else:
        state = await clear_safe_state(site, user=user, idempotency_key=idempotency_key)
    return await site.safety.marker_of(state)


def _entry_id(idempotency_key: str | None, *, kind: str = "") -> str | None:
    if idempotency_key is None:
        return None
    if not _KEY.fullmatch(idempotency_key):
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "bad_request",
            f"The idempotency key has 1 to {_LONGEST_KEY} printable ASCII characters, no spaces.",
        )
    return f"webserver{kind}/{idempotency_key}"


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        f"1 problem: {field}: {message}",
        problems=[Problem((field,), message)],
    )
