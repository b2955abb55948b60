import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from durapy_core.cli.body import read_body, read_value
from durapy_core.command import Command
from durapy_core.errors import InvalidCommandError


class Point(BaseModel):
    x: int


class AllCommand(Command):
    text: str = ""
    number: float = 0
    count: int = 0
    flag: bool = False
    maybe: str | None = None
    either: int | str = 0
    colour: Literal["red", "green"] = "red"
    size: Literal[1, 2] = 1
    items: tuple[int, ...] = ()
    point: Point = Point(x=1)
    anything: Any = None


SCHEMA = AllCommand.model_json_schema()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("text=5", "5"),
        ("text=true", "true"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ('text="quoted"', '"quoted"'),
        ("number=5", 5),
        ("number=-1e-3", -0.001),
        ("count=12", 12),
        ("flag=true", True),
        ("flag=yes", "yes"),
        ("maybe=null", None),
        ("maybe=nothing", "nothing"),
        ('maybe="null"', "null"),
        ("maybe=5", "5"),
        ("either=5", 5),
        ("either=five", "five"),
        ("colour=green", "green"),
        ("size=2", 2),
        ("items=[1, 2]", [1, 2]),
        ('point={"x": 3}', {"x": 3}),
        ("anything=[true]", [True]),
        ("anything=word", "word"),
        ("unknown=5", "5"),
    ],
)
def test_a_word_is_read_as_its_field_wants_it(word: str, value: object) -> None:
    body = read_body([word], SCHEMA)

    assert body == {word.partition("=")[0]: value}
    assert type(next(iter(body.values()))) is type(value)


def test_no_words_are_an_empty_body() -> None:
    assert read_body([], SCHEMA) == {}


@pytest.mark.parametrize("text", ["{", '{"a": Infinity}', '{"a": 1} x', "{" * 100_000])
def test_json_that_is_broken_is_refused(text: str) -> None:
    with pytest.raises(InvalidCommandError, match="not JSON"):
        read_body([text], SCHEMA)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_written_for_a_field_that_takes_anything_is_read_back(value: object) -> None:
    names = ["null", "boolean", "integer", "number", "string", "array", "object"]

    assert read_value(json.dumps(value), names) == value


@given(st.text())
def test_text_for_a_text_field_is_never_changed(text: str) -> None:
    assert read_value(text, ["string"]) == text
