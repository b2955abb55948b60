"""Command classes: their wire types, their bodies, and what is refused."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from durapy_core.command import Command, derive_wire_type, label_of, session_label
from durapy_core.errors import InvalidCommandError, RegistrationError
from tests.support.vocabulary import BeginCommand, DeepCommand, HintCommand, Inner


@pytest.mark.parametrize(
    ("name", "wire_type"),
    [
        ("PingCommand", "PING"),
        ("InitiateSessionCommand", "INITIATE_SESSION"),
        ("HTTPGetCommand", "HTTP_GET"),
        ("Reward", "REWARD"),
        ("Command", "COMMAND"),
    ],
)
def test_the_wire_type_is_derived_from_the_class_name(name: str, wire_type: str) -> None:
    assert derive_wire_type(name) == wire_type


def test_a_class_keeps_its_options_and_its_subclass_has_its_own() -> None:
    class MoveCommand(Command, title="Move", group="Motor", confirm=True, actuates=True):
        """Moves."""

    class MoveFarCommand(MoveCommand, type="FAR", max_age_s=2.5):
        """Moves far."""

    move, far = MoveCommand.options, MoveFarCommand.options
    assert (move.type, move.title, move.group, move.confirm, move.actuates, move.max_age_s) == (
        *("MOVE", "Move", "Motor"),
        *(True, True, None),
    )
    assert (far.type, far.group, far.confirm, far.actuates, far.max_age_s) == (
        *("FAR", None),
        *(False, False, 2.5),
    )


@pytest.mark.parametrize("wire_type", ["lower", "9", "A-B", "A" * 65, "Ä", "A B"])
def test_a_wire_type_that_is_not_allowed_is_refused(wire_type: str) -> None:
    with pytest.raises(RegistrationError, match="is not allowed"):
        type("X", (Command,), {"__module__": __name__}, type=wire_type)


def test_an_unknown_class_option_is_refused() -> None:
    with pytest.raises(RegistrationError, match=r"unknown class option among .*colour"):
        type("XCommand", (Command,), {"__module__": __name__}, colour="red")


def test_a_command_is_frozen_and_refuses_unknown_fields() -> None:
    hint = HintCommand(text="a")

    with pytest.raises(ValidationError):
        hint.text = "b"  # type: ignore[misc] # the mistake to be refused
    with pytest.raises(ValidationError, match="Extra inputs"):
        HintCommand(text="a", more=1)  # type: ignore[call-arg] # the mistake to be refused


def test_unknown_fields_of_a_stored_body_are_left_out_and_counted_at_any_depth() -> None:
    body = '{"inner": {"a": 2, "new": 1}, "size": 3, "newer": {"x": 1}}'

    assert DeepCommand.from_json(body) == (DeepCommand(inner=Inner(a=2), size=3), 2)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("", "body: Invalid JSON"),
        ("{", "body: Invalid JSON"),
        ("[]", "body: "),
        ("null", "body: "),
        ('{"size": -1}', "inner: Field required; size: "),
        ('{"inner": {"a": "x"}, "more": 1}', "inner.a: "),
        ('{"inner": {}, "size": NaN}', ""),
    ],
)
def test_a_body_that_does_not_fit_says_where(body: str, where: str) -> None:
    with pytest.raises(InvalidCommandError) as error:
        DeepCommand.from_json(body)

    assert str(error.value).startswith("TEST_DEEP is not valid: ")
    assert where in str(error.value)
    assert error.value.problems


class EveryCommand(Command, type="TEST_EVERY"):
    """Holds a bit of everything."""

    text: str
    number: int
    real: float
    flag: bool
    words: tuple[str, ...]
    table: dict[str, int]
    maybe: str | None
    part: Inner


commands = st.builds(
    EveryCommand,
    text=st.text(),
    number=st.integers(),
    real=st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    words=st.lists(st.text()).map(tuple),
    table=st.dictionaries(st.text(), st.integers()),
    maybe=st.none() | st.text(alphabet=string.printable),
    part=st.builds(Inner, a=st.integers()),
)


@settings(deadline=None)
@given(commands)
def test_what_is_encoded_is_decoded_to_the_same(command: EveryCommand) -> None:
    decoded = EveryCommand.from_json(command.to_json())

    assert decoded == (command, 0)


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_decoder(body: str) -> None:
    try:
        command, _ = DeepCommand.from_json(body)
    except InvalidCommandError:
        return
    assert isinstance(json.loads(body), dict)
    assert isinstance(command, DeepCommand)


def test_the_label_of_a_session_is_the_marked_field() -> None:
    class NumberedCommand(Command):
        """Begins a numbered session."""

        number: int = session_label(ge=1, json_schema_extra={"unit": "day"})

    schema = NumberedCommand.model_json_schema()["properties"]["number"]

    assert label_of(BeginCommand(name="Ada")) == "Ada"
    assert label_of(BeginCommand(name=" ")) is None
    assert label_of(NumberedCommand(number=3)) == "3"
    assert label_of(HintCommand()) is None
    assert (schema["session_label"], schema["unit"], schema["minimum"]) == (True, "day", 1)
