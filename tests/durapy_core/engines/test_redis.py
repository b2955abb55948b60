"""What only Redis has: entries of foreign writers, and replies that refuse."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from durapy_core.engines import open_engine
from durapy_core.engines.base import Engine, Progress
from durapy_core.entry import START, Cursor, NewEntry
from durapy_core.errors import EngineError, EngineUnavailableError
from durapy_core.testing.engine_contract import LOG, ping, read_all, until
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis

STREAM = "durapy:{durapy}:commands"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer("--enable-protected-configs", "yes") as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    with server.client() as client:
        yield client


@pytest.fixture
def engine(server: RedisServer) -> Iterator[Engine]:
    with open_engine(server.unix_url) as engine:
        yield engine


def test_an_entry_has_the_documented_fields(engine: Engine, client: Any) -> None:
    new = NewEntry(
        type="PING", body='{"key":"ü"}', sender="pinger", cause="1-0", n=2, id="me/1", sent_ns=5
    )

    stored = [engine.append(LOG, new), engine.append(LOG, NewEntry(type="PING", body="{}"))]

    (key, full), (_, short) = client.xrange(STREAM)
    assert key.decode() == stored[0].key
    assert {name.decode(): value.decode() for name, value in full.items()} == {
        "type": "PING",
        "body": '{"key":"ü"}',
        "sender": "pinger",
        "cause": "1-0",
        "n": "2",
        "id": "me/1",
        "sent_ns": "5",
    }
    assert set(short) == {b"type", b"body", b"id"}
    assert short[b"id"].decode() == stored[1].id


def test_an_entry_that_a_plain_client_adds_is_read(engine: Engine, client: Any) -> None:
    key = client.xadd(STREAM, {"type": "PING", "body": '{"key":"1"}'})

    (entry,) = engine.read(LOG, after=START)

    assert entry.key == key.decode()
    assert (entry.type, entry.body, entry.sender, entry.id) == ("PING", '{"key":"1"}', None, None)
    assert entry.sent_at_s == int(entry.key.split("-")[0]) / 1000


def test_what_a_foreign_writer_got_wrong_stops_nobody(engine: Engine, client: Any) -> None:
    client.xadd(STREAM, {"colour": "red"})
    client.xadd(STREAM, {"type": "PING"})
    client.xadd(STREAM, {"body": "{}"})
    client.xadd(STREAM, {b"type": b"\xff\xfe", b"body": b"\x80{}", b"sender": b"\xc3"})
    for number in ("x", "", "1.5", "٣", "-", "9" * 30, "1_0"):
        client.xadd(STREAM, {"type": "PING", "body": "{}", "n": number, "sent_ns": number})
    last = engine.append(LOG, ping())

    entries = read_all(engine, limit=2)

    assert [(entry.type, entry.body) for entry in entries[:3]] == [
        (None, None),
        ("PING", None),
        (None, "{}"),
    ]
    assert (entries[3].type, entries[3].body, entries[3].sender) == (
        "\ufffd\ufffd",
        "\ufffd{}",
        "\ufffd",
    )
    assert all(entry.n is None and entry.sent_ns is None for entry in entries[4:-1])
    assert entries[-1] == last
    assert engine.page(LOG, limit=100) == entries[::-1]
    assert [engine.get(LOG, entry.key) for entry in entries] == entries


def test_reading_goes_on_after_entries_that_were_deleted(engine: Engine, client: Any) -> None:
    stored = engine.append_many(LOG, [ping(n) for n in range(4)])
    client.xdel(STREAM, stored[1].key, stored[3].key)

    assert read_all(engine) == [stored[0], stored[2]]
    assert engine.get(LOG, stored[1].key) is None
    assert engine.read(LOG, after=Cursor(stored[1].key)) == [stored[2]]


def test_a_clock_that_was_set_back_does_not_change_the_order(engine: Engine, client: Any) -> None:
    client.xadd(STREAM, {"type": "PING", "body": "{}"}, id="9999999999999-5")

    stored = engine.append(LOG, ping())

    assert engine.compare("9999999999999-5", stored.key) == -1
    assert engine.read(LOG, after=Cursor("9999999999999-5")) == [stored]


def test_a_line_from_before_the_clock_was_set_back_is_not_fresh(
    engine: Engine, client: Any
) -> None:
    ahead_s = engine.now_s() + 3600
    client.hset("durapy:{durapy}:table:status", "one", f"{ahead_s} text")

    row = engine.table("status")["one"]

    assert row.text == "text"
    assert row.age_s == pytest.approx(3600, abs=60)


def test_progress_that_others_wrote_meanwhile_is_replaced_whole(
    server: RedisServer, engine: Engine
) -> None:
    mine = Progress(service="ponger", cursor=Cursor("1-1"), session="mine")
    engine.commit(mine)
    server.kill()
    server.start()

    engine.commit(mine)

    assert engine.load_progress("ponger") == mine


def _fill_memory(client: Any) -> None:
    client.config_set("maxmemory", "1")


def _make_replica(client: Any) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")


def _break_saving(client: Any) -> None:
    client.config_set("save", "3600 1")
    client.config_set("dir", "/proc")
    client.bgsave()
    until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")


def _take_permission(client: Any) -> None:
    client.execute_command("ACL", "SETUSER", "default", "-xadd", "-hset", "-eval")


def _take_the_key(client: Any) -> None:
    client.delete(STREAM)
    client.set(STREAM, "something else")


@pytest.mark.parametrize(
    ("upset", "says"),
    [
        (_fill_memory, "raise its `maxmemory`"),
        (_make_replica, "point DURAPY_ENGINE at the primary"),
        (_break_saving, "cannot save to its disk"),
        (_take_permission, "docs/reference.md"),
        (_take_the_key, "set DURAPY_NAMESPACE"),
    ],
)
def test_a_refusal_says_what_to_do_and_stores_nothing(
    engine: Engine, client: Any, upset: Callable[[Any], None], says: str
) -> None:
    engine.append(LOG, ping(0))
    upset(client)

    for attempt in (
        lambda: engine.append(LOG, ping(1)),
        lambda: engine.append(LOG, ping(1, id="request-1")),
        lambda: engine.append_many(LOG, [ping(n) for n in range(150)]),
    ):
        with pytest.raises(EngineError, match=says) as caught:
            attempt()
        assert not isinstance(caught.value, EngineUnavailableError)
        assert "\n" not in str(caught.value)

    if upset is not _take_the_key:
        assert client.xlen(STREAM) == 1


def test_what_a_script_may_not_do_is_refused_in_the_same_words(engine: Engine, client: Any) -> None:
    client.execute_command("ACL", "SETUSER", "default", "-hincrby")

    with pytest.raises(EngineError, match=r"docs/reference\.md") as caught:
        engine.lead("ponger", lease_s=1)

    assert "script: " not in str(caught.value)


def test_a_refused_commit_ends_the_read(engine: Engine, client: Any) -> None:
    stored = engine.append(LOG, ping())
    progress = Progress(service="ponger", cursor=Cursor(stored.key))
    client.config_set("maxmemory", "1")

    with pytest.raises(EngineError, match="maxmemory"):
        engine.read(LOG, after=START, wait_s=30, commit=progress)

    client.config_set("maxmemory", "0")
    assert engine.read(LOG, after=START, commit=progress) == [stored]
    assert engine.load_progress("ponger") == progress


def test_a_user_who_may_not_kill_clients_cannot_send(server: RedisServer, client: Any) -> None:
    client.execute_command(
        "ACL", "SETUSER", "rig", "on", ">secret", "~durapy:*", "+@all", "-client|kill", "-info"
    )

    with (
        open_engine(f"unix://rig:secret@{server.socket_path}") as engine,
        pytest.raises(EngineError, match=r"docs/reference\.md") as caught,
    ):
        engine.append(LOG, ping())

    assert "secret@" not in str(caught.value)


def test_a_timed_wait_longer_than_the_socket_timeout_is_kept(engine: Engine) -> None:
    assert engine.read(LOG, after=START, wait_s=5.5) == []
