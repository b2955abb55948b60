"""What happens together, told together: fewer messages, nothing lost, none of them too long."""

import json
from time import monotonic

from durapy_core.engines.base import COMMANDS
from durapy_core.entry import NewEntry
from tests.support.console import Console, Json, SocketClient


def hear_in_batches(socket: SocketClient, count: int) -> list[list[Json]]:
    """Return the next `count` events by the messages that they came in."""
    heard: list[list[Json]] = []
    while sum(map(len, heard)) < count:
        message = socket.hear_one_of("event", "events")
        heard.append(message.get("events", [message]))
    return heard


def test_who_asks_for_it_hears_what_comes_together_in_one_message(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("command", batches=True)
        console.append_many(700)
        batches = hear_in_batches(socket, 700)
    events = [event for batch in batches for event in batch]

    with console.connect() as socket:
        assert not socket.hello("command", resume=events[350]["resume"])["gap"]
        rest = [record["body"]["key"] for record in socket.commands(349)]
    assert len(batches) < 20
    assert [event["data"]["body"]["key"] for event in events] == [f"k{n}" for n in range(700)]
    assert rest == [f"k{number}" for number in range(351, 700)]


def test_no_message_holds_more_than_a_browser_may_be_behind(console: Console) -> None:
    body = json.dumps({"key": "x" * 40_000})
    with console.connect() as socket:
        socket.hello("command", batches=True)
        console.engine.append_many(COMMANDS, [NewEntry(type="PING", body=body)] * 40)
        batches = hear_in_batches(socket, 40)

    assert max(map(len, batches)) <= 3


def test_the_console_reads_a_busy_log_fifty_times_a_second(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("command", batches=True)
        began = monotonic()
        for number in range(2_000):
            console.append(json.dumps({"key": f"k{number}"}))
        took_s = monotonic() - began
        batches = hear_in_batches(socket, 2_000)

    assert len(batches) <= took_s * 50 + 2_000 / 256 + 3
