"""The console on a real Redis: live, across a killed server, and with foreign writers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from durapy_core.catalog import Role
from durapy_core.engines import EngineOptions, open_engine
from durapy_core.engines.base import Engine
from tests.support.console import beat, publish, run_console
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(aof=True) as server:
        yield server


@pytest.fixture
def engine(server: RedisServer) -> Iterator[Engine]:
    with open_engine(server.unix_url, EngineOptions(send_timeout_s=3)) as engine:
        publish(engine, "ponger", Role.HANDLES)
        beat(engine, "ponger")
        yield engine


def test_commands_are_sent_heard_paged_and_resumed(engine: Engine, tmp_path: Path) -> None:
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        resume = socket.hello("command")["resume"]
        keys = [console.send(f"k{number}").json()["key"] for number in range(20)]
        live = [record["key"] for record in socket.commands(20)]
        page = console.api("GET", "commands", params={"limit": 5}).json()
        older = console.api("GET", "commands", params={"before": page["before"]}).json()
        with console.connect() as other:
            other.hello("command", resume=resume)
            again = [record["key"] for record in other.commands(20)]
        console.sign_in()

    assert live == again == keys
    assert [r["key"] for r in page["records"] + older["records"]] == keys[::-1]


def test_a_redis_that_is_killed_is_said_and_nothing_is_lost_or_doubled(
    engine: Engine, server: RedisServer, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        socket.hello("command")
        first = [console.send(f"a{number}").json()["key"] for number in range(5)]
        heard = [record["body"]["key"] for record in socket.commands(5)]
        server.kill()
        socket.hear("hb", engine="unavailable")
        refused = console.send("lost")
        server.start()
        socket.hear("hb", engine="ok")
        second = [console.send(f"b{number}").json()["key"] for number in range(5)]
        heard += [record["body"]["key"] for record in socket.commands(5)]

    assert refused.status_code == 503
    assert len(set(first + second)) == 10
    assert heard == [*(f"a{n}" for n in range(5)), *(f"b{n}" for n in range(5))]


def test_a_client_that_only_knows_xadd_is_shown_even_when_it_makes_mistakes(
    engine: Engine, server: RedisServer, tmp_path: Path
) -> None:
    fields = [
        ["type", "PING", "body", '{"key": "a1"}'],
        ["type", "NOBODY_KNOWS", "body", '{"x": 1}'],
        ["type", "PING", "body", '{"key": '],
        ["type", "PING", "body", "{}"],
        ["type", "PING"],
        ["body", "{}"],
    ]
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        socket.hello("command")
        with server.client() as client:
            for pairs in fields:
                client.execute_command("XADD", "durapy:{durapy}:commands", "*", *pairs)
        heard = socket.commands(6)
        listed = console.api("GET", "commands").json()["records"]

    listed.reverse()
    assert [bool(record["problem"]) for record in listed] == [False, True, True, True, True, True]
    assert listed[1]["body"] == heard[1]["body"] == {"x": 1}
    assert heard[1]["problem"] is None, "a live record may be the first of a service that starts"
    assert [*listed[:1], *listed[2:]] == [*heard[:1], *heard[2:]]
    assert json.dumps(heard)
