"""What a published schema accepts and refuses, and in which words."""

from datetime import datetime, time, timedelta
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from durapy_core.command import Command
from durapy_core.errors import InvalidCommandError
from durapy_core.schema_check import MAX_PROBLEMS, check_body


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Point(BaseModel):
    model_config = ConfigDict(extra="forbid")

    x: float = Field(ge=0, le=1000)
    y: float = 0


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Box(BaseModel):
    kind: Literal["box"]
    width: float
    height: float


class StimulusCommand(Command):
    name: str = Field(min_length=2, max_length=5, pattern=r"^\S+$")
    count: int = Field(1, gt=0, lt=10)
    step: float = Field(0.1, multiple_of=0.1)
    colour: Colour = Colour.RED
    level: Level | None = None
    targets: list[Point] = Field([], max_length=2)
    shape: Annotated[Circle | Box, Field(discriminator="kind")] | None = None
    either: int | Point = 1
    cells: tuple[int, str] | None = None
    at: datetime | None = None
    clock: time | None = None
    wait: timedelta | None = None
    on: bool = True
    labels: dict[str, int] = Field(default_factory=dict)


SCHEMA = StimulusCommand.model_json_schema(mode="validation")


def said(body: object, schema: dict[str, Any] = SCHEMA) -> dict[str, str]:
    return {".".join(map(str, p.loc)): p.msg for p in check_body(schema, body)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "abc"}, {}),
        ({}, {"name": "Required"}),
        ({"name": "a"}, {"name": "Too short: at least 2 characters"}),
        ({"name": "abcdef"}, {"name": "Too long: at most 5 characters"}),
        ({"name": "a b"}, {"name": r"Must match ^\S+$"}),
        ({"name": 1}, {"name": "Must be text"}),
        ({"name": "abc", "nmae": 1}, {"nmae": 'Unknown field; did you mean "name"?'}),
        ({"name": "abc", "zzzz": 1}, {"zzzz": "Unknown field"}),
        ({"name": "abc", "count": 0}, {"count": "More than 0"}),
        ({"name": "abc", "count": 10}, {"count": "Less than 10"}),
        ({"name": "abc", "count": 1.5}, {"count": "Must be a whole number"}),
        ({"name": "abc", "count": "1"}, {"count": "Must be a whole number"}),
        ({"name": "abc", "step": 0.3}, {}),
        ({"name": "abc", "step": 0.35}, {"step": "Must be a multiple of 0.1"}),
        ({"name": "abc", "colour": "green"}, {"colour": "Must be one of red, blue"}),
        ({"name": "abc", "level": 3}, {"level": "Must be one of 1, 2"}),
        ({"name": "abc", "level": None}, {}),
        ({"name": "abc", "targets": [{"x": 1001}]}, {"targets.0.x": "At most 1000"}),
        ({"name": "abc", "targets": [{"x": -1}]}, {"targets.0.x": "At least 0"}),
        ({"name": "abc", "targets": [{"y": 1}]}, {"targets.0.x": "Required"}),
        ({"name": "abc", "targets": [{"x": 1}] * 3}, {"targets": "Too many: at most 2"}),
        ({"name": "abc", "targets": {}}, {"targets": "Must be a list"}),
        ({"name": "abc", "shape": {"kind": "circle"}}, {"shape.radius": "Required"}),
        (
            {"name": "abc", "shape": {"kind": "box", "width": "w", "height": 1}},
            {"shape.width": "Must be a number"},
        ),
        ({"name": "abc", "shape": {"kind": "hat"}}, {"shape.kind": "Must be one of box, circle"}),
        ({"name": "abc", "shape": {"radius": 1}}, {"shape.kind": "Required"}),
        ({"name": "abc", "either": "x"}, {"either": "Must be a whole number or an object"}),
        ({"name": "abc", "either": {"y": 1}}, {"either.x": "Required"}),
        ({"name": "abc", "cells": ["a", "b"]}, {"cells.0": "Must be a whole number"}),
        ({"name": "abc", "cells": [1]}, {"cells": "Too few: at least 2"}),
        ({"name": "abc", "cells": [1, "b", 2]}, {"cells": "Too many: at most 2"}),
        ({"name": "abc", "at": "2026-11-26T08:00:00Z"}, {}),
        ({"name": "abc", "at": "2026-11-26T08:00"}, {}),
        (
            {"name": "abc", "at": "yesterday"},
            {"at": "Must be a date and time such as 2026-11-26T08:00:00Z"},
        ),
        ({"name": "abc", "clock": "08:00:00"}, {}),
        ({"name": "abc", "clock": "8 o'clock"}, {"clock": "Must be a time such as 08:00:00"}),
        ({"name": "abc", "wait": "PT30S"}, {}),
        ({"name": "abc", "wait": "soon"}, {"wait": "Must be a duration such as PT30S"}),
        ({"name": "abc", "on": 1}, {"on": "Must be true or false"}),
        ({"name": "abc", "labels": {"a": "b"}}, {"labels.a": "Must be a whole number"}),
        ([], {"": "Must be an object"}),
        (None, {"": "Must be an object"}),
    ],
)
def test_each_mistake_is_told_at_its_field_in_plain_words(
    body: object, expected: dict[str, str]
) -> None:
    assert said(body) == expected


