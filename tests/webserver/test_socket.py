"""The socket: live commands, resuming, sending, and what happens to a slow or foreign browser."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from loguru import logger
from tornado.httpclient import HTTPClientError

from durapy_core.catalog import Role
from durapy_core.engines.base import COMMANDS, RECEIPTS, EngineOptions
from durapy_core.engines.memory import MemoryEngine
from durapy_core.engines.sqlite import open_sqlite
from durapy_core.entry import NewEntry
from durapy_core.receipt import Outcome, Receipt
from tests.support.console import LIMIT_S, Console, PingCommand, beat, publish, run_console
from tests.support.waiting import wait_for
from webserver.feed import KEEP
from webserver.resume import Position


def test_a_command_of_anybody_is_heard_live(console: Console) -> None:
    with console.connect() as socket:
        welcome = socket.hello("command")
        console.append('{"key": "a1"}', sender="pinger")
        event = socket.hear("event", topic="command")

    assert (welcome["rig"], welcome["gap"], welcome["v"]) == ("rig 3", False, 1)
    assert event["data"]["body"] == {"key": "a1"}
    assert event["data"]["sender"] == "pinger"
    assert event["resume"] != welcome["resume"]
    assert event["data"]["sent_at"].startswith(event["t"][:-4])


def test_receipts_are_heard_live_by_who_asks_for_them(console: Console) -> None:
    with console.connect() as socket, console.connect() as other:
        socket.hello("receipt", "command")
        other.hello("command")
        record = console.append('{"key": "a1"}')
        receipt = Receipt(key=record.key, service="ponger", outcome=Outcome.DONE, took_s=0.5)
        console.engine.append(RECEIPTS, NewEntry(type="RECEIPT", body="not one"))
        console.engine.append(RECEIPTS, receipt.to_entry())
        event = socket.hear("event", topic="receipt")
        console.append('{"key": "a2"}')
        heard = [other.hear("event")["topic"] for _ in range(2)]

    assert event["data"] == {
        "key": record.key,
        "service": "ponger",
        "outcome": "done",
        "text": "",
        "wait_s": None,
        "took_s": 0.5,
        "redelivered": False,
    }
    assert heard == ["command", "command"]


def test_a_browser_resumes_with_the_receipts_that_it_missed(console: Console) -> None:
    receipts = [
        Receipt(key=str(number), service="ponger", outcome=Outcome.DONE).to_entry()
        for number in range(KEEP + 1000)
    ]
    with console.connect() as socket:
        resume = socket.hello("command", "receipt")["resume"]
    console.engine.append_many(RECEIPTS, receipts[:3])
    with console.connect() as socket:
        assert not socket.hello("receipt", resume=resume)["gap"]
        heard = [socket.hear("event", topic="receipt")["data"]["key"] for _ in range(3)]
    console.engine.append_many(RECEIPTS, receipts)

    assert heard == ["0", "1", "2"]
    with console.connect() as socket:
        assert not socket.hello("command", resume=resume)["gap"]

    def is_gap() -> bool:
        with console.connect() as socket:
            return bool(socket.hello("receipt", resume=resume)["gap"])

    wait_for(is_gap, "the console to have read so many that the first ones are out of its reach")


def test_two_browsers_hear_every_command_once_and_in_order(console: Console) -> None:
    with console.connect() as one, console.connect() as other:
        one.hello("command")
        other.hello("command")
        console.append_many(700)
        heard = [[r["body"]["key"] for r in socket.commands(700)] for socket in (one, other)]

    assert heard == [[f"k{number}" for number in range(700)]] * 2


def test_a_browser_that_comes_back_hears_what_it_missed_and_nothing_twice(
    console: Console,
) -> None:
    with console.connect() as socket:
        socket.hello("command")
        console.append_many(5, "a")
        resume = [socket.hear("event")["resume"] for _ in range(5)][2]
    console.append_many(300, "b")

    with console.connect() as socket:
        welcome = socket.hello("command", resume=resume)
        console.append_many(1, "c")
        heard = [record["body"]["key"] for record in socket.commands(303)]

    assert welcome["gap"] is False
    assert heard == ["a3", "a4", *(f"b{number}" for number in range(300)), "c0"]


def test_resuming_survives_a_restart_of_the_web_server(tmp_path: Path) -> None:
    path = tmp_path / "commands.db"
    with open_sqlite(f"sqlite:///{path}", EngineOptions()) as engine:
        publish(engine, "ponger", Role.HANDLES)
        with run_console(engine, tmp_path) as console, console.connect() as socket:
            resume = socket.hello("command")["resume"]
        Console(engine, "", "").append_many(250)

        with run_console(engine, tmp_path) as console, console.connect() as socket:
            welcome = socket.hello("command", resume=resume)
            heard = [record["body"]["key"] for record in socket.commands(250)]

    assert welcome["gap"] is False
    assert heard == [f"k{number}" for number in range(250)]


def test_a_browser_that_was_away_for_too_long_is_told_of_a_gap(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        with console.connect() as socket:
            resume = socket.hello("command")["resume"]
        console.append_many(KEEP + 1)
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        welcome = socket.hello("command", resume=resume)
        console.append('{"key": "new"}')
        (record,) = socket.commands(1)

    assert welcome["gap"] is True
    assert record["body"] == {"key": "new"}


def test_a_browser_whose_next_records_were_trimmed_is_told_of_a_gap(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        with console.connect() as socket:
            resume = socket.hello("command")["resume"]
        console.append_many(10)
    engine.trim(COMMANDS, keep=5)
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        assert socket.hello("command", resume=resume)["gap"] is True


def test_a_browser_as_far_behind_as_is_kept_hears_everything(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        with console.connect() as socket:
            resume = socket.hello("command")["resume"]
        console.append_many(KEEP)
    with run_console(engine, tmp_path) as console, console.connect() as socket:
        welcome = socket.hello("command", resume=resume)
        heard = socket.commands(KEEP)

    assert welcome["gap"] is False
    assert [record["body"]["key"] for record in heard[:: KEEP - 1]] == ["k0", f"k{KEEP - 1}"]


@pytest.mark.parametrize("resume", ["nonsense", "", "bm9wZQ", "W10", "é"])
def test_a_token_that_is_none_of_ours_is_a_gap(console: Console, resume: str) -> None:
    with console.connect() as socket:
        assert socket.hello("command", resume=resume)["gap"] is True


def test_a_token_of_a_log_that_is_no_longer_there_is_a_gap(console: Console) -> None:
    beyond = Position.from_token("WyI5OSIsIiJd")
    assert beyond is not None
    assert beyond.commands == "99"

    with console.connect() as socket:
        assert socket.hello("command", resume=beyond.to_token())["gap"] is True


def test_a_command_is_sent_over_the_socket(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("command")
        socket.say(op="send", id=7, type="PING", body={"key": "a1"})
        ack = socket.hear("ack")

    assert ack["id"] == 7
    assert ack["record"]["sender"] == "webserver:api"
    stored = console.api("GET", f"commands/{ack['record']['key']}").json()
    assert stored == {**ack["record"], "receipts": [], "receipts_removed": False, "effects": []}


def test_sends_are_stored_in_the_order_in_which_they_were_made(console: Console) -> None:
    with console.connect() as socket:
        for number in range(50):
            socket.say(op="send", id=number, type="PING", body={"key": f"k{number}"})
        acks = [socket.hear("ack") for _ in range(50)]

    assert [ack["id"] for ack in acks] == list(range(50))
    keys = [int(ack["record"]["key"]) for ack in acks]
    assert keys == sorted(keys)


def test_a_send_that_does_not_fit_says_where_and_stores_nothing(console: Console) -> None:
    with console.connect() as socket:
        socket.say(op="send", id=1, type="PING", body={"key": "a"})
        error = socket.hear("error")
        socket.say(op="send", id=2, type="PNIG", body={})
        unknown = socket.hear("error")

    assert (error["id"], error["code"]) == (1, "invalid")
    assert error["errors"] == [{"loc": ["key"], "msg": "Too short: at least 2 characters"}]
    assert (unknown["id"], unknown["code"]) == (2, "unknown_type")
    assert console.stored() == 0


def test_a_command_may_be_checked_without_being_sent(console: Console) -> None:
    with console.connect() as socket:
        socket.say(op="check", id=1, type="PING", body={"key": "a1"})
        good = socket.hear("ack")
        socket.say(op="check", id=2, type="PING", body={})
        bad = socket.hear("error")

    assert (good["id"], good["record"]) == (1, None)
    assert bad["errors"] == [{"loc": ["key"], "msg": "Required"}]
    assert console.stored() == 0


@pytest.mark.parametrize(
    "text",
    ["no JSON", "[]", "{}", '{"op": 5}', '{"op": "dance"}', '{"op": "hello", "topics": "all"}',
     '{"op": "subscribe", "topics": ["sports"]}', '{"op":' + "[" * 50_000,
     '{"op": "send", "type": "PING", "body": {"key": "a1"}, "idempotency_key": 5}'],
)  # fmt: skip
def test_a_message_that_cannot_be_used_is_answered_and_the_socket_stays(
    console: Console, text: str
) -> None:
    with console.connect() as socket:
        socket.say_text(text)
        error = socket.hear("error")
        socket.say(op="send", id=3, type="PING", body={"key": "a1"})

        assert error["code"] == "bad_request"
        assert socket.hear("ack")["id"] == 3


def test_services_and_session_are_shown_at_once_and_again(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("services")
        first = socket.hear("event", topic="services")["data"]
        beat(console.engine, "pinger")
        while "pinger" not in [s["service"] for s in first["services"]]:
            first = socket.hear("event", topic="services")["data"]

    assert {"ponger", "webserver", "pinger"} == {s["service"] for s in first["services"]}
    assert first["session"]["state"] == "idle"


def test_an_event_of_no_log_moves_nobody_past_a_command(console: Console) -> None:
    with console.connect() as socket:
        socket.hello("services", "types")

        assert "resume" not in socket.hear("event", topic="services")


def test_a_service_that_is_copied_and_started_is_told_as_a_change_of_types(
    console: Console,
) -> None:
    class RewardCommand(PingCommand, title="Reward"):
        pass

    with console.connect() as socket:
        socket.hello("types")
        publish(console.engine, "reward", Role.HANDLES, command=RewardCommand)
        event = socket.hear("event", topic="types")
        while "REWARD" not in [t["type"] for t in console.api("GET", "types").json()["types"]]:
            event = socket.hear("event", topic="types")

    assert "data" not in event


def test_a_browser_hears_only_the_topics_it_wants(console: Console) -> None:
    with console.connect() as socket, console.connect() as witness:
        socket.hello()
        witness.hello("command")
        console.append('{"key": "a1"}')
        witness.commands(1)
        socket.say(op="subscribe", topics=["command"])
        socket.say(op="send", id=1, type="PING", body={"key": "a2"})
        heard = socket.hear("event", topic="command")
        socket.say(op="unsubscribe", topics=["command"])
        socket.say(op="send", id=2, type="PING", body={"key": "a3"})
        socket.hear("ack", id=2)

    assert heard["data"]["body"] == {"key": "a2"}


def test_a_heartbeat_says_that_the_store_answers(console: Console) -> None:
    with console.connect() as socket:
        assert socket.hear("hb")["engine"] == "ok"


class AheadEngine(MemoryEngine):
    """A store on a computer whose clock is an hour ahead of ours."""

    def now_s(self) -> float:
        return super().now_s() + 3600


def test_browsers_are_told_the_stores_time(tmp_path: Path) -> None:
    with (
        AheadEngine() as engine,
        run_console(engine, tmp_path) as console,
        console.connect() as socket,
    ):
        socket.hello("services")
        told = datetime.fromisoformat(socket.hear("hb")["t"])
        services = console.api("GET", "services").json()["services"]

    (own,) = [service for service in services if service["service"] == "webserver"]
    assert told - datetime.now(UTC) > timedelta(minutes=50)
    assert own["clock_offset_s"] > 3000


def test_nobody_connects_without_a_sign_in(console: Console) -> None:
    for headers in ({"X-Nothing": "1"}, {"Authorization": "Bearer wrong"}):
        with pytest.raises(HTTPClientError) as caught:
            console.connect(**headers)

        assert caught.value.code == 401


def test_a_page_of_another_server_may_not_connect(console: Console) -> None:
    cookie = "; ".join(f"{c.name}={c.value}" for c in console.sign_in().cookies)

    with pytest.raises(HTTPClientError) as caught:
        console.connect(Cookie=cookie, Origin="http://evil.example")
    assert caught.value.code == 403

    with console.connect(Cookie=cookie, Origin=console.url) as socket:
        socket.say(op="send", id=1, type="PING", body={"key": "a1"})
        assert socket.hear("ack")["record"]["sender"] == "webserver:user"


def test_a_browser_that_takes_nothing_is_dropped_and_the_others_go_on(console: Console) -> None:
    dropped = Event()
    sink = logger.add(lambda _: dropped.set(), filter=lambda r: "is dropped" in r["message"])
    with console.connect() as slow, console.connect() as quick:
        slow.hello("command")
        quick.hello("command")
        slow.stop_reading()
        body = json.dumps({"key": "x" * 100_000})
        for _ in range(300):
            console.append(body)
        quick.commands(300)
        assert dropped.wait(LIMIT_S)
        slow.go_on_reading()

        assert slow.hear_end() == 4008
    logger.remove(sink)


def test_a_browser_that_was_busy_for_a_moment_still_hears_every_command(console: Console) -> None:
    with console.connect() as busy, console.connect() as quick:
        busy.hello("command")
        quick.hello("command")
        busy.stop_reading()
        for number in range(300):
            console.append(json.dumps({"key": f"{number}-" + "x" * 100_000}))
        quick.commands(300)
        busy.go_on_reading()
        heard = [record["body"]["key"].split("-")[0] for record in busy.commands(300)]

    assert heard == [str(number) for number in range(300)]


def test_all_sockets_are_told_that_the_server_goes_away(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    with run_console(engine, tmp_path) as console:
        socket = console.connect()
        socket.hello("command")

    assert socket.hear_end() == 1001
    socket.close()
