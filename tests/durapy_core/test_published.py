"""The catalog as the console sees it: merged from what every service published."""

import pytest
from pydantic import Field

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import CATALOG, STATUS, Row
from durapy_core.engines.memory import MemoryEngine
from durapy_core.errors import InvalidCommandError, UnknownCommandError
from durapy_core.published import KnownTypes, known_types, load_known_types
from tests.support.statuses import status_of


class PingCommand(Command, title="Ping", group="Test", confirm=True, max_age_s=5):
    """Asks for a pong."""

    key: str = Field(min_length=1)


class Newer(Command, type="PING"):
    """Asks for a pong, please."""

    key: str = Field(min_length=1, description="any text")
    note: str = ""


class NewerStill(Command, type="PING"):
    key: str = Field(min_length=1)
    note: str = ""
    count: int = 1


class Sideways(Command, type="PING"):
    key: str = Field(min_length=1)
    other: str = ""


class Stricter(Command, type="PING"):
    key: str = Field(min_length=3)


class Demanding(Command, type="PING"):
    key: str = Field(min_length=1)
    must: int


def published(service: str, command: type[Command], *roles: Role) -> PublishedCatalog:
    return PublishedCatalog(service=service, types=(publish_type(command, roles),))


def test_a_type_names_its_services_their_roles_and_who_is_running() -> None:
    known = KnownTypes(
        [
            published("ponger", PingCommand, Role.HANDLES),
            published("pinger", PingCommand, Role.SENDS),
        ],
        up=["ponger"],
    )

    ping = known.find("PING")
    assert [(p.service, p.roles, p.running) for p in ping.services] == [
        ("pinger", (Role.SENDS,), False),
        ("ponger", (Role.HANDLES,), True),
    ]
    assert (ping.running, ping.conflict) == (1, None)
    assert (ping.title, ping.group, ping.confirm, ping.max_age_s) == ("Ping", "Test", True, 5)
    assert ping.description == "Asks for a pong."


def test_a_type_stays_known_when_all_its_services_are_down() -> None:
    known = KnownTypes([published("ponger", PingCommand, Role.HANDLES)], up=[])

    assert "PING" in known
    assert known.find("PING").running == 0


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_schema_with_more_optional_fields_is_newer_and_taken(order: tuple[str, str]) -> None:
    known = KnownTypes([published(order[0], PingCommand), published(order[1], Newer)], up="ab")

    assert "note" in known.find("PING").schema["properties"]
    assert known.find("PING").conflict is None


def test_three_ages_of_one_schema_are_no_conflict() -> None:
    catalogs = [published("a", Newer), published("b", PingCommand), published("c", NewerStill)]

    assert KnownTypes(catalogs, up="abc").find("PING").conflict is None


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        (PingCommand, Stricter, "key.minLength"),
        (PingCommand, Demanding, "must"),
        (Newer, Sideways, "note"),
    ],
)
def test_any_other_difference_is_a_conflict_that_names_the_place(
    one: type[Command], other: type[Command], where: str
) -> None:
    conflict = (
        KnownTypes([published("a", one), published("b", other)], up="ab").find("PING").conflict
    )

    assert conflict is not None
    assert conflict.startswith("a and b disagree about ")
    assert where in conflict


class Armed(Command, type="PING", confirm=True, max_age_s=5, actuates=True):
    key: str = Field(min_length=1)


def test_each_service_is_told_how_its_version_relates_to_the_one_that_counts() -> None:
    catalogs = [
        published("a", PingCommand),
        published("b", Newer),
        published("c", NewerStill),
        published("d", Stricter),
        published("e", Newer),
    ]

    ping = KnownTypes(catalogs, up="abe").find("PING")

    assert [(p.service, p.version) for p in ping.services] == [
        ("a", "older"),
        ("b", "same"),
        ("c", "newer"),
        ("d", "conflict"),
        ("e", "same"),
    ]
    assert ping.hash == ping.services[1].hash == ping.services[4].hash
    assert ping.hash != ping.services[0].hash
    assert ping.conflict is None


def test_services_that_disagree_about_the_safe_state_are_in_conflict() -> None:
    known = KnownTypes([published("a", PingCommand), published("b", Armed)], up="ab")

    assert known.find("PING").conflict == (
        "a and b disagree about actuates; restart both on one revision."
    )


def test_a_service_that_is_down_is_in_no_conflict_with_one_that_runs() -> None:
    catalogs = [published("a", PingCommand), published("b", Stricter)]

    known = KnownTypes(catalogs, up=["b"])

    assert known.find("PING").conflict is None
    assert known.find("PING").schema["properties"]["key"]["minLength"] == 3


def test_an_unknown_type_is_refused_with_a_near_name() -> None:
    known = KnownTypes([published("a", PingCommand)], up=[])

    with pytest.raises(
        UnknownCommandError, match='No command is called "PNIG"; did you mean "PING"'
    ):
        known.check("PNIG", {})


def test_a_body_that_does_not_fit_is_refused_with_its_problems() -> None:
    known = KnownTypes([published("a", PingCommand)], up=[])

    with pytest.raises(InvalidCommandError, match="1 problem: key: Required") as caught:
        known.check("PING", {})

    assert [(p.loc, p.msg) for p in caught.value.problems] == [(("key",), "Required")]
    known.check("PING", {"key": "a1"})


def test_it_is_read_from_the_tables_of_an_engine_and_an_unreadable_row_hides_no_other() -> None:
    status = status_of("ponger", replica="p1")
    with MemoryEngine() as engine:
        engine.put(CATALOG, "ponger", published("ponger", PingCommand).model_dump_json())
        engine.put(CATALOG, "broken", '{"service": "broken"')
        engine.put(STATUS, "ponger/p1", status.model_dump_json())

        known = load_known_types(engine)

    assert [t.type for t in known] == ["PING"]
    assert known.find("PING").running == 1


def test_rows_are_parsed_once_while_they_do_not_change() -> None:
    text = published("a", PingCommand).model_dump_json()
    rows = {"a": Row(text=text, age_s=0)}

    assert known_types(rows, []).find("PING").schema is known_types(rows, []).find("PING").schema
