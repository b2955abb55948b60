"""How a line of the log looks: coloured for a terminal, JSON for a program."""

import json
import re
import traceback
from collections.abc import Callable
from datetime import UTC
from typing import Final

from durapy_core.log_sink import Line

Render = Callable[[Line], str]

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_COLOURS: Final = {
    "DEBUG": "\x1b[34m",
    "INFO": "\x1b[32m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;31m",
}
_BOUND: Final = ("service", "replica", "key")
_ANSI: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# A value from outside must not move the cursor or forge a line: only its escape is shown.
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


def render_json(line: Line) -> str:
    """Return the line as one JSON object: time, level, message, then its fields."""
    shown: dict[str, object] = {
        "time": line.time.astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": line.level,
        **{name: line.fields[name] for name in _BOUND if line.fields.get(name) is not None},
        "message": line.message,
        **{name: value for name, value in line.fields.items() if name not in _BOUND},
    }
    if line.error is not None:
        shown["exception"] = trace_of(line.error)
    return json.dumps(shown, ensure_ascii=False, default=str)


def render_colour(line: Line) -> str:
    """Return the line for a person at a terminal: time, level, service, message, fields."""
    colour = _COLOURS.get(line.level, "")
    told = {
        name: value
        for name, value in line.fields.items()
        if name not in ("service", "replica")
        and value is not None
        and str(value) not in line.message  # said already
    }
    fields = " ".join(f"{name}={brief(value)}" for name, value in told.items())
    service = escape_controls(str(line.fields.get("service") or "-"))
    text = (
        f"{_DIM}{line.time:%H:%M:%S}.{line.time.microsecond // 1000:03d}{_RESET} "
        f"{colour}{line.level:<8}{_RESET} {service} │ {escape_controls(line.message)}"
        + (f"  {_DIM}{escape_controls(fields)}{_RESET}" if fields else "")
    )
    trace = "\n" + escape_controls(trace_of(line.error)) if line.error is not None else ""
    return (text + trace).replace("\n", f"\n{_RESET}")  # so `is_rendered` knows each of its lines


def is_rendered(text: str) -> bool:
    """Return whether a line of a process's output was written by one of the functions above."""
    return text.startswith((_DIM, _RESET, '{"time": "'))


def strip_colours(text: str) -> str:
    """Return the text without a terminal's escape sequences."""
    return _ANSI.sub("", text)


def hide_secrets(render: Render, secrets: frozenset[str]) -> Render:
    """Return `render` with every occurrence of a secret replaced by ***."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1]) if form}

    def render_hidden(line: Line) -> str:
        text = render(line)
        for form in forms:
            text = text.replace(form, "***")
        return text

    return render_hidden if forms else render


def brief(value: object) -> str:
    """Return a value on one line, in quotes where it has spaces."""
    text = str(value).replace("\n", "\\n")
    return repr(text) if " " in text or not text else text


def escape_controls(text: str) -> str:
    """Return the text with every control character but line end and tab as an escape."""
    return text.translate(_CONTROLS)


def trace_of(error: BaseException) -> str:
    """Return the traceback of an exception as Python prints it."""
    return "".join(traceback.format_exception(error)).rstrip()
