"""Sending a command for somebody at a browser or a program: checked first, then appended."""

import json
from http import HTTPStatus
from typing import Any, Final

from durapy_core.engines.base import COMMANDS
from durapy_core.entry import Entry, NewEntry
from durapy_core.errors import Problem
from webserver.errors import ApiError
from webserver.handler import User
from webserver.site import Site

_LONGEST_KEY: Final = 200


async def check_command(site: Site, wire_type: object, body: object) -> tuple[str, dict[str, Any]]:
    """Return type and body of a command that may be sent.

    Raises:
        ApiError, UnknownCommandError, InvalidCommandError: it may not, and why.
        EngineUnavailableError: the store did not answer.
    """
    if not isinstance(wire_type, str) or not wire_type:
        raise _invalid("type", "Required: the wire type as text, such as PING")
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


def _entry_id(idempotency_key: str | None) -> str | None:
    if idempotency_key is None:
        return None
    if not 0 < len(idempotency_key) <= _LONGEST_KEY or not idempotency_key.isprintable():
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "bad_request",
            f"The idempotency key has 1 to {_LONGEST_KEY} printable characters.",
        )
    return f"webserver/{idempotency_key}"


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        f"1 problem: {field}: {message}",
        problems=[Problem((field,), message)],
    )
