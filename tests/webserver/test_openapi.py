"""The API does what its OpenAPI document says, whatever it is asked."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from durapy_core import operations
from durapy_core.catalog import Role
from durapy_core.engines.memory import MemoryEngine
from tests.support.console import TOKEN, Console, beat, publish, run_console
from tests.support.waiting import wait_for
from webserver.api.base import PREFIX
from webserver.api.openapi import make_document
from webserver.urls import ROUTES


class Patient:
    """A manager to which nothing matters: what is asked of it here is not the point."""

    def start(self, name: str) -> None:
        pass

    def stop(self, name: str) -> None:
        pass

    def restart(self, name: str) -> None:
        pass


document = schemathesis.openapi.from_dict(make_document("0"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with MemoryEngine() as engine:
        publish(engine, "ponger", Role.HANDLES)
        beat(engine, "ponger")
        stop = threading.Event()
        server = threading.Thread(target=operations.serve, args=(engine, Patient(), stop))
        server.start()
        wait_for(lambda: operations.is_served(engine), "a server of operations")
        with run_console(engine, tmp_path_factory.mktemp("data")) as console:
            yield console
        stop.set()
        server.join()


@document.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(
    case: schemathesis.Case[Any], running: Console
) -> None:
    case.call_and_validate(
        base_url=running.url + PREFIX,
        headers={"Authorization": f"Bearer {TOKEN}"},
        # Which types and cursors there are is not in the document, so good input may be refused.
        excluded_checks=[positive_data_acceptance],
    )


def test_the_served_document_is_the_one_that_was_checked(console: Console) -> None:
    served = console.api("GET", "openapi.json", token=None).json()

    assert served["openapi"].startswith("3.1")
    cookie = served["components"]["securitySchemes"]["session"]["name"]
    assert cookie.startswith("durapy_session_")
    assert {**served, "info": None} == {**make_document("", cookie=cookie), "info": None}


def test_every_route_is_in_the_document_and_the_other_way_round() -> None:
    routes = {
        re.sub(r"\([^)]*\)", "{}", route[0].removeprefix(PREFIX)).replace("\\", "")
        for route in ROUTES
        if isinstance(route, tuple) and route[0].startswith(PREFIX)
    }
    documented = {re.sub(r"{\w+}", "{}", path) for path in make_document("0")["paths"]}

    assert routes == documented


def test_every_error_has_a_word_and_a_shape() -> None:
    paths: dict[str, Any] = make_document("0")["paths"]
    answers = [
        (status, answer)
        for operations in paths.values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    ]

    for status, answer in answers:
        assert answer["description"], status
        if status >= "400":
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}


def test_nothing_of_the_rig_is_in_the_document(console: Console, tmp_path: Path) -> None:
    text = console.api("GET", "openapi.json", token=None).text

    assert str(tmp_path) not in text
    assert TOKEN not in text
