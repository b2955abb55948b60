"""JSON from strangers: what another reader would refuse is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durapy_core.json_text import JsonTextError, parse_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(value=VALUES, ascii_only=st.booleans())
def test_what_json_can_say_is_read_as_it_was(*, value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("{", "line 1 column 2"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("1e999", "1e999 is too large a number"),
        (r'"\ud800"', "half a surrogate pair"),
        (r'{"\udc00": 1}', "half a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff", "byte 0 is not UTF-8"),
        ("1" * 5000, "too many digits"),
    ],
)
def test_what_others_would_refuse_is_refused_with_the_reason(
    text: str | bytes, reason: str
) -> None:
    with pytest.raises(JsonTextError, match=reason):
        parse_json(text)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "😀"
