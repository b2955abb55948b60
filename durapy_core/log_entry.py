"""A line of the log as the store keeps it, and as API, socket and command line show it.

An entry of the log `logs` has the level as its type, the service as its sender and, as its cause,
the key of the record that was under way. Its body is a JSON object:

    {"time": ISO, "message": text, "replica": text, "fields": {…}, "exception": text}

Only `message` must be there, so a program of any language may write lines of its own.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from durapy_core.entry import Entry, NewEntry
from durapy_core.json_text import JsonTextError, parse_json
from durapy_core.log_lines import brief, escape_controls, trace_of
from durapy_core.log_sink import Line

LONGEST_TEXT: Final = 64 * 1024
"""A message or a traceback is cut here, in characters."""

SEVERITIES: Final = {
    "TRACE": 5,
    "DEBUG": 10,
    "INFO": 20,
    "SUCCESS": 25,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}
_LONGEST_NAME: Final = 200
_OWN: Final = frozenset({"service", "replica", "key", "exception"})
_MOST_FIELDS_CHARACTERS: Final = 64 * 1024


def line_entry(line: Line, secrets: frozenset[str]) -> NewEntry:
    """Return the entry of a line; what it shows of a secret is ***."""
    fields = line.fields
    trace = trace_of(line.error) if line.error is not None else fields.get("exception")
    body = {
        "time": line.time.astimezone(UTC).isoformat(timespec="milliseconds"),
        "message": line.message[:LONGEST_TEXT],
        "replica": fields.get("replica"),
        "fields": {name: value for name, value in fields.items() if name not in _OWN},
        "exception": trace and str(trace)[-LONGEST_TEXT:],
    }
    text = _dump({name: value for name, value in body.items() if value})
    if len(text) > 2 * LONGEST_TEXT + _MOST_FIELDS_CHARACTERS:
        text = _dump({**body, "fields": {"left_out": "they were too long to be kept"}})
    return NewEntry(
        type=line.level,
        body=_hide(text, secrets),
        sender=_name(fields.get("service")),
        cause=_name(fields.get("key")),
    )


def line_json(entry: Entry) -> dict[str, Any]:
    """Return a stored line as JSON: of one that somebody else wrote, all that can be shown."""
    body = _read_body(entry.body)
    fields = body.get("fields")
    return {
        "key": entry.key,
        "time": _time_of(body.get("time")) or _iso(entry.sent_at),
        "level": entry.type if entry.type in SEVERITIES else "INFO",
        "service": entry.sender,
        "replica": _text(body.get("replica")),
        "record": entry.cause,
        "message": _text(body.get("message")) or "",
        "fields": fields if isinstance(fields, dict) else {},
        "exception": _text(body.get("exception")),
    }


def render_line(line: dict[str, Any]) -> str:
    """Return a line as text for a file: time, level, service, message, fields; its traceback."""
    fields = " ".join(f"{name}={brief(value)}" for name, value in line["fields"].items())
    service = line["service"] or "-"
    head = f"{line['time']} {line['level']:<8} {service:<12} {line['message']}"
    parts = (head + (f"  {fields}" if fields else ""), line["exception"])
    return escape_controls("\n".join(part for part in parts if part)).replace("\n", "\n    ")


def severity_of(entry: Entry) -> int:
    """Return how severe a stored line is, from 5 to 50."""
    return SEVERITIES.get(entry.type or "", SEVERITIES["INFO"])


def _dump(body: dict[str, Any]) -> str:
    try:
        text = json.dumps(body, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # a key that is no text, a loop
        left_out = {"left_out": "they cannot be written as JSON"}
        text = json.dumps({**body, "fields": left_out}, ensure_ascii=False)
    return text.encode(errors="replace").decode()  # half of a surrogate pair cannot be stored


def _name(value: object) -> str | None:
    """Return what can stand in a field of an entry; anybody may bind anything."""
    return None if value in (None, "") else ascii(str(value))[1:-1][:_LONGEST_NAME]


def _hide(text: str, secrets: frozenset[str]) -> str:
    for secret in secrets:
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "***")
    return text


def _read_body(text: str | None) -> dict[str, Any]:
    try:
        body = parse_json(text or "")
    except JsonTextError:
        return {"message": text}
    return body if isinstance(body, dict) else {"message": text}


def _time_of(given: object) -> str | None:
    try:
        time = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    return _iso(time) if time.tzinfo else None


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
