"""Compares two published schemas of one command: the same, newer, older, or in conflict.

A service that was rebuilt publishes a newer schema than one that was not. That is harmless as long
as the two differ only by optional fields; any other difference means that a command which one of
them sends may be refused by the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_FIELDS: Final = ("properties", "$defs")
_VALUES: Final = frozenset({"default", "const", "enum"})
_WORDS_ONLY: Final = frozenset({"title", "description", "examples", "$comment"})


@dataclass(frozen=True, slots=True)
class Difference:
    """How schema `one` relates to schema `other`.

    Attributes:
        more: optional fields that only `one` has.
        fewer: optional fields that only `other` has.
        clash: where they differ in any other way; None if they do not.
    """

    more: tuple[str, ...]
    fewer: tuple[str, ...]
    clash: str | None

    @property
    def is_at_least(self) -> bool:
        """Whether `one` takes everything that `other` takes: the same or newer."""
        return self.clash is None and not self.fewer


def compare_schemas(one: dict[str, Any], other: dict[str, Any]) -> Difference:
    """Return how two schemas differ; texts for people do not count."""
    found = list(_walk(one, other, ""))
    clashes = [path for kind, path in found if kind == "clash"]
    return Difference(
        more=tuple(path for kind, path in found if kind == "more"),
        fewer=tuple(path for kind, path in found if kind == "fewer"),
        clash=clashes[0] if clashes else None,
    )


def essence_of(schema: Any) -> Any:
    """Return a schema without its texts for people, and in one order where order says nothing."""
    if isinstance(schema, list):
        return [essence_of(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        keyword: _essence(keyword, value)
        for keyword, value in schema.items()
        if keyword not in _WORDS_ONLY
    }


def _essence(keyword: str, value: Any) -> Any:
    if keyword in _VALUES:
        return value
    if keyword == "required" and isinstance(value, list):
        return sorted(map(str, value))
    if keyword in _FIELDS and isinstance(value, dict):  # here the words are names of fields
        return {name: essence_of(field) for name, field in value.items()}
    return essence_of(value)


def _walk(one: Any, other: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(one, dict) or not isinstance(other, dict):
        if one != other:
            yield "clash", path or "the schema"
        return
    for name in _FIELDS:
        yield from _walk_fields(one, other, name, path)
    rest = {*one, *other} - {*_FIELDS, *_WORDS_ONLY, "required"}
    for keyword in sorted(rest):
        here = f"{path}.{keyword}" if path else keyword
        yield from _walk_value(one.get(keyword), other.get(keyword), here)
    changed = sorted(_required(one) ^ _required(other))
    if changed:
        yield "clash", f"{path}.{changed[0]}" if path else changed[0]


def _walk_value(one: Any, other: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from _walk(left, right, path)
    else:
        yield from _walk(one, other, path)


def _walk_fields(
    one: dict[str, Any], other: dict[str, Any], keyword: str, path: str
) -> Iterator[tuple[str, str]]:
    mine, theirs = _fields(one, keyword), _fields(other, keyword)
    required = _required(one) | _required(other)
    for name in sorted({*mine, *theirs}):
        here = f"{path}.{name}" if path else name
        if name in mine and name in theirs:
            yield from _walk(mine[name], theirs[name], here)
        elif keyword == "properties" and name in required:
            yield "clash", here
        elif keyword == "properties":
            yield ("more" if name in mine else "fewer"), here


def _fields(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}


def _required(schema: dict[str, Any]) -> set[str]:
    found = schema.get("required")
    return {str(name) for name in found} if isinstance(found, list) else set()
