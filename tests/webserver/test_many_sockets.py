"""Many browsers at once, and one of them that stops reading."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.console import Console, SocketClient
from tests.support.waiting import wait_for

SOCKETS = 50
COMMANDS_SENT = 200
LARGE = "x" * 100_000


@pytest.fixture
def dropped() -> Iterator[list[str]]:
    """What the console says of each browser that it has dropped."""
    said: list[str] = []
    sink = logger.add(said.append, filter=lambda r: "is dropped" in r["message"])
    yield said
    logger.remove(sink)


def numbers(events: list[dict[str, Any]]) -> list[int]:
    """Return the numbers of the commands in these messages."""
    told = [e["data"]["body"]["key"] for e in events if e.get("topic") == "command"]
    return [int(key.partition("-")[0]) for key in told]


def append(console: Console, *, count: int, start: int = 0, padding: str = "") -> None:
    for number in range(start, start + count):
        body = json.dumps({"key": f"{number}-{padding}"})
        console.engine.append(COMMANDS, NewEntry(type="PING", body=body))


def test_fifty_sockets_hear_every_command_once_and_in_order(console: Console) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(console.connect()) for _ in range(SOCKETS)]
        for socket in sockets:
            socket.hello("command", "services")
        append(console, count=COMMANDS_SENT)
        heard = [
            numbers([socket.hear("event", topic="command") for _ in range(COMMANDS_SENT)])
            for socket in sockets
        ]

    assert heard == [list(range(COMMANDS_SENT))] * SOCKETS


def test_a_browser_that_was_dropped_resumes_without_a_gap(
    console: Console, dropped: list[str]
) -> None:
    with console.connect() as slow, console.connect() as quick:
        welcome = slow.hello("command")
        quick.hello("command")
        slow.stop_reading()
        append(console, count=250, padding=LARGE)
        quick.commands(250)
        wait_for(lambda: dropped, "the browser to be dropped")
        append(console, count=10, start=250)
        slow.go_on_reading()
        before = slow.hear_rest()
        assert slow.connection.close_code == 4008

    resume = ([welcome] + [message for message in before if "resume" in message])[-1]["resume"]
    with console.connect() as again:
        gap = again.hello("command", resume=resume)["gap"]
        missed = 260 - len(numbers(before))
        after = [again.hear("event", topic="command") for _ in range(missed)]
        append(console, count=1, start=260)
        last = again.hear("event", topic="command")

    assert gap is False
    assert missed > 0
    assert numbers([*before, *after, last]) == list(range(261))


def test_browsers_that_stop_reading_cost_the_console_little(
    console: Console, dropped: list[str], measured: Callable[[str], None]
) -> None:
    with ExitStack() as stack:
        stuck = [stack.enter_context(console.connect()) for _ in range(10)]
        quick: SocketClient = stack.enter_context(console.connect())
        for socket in [*stuck, quick]:
            socket.hello("command")
        for socket in stuck:
            socket.stop_reading()
        before_mb = rss_mb()
        append(console, count=250, padding=LARGE)
        quick.commands(250)
        wait_for(lambda: len(dropped) == len(stuck), "all of them to be dropped")
        grown_mb = rss_mb() - before_mb
        measured(f"ten browsers that read nothing of 25 MB cost {grown_mb:.0f} MB (goal: 150 MB)")
        for socket in stuck:
            socket.go_on_reading()
        assert [socket.hear_end() for socket in stuck] == [4008] * len(stuck)

    assert grown_mb < 150  # the record itself is kept twice: by the store and for resuming


def rss_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000