def test_several_mistakes_are_told_at_once() -> None:
    problems = said({"count": 0, "colour": 1, "extra": None})

    assert set(problems) == {"name", "count", "colour", "extra"}


@given(
    st.fixed_dictionaries(
        {"name": st.text("aé ß😀", max_size=6)},  # of control characters the dialects differ
        optional={
            "count": st.integers(-1, 11),
            "step": st.integers(0, 50).map(lambda n: n / 10),
            "level": st.sampled_from([1, 2, None]),
            "targets": st.lists(st.fixed_dictionaries({"x": st.floats(-1, 1001)}), max_size=3),
            "cells": st.tuples(st.integers(0, 9), st.text(max_size=2)).map(list),
            "on": st.booleans(),
        },
    )
)
def test_it_judges_a_body_as_the_class_does(body: dict[str, Any]) -> None:
    try:
        StimulusCommand.model_validate(body)
    except ValidationError:
        accepted = False
    else:
        accepted = True

    assert (check_body(SCHEMA, body) == ()) is accepted


def test_a_recursive_model_is_followed_and_told_by_its_path() -> None:
    schema = {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}},
                "required": ["n"],
            }
        },
        "$ref": "#/$defs/Node",
    }

    assert said({"n": 1, "next": {"n": 2, "next": {}}}, schema) == {"next.next.n": "Required"}


def test_a_body_nested_without_end_is_refused() -> None:
    schema = {"$defs": {"L": {"items": {"$ref": "#/$defs/L"}}}, "$ref": "#/$defs/L"}
    body: list[Any] = []
    for _ in range(20_000):
        body = [body]

    with pytest.raises(InvalidCommandError, match="nested too deeply"):
        check_body(schema, body)


def test_a_schema_that_points_outside_itself_is_refused_and_fetches_nothing() -> None:
    with pytest.raises(InvalidCommandError, match="refers to something outside itself"):
        check_body({"$ref": "http://127.0.0.1:9/schema.json"}, {})


def test_a_broken_schema_is_named_and_not_the_body() -> None:
    with pytest.raises(InvalidCommandError, match="not a usable JSON Schema"):
        check_body({"type": "objekt"}, {})


def test_a_pattern_of_another_dialect_is_left_to_the_receiver() -> None:
    assert said("abc", {"type": "string", "pattern": r"^\p{L}+\z"}) == {}


def test_no_more_problems_are_told_than_somebody_reads() -> None:
    body = {"name": "abc", **{f"extra_{n}": n for n in range(1000)}}

    assert len(check_body(SCHEMA, body)) == MAX_PROBLEMS
