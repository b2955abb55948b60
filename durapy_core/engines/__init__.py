"""Engines: where commands are stored. `open_engine(url)` picks one by the scheme of its URL.

A driver is imported only when its scheme is asked for, so a rig on SQLite needs no Redis client.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from durapy_core.engines.base import Engine, EngineOptions
from durapy_core.engines.masking import mask_url
from durapy_core.errors import DurapyError, SettingsError

__all__ = ["Engine", "EngineOptions", "mask_url", "open_engine"]

ENTRY_POINT_GROUP: Final = "durapy.engines"

Opener = Callable[[str, EngineOptions], Engine]


def open_engine(url: str, options: EngineOptions | None = None) -> Engine:
    """Return an open engine for `redis://`, `rediss://`, `unix://`, `sqlite:///PATH`, `memory://`.

    Other schemes come from the entry-point group `durapy.engines`. `memory://` is private to the
    engine that is returned; pass that object around.

    Raises:
        SettingsError: the URL is not usable, or the store refuses what it says (password, number
            of the database, a folder that is not there).
        EngineUnavailableError: the store did not answer within `connect_timeout_s`.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise SettingsError(
            f"DURAPY_ENGINE={mask_url(url)} is not a URL; write one such as "
            "redis://localhost:6379/0, unix:///run/redis.sock, sqlite:///.durapy/commands.db "
            "or memory://."
        )
    return _opener(scheme.lower(), url)(url, options or EngineOptions())


def _opener(scheme: str, url: str) -> Opener:
    if scheme in _BUILT_IN:
        return _BUILT_IN[scheme]
    plugins = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if scheme in plugins:
        return _load(plugins[scheme])
    known = [*_BUILT_IN, *plugins]
    near = get_close_matches(scheme, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(known)}."
    raise SettingsError(f'DURAPY_ENGINE={mask_url(url)}: no engine is called "{scheme}"; {hint}')


def _load(point: EntryPoint) -> Opener:
    try:
        opener: Opener = point.load()
    except DurapyError:
        raise
    except Exception as error:
        raise SettingsError(
            f'The engine "{point.name}" ({point.value}) cannot be imported: '
            f"{type(error).__name__}: {error}; repair or reinstall the package that brings it."
        ) from error
    return opener


def _open_memory(url: str, options: EngineOptions) -> Engine:
    from durapy_core.engines.memory import MemoryEngine  # noqa: PLC0415 (only what is used)

    if url.lower() != "memory://":
        raise SettingsError(f"DURAPY_ENGINE={mask_url(url)}: memory:// takes nothing behind it.")
    return MemoryEngine(options)


def _open_sqlite(url: str, options: EngineOptions) -> Engine:
    from durapy_core.engines.sqlite import open_sqlite  # noqa: PLC0415 (only what is used)

    return open_sqlite(url, options)


def _open_redis(url: str, options: EngineOptions) -> Engine:
    from durapy_core.engines.redis import open_redis  # noqa: PLC0415 (only what is used)

    return open_redis(url, options)


_BUILT_IN: Final[dict[str, Opener]] = {
    "redis": _open_redis,
    "rediss": _open_redis,
    "unix": _open_redis,
    "sqlite": _open_sqlite,
    "memory": _open_memory,
}
