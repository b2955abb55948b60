"""A record as JSON shows it: to the console, to programs, to `durapy history --json`."""

from typing import Any

from durapy_core.entry import RESERVED_TYPES, Entry
from durapy_core.errors import CommandError
from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.published import KnownTypes


def record_json(entry: Entry, known: KnownTypes, *, live: bool = False) -> dict[str, Any]:
    """Return a record as a JSON object; what cannot be read has `raw` and `problem` instead.

    A type that no service publishes is a problem too, as nobody handles it. `live` leaves that
    open: a record that has just arrived may be the first of a service that `known` lacks yet.
    """
    body = _parse_object(entry.body)
    problem = _judge(entry, body, known, live=live)
    return {
        "key": entry.key,
        "type": entry.type,
        "sent_at": entry.sent_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "sender": entry.sender,
        "cause": entry.cause,
        "n": entry.n,
        "body": body,
        "raw": entry.body if problem else None,
        "problem": problem,
    }


def problem_of(entry: Entry, known: KnownTypes) -> str | None:
    """Return why a record cannot be read, in the words of `record_json`; None if it can."""
    return _judge(entry, _parse_object(entry.body), known, live=False)


def _judge(
    entry: Entry, body: dict[str, Any] | None, known: KnownTypes, *, live: bool
) -> str | None:
    if entry.type is None or entry.body is None:
        return f"the entry has no field {'type' if entry.type is None else 'body'!r}"
    if body is None:
        return "the body is not a JSON object"
    if entry.type in RESERVED_TYPES:
        return None
    if entry.type not in known:
        return None if live else f"no service publishes the type {entry.type!r}"
    try:
        known.check(entry.type, body)
    except CommandError as error:
        return str(error)
    return None


def _parse_object(text: str | None) -> dict[str, Any] | None:
    try:
        value = parse_json(text or "")
    except JsonTextError:
        return None
    return value if isinstance(value, dict) else None
