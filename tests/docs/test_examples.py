"""The examples that talk to a rig, against a real one."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from durapy_core.catalog import Role
from durapy_core.engines import open_engine
from durapy_core.engines.base import COMMANDS, STATUS, Engine, EngineOptions, Progress
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.testing import ServiceHarness
from durapy_core.testing.lead_contract import SHORT_LEASE_S, take
from services.commands import InitiateSessionCommand, PingCommand
from tests.support.console import TOKEN, Console, publish, run_console
from tests.support.documents import Code, read_document
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_for

LIMIT_S = 30
HOME = "http://127.0.0.1:8080"
REFERENCE = read_document("docs/reference.md")
HOW_TO = read_document("docs/how-to.md")
REQUESTS = [code for code in REFERENCE.code("sh") if code.mark == "http"]
TO_REDIS = [code for code in REFERENCE.code("sh") if code.mark == "redis"]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with MemoryEngine() as engine:
        publish(engine, "ponger", Role.HANDLES, command=PingCommand)
        with run_console(engine, tmp_path) as console:
            yield console


@pytest.mark.redis
def test_the_rights_that_are_shown_are_enough() -> None:
    examples = [code.text.split() for code in REFERENCE.code("text") if code.mark == "acl"]
    new = NewEntry(type="PING", body="{}")

    with RedisServer() as server:
        for example in examples:
            server.client().execute_command(*example)
        url = server.tcp_url.replace("//", "//rig:the-password@")
        with open_engine(url, EngineOptions(connect_timeout_s=5)) as engine:
            first = engine.append(COMMANDS, new)
            assert engine.append(COMMANDS, replace(new, id="a")).key > first.key
            engine.append_many(COMMANDS, [new, new])
            progress = Progress(service="ponger", cursor=Cursor(first.key))
            assert len(engine.read(COMMANDS, after=START, wait_s=1, commit=progress)) == 4
            assert engine.load_progress("ponger") == progress
            assert engine.page(COMMANDS, limit=9)[-1] == engine.get(COMMANDS, first.key)
            engine.put(STATUS, "ponger", "{}")
            engine.remove(STATUS, "ponger")
            assert engine.table(STATUS) == {}
            engine.ping()
            lead_and_forget(engine, first.key)
        url = server.tcp_url.replace("//", "//console:another-password@")
        with open_engine(url, EngineOptions(connect_timeout_s=5)) as engine:
            assert engine.trim(COMMANDS, keep=1) > 1
            assert engine.trimmed_to(COMMANDS) > START


def lead_and_forget(engine: Engine, key: str) -> None:
    """Do what a service that leads does, and who forgets it."""
    dead = take(engine, lease_s=SHORT_LEASE_S)
    dead.mark(key)
    lead = take(engine)
    lead.renew()
    lead.append(COMMANDS, NewEntry(type="PONG", body="{}", sender="valve", cause=key, n=1))
    lead.read(COMMANDS, after=START, commit=Progress(service="valve", cursor=Cursor(key)))
    lead.release(None)
    dead.close()
    assert len(engine.caused_by(COMMANDS, key)) == 1
    assert engine.set_safe_state(NewEntry(type="STOP", body="{}", id="b"), engaged=True).engaged
    assert engine.safe_state().engaged
    assert engine.mend(COMMANDS, seen=Cursor("99999999999999-0"))
    take(engine).forget()


def ask_as_curl(code: Code, url: str) -> requests.Response:
    """Do what a line of curl says."""
    text = code.text.replace("\\\n", " ").replace("$token", TOKEN).replace(HOME, url)
    words = iter(shlex.split(text))
    assert next(words) == "curl"
    address, data, headers = "", None, {}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            data = next(words)
        elif word != "-s":
            address = word
    method = "POST" if data else "GET"
    return requests.request(method, address, data=data, headers=headers, timeout=20)


def test_the_examples_of_the_http_api_work(console: Console) -> None:
    sent, found = (ask_as_curl(code, console.url) for code in REQUESTS)

    record = sent.json()
    assert (sent.status_code, found.status_code) == (201, 200)
    assert (record["type"], record["body"]) == ("PING", {"key": "k1"})
    assert found.json() == {"records": [record], "before": None, "removed_to": None}


def test_the_python_example_sends_a_command(console: Console) -> None:
    (example,) = (code for code in HOW_TO.code("python") if code.mark == "http")
    names: dict[str, Any] = {}

    exec(compile(example.text, "how-to.md", "exec"), names)  # noqa: S102 (it is our own)
    record = names["send"]("PING", {"key": "k2"}, url=console.url, token=TOKEN)

    assert record["body"] == {"key": "k2"}
    assert console.stored() == 1


def test_the_valve_of_the_example_is_closed_at_once_and_not_opened_again() -> None:
    (example,) = (code for code in HOW_TO.code("python") if code.mark == "valve")
    names: dict[str, Any] = {}
    exec(compile(example.text, "how-to.md", "exec"), names)  # noqa: S102 (it is our own)
    valve, reward = names["valve"], names["RewardCommand"]

    with ServiceHarness(names["service"], raises=False) as rig:
        rig.send(reward(drops=1000, open_s=0.005))
        giving = Thread(target=rig.run_until_idle)
        giving.start()
        wait_for(lambda: valve.times_open > 1, "the second drop")
        rig.enter_safe_state()
        given = valve.times_open
        giving.join(LIMIT_S)
        rig.send(reward())
        rig.run_until_idle()
        outcomes = [str(receipt.outcome) for receipt in rig.receipts()]

    assert (valve.times_open, valve.is_open) == (given, False)
    assert outcomes == ["done", "failed", "refused"]
    assert str(rig.failures[0].error) == f"stopped after {given} of 1000 drops"


def test_the_example_pauses_resumes_and_begins_in_the_pause_after_a_crash() -> None:
    (example,) = (code for code in HOW_TO.code("python") if code.mark == "pause")
    names: dict[str, Any] = {}

    exec(compile(example.text, "how-to.md", "exec"), names)  # noqa: S102 (it is our own)
    with ServiceHarness(names["service"]) as rig:
        counts = []
        rig.send(InitiateSessionCommand())
        for step in (None, "Pause", "Resume", "crash", "Resume"):
            if step == "crash":
                rig.crash()
            elif step:
                rig.send(names[f"{step}SessionCommand"]())
            rig.send(PingCommand(key="k"))
            rig.run_until_idle()
            counts.append(rig.controller(names["Task"]).count)

    assert counts == [1, 1, 2, 0, 1]


@pytest.mark.redis
def test_the_entry_that_redis_cli_writes_is_a_command() -> None:
    (example,) = TO_REDIS
    program, *words = shlex.split(example.text)

    with RedisServer() as server, open_engine(server.unix_url) as engine:
        key = server.client().execute_command(*words).decode()
        entry = engine.get(COMMANDS, key)

    assert program == "redis-cli"
    assert entry is not None
    assert (entry.type, entry.sender) == ("PING", "me")
    assert PingCommand.from_json(entry.body or "") == (PingCommand(key="k-by-hand"), 0)
    assert json.loads(entry.body or "") == {"key": "k-by-hand"}
