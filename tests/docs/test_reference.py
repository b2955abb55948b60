"""docs/reference.md lists what there is, all of it and nothing else."""

import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from durapy_core import errors
from durapy_core.catalog import PublishedCatalog
from durapy_core.cli.app import make_app
from durapy_core.command import CommandOptions
from durapy_core.engines import _BUILT_IN, ENTRY_POINT_GROUP
from durapy_core.engines.redis_wire import parse_entry
from durapy_core.exit_codes import ExitCode, exit_code_of
from durapy_core.settings import ServiceSettings, Settings
from durapy_core.status import ServiceState, ServiceStatus
from services.pinger.settings import PingerSettings
from tests.support.documents import read_document, table_rows
from webserver.api.base import PREFIX
from webserver.api.openapi_paths import PATHS
from webserver.api.openapi_schemas import SCHEMAS
from webserver.errors import _CODES, _TABLE
from webserver.hub import TOPICS

REFERENCE = read_document("docs/reference.md")
ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def column(heading: str, number: int = 0) -> list[str]:
    return [row[number] for row in table_rows(REFERENCE.section(heading))]


def test_every_setting_is_listed_with_its_default() -> None:
    kinds: tuple[type[ServiceSettings], ...] = (Settings, PingerSettings)
    fields = {f"DURAPY_{n.upper()}": f for kind in kinds for n, f in kind.model_fields.items()}

    listed = {name: default for name, default, _ in table_rows(REFERENCE.section("Settings"))}

    assert sorted(listed) == sorted(fields)
    for name, default in re.findall(r"^#(DURAPY_\w+)=(.*)$", ENV_EXAMPLE.read_text(), re.MULTILINE):
        assert listed[name] == (default or "empty")


def test_every_verb_is_listed_with_its_options() -> None:
    commands = dict(verbs(typer.main.get_command(make_app())))
    headings = {
        " ".join(word for word in h.split()[1:] if word.islower()): h
        for h in REFERENCE.headings()
        if h.startswith("durapy ")
    }

    assert set(headings) == set(commands)
    for verb, heading in headings.items():
        section = REFERENCE.section(heading)
        options = (
            o
            for parameter in commands[verb].params
            if parameter.param_type_name == "option"
            for o in parameter.opts
        )
        assert set(re.findall(r"`(--?[a-z]+(?:-[a-z]+)*)", section)) == set(options), heading


def verbs(group: Any, *above: str) -> Iterator[tuple[str, Any]]:
    """Yield every verb as it is typed, those of groups included."""
    for name, command in group.commands.items():
        yield " ".join([*above, name]), command
        if hasattr(command, "commands"):
            yield from verbs(command, *above, name)


def test_every_exit_code_is_listed() -> None:
    listed = {name: int(code) for code, name, _ in table_rows(REFERENCE.section("Exit codes"))}

    assert listed == {code.name: code.value for code in ExitCode}


def test_every_error_is_listed_with_its_exit_code() -> None:
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.DurapyError)
    }

    listed = {name: int(code) for name, _, code in table_rows(REFERENCE.section("Errors"))}

    assert listed == {name: exit_code_of(kind("x")) for name, kind in classes.items()}


def test_every_address_of_the_api_is_listed() -> None:
    listed = {h for h in REFERENCE.headings() if re.match(r"(GET|POST|PUT|DELETE) /", h)}

    there = {
        f"{method.upper()} {PREFIX}{re.sub(r'{(.+?)}', lambda m: m[1].upper(), path)}"
        for path, methods in PATHS.items()
        for method in methods
    }
    assert listed == there


def test_every_argument_of_the_history_is_listed() -> None:
    arguments = {a["name"] for a in PATHS["/commands"]["get"]["parameters"]}

    listed = re.findall(r"^\| (`.+?`) \|", REFERENCE.section("GET /api/v1/commands"), re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", "".join(listed))) == arguments


def test_every_refusal_is_listed_with_its_status() -> None:
    codes = {(status, code) for _, status, code in _TABLE}
    codes |= {(status, code) for status, (code, _) in _CODES.items()}
    codes |= {(409, "conflict"), (500, "internal")}

    rows = table_rows(REFERENCE.section("When a request is refused"))

    assert {(int(status), code) for status, code, _ in rows} == codes


def test_a_record_and_a_type_have_the_fields_that_are_shown() -> None:
    shown = [json.loads(code.text) for code in REFERENCE.code("json")]

    assert list(SCHEMAS["Record"]["properties"]) in [list(example) for example in shown]
    assert list(SCHEMAS["Types"]["properties"]["types"]["items"]["properties"]) in [
        list(example) for example in shown
    ]


def test_every_field_of_a_status_is_listed() -> None:
    named = {name for cell in column("Status") for name in re.findall(r"\w+", cell)}

    assert named == {*ServiceStatus.model_fields, "age_s", "up"}
    assert all(f"`{state}`" in REFERENCE.section("Status") for state in ServiceState)


def test_every_topic_of_the_socket_is_listed() -> None:
    assert set(column("Socket")) >= TOPICS


def test_the_published_catalog_that_is_shown_can_be_read() -> None:
    shown = next(c.text for c in REFERENCE.code("json") if '"schema_"' in c.text)

    catalog = PublishedCatalog.model_validate_json(shown)

    assert json.loads(catalog.model_dump_json()) == json.loads(shown)


def test_every_class_option_of_a_command_is_listed() -> None:
    assert column("Catalog") == list(CommandOptions.__dataclass_fields__)


def test_every_field_of_an_entry_is_listed() -> None:
    fields = column("Wire format")
    flat = [part.encode() for name in fields for part in (name, "7")]

    entry = parse_entry([b"1526919030474-0", flat])

    assert [getattr(entry, name) for name in fields] == ["7", "7", "7", "7", 7, "7", 7]


def test_every_scheme_of_an_engine_is_listed() -> None:
    text = REFERENCE.section("Engines and their URLs")

    assert {cell.partition("://")[0] for cell in column("Engines and their URLs")} >= set(_BUILT_IN)
    assert "how-to.md#bring-an-engine-of-your-own" in text
    assert f'"{ENTRY_POINT_GROUP}"' in read_document("docs/how-to.md").text


@pytest.mark.parametrize("name", ["DURAPY_LOG_LEVEL", "DURAPY_LOG_FORMAT"])
def test_every_choice_of_a_setting_is_listed(name: str) -> None:
    field = Settings.model_fields[name.removeprefix("DURAPY_").lower()]
    row = next(row for row in table_rows(REFERENCE.section("Settings")) if row[0] == name)

    assert all(f"`{choice}`" in row[2] for choice in typing.get_args(field.annotation))
