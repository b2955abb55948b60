"""The store goes away: answers come in time, nothing blocks, and all goes on when it is back."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from durapy_core.catalog import Role
from durapy_core.engines.base import COMMANDS, Row
from durapy_core.engines.memory import MemoryEngine
from durapy_core.entry import Cursor, Entry, NewEntry
from tests.support.console import LIMIT_S, Console, beat, publish, run_console
from tests.support.fickle_engine import FickleEngine
from tests.support.log_lines import logged
from webserver.hub import GAP


class AwayEngine(FickleEngine):
    """A memory engine that may be cut off, from who asks as well as from who writes."""

    def __init__(self) -> None:
        super().__init__()
        self.reader_refused = Event()

    def read(self, log: str, **more: Any) -> list[Entry]:
        if self.away and log == COMMANDS:
            self.reader_refused.set()
        return super().read(log, **more)

    def table(self, table: str) -> Mapping[str, Row]:
        self._check_link()
        return super().table(table)

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        self._check_link()
        return super().page(log, before=before, limit=limit)

    def ping(self) -> None:
        self._check_link()


class HangingEngine(MemoryEngine):
    """A memory engine that may stop answering at all."""

    def __init__(self) -> None:
        super().__init__()
        self.answering = Event()
        self.answering.set()

    def table(self, table: str) -> Mapping[str, Row]:
        self.answering.wait()
        return super().table(table)

    def page(self, log: str, *, before: Cursor | None = None, limit: int = 50) -> list[Entry]:
        self.answering.wait()
        return super().page(log, before=before, limit=limit)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[tuple[Console, AwayEngine]]:
    with AwayEngine() as engine:
        publish(engine, "ponger", Role.HANDLES)
        beat(engine, "ponger")
        with run_console(engine, tmp_path) as console:
            yield console, engine


def test_the_api_says_that_the_store_is_away_and_goes_on_when_it_is_back(
    away: tuple[Console, AwayEngine],
) -> None:
    console, engine = away
    engine.away = True
    sent = console.send("a1")
    asked = console.api("GET", "types")
    health = console.api("GET", "health")
    page = console.ask("GET", "/commands")
    engine.away = False

    for answer in (sent, asked):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]
    assert (health.status_code, health.json()["engine"]) == (200, "unavailable")
    assert page.status_code == 200
    assert console.send("a1").status_code == 201
    assert console.stored() == 1


def test_open_sockets_stay_are_told_and_miss_nothing(away: tuple[Console, AwayEngine]) -> None:
    console, engine = away
    with console.connect() as socket:
        socket.hello("command")
        engine.away = True
        socket.hear("hb", engine="unavailable")
        socket.say(op="send", id=1, type="PING", body={"key": "a1"})
        refused = socket.hear("error")
        engine.away = False
        socket.hear("hb", engine="ok")
        console.append('{"key": "a2"}')

        assert (refused["id"], refused["code"]) == (1, "unavailable")
        assert socket.commands(1)[0]["body"] == {"key": "a2"}


def test_it_is_said_once_that_the_store_is_away_and_once_that_it_is_back(
    away: tuple[Console, AwayEngine],
) -> None:
    console, engine = away
    with logged() as lines, console.connect() as socket:
        engine.away = True
        socket.hear("hb", engine="unavailable")
        for _ in range(5):
            console.send("a1")
        engine.away = False
        socket.hear("hb", engine="ok")

    said = [line["message"] for line in lines if "the store" in line["message"]]
    assert [text.partition(":")[0] for text in said] == [
        "the store does not answer",
        "the store answers again",
    ]


def test_a_log_that_came_back_shorter_is_followed_from_its_new_end(
    away: tuple[Console, AwayEngine],
) -> None:
    console, engine = away
    for _ in range(5):
        console.append('{"key": "a1"}')
    with logged() as lines, console.connect() as socket:
        resume = socket.hello("command")["resume"]
        engine.lose_everything()
        assert socket.hear_end() == GAP
    assert any("came back shorter" in line["message"] for line in lines)

    with console.connect() as socket:
        assert socket.hello("command", resume=resume)["gap"] is True
        console.append('{"key": "new"}')
        assert socket.commands(1)[0]["body"] == {"key": "new"}


def test_browsers_are_told_of_records_that_were_trimmed_while_the_store_was_away(
    away: tuple[Console, AwayEngine],
) -> None:
    console, engine = away
    console.append('{"key": "a1"}')
    with logged() as lines, console.connect() as socket:
        resume = socket.hello("command")["resume"]
        engine.away = True
        assert engine.reader_refused.wait(LIMIT_S)
        new = [NewEntry(type="PING", body='{"key": "a2"}')] * 3
        lost = MemoryEngine.append_many(engine, COMMANDS, new)
        engine.trim(COMMANDS, keep=1)
        engine.away = False
        assert socket.hear_end() == GAP
    assert any("were missed" in line["message"] for line in lines)

    with console.connect() as socket:
        assert socket.hello("command", resume=resume)["gap"] is True
    assert console.api("GET", "commands").json()["records"][0]["key"] == lost[-1].key


def test_a_store_that_hangs_costs_nobody_more_than_five_seconds(tmp_path: Path) -> None:
    with HangingEngine() as engine:
        publish(engine, "ponger", Role.HANDLES)
        with run_console(engine, tmp_path) as console:
            engine.answering.clear()
            began = monotonic()
            with ThreadPoolExecutor(20) as many:
                asked = list(many.map(lambda _: console.api("GET", "commands"), range(20)))
            took_s = monotonic() - began
            static = console.ask("GET", "/static/favicon.svg")
            page = console.ask("GET", "/commands")
            engine.answering.set()

            assert [answer.status_code for answer in asked] == [503] * 20
            assert took_s < 5
            assert (static.status_code, page.status_code) == (200, 200)
            assert console.api("GET", "commands").status_code == 200
