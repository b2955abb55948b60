"""The words for what a validator found: one short sentence a field, for people."""

import json
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from durapy_core.errors import Problem

Location = tuple[str | int, ...]

_TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
_FORMATS: Final = {
    "date": "a date such as 2026-11-26",
    "date-time": "a date and time such as 2026-11-26T08:00:00Z",
    "duration": "a duration such as PT30S",
    "email": "an e-mail address",
    "time": "a time such as 08:00:00",
    "uri": "a URL such as http://host/path",
    "uuid": "a UUID",
}
_SHOWN_CHARACTERS: Final = 80


def explain(error: ValidationError) -> Iterator[Problem]:
    """Return the problems of one finding; of a union, those of the branch that was meant."""
    loc: Location = tuple(error.absolute_path)
    keyword = str(error.validator)
    if keyword in ("anyOf", "oneOf"):
        yield from _explain_union(error, loc)
    elif keyword == "required":
        yield from (Problem((*loc, name), "Required") for name in _missing(error))
    elif keyword == "additionalProperties" and error.validator_value is False:
        yield from (Problem((*loc, name), _unknown(name, error)) for name in _extra(error))
    else:
        say = _WORDS.get(keyword)
        yield Problem(loc, say(error.validator_value) if say else _clip(error.message))


def _explain_union(error: ValidationError, loc: Location) -> Iterator[Problem]:
    branches = _branches(error)
    if not branches:
        yield Problem(loc, "Fits more than one of the choices")
        return
    named = _discriminated(error, branches)
    if isinstance(named, Problem):
        yield named
        return
    candidates = named or [b for b in branches if not _is_other_type(b, loc)]
    if not candidates:
        yield Problem(loc, _must_be_types(_types_of(branches)))
        return
    best = min(candidates, key=lambda found: _distance(found, loc))
    for inner in best:
        yield from explain(inner)


def _branches(error: ValidationError) -> list[list[ValidationError]]:
    """Return the findings of a union, one list a branch."""
    by_branch: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        by_branch.setdefault(inner.schema_path[0], []).append(inner)
    return list(by_branch.values())


def _discriminated(
    error: ValidationError, branches: list[list[ValidationError]]
) -> list[list[ValidationError]] | Problem | None:
    """Return the branch that the body names by its tag, or what is wrong with the tag."""
    schema: Any = error.schema
    tag = schema.get("discriminator", {}).get("propertyName")
    if not isinstance(tag, str) or not isinstance(error.instance, dict):
        return None
    loc = (*error.absolute_path, tag)
    if tag not in error.instance:
        return Problem(loc, "Required")
    fitting = [b for b in branches if not any(tuple(e.absolute_path) == loc for e in b)]
    if fitting:
        return fitting
    return Problem(loc, _one_of(schema["discriminator"].get("mapping", {})))


def _is_other_type(found: list[ValidationError], loc: Location) -> bool:
    return any(e.validator == "type" and tuple(e.absolute_path) == loc for e in found)


def _types_of(branches: list[list[ValidationError]]) -> list[str]:
    types: list[str] = []
    for found in branches:
        for error in found:
            if error.validator == "type":
                value: Any = error.validator_value
                types += value if isinstance(value, list) else [value]
    return types


def _distance(found: list[ValidationError], loc: Location) -> tuple[bool, int]:
    """Return how far a branch is from what was meant: a wrong tag weighs most."""
    wrong_tag = any(
        e.validator in ("const", "enum") and len(e.absolute_path) == len(loc) + 1 for e in found
    )
    return wrong_tag, len(found)


def _missing(error: ValidationError) -> list[str]:
    return [name for name in error.validator_value if name not in error.instance]  # type: ignore[union-attr,operator]


def _extra(error: ValidationError) -> list[str]:
    schema: Any = error.schema
    return [name for name in error.instance if name not in schema.get("properties", {})]  # type: ignore[union-attr]


def _unknown(name: str, error: ValidationError) -> str:
    schema: Any = error.schema
    near = get_close_matches(name[:_SHOWN_CHARACTERS], list(schema.get("properties", {})), n=1)
    return f'Unknown field; did you mean "{near[0]}"?' if near else "Unknown field"


def _must_be_types(types: str | Iterable[str]) -> str:
    names = [types] if isinstance(types, str) else list(dict.fromkeys(types))
    if len(names) > 1:
        names = [name for name in names if name != "null"]  # an empty value is never the mistake
    return f"Must be {' or '.join(_TYPES.get(name, name) for name in names)}"


def _one_of(values: Iterable[Any]) -> str:
    return _clip(f"Must be one of {', '.join(_show(v) for v in values)}")


def _show(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS * 2 else f"{text[: _SHOWN_CHARACTERS * 2]}…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_WORDS: Final[dict[str, Callable[[Any], str]]] = {
    "type": _must_be_types,
    "enum": _one_of,
    "const": lambda value: f"Must be {_clip(_show(value))}",
    "minLength": lambda n: f"Too short: at least {_count(n, 'character')}",
    "maxLength": lambda n: f"Too long: at most {_count(n, 'character')}",
    "minimum": lambda n: f"At least {n}",
    "maximum": lambda n: f"At most {n}",
    "exclusiveMinimum": lambda n: f"More than {n}",
    "exclusiveMaximum": lambda n: f"Less than {n}",
    "multipleOf": lambda n: f"Must be a multiple of {n}",
    "pattern": lambda pattern: f"Must match {_clip(pattern)}",
    "format": lambda name: f"Must be {_FORMATS.get(name, name)}",
    "minItems": lambda n: f"Too few: at least {n}",
    "maxItems": lambda n: f"Too many: at most {n}",
    "uniqueItems": lambda _: "Each value once",
    "minProperties": lambda n: f"Too few: at least {n}",
    "maxProperties": lambda n: f"Too many: at most {n}",
}
