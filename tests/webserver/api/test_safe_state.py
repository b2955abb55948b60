"""The safe state over HTTP and over the socket, with a service that answers."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from durapy_core import Service, ServiceContext
from durapy_core.engines.base import COMMANDS, SAFETY, Row
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import CLEAR_SAFE_STATE, SAFE_STATE
from durapy_core.runtime import run_service
from durapy_core.safe_state import clear_safe_state, enter_safe_state
from durapy_core.settings import Settings, load_settings
from tests.support.console import LIMIT_S, Console, run_console
from tests.support.waiting import wait_for

NOTHING: dict[str, Any] = {
    "engaged": False,
    "key": None,
    "since": None,
    "by": None,
    "reason": "",
    "services": [],
}


class HangingEngine(MemoryEngine):
    """A memory engine whose tables may stop answering."""

    def __init__(self) -> None:
        super().__init__()
        self.answering = Event()
        self.answering.set()

    def table(self, table: str) -> Mapping[str, Row]:
        self.answering.wait(LIMIT_S)
        return super().table(table)


@contextmanager
def running(console: Console, make_safe: Callable[[], None]) -> Iterator[None]:
    """Run the service `valve` for the time of a `with`."""
    service, contexts = Service("valve"), []

    @service.on_start
    def keep(ctx: ServiceContext) -> None:
        contexts.append(ctx)

    service.on_safe_state(lambda _ctx: make_safe())
    thread = Thread(target=run_service, args=(service, console.engine, load_settings(Settings)))
    thread.start()
    try:
        wait_for(lambda: contexts and rows_up(console).get("valve"), "the valve to run")
        yield
    finally:
        contexts[0].stop_service()
        thread.join(LIMIT_S)


def rows_up(console: Console) -> dict[str, bool]:
    found = console.api("GET", "services").json()["services"]
    return {row["service"]: row["up"] and row["state"] == "idle" for row in found}


def report_of(console: Console) -> dict[str, Any]:
    report: dict[str, Any] = console.api("GET", "safe-state").json()
    return report


def answers(report: dict[str, Any]) -> dict[str, str]:
    return {row["service"]: row["state"] for row in report["services"]}


def nothing() -> None:
    """Make safe."""


def fail() -> None:
    raise RuntimeError("the valve is stuck")


def test_where_it_is_not_engaged_it_says_so(console: Console) -> None:
    assert console.api("GET", "safe-state").json() == NOTHING


def test_it_is_entered_answered_and_cleared(console: Console) -> None:
    with running(console, nothing):
        entered = console.api("POST", "safe-state", json={"reason": "smoke"})
        wait_for(lambda: answers(report_of(console)).get("valve") == "safe", "the valve")
        report = report_of(console)
        cleared = console.api("POST", "safe-state/clear")

    assert (entered.status_code, entered.json()["engaged"]) == (200, True)
    assert (report["by"], report["reason"]) == ("webserver:api", "smoke")
    assert report["since"].endswith("Z")
    assert report["key"] == entered.json()["key"]
    assert answers(report) == {"ponger": "none", "valve": "safe", "webserver": "none"}
    assert (cleared.status_code, cleared.json()) == (200, NOTHING)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"reason": 3}', b'{"more": true}', b"\xff"])
def test_no_body_keeps_anybody_from_entering(body: bytes, console: Console) -> None:
    answer = console.api("POST", "safe-state", data=body)

    assert (answer.status_code, answer.json()["engaged"]) == (200, True)
    assert answer.json()["reason"] == ""


def test_a_request_that_is_made_again_under_its_key_changes_nothing(console: Console) -> None:
    headers = {"Idempotency-Key": "click-1"}
    first = console.api("POST", "safe-state", headers=headers).json()
    again = console.api("POST", "safe-state", headers=headers).json()
    console.api("POST", "safe-state/clear", headers=headers)
    late = console.api("POST", "safe-state", headers=headers).json()

    assert first["key"] == again["key"]
    assert late == NOTHING
    assert len(console.engine.page(SAFETY)) == 2


def test_it_needs_a_sign_in(console: Console) -> None:
    assert console.api("POST", "safe-state", token=None).status_code == 401
    assert not console.engine.safe_state().engaged


@pytest.mark.parametrize("wire_type", [SAFE_STATE, CLEAR_SAFE_STATE])
def test_sent_like_a_command_it_is_the_same_step(wire_type: str, console: Console) -> None:
    enter_safe_state(console.engine, by="test")
    answer = console.api("POST", "commands", json={"type": wire_type, "body": {"reason": "x"}})

    assert answer.status_code == 201
    record = answer.json()
    assert (record["type"], record["problem"]) == (wire_type, None)
    state = console.engine.safe_state()
    assert state.engaged == (wire_type == SAFE_STATE)
    assert (state.marker, state.key) == (record["key"], record["cause"])


def test_over_the_socket_it_is_acknowledged_with_its_marker(console: Console) -> None:
    with console.connect() as socket:
        socket.say(op="send", id=7, type=SAFE_STATE, body={"reason": "smoke"})
        ack = socket.hear("ack", id=7)

    (stored,) = console.api("GET", "commands").json()["records"]
    assert ack["record"] == stored
    assert ack["record"]["body"] == {"reason": "smoke"}
    assert console.engine.safe_state().marker == ack["record"]["key"]


def test_the_topic_tells_what_holds_and_each_change(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("safety")
        first = socket.hear("event", topic="safety")["data"]
        with running(console, fail):
            enter_safe_state(console.engine, by="cli:ada")
            told = [socket.hear("event", topic="safety")["data"]]
            while answers(told[-1]).get("valve") != "failed":
                told.append(socket.hear("event", topic="safety")["data"])
            clear_safe_state(console.engine, by="cli:ada")
            while told[-1]["engaged"]:
                told.append(socket.hear("event", topic="safety")["data"])

    assert first == NOTHING
    assert (told[0]["engaged"], told[0]["by"]) == (True, "cli:ada")
    assert told[-1] == NOTHING


def test_who_subscribes_later_is_told_at_once(console: Console) -> None:
    console.api("POST", "safe-state")
    with console.connect() as socket:
        socket.hello()
        socket.say(op="subscribe", topics=["safety"])

        assert socket.hear("event", topic="safety")["data"]["engaged"]


def test_the_markers_are_records_without_a_problem(console: Console) -> None:
    console.api("POST", "safe-state")
    (record,) = console.api("GET", "commands").json()["records"]

    assert (record["type"], record["problem"]) == (SAFE_STATE, None)
    assert [json.loads(e.body or "") for e in console.engine.page(COMMANDS)] == [{"reason": ""}]


def test_it_is_entered_while_every_other_question_to_the_store_hangs(tmp_path: Path) -> None:
    with HangingEngine() as engine, run_console(engine, tmp_path) as console:
        wait_for(lambda: console.api("GET", "services").ok, "the console")
        engine.answering.clear()
        asking = [Thread(target=console.api, args=("GET", "services")) for _ in range(20)]
        for thread in asking:
            thread.start()
        answer = console.api("POST", "safe-state")
        with console.connect() as socket:
            socket.say(op="send", id=1, type=SAFE_STATE)
            ack = socket.hear("ack", id=1)
        engaged = engine.safe_state()
        engine.answering.set()
        for thread in asking:
            thread.join(LIMIT_S)

    assert (answer.status_code, answer.json()["engaged"]) == (200, True)
    assert engaged.marker == ack["record"]["key"]
