"""Services, types, operations and health over the API."""

from datetime import UTC, datetime

from pydantic import Field

from durapy_core.catalog import PublishedCatalog, Role, publish_type
from durapy_core.command import Command
from durapy_core.engines.base import CATALOG, COMMANDS, OPERATIONS, STATUS
from durapy_core.engines.memory import MemoryEngine
from durapy_core.operations.requests import OPERATORS, Operator
from durapy_core.status import ServiceState, SessionInfo
from durapy_core.versions import publish_catalog
from tests.support.console import Console, PingCommand, beat, publish


def serve_operations(engine: MemoryEngine) -> None:
    operator = Operator(cursor="", serving=True)
    engine.put(OPERATORS, "deployer", operator.model_dump_json())


def test_services_and_the_session_are_listed(console: Console) -> None:
    since = datetime(2026, 11, 26, 8, tzinfo=UTC)
    session = SessionInfo(
        key="1", type="INITIATE_SESSION", label="mouse 7", since=since, ends="END_SESSION"
    )
    beat(console.engine, "ponger", session=session, state=ServiceState.IN_SESSION)

    answer = console.api("GET", "services").json()

    status = {service["service"]: service for service in answer["services"]}
    assert set(status) == {"ponger", "webserver"}
    assert status["ponger"]["up"] is True
    assert 0 <= status["ponger"]["age_s"] < 3
    assert status["ponger"]["revision"] == "abc1234"
    assert answer["session"] == {
        "state": "running",
        "key": "1",
        "label": "mouse 7",
        "type": "INITIATE_SESSION",
        "since": "2026-11-26T08:00:00Z",
        "services": ["ponger"],
        "ends": ["END_SESSION"],
    }


def test_the_web_server_is_a_service_like_any_other(console: Console) -> None:
    services = console.api("GET", "services").json()["services"]

    (own,) = [service for service in services if service["service"] == "webserver"]
    assert (own["up"], own["state"]) == (True, "idle")
    assert own["revision"]


def test_types_show_their_schema_and_who_hears_them(console: Console) -> None:
    _, ping = console.api("GET", "types").json()["types"]

    assert (ping["type"], ping["title"], ping["group"]) == ("PING", "Ping", "Test")
    assert ping["schema"]["required"] == ["key"]
    (ponger,) = ping["services"]
    assert (ponger["service"], ponger["roles"], ponger["running"]) == ("ponger", ["handles"], True)
    assert (ponger["hash"], ponger["version"]) == (ping["hash"], "same")
    assert ping["changed"] is None
    assert (ping["running"], ping["conflict"], ping["confirm"]) == (1, None, False)


class LongerKey(Command, type="PING"):
    key: str = Field(min_length=5)


def test_a_type_that_changed_since_a_former_version_says_so(console: Console) -> None:
    former = PublishedCatalog(service="old", types=(publish_type(LongerKey, [Role.HANDLES]),))
    publish_catalog(console.engine, former)
    console.engine.remove(CATALOG, "old")

    _, ping = console.api("GET", "types").json()["types"]

    assert ping["changed"].startswith("key.minLength differs from version ")


def test_a_type_whose_services_are_down_stays_and_may_still_be_sent(console: Console) -> None:
    console.engine.remove(STATUS, "ponger/r1")

    _, ping = console.api("GET", "types").json()["types"]

    assert ping["running"] == 0
    assert console.send("a1").status_code == 201


def test_a_copied_service_is_known_without_a_restart(console: Console) -> None:
    class RewardCommand(PingCommand):
        pass

    reward = {"type": "REWARD", "body": {"key": "a1"}}
    assert console.api("POST", "commands", json=reward).status_code == 422
    publish(console.engine, "reward", Role.HANDLES, command=RewardCommand)
    beat(console.engine, "reward")

    assert console.api("POST", "commands", json=reward).status_code == 201


def test_a_restart_is_asked_for_and_its_outcome_is_found(
    console: Console, engine: MemoryEngine
) -> None:
    serve_operations(engine)

    answer = console.api("POST", "services/ponger/restart")

    key = answer.json()["operation"]
    (asked,) = engine.page(OPERATIONS)
    assert answer.status_code == 202
    assert (asked.key, asked.sender) == (key, "webserver:api")
    state = console.api("GET", f"operations/{key}").json()
    assert (state["verb"], state["service"], state["state"]) == ("restart", "ponger", "requested")


def test_an_operation_is_told_over_the_socket(console: Console, engine: MemoryEngine) -> None:
    serve_operations(engine)
    with console.connect() as socket:
        socket.hello("operation")
        key = console.api("POST", "services/ponger/restart").json()["operation"]
        event = socket.hear("event", topic="operation")

    assert event["data"]["key"] == key
    assert event["data"]["state"] == "requested"


def test_a_restart_that_nobody_could_do_is_refused(console: Console, engine: MemoryEngine) -> None:
    answer = console.api("POST", "services/ponger/restart")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert engine.page(OPERATIONS) == []


def test_a_restart_of_an_unknown_service_names_the_known_ones(console: Console) -> None:
    answer = console.api("POST", "services/pongr/restart")

    assert answer.status_code == 404
    assert "ponger" in answer.json()["error"]["message"]


def test_an_operation_that_is_not_there_is_not_found(console: Console) -> None:
    assert console.api("GET", "operations/99").status_code == 404
    assert console.api("GET", "operations/nonsense").status_code == 404


def test_health_needs_no_sign_in_and_says_what_runs(console: Console) -> None:
    answer = console.api("GET", "health", token=None).json()

    assert (answer["status"], answer["engine"]) == ("ok", "ok")
    assert answer["version"]
    assert answer["revision"]


def test_asking_stores_no_command(console: Console, engine: MemoryEngine) -> None:
    for path in ("types", "services", "commands", "health", "openapi.json"):
        console.api("GET", path)

    assert engine.page(COMMANDS) == []
