"""What BuildKit says while it builds: lines of text from its trace.

The trace is the protobuf message `StatusResponse` of moby/buildkit (api/services/control), of which
a few fields are read here: vertexes (1: digest, name 3, cached 4, started 5, completed 6, error 7)
and logs (3: message 4).
"""

import base64
from collections.abc import Iterator
from typing import Final

_NAME, _CACHED, _STARTED, _COMPLETED, _ERROR = 3, 4, 5, 6, 7
_MESSAGE: Final = 4
_VERTEX, _LOG = 1, 3

_VARINT: Final = 0
_BYTES: Final = 2
_FIXED: Final = {5: 4, 1: 8}


def lines_of(trace: str) -> list[str]:
    """Return what one message of a trace says to people: steps as they begin, and their output."""
    said: list[str] = []
    for field, value in _fields(base64.b64decode(trace)):
        if not isinstance(value, bytes):
            continue
        inner = dict(_fields(value))
        if field == _VERTEX:
            said += _vertex(inner)
        elif field == _LOG:
            said += [line for line in _text(inner.get(_MESSAGE)).splitlines() if line.strip()]
    return said


def _vertex(inner: dict[int, int | bytes]) -> list[str]:
    name, error = _text(inner.get(_NAME)), _text(inner.get(_ERROR))
    if error:
        return [f"{name}: {error}"]
    if name.startswith("[internal]") or not (_STARTED in inner or inner.get(_CACHED)):
        return []
    if inner.get(_CACHED):
        return [f"{name} CACHED"]
    return [] if _COMPLETED in inner else [name]


def _text(value: int | bytes | None) -> str:
    return value.decode(errors="replace").rstrip() if isinstance(value, bytes) else ""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (number, value) of each field; a message inside is left as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size, at = _varint(message, at) if kind == _BYTES else (_FIXED[kind], at)
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:  # noqa: PLR2004 (the high bit says that more follows)
            return value, at
