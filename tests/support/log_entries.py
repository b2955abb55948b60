"""Log lines for tests of those who read them."""

import json
from typing import Any

from durapy_core.engines.base import LOGS, Engine
from durapy_core.entry import NewEntry


def log_entry(
    message: str,
    *,
    service: str = "reward",
    level: str = "INFO",
    record: str | None = None,
    **body: Any,
) -> NewEntry:
    text = json.dumps({"message": message, **body})
    return NewEntry(type=level, body=text, sender=service, cause=record)


def log_lines(engine: Engine, *messages: str, **more: Any) -> list[str]:
    """Store lines and return their keys."""
    entries = [log_entry(message, **more) for message in messages]
    return [entry.key for entry in engine.append_many(LOGS, entries)]
