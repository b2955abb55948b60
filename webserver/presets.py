"""Favourite commands and filled-in forms, kept in the store: the same in every browser of the rig.

They are lines of a table, so that two people who save at once do not undo each other.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from durapy_core.engines.base import Engine
from durapy_core.json_text import JsonTextError, parse_json
from webserver.errors import ApiError
from webserver.offload import Offload

FAVOURITES: Final = "favourites"
"""Table: wire type → nothing."""

PRESETS: Final = "presets"
"""Table: `TYPE NAME` → the body, as JSON."""

MOST_FAVOURITES: Final = 50
MOST_PRESETS: Final = 200
LONGEST_NAME: Final = 60
MOST_BYTES: Final = 64 * 1024
_LONGEST_TYPE: Final = 64


class Presets:
    """What is kept, for handlers; whoever listens is told of each change made here."""

    def __init__(self, engine: Engine, offload: Offload) -> None:
        self._engine = engine
        self._offload = offload
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change, on the event loop."""
        self._listeners.append(listener)

    async def load(self) -> dict[str, Any]:
        """Return all; see `load_presets`."""
        return await self._offload.engine(lambda: load_presets(self._engine))

    async def change(self, change: Callable[[Engine], None]) -> dict[str, Any]:
        """Change something and return all.

        Raises:
            ApiError: it is refused.
            EngineError: the store did not take it, or did not answer.
        """
        await self._offload.engine(lambda: change(self._engine))
        for listener in self._listeners:
            listener()
        return await self.load()


def load_presets(engine: Engine) -> dict[str, Any]:
    """Return `favourites`, and the `presets` by type and name, as JSON shows them.

    Raises:
        EngineUnavailableError: the store did not answer.
    """
    presets = []
    for key, row in sorted(engine.table(PRESETS).items()):
        wire_type, _, name = key.partition(" ")
        body = _parse(row.text)
        if body is not None:
            presets.append({"type": wire_type, "name": name, "body": body})
    return {"favourites": sorted(engine.table(FAVOURITES)), "presets": presets}


def save_favourite(engine: Engine, wire_type: str) -> None:
    """Make a type a favourite.

    Raises:
        ApiError: there are too many, or it is no type.
        EngineError: the store did not take it.
    """
    _check_type(wire_type)
    _check_room(engine, FAVOURITES, wire_type, MOST_FAVOURITES)
    engine.put(FAVOURITES, wire_type, "")


def save_preset(engine: Engine, wire_type: str, name: str, body: object) -> None:
    """Keep a body under a name, replacing what was there.

    Raises:
        ApiError: there are too many, it is too large, or type, name or body is none.
        EngineError: the store did not take it.
    """
    _check_type(wire_type)
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()):
        raise _refused(f"The name {name[:100]!r} is not usable; use 1 to {LONGEST_NAME} letters.")
    if not isinstance(body, dict):
        raise _refused('The request is not {"body": {…}}.')
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    size_bytes = len(text.encode(errors="replace"))
    if size_bytes > MOST_BYTES:
        raise _refused(f"The preset has {size_bytes:,} bytes; the limit is {MOST_BYTES:,}.")
    key = f"{wire_type} {name}"
    _check_room(engine, PRESETS, key, MOST_PRESETS)
    engine.put(PRESETS, key, text)


def _check_type(wire_type: str) -> None:
    plain = wire_type.isascii() and wire_type.replace("_", "").isalnum()
    if not plain or len(wire_type) > _LONGEST_TYPE:
        raise _refused(f"{wire_type[:100]!r} is no wire type.")


def _check_room(engine: Engine, table: str, key: str, most: int) -> None:
    rows = engine.table(table)
    if key not in rows and len(rows) >= most:
        raise _refused(f"There are {most} {table} already; remove one first.")


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = parse_json(text)
    except JsonTextError:
        return None
    return value if isinstance(value, dict) else None


def _refused(message: str) -> ApiError:
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message)
