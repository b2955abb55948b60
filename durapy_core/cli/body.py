"""A command's body from what stands on the command line: a JSON object or `field=value` words.

A value is read as its field's published schema says, so that quotes are rarely needed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from durapy_core.errors import InvalidCommandError

_JSON_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
_ANY: Final = frozenset(_JSON_TYPES.values())


def read_body(words: list[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body in the words of a command line; no words give an empty one.

    Raises:
        InvalidCommandError: the JSON is broken or no object, a word has no `=`, or a field
            is given twice.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _read_object(words[0])
    body: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise InvalidCommandError(
                f"{word!r} is not field=value; write key=k1 volume_ml=0.2, "
                'or the whole body as JSON: \'{"key": "k1"}\'.'
            )
        if name in body:
            raise InvalidCommandError(f"The field {name!r} is given twice.")
        body[name] = read_value(text, _types_of_field(name, schema))
    return body


def read_value(text: str, types: Iterable[str]) -> Any:
    """Return a value of one of the JSON types in `types`.

    Text that is none of them is returned as it is: the schema's check then says what is wrong.
    """
    allowed = frozenset(types)
    if allowed == {"string"}:
        return text
    try:
        value = _parse(text)
    except ValueError:
        return text
    fits = _JSON_TYPES[type(value)] in allowed or (isinstance(value, int) and "number" in allowed)
    return value if fits or "string" not in allowed else text


def _read_object(text: str) -> dict[str, Any]:
    try:
        body = _parse(text)
    except json.JSONDecodeError as error:
        raise InvalidCommandError(
            f"The body is not JSON: {error.msg} at character {error.pos + 1}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidCommandError(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise InvalidCommandError("The body is not a JSON object.")
    return body


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed in JSON")


def _types_of_field(name: str, schema: Mapping[str, Any]) -> frozenset[str]:
    field = schema.get("properties", {}).get(name)
    return _types(field, schema) if isinstance(field, dict) else frozenset({"string"})


def _types(field: Mapping[str, Any], root: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types that a field may have."""
    if "$ref" in field:
        target = root.get("$defs", {}).get(str(field["$ref"]).removeprefix("#/$defs/"), {})
        return _types(target, root) if "$ref" not in target else _ANY
    if "type" in field:
        named = field["type"]
        return frozenset([named] if isinstance(named, str) else named)
    if "const" in field or "enum" in field:
        values = field.get("enum", [field.get("const")])
        return frozenset(_JSON_TYPES[type(value)] for value in values)
    branches = field.get("anyOf") or field.get("oneOf") or field.get("allOf")
    return frozenset[str]().union(*(_types(branch, root) for branch in branches or [])) or _ANY
