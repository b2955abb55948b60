"""Checks a body against a published JSON Schema, and says what is wrong in plain words.

For whoever has a schema but no command class: the web server and the command line. It accepts what
pydantic accepts on the same schema where JSON Schema alone is stricter (times without a zone,
multiples of a decimal fraction). A rule that a schema cannot say is checked by the receiver.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from functools import lru_cache, partial
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic import AnyUrl, TypeAdapter
from referencing import Registry
from referencing.exceptions import Unresolvable

from durapy_core.errors import InvalidCommandError, Problem
from durapy_core.schema_words import explain

MAX_PROBLEMS: Final = 50
"""How many problems of one body are told; the rest only cost time."""

Check = Callable[[object], tuple[Problem, ...]]
"""Returns what is wrong with a body; see `check_body`."""

_FORMATS: Final = ("date", "email", "ipv4", "ipv6", "uuid")
_PYDANTIC_FORMATS: Final = {"duration": timedelta, "uri": AnyUrl}


def check_body(schema: dict[str, Any], body: object) -> tuple[Problem, ...]:
    """Return what is wrong with a body, outermost field first; nothing if it fits.

    Raises:
        InvalidCommandError: the schema itself is not usable, or the body is nested too deeply.
    """
    return compile_schema(schema)(body)


def compile_schema(schema: dict[str, Any]) -> Check:
    """Return the check of one schema; the same schema is compiled once.

    Raises:
        InvalidCommandError: the schema itself is not usable.
    """
    validator = _compile(json.dumps(schema, sort_keys=True))
    return lambda body: _check(validator, body)


def _check(validator: Any, body: object) -> tuple[Problem, ...]:
    problems: dict[tuple[str | int, ...], Problem] = {}
    try:
        for error in validator.iter_errors(body):
            for problem in explain(error):
                problems.setdefault(problem.loc, problem)
            if len(problems) >= MAX_PROBLEMS:
                break
    except Unresolvable as error:
        raise InvalidCommandError(
            f"The published schema refers to something outside itself ({error.ref}); "
            "repair the command class of the service that publishes it."
        ) from error
    except RecursionError as error:
        raise InvalidCommandError("The body is nested too deeply.") from error
    return tuple(list(problems.values())[:MAX_PROBLEMS])


@lru_cache(maxsize=1024)
def _compile(schema_text: str) -> Any:
    schema = json.loads(schema_text)
    try:
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))
    except (SchemaError, RecursionError) as error:
        reason = error.message if isinstance(error, SchemaError) else "nested too deeply"
        raise InvalidCommandError(
            f"The published schema is not a usable JSON Schema ({reason[:200]}); "
            "repair the command class of the service that publishes it."
        ) from error
    return _validator_class()(schema, format_checker=_format_checker(), registry=Registry())


@lru_cache(maxsize=1)
def _validator_class() -> Any:
    changed = {"multipleOf": _multiple_of, "pattern": _pattern}
    return extend(Draft202012Validator, changed)  # type: ignore[no-untyped-call] # its stub is bare


@lru_cache(maxsize=1)
def _format_checker() -> FormatChecker:
    checker = FormatChecker(_FORMATS)
    checker.checks("date-time", raises=ValueError)(_is_date_time)
    checker.checks("time", raises=ValueError)(_is_time)
    for name, kind in _PYDANTIC_FORMATS.items():
        checker.checks(name, raises=ValueError)(partial(_is_accepted, TypeAdapter(kind)))
    return checker


def _is_date_time(value: object) -> bool:
    if isinstance(value, str):
        datetime.fromisoformat(value)
    return True


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        time.fromisoformat(value)
    return True


def _is_accepted(adapter: TypeAdapter[Any], value: object) -> bool:
    if isinstance(value, str):
        adapter.validate_json(json.dumps(value))
    return True


def _multiple_of(
    validator: Any, step: float, value: object, _schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Check multiples with pydantic's tolerance, so that 0.3 is a multiple of 0.1."""
    if not validator.is_type(value, "number"):
        return
    try:
        rest = abs(value) % abs(step)  # type: ignore[arg-type] # is_type has looked at it
        near = abs(float(value)) / 1e9 if isinstance(step + value, float) else 0  # type: ignore[arg-type,operator]
    except (OverflowError, ZeroDivisionError):
        rest, near = 1, 0
    if rest > near and abs(step) - rest > near:
        yield ValidationError(f"{value} is not a multiple of {step}")


def _pattern(
    validator: Any, pattern: str, value: object, _schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Check a pattern; one that only pydantic's dialect knows is left to the receiver."""
    try:
        missed = validator.is_type(value, "string") and not re.search(pattern, str(value))
    except re.error:
        return
    if missed:
        yield ValidationError(f"does not match {pattern}")
