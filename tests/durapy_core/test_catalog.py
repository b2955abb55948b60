"""The catalog of a process: wire type to class, entry to record."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from durapy_core.catalog import (
    CommandCatalog,
    Role,
    encode,
    publish_type,
    unknown_type_message,
)
from durapy_core.command import Command
from durapy_core.entry import Entry
from durapy_core.errors import RegistrationError, UnknownCommandError
from tests.support.vocabulary import DeepCommand, EchoCommand, HintCommand


def make_entry(wire_type: str | None, body: str | None) -> Entry:
    return Entry(key="1", sent_at_s=0, type=wire_type, body=body)


def test_a_class_is_known_by_its_wire_type_and_may_be_added_again() -> None:
    catalog = CommandCatalog([HintCommand])
    catalog.add(HintCommand)

    assert "TEST_HINT" in catalog
    assert "HINT" not in catalog
    assert catalog.find("TEST_HINT") is HintCommand
    assert list(catalog) == [HintCommand]


def test_two_classes_of_one_wire_type_are_refused() -> None:
    class OtherCommand(Command, type="TEST_HINT"):
        """Takes the name of another."""

    with pytest.raises(RegistrationError, match='give one of them type="…"'):
        CommandCatalog([HintCommand, OtherCommand])


def test_an_unknown_wire_type_brings_a_near_one() -> None:
    catalog = CommandCatalog([HintCommand, EchoCommand])

    with pytest.raises(UnknownCommandError, match='called "TEST_HITN"; did you mean "TEST_HINT"'):
        catalog.find("TEST_HITN")
    with pytest.raises(UnknownCommandError, match="`durapy types` lists"):
        catalog.find("q")


@settings(deadline=None)
@given(st.text())
def test_what_is_encoded_is_decoded_to_the_same(text: str) -> None:
    new = encode(HintCommand(text=text), sender="rig")

    record = CommandCatalog([HintCommand]).decode(make_entry(new.type, new.body))

    assert (record.command, record.problem) == (HintCommand(text=text), None)
    assert (new.type, new.sender) == ("TEST_HINT", "rig")


@pytest.mark.parametrize(
    ("wire_type", "body", "problem"),
    [
        (None, "{}", "no field 'type'"),
        ("TEST_HINT", None, "no field 'body'"),
        ("NEW", "{}", "no command is called 'NEW' here"),
        ("TEST_HINT", "{", "TEST_HINT is not valid: body: Invalid JSON"),
        ("TEST_HINT", '{"text": 3}', "TEST_HINT is not valid: text: "),
    ],
)
def test_what_cannot_be_decoded_carries_its_problem(
    wire_type: str | None, body: str | None, problem: str
) -> None:
    record = CommandCatalog([HintCommand]).decode(make_entry(wire_type, body))

    assert record.command is None
    assert record.problem is not None
    assert problem in record.problem


def test_what_is_published_is_what_the_class_says() -> None:
    published = publish_type(DeepCommand, [Role.HANDLES])

    assert published.description == "Holds a part."
    assert published.schema_["required"] == ["inner"]
    assert published.schema_["additionalProperties"] is False
    assert published.roles == (Role.HANDLES,)


class ValveCommand(Command, type="VALVE", title="Valve", group="Task"):
    """Opens a valve."""

    volume_ml: float = Field(0.1, gt=0, description="One drop.")
    title: str = ""


class ToldOtherwise(Command, type="VALVE", title="Reward valve"):
    """Opens the reward valve for a moment."""

    volume_ml: float = Field(0.1, gt=0, description="How much.", title="Volume")
    title: str = ""


class Larger(Command, type="VALVE"):
    volume_ml: float = Field(0.2, gt=0)
    title: str = ""


class Titleless(Command, type="VALVE"):
    volume_ml: float = Field(0.1, gt=0)


class Actuating(Command, type="VALVE", actuates=True):
    volume_ml: float = Field(0.1, gt=0)
    title: str = ""


class Ageing(Command, type="VALVE", max_age_s=2):
    volume_ml: float = Field(0.1, gt=0)
    title: str = ""


def version(command: type[Command]) -> str:
    return publish_type(command, [Role.HANDLES]).version


def test_two_versions_that_are_the_same_to_a_program_have_one_hash() -> None:
    assert len(version(ValveCommand)) == 12
    assert version(ToldOtherwise) == version(ValveCommand)
    assert publish_type(ValveCommand, [Role.SENDS]).version == version(ValveCommand)


@pytest.mark.parametrize("other", [Larger, Titleless, Actuating, Ageing])
def test_what_matters_to_a_program_changes_the_hash(other: type[Command]) -> None:
    assert version(other) != version(ValveCommand)


def test_a_version_that_was_published_without_its_hash_gets_it() -> None:
    told = publish_type(ValveCommand, [Role.HANDLES])

    silent = told.model_copy(update={"hash": ""})

    assert silent.version == told.hash


def test_swapped_letters_are_likelier_than_another_letter() -> None:
    message = unknown_type_message("PNIG", ["PONG", "PING"])

    assert 'did you mean "PING"?' in message
